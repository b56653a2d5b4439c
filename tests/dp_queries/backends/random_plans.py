"""Hypothesis strategies: tables of the world, row-level expressions of every type, and plans over them."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import strategies as st

from dp_queries.algebra.expressions import OPERATORS, Call, ColumnRef, Expression, Literal
from dp_queries.algebra.relations import Below, Join, Scan
from dp_queries.plan import Aggregation, Key, Measure, NormChoice
from privacy.ladder import Ladder
from privacy.selection import gaussian_selection
from privacy.units import ContributionNorm
from tests.dp_queries.backends.worlds import Tables, aggregation, measure

UNITS = 5
_TEXTS = ("b", "a", "A%", "é_", "", "ab", "a%b", "'; --", 'q"', "\\", "É", "e\u0301", "😀", "a\nb", "A")
_DAYS = (date(1, 1, 1), date(1969, 12, 31), date(2024, 2, 29), date(2025, 1, 1), date(2025, 1, 2), date(9999, 12, 31))
_MOMENTS = (
    datetime(1, 1, 1),
    datetime(2024, 12, 31, 23, 59, 59, 999999),
    datetime(2025, 1, 2),
    datetime(9999, 12, 31, 7),
)
_DOUBLES = (0.0, -0.0, 0.1, 2.5, -3.0, 5e-324, 1e308, -1e308, 2.0**53, float("inf"), float("nan"))
_WHOLE = (0, 1, 2, -7, 2**31 - 1, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63))
_PATTERNS = ("%", "", "_", "a%", "%b", "%a%", "a_b", "_%_", "A\\%", "a%b", "É", "__", "%%b%", "'%")


def _or_null(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


_cents = st.integers(-2000, 22000).map(lambda halves: Decimal(halves) / 200)
_trip = st.fixed_dictionaries(
    {
        "person": _or_null(st.integers(0, UNITS - 1).map(lambda unit: unit * 10)),
        "kind": _or_null(st.sampled_from(("b", "a", "A%", "é_", "other"))),
        "note": _or_null(st.sampled_from(_TEXTS)),
        "zone": _or_null(st.integers(-1, 7)),
        "serial": _or_null(st.sampled_from(_WHOLE)),
        "fare": _or_null(_cents),
        "mass": _or_null(st.sampled_from((0, 1, -3, 10**10, -(10**10), 2**31, 4, -4))),
        "free": _or_null(st.sampled_from(_DOUBLES)),
        "paid": _or_null(st.booleans()),
        "day": _or_null(st.sampled_from(_DAYS)),
        "at": _or_null(st.sampled_from(_MOMENTS)),
    }
)
_person = st.fixed_dictionaries(
    {"person": _or_null(st.integers(0, UNITS).map(lambda unit: unit * 10)), "age": _or_null(st.integers(-5, 130))}
)
_zone = st.fixed_dictionaries(
    {"zone": _or_null(st.integers(0, 6)), "borough": _or_null(st.sampled_from(("north", "south")))}
)


def tables() -> st.SearchStrategy[Tables]:
    """Small tables; several rows per unit, units without rows in one of the tables, rows without a unit."""
    return st.fixed_dictionaries(
        {
            "trips": st.lists(_trip, max_size=14),
            "people": st.lists(_person, max_size=5),
            "zones": st.lists(_zone, max_size=4),
        }
    )


_CONSTANTS: dict[str, tuple[Any, ...]] = {
    "number": (0, 1, -1, Decimal("0.01"), Decimal("3.145"), Decimal("1e400"), Decimal("-1e-400"), 10**10, *_WHOLE),
    "text": _TEXTS,
    "boolean": (True, False),
    "date": _DAYS,
    "timestamp": _MOMENTS,
}
_COLUMNS = {
    "number": ("zone", "serial", "fare", "mass", "free", "person"),
    "text": ("kind", "note"),
    "boolean": ("paid",),
    "date": ("day",),
    "timestamp": ("at",),
}
_COMPARED = ("=", "<>", "<", "<=", ">", ">=")


def _card_type(column: str) -> str:
    return "integer" if column in ("zone", "serial", "person", "age") else "number"


@cache
def literals(kind: str) -> st.SearchStrategy[Expression]:
    return st.sampled_from((None, *_CONSTANTS[kind])).map(Literal)


@cache
def columns(kind: str) -> st.SearchStrategy[Expression]:
    typed = {name: _card_type(name) if kind == "number" else kind for name in _COLUMNS[kind]}
    return st.sampled_from([ColumnRef(0, name, card_type) for name, card_type in typed.items()])


def _call(operator: str, *arguments: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.tuples(*arguments).map(lambda given: Call(operator, given))


@cache
def expressions(kind: str, depth: int) -> st.SearchStrategy[Expression]:
    """Any expression of a kind, at most `depth` operators deep."""
    leaf = st.one_of(columns(kind), columns(kind), literals(kind))
    if depth == 0 or kind in ("text", "timestamp"):
        return leaf
    number = st.deferred(lambda: expressions("number", depth - 1))
    moment = st.one_of(columns("date"), columns("timestamp"))
    if kind == "date":
        return st.one_of(leaf, _call("date", moment))
    if kind == "number":
        parts = [_call(part, moment) for part in ("year", "month", "day", "dow")]
        sums = [_call(operator, number, number) for operator in ("+", "-", "*", "/")]
        return st.one_of(leaf, _call("neg", number), _call("hour", columns("timestamp")), *parts, *sums)
    return st.one_of(leaf, *_truths(depth))


def _truths(depth: int) -> list[st.SearchStrategy[Expression]]:
    truth = st.deferred(lambda: expressions("boolean", depth - 1))
    values = {kind: expressions(kind, depth - 1) for kind in ("number", "text", "date", "timestamp")}
    compared = [_call(operator, value, value) for operator in _COMPARED for value in values.values()]
    members = [
        st.tuples(value, st.lists(literals(kind), min_size=1, max_size=4)).map(
            lambda given: Call("in", (given[0], *given[1]))
        )
        for kind, value in values.items()
    ]
    several = [
        st.lists(truth, min_size=2, max_size=3).map(lambda given, operator=operator: Call(operator, tuple(given)))
        for operator in ("and", "or")
    ]
    like = _call("like", values["text"], st.sampled_from(_PATTERNS).map(Literal))
    nulls = [_call("is_null", value) for value in (*values.values(), truth)]
    return [*compared, *members, *several, like, *nulls, _call("not", truth)]


_KEYS = (
    Key(ColumnRef(0, "kind", "text"), ("b", "a", "A%", "é_"), "text"),
    Key(ColumnRef(0, "kind", "text"), ("b", "a", "A%", "é_", None), "text"),
    Key(ColumnRef(0, "kind", "text"), (None, "é_", "b"), "text"),
    Key(ColumnRef(0, "note", "text"), ("a", "'; --", None, ""), "text"),
    Key(ColumnRef(0, "zone", "integer"), (0, 1, 2, 3, 4, 5), "integer"),
    Key(ColumnRef(0, "zone", "integer"), (2, 3, None, 4), "integer"),
    Key(ColumnRef(0, "zone", "integer"), (None, 2, 3), "integer"),
    Key(ColumnRef(0, "zone", "integer"), (5, 1, 3), "integer"),
    Key(ColumnRef(0, "serial", "integer"), (2**63 - 1, -7, 0), "integer"),
    Key(ColumnRef(0, "mass", "integer"), (0, 3, 4), "integer"),
    Key(ColumnRef(0, "paid", "boolean"), (True, False, None), "boolean"),
    Key(Call("date", (ColumnRef(0, "at", "timestamp"),)), (date(2025, 1, 1), date(2025, 1, 2)), "date"),
    Key(ColumnRef(0, "day", "date"), (None, date(2025, 1, 1), date(2025, 1, 2)), "date"),
    Key(ColumnRef(0, "day", "date"), (date(2025, 1, 2), date(9999, 12, 31)), "date"),
    Key(Call("year", (ColumnRef(0, "day", "date"),)), (2024, 2025), "integer"),
    Key(Call("dow", (ColumnRef(0, "day", "date"),)), tuple(range(7)), "integer"),
    Key(Call("<", (ColumnRef(0, "fare", "number"), Literal(3))), (False, True, None), "boolean"),
    Key(Literal(None), (None, "a"), "text"),
)
_NORMS = (ContributionNorm(1, 1), ContributionNorm(700, 4), ContributionNorm(3, 1), ContributionNorm(2**30, 1024))
_ZONES = Scan("zones", False)
_PEOPLE = Scan("people", True)
_TRIPS = Scan("trips", True)
_SAME_ZONE = Call("=", (ColumnRef(0, "zone", "integer"), ColumnRef(1, "zone", "integer")))


_LADDERS = (
    Ladder((ContributionNorm(1, 1), ContributionNorm(2, 1), ContributionNorm(9, 1)), 1),
    Ladder(tuple(ContributionNorm(350 << rung, 4) for rung in range(6)), 2),
    Ladder((ContributionNorm(2**20, 512), ContributionNorm(2**30, 512)), 0),
)


@st.composite
def measures(draw: st.DrawFn) -> Measure:
    """A measure; of every second one, the norm is still to be chosen."""
    fixed = draw(_fixed_measures())
    if draw(st.booleans()):
        return fixed
    ladder = draw(st.sampled_from(_LADDERS))
    choice = NormChoice(ladder, Fraction(1), (Fraction(1),) * len(ladder.norms))
    return replace(fixed, norm=ladder.norms[ladder.declared], choice=choice)


@st.composite
def _fixed_measures(draw: st.DrawFn) -> Measure:
    norm = draw(st.sampled_from(_NORMS))
    kind = draw(st.sampled_from(("rows", "units", "present", "sum", "sum")))
    if kind in ("rows", "units"):
        return measure(kind, norm=norm)
    if kind == "present":
        value = draw(st.one_of(*(expressions(of, 1) for of in _COLUMNS)))
        return measure(kind, value, norm=norm)
    value, granularity = draw(
        st.one_of(
            st.just((ColumnRef(0, "fare", "number"), Fraction(1, 100))),
            st.just((ColumnRef(0, "mass", "number"), Fraction(3))),
            st.tuples(expressions("number", 2), st.sampled_from((Fraction(1), Fraction(1, 100), Fraction(3, 7)))),
        )
    )
    lower, upper = draw(st.sampled_from(((-500, 10_000), (0, 1), (-(2**53), 2**53), (5, 5))))
    offset = draw(st.sampled_from((0, 17, -(2**40))))
    facts = {"lower_steps": lower, "upper_steps": upper, "offset_steps": offset}
    return measure(kind, value, norm=norm, granularity=granularity, **facts)


def _belows() -> st.SearchStrategy[Below]:
    where = st.one_of(st.none(), expressions("boolean", 2))
    kinds = st.sampled_from(("inner", "left"))
    condition = st.one_of(st.none(), expressions("boolean", 1))
    alone = st.builds(lambda given: Below((_TRIPS,), (), given), where)
    public = st.builds(
        lambda given, kind: Below((_TRIPS, _ZONES), (Join(1, kind, None, _SAME_ZONE),), given), where, kinds
    )
    unit = st.builds(
        lambda given, kind, on: Below((_TRIPS, _PEOPLE), (Join(1, kind, 0, on),), given), where, kinds, condition
    )
    both = st.builds(
        lambda given, kind: Below(
            (_TRIPS, _PEOPLE, _ZONES), (Join(1, kind, 0, None), Join(2, kind, None, None)), given
        ),
        where,
        kinds,
    )
    return st.one_of(alone, alone, public, unit, both)


@st.composite
def aggregations(draw: st.DrawFn) -> Aggregation:
    """Any aggregation by public keys: measures, joins, a filter."""
    keys = tuple(draw(st.lists(st.sampled_from(_KEYS), max_size=2)))
    chosen = draw(st.lists(measures(), min_size=1, max_size=3))
    return aggregation(*chosen, keys=keys, below=draw(_belows()))


_PRIVATE = (
    Key(ColumnRef(0, "note", "text"), None, "text"),
    Key(ColumnRef(0, "kind", "text"), None, "text"),
    Key(ColumnRef(0, "zone", "integer"), None, "integer"),
    Key(ColumnRef(0, "serial", "integer"), None, "integer"),
    Key(ColumnRef(0, "mass", "number"), None, "number", Fraction(3)),
    Key(ColumnRef(0, "fare", "number"), None, "number", Fraction(1, 100)),
    Key(ColumnRef(0, "day", "date"), None, "date"),
    Key(ColumnRef(0, "at", "timestamp"), None, "timestamp"),
    Key(ColumnRef(0, "paid", "boolean"), None, "boolean"),
    Key(Call("year", (ColumnRef(0, "day", "date"),)), None, "integer"),
)


@st.composite
def open_aggregations(draw: st.DrawFn) -> Aggregation:
    """Any aggregation by private keys, maybe with a public one among them; some are read once, some in two passes."""
    keys = draw(st.lists(st.sampled_from(_PRIVATE), min_size=1, max_size=3))
    keys += draw(st.lists(st.sampled_from(_KEYS), max_size=1))
    chosen = draw(st.lists(measures(), min_size=1, max_size=2))
    selection = gaussian_selection(rho_nano=10**6, delta=Fraction(1, 10**6))
    ordered = tuple(draw(st.permutations(keys)))
    found = aggregation(*chosen, keys=ordered, below=draw(_belows()), selection=selection)
    return replace(found, groups_at_most=draw(st.sampled_from([None, 5000])))


def operators_of(expression: Expression | None) -> set[str]:
    """Every operator inside an expression."""
    if not isinstance(expression, Call):
        return set()
    return {expression.operator}.union(*map(operators_of, expression.arguments)) & set(OPERATORS)
