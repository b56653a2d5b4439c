import pytest

from dp_queries.algebra.relations import Scan
from tests.dp_queries.layers.views import refusal, view


def test_a_name_of_with_stands_for_its_rows_wherever_it_is_used():
    found = view("WITH x (u, s) AS (SELECT tailnum, seats FROM planes) SELECT a.s FROM x a JOIN x b ON a.u = b.u")
    assert found.below.sources == (Scan("planes", True), Scan("planes", True))
    assert list(found.columns) == ["s"]


def test_a_list_of_columns_may_be_shorter_than_the_columns():
    assert list(view("SELECT * FROM planes AS p (unit, made_by)").columns) == ["unit", "made_by", "seats", "built"]
    assert list(view("SELECT * FROM (SELECT seats, built FROM planes) AS p (n)").columns) == ["n", "built"]


def test_names_are_folded_in_ascii_only():
    assert view('SELECT X."seats" FROM PLANES x').columns == view("SELECT seats FROM planes").columns
    assert refusal('SELECT "\u212a".seats FROM planes AS k')[0] == "unknown-column"


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("SELECT origin FROM nowhere", "unknown-table", "nowhere"),
        ("SELECT origin FROM generate_series(1, 3)", "table-function", "generate_series"),
        ("WITH planes AS (SELECT * FROM flights) SELECT seats FROM planes", "shadowing", "planes AS"),
        ("WITH x AS (SELECT 1), x AS (SELECT * FROM planes) SELECT * FROM x", "shadowing", "x AS (SELECT * FROM p"),
        ("WITH RECURSIVE x AS (SELECT * FROM flights) SELECT * FROM x", "recursive", "x AS"),
        ("WITH x AS (SELECT * FROM x) SELECT * FROM x", "unknown-table", "x)"),
        ("WITH x (a, b, c, d, e) AS (SELECT * FROM planes) SELECT a FROM x", "column-aliases", "x"),
        ("WITH x (tailnum, tailnum) AS (SELECT * FROM planes) SELECT tailnum FROM x", "column-aliases", "x"),
        ("WITH x (seats) AS (SELECT * FROM planes) SELECT seats FROM x", "column-aliases", "x"),
    ],
)  # fmt: skip
def test_what_is_refused(sql, code, place):
    found = refusal(sql)
    assert found[0] == code
    assert found[1].startswith(place)
