"""Nested expressions stay linear: in the text that is rendered, and in what the engine makes of it."""

import random
import re
from collections.abc import Iterator

import duckdb
import pytest

from dp_queries.algebra.expressions import Call, Expression, Literal
from dp_queries.algebra.types import type_of
from dp_queries.backends.guards import MOST_INTEGER, finite, is_cheap, multiplied, verbatim, whole
from dp_queries.backends.render import Renderer
from dp_queries.loading.encrypted import connect
from tests.dp_queries.backends.nasty_rows import column, create
from tests.dp_queries.backends.random_expressions import Argument, call, every_call

RENDERER = Renderer(column)
_DEPTH = 20


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(threads=1) as connection:
        create(connection, "rows")
        yield connection


def converted(tree: Expression, kind: str) -> Expression:
    """The expression as one of another type, by way of a number."""
    ways = {"text": "to_number", "boolean": "to_integer", "date": "doy", "timestamp": "epoch"}
    given = type_of(tree)
    if given == kind or (given, kind) == ("integer", "number"):
        return tree
    number = Call(ways[given], (tree,)) if given in ways else tree
    if kind in ("number", "integer"):
        return number if kind == "number" else Call("to_integer", (number,))
    if kind == "boolean":
        return Call(">", (number, Literal(3)))
    text = Call("to_text", (Call("to_integer", (number,)),))
    day = Call("parse_date", (text,))
    return {"text": text, "date": day, "timestamp": Call("to_timestamp", (day,))}[kind]


def nested(operator: str, arguments: tuple[Argument, ...], depth: int) -> Expression:
    """A call inside a call inside ... of one operator, each time as its first argument."""
    draw = random.Random(operator)
    tree: Expression = call(draw, operator, arguments, 0)
    kind = "date" if arguments[0] == "moment" else str(arguments[0])
    for _ in range(depth - 1):
        tree = Call(operator, (converted(tree, kind), *call(draw, operator, arguments, 0).arguments[1:]))
    return tree


def cases() -> list[tuple[str, tuple[Argument, ...]]]:
    return [(operator, arguments) for operator, arguments, _ in every_call()]


@pytest.mark.parametrize("operator", sorted({operator for operator, _ in cases()}))
def test_the_text_grows_by_the_same_with_each_level(engine: duckdb.DuckDBPyConnection, operator: str) -> None:
    for arguments in (taken for name, taken in cases() if name == operator):
        sql = RENDERER.term(nested(operator, arguments, _DEPTH)).sql
        assert len(sql) <= _DEPTH * 1000
        engine.execute(f"SELECT {sql} FROM rows AS r0")  # here an operator would hang that the engine itself copies


def test_comparisons_inside_choices_stay_linear() -> None:
    def tree(depth: int) -> Expression:
        inner = call(random.Random(1), "/", ("number", "number"), 0)
        for _ in range(depth):
            inner = Call("case", (Call("<", (Call("-", (inner, Literal(1))), Literal(2))), Literal(1), Literal(2)))
        return inner

    assert len(RENDERER.term(tree(_DEPTH)).sql) <= _DEPTH * 1000


def macros(engine: duckdb.DuckDBPyConnection) -> set[str]:
    """Functions that the engine replaces by a text in which the arguments may stand several times."""
    found = engine.execute("SELECT function_name FROM duckdb_functions() WHERE function_type LIKE '%macro'").fetchall()
    return {name for (name,) in found}


def test_no_operator_is_rendered_by_a_macro(engine: duckdb.DuckDBPyConnection) -> None:
    printed = " ".join(RENDERER.term(call(random.Random(3), *one, 1)).sql for one in cases())
    used = {function.lower() for function in re.findall(r"\b(\w+)\(", printed)}
    assert {"list_transform", "string_split"} <= used
    assert not used & macros(engine)
    assert "split_part" in macros(engine)


def test_what_is_dear_is_bound_and_not_copied() -> None:
    assert is_cheap('(r0."a" * CAST(r0."b" AS DOUBLE))')
    assert not is_cheap('sqrt(r0."a")')
    assert not is_cheap("[1][1]")
    assert not is_cheap("(CASE WHEN r0.a THEN 1 END)")
    assert not is_cheap(" + ".join(["r0.a"] * 40))
    assert finite("exp(1)").count("exp(1)") == 1


def test_the_guards_hold_at_their_edges(engine: duckdb.DuckDBPyConnection) -> None:
    def value(sql: str) -> object:
        return engine.execute(f"SELECT {sql}").fetchall()[0][0]

    for function in ("floor", "ceil", "trunc", "round"):
        assert value(whole(f"CAST({MOST_INTEGER} AS DOUBLE)", function)) == MOST_INTEGER
        assert value(whole(f"CAST(-{MOST_INTEGER} AS DOUBLE)", function)) == -MOST_INTEGER
        assert value(whole(f"CAST({MOST_INTEGER + 2} AS DOUBLE)", function)) is None
        assert value(whole("CAST('NaN' AS DOUBLE)", function)) is None
    assert value(multiplied(str(MOST_INTEGER // 7), 7)) == MOST_INTEGER // 7 * 7
    assert value(multiplied(str(MOST_INTEGER // 7 + 1), 7)) is None
    assert value(multiplied("1", MOST_INTEGER * 7)) is None
    assert value(finite("CAST('-inf' AS DOUBLE)")) is None
    assert verbatim("{0}").format() == "{0}"
