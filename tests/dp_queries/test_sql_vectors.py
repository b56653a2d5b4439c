import re
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from math import isclose, isnan
from pathlib import Path

import pytest

from dp_queries import planner
from dp_queries.algebra.expressions import OPERATORS, Call
from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from dp_queries.release import release
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import OFFERED
from tests.dp_queries import vector_world
from tests.dp_queries.flights import DATASET, Silence, charge, permit
from tests.stopwatch import stopwatch

VECTORS = Path(__file__).parent.parent / "vectors" / "sql"
ACCEPTED = sorted(VECTORS.glob("accepted/**/*.sql"))
REFUSED = sorted(VECTORS.glob("refused/*/*.sql"))
WITHIN = re.compile(r"^-- within ([0-9.]+),", re.MULTILINE)
OTHERWISE = re.compile(r"^-- in DuckDB, because .*:$", re.MULTILINE)
TOGETHER = 12  # calls for all of them
EPSILON_MICRO = 100_000_000  # the most that the planner takes


class Surest:
    """The likeliest place, always: an exact "choice", as an argument of tests."""

    def permute_and_flip(self, scores, scale):
        return [max(range(len(each)), key=each.__getitem__) for each in scores]

    exponential = permute_and_flip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    dataset, backend, plain = vector_world.loaded(tmp_path_factory.mktemp("flights"))
    with backend, plain:
        yield dataset, backend, plain


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_accepted(path, world):
    """At the greatest epsilon, without noise, what Jali answers is what DuckDB answers."""
    dataset, backend, plain = world
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    sql, *other = OTHERWISE.split(text)
    plan = _plan(sql, dataset)
    _check_shape(plan, head)
    plan = _without_intervals(plan)
    (answer,) = release(plan, charge(plan), backend, noise=Silence(), choice=Surest()).statements
    expected = plain.execute(other[0] if other else sql)
    names = [column[0] for column in expected.description]
    wanted = [[_cell(value) for value in row] for row in expected.fetchall()]
    assert wanted, "a vector without rows shows nothing"
    assert any(value not in (None, 0) for row in wanted for value in row), "nor does one of nothing but NULL and 0"
    assert len(names) == len(answer.columns)
    if "order by" not in sql.lower().rpartition(")")[2]:
        wanted.sort(key=_place)
        answer.rows.sort(key=_place)
    within = WITHIN.search(sql)
    _check_same(answer.rows, wanted, float(within[1]) if within else 1e-6)


@pytest.mark.parametrize("start", [0, *(pytest.param(one, marks=pytest.mark.long) for one in range(1, TOGETHER))])
def test_accepted_together(start, world):
    """Without noise a statement answers in company what it answers alone; quantiles err even so, by their share."""
    dataset, backend, _ = world
    texts = [OTHERWISE.split(path.read_text(encoding="utf-8"))[0] for path in ACCEPTED[start::TOGETHER]]
    texts = [text for text in texts if "quantile" not in text.partition("\n")[0]]
    plan = _without_intervals(_plan(texts, dataset))
    assert len({number for above in plan.statements for number in above.reads}) == len(plan.aggregations)
    answers = release(plan, charge(plan), backend, noise=Silence(), choice=Surest()).statements
    for text, answer in zip(texts, answers, strict=True):
        alone = _without_intervals(_plan(text, dataset))
        (expected,) = release(alone, charge(alone), backend, noise=Silence(), choice=Surest()).statements
        assert (answer.columns, answer.notes) == (expected.columns, expected.notes)
        _check_same(answer.rows, [[float(v) if type(v) is int else v for v in row] for row in expected.rows], 1e-6)


def test_every_operator_and_every_offered_node_is_asked_by_a_vector(world):
    questions = [OTHERWISE.split(path.read_text(encoding="utf-8"))[0] for path in ACCEPTED]
    nodes = {type(node) for sql in questions for node in parse(sql).tree.walk()}
    assert {kind.__name__ for kind in set(OFFERED) - nodes} == set()
    drafts = [draft for sql in questions for draft in analyse(sql, world[0]).layers.aggregations]
    assert set(OPERATORS) - set(_operators(drafts)) == set()


def _operators(value):
    if isinstance(value, Call):
        yield value.operator
    if is_dataclass(value):
        for field in fields(value):
            yield from _operators(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _operators(part)


def _plan(sql, dataset):
    query = replace(analyse(sql, dataset), has_fixed_norms=True)
    allowed = permit(query.needs, epsilon_micro=EPSILON_MICRO, card=dataset.card)
    return planner.plan(query, dataset, allowed, epsilon_micro=EPSILON_MICRO)


def _without_intervals(plan):
    """Without noise columns need no error bars, for which a statement is run hundreds of times."""
    return replace(plan, statements=tuple(map(_exact, plan.statements)))


def _exact(above):
    return replace(above, columns=tuple(replace(column, is_noisy=False) for column in above.columns))


def _check_shape(plan, head):
    groups, *kinds = head.removeprefix("-- ").split()
    assert plan.groups == int(groups)
    quantiles = ["quantile" for part in plan.aggregations for _ in part.quantiles]
    assert sorted([*(measure.kind for measure in plan.measures), *quantiles]) == sorted(kinds)


def _cell(value):
    """DuckDB's value as an answer shows it."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bool | str) or value is None:
        return value
    return None if isnan(value) else float(value)


def _place(row):
    """Where a row stands when the query doesn't say: by what is exact first."""
    exact = [(value is None, str(value)) for value in row if not isinstance(value, float | int)]
    return exact, [float(f"{value:.4g}") for value in row if isinstance(value, float | int)]


def _check_same(found, wanted, within):
    assert len(found) == len(wanted)
    for got, expected in zip(found, wanted, strict=True):
        same = [_is_same(one, other, within) for one, other in zip(got, expected, strict=True)]
        assert all(same), f"{got} is not {expected}"


def _is_same(one, other, within):
    """Averages are shown in six digits."""
    if isinstance(other, float) and type(one) in (int, float):
        return isclose(one, other, rel_tol=5e-6, abs_tol=within)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize(
    "wrong",
    [
        [["JFK", 3]],
        [["JFK", 2], ["JFK", 2]],
        [["LGA", 2]],
        [["JFK", None]],
        [[None, 2]],
        [["JFK", True]],
        [["JFK", 2, 2]],
    ],
)
def test_an_answer_that_differs_is_seen(wrong):
    _check_same([["JFK", 2]], [["JFK", 2.0]], 1e-6)
    with pytest.raises((AssertionError, ValueError)):
        _check_same(wrong, [["JFK", 2.0]], 1e-6)


def test_norms_that_clip_are_seen(world):
    """The vectors' world is of use only because its norms are large."""
    dataset, backend, _ = world
    tight = [table.model_copy(update={"rows_norm": 1}) if table.is_private else table for table in dataset.card.tables]
    clipping = dataset.model_copy(update={"card": dataset.card.model_copy(update={"tables": tuple(tight)})})
    plan = _plan("SELECT COUNT(*) FROM flights", clipping)
    assert release(plan, charge(plan), backend, noise=Silence(), choice=Surest()).statements[0].rows[0][0] < 200


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_refused(path):
    sql = path.read_bytes().decode("utf-8")
    with stopwatch() as took, pytest.raises(QueryRejected) as refusal:
        analyse(sql, DATASET)
    assert took[0] < 1  # 0.1 on a quiet machine
    reason = refusal.value.reasons[0]
    assert reason.code == path.parent.name
    lines = sql.split("\n")
    if reason.line is not None:
        assert 1 <= reason.line <= len(lines)
        assert 1 <= (reason.column or 0) <= len(lines[reason.line - 1]) + 1


def test_there_are_vectors():
    assert len(ACCEPTED) >= 170
    assert len(REFUSED) >= 60
