import pytest

from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import refusal


def drafts(sql):
    return analyse(sql, DATASET).layers.aggregations


def test_aggregations_over_the_same_rows_by_the_same_keys_are_one():
    share = "SELECT origin, COUNT(*) / (SELECT COUNT(*) FROM flights) AS share FROM flights GROUP BY origin"
    assert len(drafts(share)) == 2
    twice = (
        "WITH a AS (SELECT month, COUNT(*) AS n FROM flights GROUP BY month) SELECT x.n FROM a x JOIN a y USING (month)"
    )
    assert len(drafts(twice)) == 1
    same = "SELECT (SELECT COUNT(*) FROM flights f) + SUM(distance) AS s FROM flights HAVING COUNT(*) > 3"
    (only,) = drafts(same)
    assert [part.kind for part in only.drafts] == ["rows", "sum"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT COUNT(*) FROM airports", "no-aggregate"),
        ("SELECT origin FROM flights GROUP BY origin", "no-aggregate"),
        ("SELECT origin FROM flights", "no-aggregate"),
        ("SELECT tailnum, COUNT(*) FROM flights GROUP BY tailnum", "unit-key"),
        ("SELECT COUNT(*) FROM flights f JOIN (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x "
         "ON f.origin = x.origin", "mixed"),
        ("SELECT " + ", ".join(f"SUM(distance + {at})" for at in range(21)) + " FROM flights", "too-many-aggregates"),
    ],
)  # fmt: skip
def test_what_is_refused(sql, code):
    assert refusal(sql, lambda text: analyse(text, DATASET))[0] == code
