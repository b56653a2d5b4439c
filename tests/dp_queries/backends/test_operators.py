"""Every row-level operator, alone and nested: the engine and the plain-Python twin give the same, to the last bit."""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types
import pytest

from dp_queries.algebra.expressions import OPERATORS, Call, ColumnRef, Expression, Literal
from dp_queries.backends.evaluate import EVALUATED, evaluate
from dp_queries.backends.operators.moments import MOMENTS
from dp_queries.backends.render import RENDERED, Renderer
from dp_queries.backends.terms import Term
from dp_queries.backends.twins.values import double, exact
from dp_queries.loading.encrypted import connect
from tests.dp_queries.backends.nasty_rows import column, logical, nasty_rows, opened, reference
from tests.dp_queries.backends.random_expressions import SHARED, SIGNATURES, call, every_call, expression

RENDERER = Renderer(column)
TIMES = {*MOMENTS, "to_timestamp", "to_text"}


@dataclass(frozen=True)
class Nasty:
    """The nasty rows, in the engine and for the twin."""

    engine: duckdb.DuckDBPyConnection
    rows: list[dict[str, Any]]
    order: str = "_row"

    def differences(self, tree: Expression) -> list[tuple[Any, Any, dict[str, Any]]]:
        """Where the engine's value is not the twin's: (engine's, twin's, row), at most three."""
        term = RENDERER.term(tree)
        found = self.engine.execute(f"SELECT {term.sql} FROM rows AS r0 ORDER BY {self.order}").fetchall()
        pairs = zip(found, self.rows, strict=True)
        compared = ((seen, evaluate(tree, (row,)), row) for (seen,), row in pairs)
        return [(seen, twin, row) for seen, twin, row in compared if bits(seen) != bits(wanted(term, twin))][:3]


def wanted(term: Term, twin: Any) -> Any:
    """The twin's value in the form in which the engine holds the term."""
    if twin is None:
        return None
    if term.kind == "steps":
        return int(exact(twin) / term.granularity)
    return double(twin) if term.kind in ("double", "number") else twin


def bits(value: Any) -> Any:
    """A value that equals another only if they are the same, to the bit; NaN is NaN."""
    if isinstance(value, float):
        return "NaN" if value != value else struct.pack("<d", value)
    return type(value).__name__, value


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nasty]:
    rows = nasty_rows(90, seed=3)
    with opened(rows, tmp_path_factory.mktemp("nasty")) as engine:
        yield Nasty(engine, [logical(row) for row in rows])


def test_both_know_the_whole_language_and_all_of_it_is_tried() -> None:
    assert set(RENDERED) == set(EVALUATED) == set(OPERATORS) == set(SIGNATURES)


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_each_operator_agrees_over_columns_and_constants(nasty: Nasty, operator: str) -> None:
    draw = random.Random(operator)
    for _ in range(6):
        for name, arguments, _ in every_call():
            if name == operator:
                tree = call(draw, operator, arguments, 0)
                assert not nasty.differences(tree), tree


@pytest.mark.parametrize("seed", range(2))
def test_each_operator_agrees_over_other_expressions(nasty: Nasty, seed: int) -> None:
    draw = random.Random(seed)
    for operator, arguments, _ in every_call():
        tree = call(draw, operator, arguments, 2)
        assert not nasty.differences(tree), tree


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_many_deeply_nested_expressions_agree(nasty: Nasty, seed: int) -> None:
    draw = random.Random(1000 + seed)
    for kind in SHARED * 50:
        tree = expression(draw, kind, 5)
        assert not nasty.differences(tree), tree


def test_moments_outside_the_calendar_are_null_to_every_function_of_time(nasty: Nasty) -> None:
    kinds = {"date": "far", "timestamp": "never"}
    for operator, arguments, _ in every_call():
        if operator in TIMES:
            for given in kinds if arguments[0] == "moment" else kinds.keys() & {arguments[0]}:
                tree = call(random.Random(operator), operator, arguments, 0)
                far = Call(operator, (reference(kinds[given]), *tree.arguments[1:]))
                assert not nasty.differences(far), far


def _any_double(draw: random.Random) -> float:
    bits_of_one: float = struct.unpack("<d", draw.randbytes(8))[0]
    return draw.choice((bits_of_one, draw.uniform(-750, 750), draw.randrange(-(10**6), 10**6) / 100))


def test_functions_of_random_doubles_agree_to_the_last_bit() -> None:
    """The engine and Python call the same C library here; where they don't, the last bit may differ, and this fails."""
    draw = random.Random(11)
    pairs = [(_any_double(draw), _any_double(draw)) for _ in range(2000)]
    left, right = (ColumnRef(0, title, "number") for title in ("free", "other"))
    calls = [Call(one, (left,)) for one in ("sqrt", "ln", "log10", "exp", "abs", "floor", "round")]
    calls += [Call("power", (left, right)), Call("/", (left, right)), Call("round", (left, Literal(2)))]
    with connect(threads=1) as engine:
        engine.register(
            "rows",
            pyarrow.table(
                dict(zip(("n", "free", "other"), (range(len(pairs)), *zip(*pairs, strict=True)), strict=True))
            ),
        )
        rows = [{"free": one, "other": other} for one, other in pairs]
        for each in calls:
            assert not Nasty(engine, rows, "n").differences(each), each


def test_a_difference_would_be_seen(nasty: Nasty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EVALUATED, "floor", EVALUATED["trunc"])
    assert nasty.differences(Call("floor", (reference("free"),)))
