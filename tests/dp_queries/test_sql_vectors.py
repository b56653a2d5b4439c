from pathlib import Path
from time import perf_counter

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, planned

VECTORS = Path(__file__).parent.parent / "vectors" / "sql"
ACCEPTED = sorted(VECTORS.glob("accepted/*.sql"))
REFUSED = sorted(VECTORS.glob("refused/*/*.sql"))


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_accepted(path):
    head, _, sql = path.read_text(encoding="utf-8").partition("\n")
    groups, *kinds = head.removeprefix("-- ").split()
    plan = planned(sql)
    assert plan.groups == int(groups)
    quantiles = ["quantile" for part in plan.aggregations for _ in part.quantiles]
    assert sorted([*(measure.kind for measure in plan.measures), *quantiles]) == sorted(kinds)


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_refused(path):
    sql = path.read_bytes().decode("utf-8")
    begun = perf_counter()
    with pytest.raises(QueryRejected) as refusal:
        analyse(sql, DATASET)
    assert perf_counter() - begun < 1  # 0.1 on a quiet machine
    reason = refusal.value.reasons[0]
    assert reason.code == path.parent.name
    lines = sql.split("\n")
    if reason.line is not None:
        assert 1 <= reason.line <= len(lines)
        assert 1 <= (reason.column or 0) <= len(lines[reason.line - 1]) + 1


def test_there_are_vectors():
    assert len(ACCEPTED) >= 30
    assert len(REFUSED) >= 60
