from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from dp_queries.algebra.expressions import OPERATORS, Call, Literal, size
from dp_queries.backends.evaluate import Steps, evaluate, known
from dp_queries.facts.expressions import Facts, Range, divides_by_zero, facts_of
from tests.dp_queries.random_expressions import (
    COLUMNS,
    FACTS,
    KINDS,
    YEAR,
    Grower,
    check_types,
    columns,
    random_row,
    seeded,
)

C = COLUMNS


def facts(operator, *arguments):
    return facts_of(Call(operator, arguments), columns)


def bounds(operator, *arguments):
    found = facts(operator, *arguments).range
    return None if found is None else (found.lower, found.upper, found.granularity)


def contradiction(value, found):
    """What a value says against the facts; None if nothing."""
    value = known(value)
    if value is None:
        return None if found.is_nullable else "NULL"
    if isinstance(value, str):
        return None if len(value) <= found.longest else "too wide"
    if isinstance(value, bool):
        return None if value in (found.domain or ()) else "not of the domain"
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return None if found.days is None or found.days[0] <= day <= found.days[1] else "another day"
    return _numeric_contradiction(value, found.range)


def _numeric_contradiction(value, found):
    if found is None:
        return None
    if isinstance(value, float):
        slack = float(found.largest) * 1e-12 + 1e-12  # an ulp for every step on the way
        return None if float(found.lower) - slack <= value <= float(found.upper) + slack else "out of range"
    exact = value.exact if isinstance(value, Steps) else value
    if found.granularity is not None and exact % found.granularity:
        return "off the grid"
    return None if found.lower <= exact <= found.upper else "out of range"


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_value_of_an_operator_contradicts_its_facts(operator):
    grower, random = Grower(seeded(3)), seeded(4)
    for _ in range(25):
        expression = grower.of(operator)
        found = facts_of(expression, columns)
        for _ in range(25):
            row = random_row(random)
            value = evaluate(expression, (row,))
            assert contradiction(value, found) is None, (contradiction(value, found), value, expression, row, found)


def test_no_value_of_nested_operators_contradicts_their_facts():
    grower, random = Grower(seeded(1)), seeded(2)
    for round_ in range(1200):
        kind = KINDS[round_ % len(KINDS)]
        expression = grower.grow(kind, 1 + round_ % 4)
        check_types(expression)
        found = facts_of(expression, columns)
        assert found.type == kind
        for _ in range(12):
            row = random_row(random)
            value = evaluate(expression, (row,))
            assert contradiction(value, found) is None, (contradiction(value, found), value, expression, row, found)
    assert grower.used == set(OPERATORS)


def test_the_check_itself_finds_wrong_facts():
    narrow = Range(Fraction(0), Fraction(1), Fraction(1))
    assert contradiction(None, Facts("integer")) == "NULL"
    assert contradiction(Steps(2), Facts("integer", range=narrow)) == "out of range"
    assert contradiction(1.5, Facts("number", range=narrow)) == "out of range"
    assert contradiction(Fraction(1, 2), Facts("number", range=narrow)) == "off the grid"
    assert contradiction("ab", Facts("text", longest=1)) == "too wide"
    assert contradiction(date(2014, 1, 1), Facts("date", days=YEAR)) == "another day"


@pytest.mark.parametrize(
    ("operator", "arguments", "expected"),
    [
        ("+", (C["month"], C["fare"]), (-4, 112, Fraction(1, 100))),
        ("-", (C["month"], C["fare"]), (-99, 17, Fraction(1, 100))),
        ("*", (C["month"], C["fare"]), (-60, 1200, Fraction(1, 100))),
        ("/", (C["fare"], C["month"]), (-5, 100, None)),
        ("/", (C["fare"], C["shift"]), None),
        ("neg", (C["fare"],), (-100, 5, Fraction(1, 100))),
        ("abs", (C["fare"],), (0, 100, Fraction(1, 100))),
        ("abs", (Call("neg", (C["month"],)),), (1, 12, 1)),
        ("sign", (C["free"],), (-1, 1, 1)),
        ("floor", (Call("/", (C["fare"], Literal(3))),), (-2, 33, 1)),
        ("ceil", (Call("/", (C["fare"], Literal(3))),), (-1, 34, 1)),
        ("trunc", (Call("/", (C["fare"], Literal(3))),), (-1, 33, 1)),
        ("round", (Call("/", (C["fare"], Literal(3))),), (-2, 33, 1)),
        (
            "round",
            (Call("/", (C["fare"], Literal(3))), Literal(1)),
            (Fraction(-17, 10), Fraction(333, 10), Fraction(1, 10)),
        ),
        ("floor", (Call("*", (C["fare"], Literal(Decimal("0.1")))),), (-1, 10, 1)),
        ("mod", (C["shift"], Literal(5)), (-4, 4, 1)),
        ("mod", (C["serial"], Literal(7)), (-6, 6, 1)),
        ("mod", (C["month"], C["serial"]), (0, 12, 1)),
        ("mod", (C["serial"], C["serial"]), None),
        ("width_bucket", (C["free"], Literal(0), Literal(9), Literal(5)), (0, 6, 1)),
        ("to_integer", (C["paid"],), (0, 1, 1)),
        ("to_integer", (C["note"],), (-(10**15) + 1, 10**15 - 1, 1)),
        ("to_number", (C["note"],), (-(10**15), 10**15, None)),
        ("length", (C["note"],), (0, 7, 1)),
        ("position", (C["note"], Literal("a")), (0, 7, 1)),
        ("year", (C["day"],), (2012, 2013, 1)),
        ("year", (C["built"],), (1, 9999, 1)),
        ("isodow", (C["day"],), (1, 7, 1)),
        ("days_between", (C["day"], C["at"]), (-366, 366, 1)),
        ("days_between", (C["built"], C["at"]), None),
        ("seconds_between", (C["at"], Literal(datetime(2013, 12, 31))), (-86399, 367 * 86400 - 1, 1)),
        ("epoch", (C["at"],), (1356825600, 1388534399, 1)),
        ("case", (C["paid"], C["month"], Literal(None)), (1, 12, 1)),
        ("case", (C["paid"], C["month"], C["fare"]), (-5, 100, Fraction(1, 100))),
        ("case", (C["paid"], C["month"], C["serial"]), None),
        ("coalesce", (C["shift"], Literal(9)), (-6, 9, 1)),
        ("greatest", (C["month"], C["fare"]), (1, 100, Fraction(1, 100))),
        ("greatest", (C["shift"], Literal(3)), (3, 4, 1)),
        ("least", (C["month"], C["shift"]), (-6, 12, 1)),
        ("least", (C["free"], Literal(5)), None),
        ("least", (Call("greatest", (C["free"], Literal(-5))), Literal(5)), (-5, 5, None)),
        ("greatest", (Call("least", (Literal(5), C["serial"])), Literal(-5)), (-5, 5, 1)),
        ("greatest", (Call("least", (C["free"], C["shift"])), Literal(-5)), None),
        ("least", (Call("greatest", (C["free"], Literal(7))), Literal(5)), (5, 5, None)),
        ("sqrt", (C["free"],), None),
        ("ln", (C["free"],), None),
        ("power", (C["free"], Literal(2)), None),
    ],
)
def test_bounds_follow_by_interval_arithmetic(operator, arguments, expected):
    assert bounds(operator, *arguments) == expected


@pytest.mark.parametrize(
    ("operator", "arguments", "lower", "upper"),
    [
        ("sqrt", (C["fare"],), 0, 10),
        ("ln", (C["month"],), 0, 2.4849066),
        ("log10", (C["fare"],), -2, 2),
        ("exp", (C["shift"],), 0.0024788, 54.59815),
        ("power", (C["shift"], Literal(2)), 0, 36),
        ("power", (C["shift"], Literal(3)), -216, 64),
        ("power", (C["month"], Literal(Decimal("0.5"))), 1, 3.4641016),
        ("power", (C["month"], C["shift"]), 12**-6, 12**4),
    ],
)
def test_bounds_of_mathematical_functions_are_close(operator, arguments, lower, upper):
    found = facts(operator, *arguments).range
    assert (float(found.lower), float(found.upper)) == (pytest.approx(lower, abs=1e-6), pytest.approx(upper, abs=1e-6))
    assert found.granularity is None


@pytest.mark.parametrize(
    ("operator", "arguments", "expected"),
    [
        ("/", (C["fare"], Literal(2)), False),
        ("/", (C["fare"], C["month"]), True),
        ("+", (C["fare"], C["fare"]), False),
        ("+", (C["free"], Literal(1)), True),
        ("mod", (C["month"], Literal(2)), False),
        ("mod", (C["month"], C["month"]), True),
        ("sqrt", (C["month"],), True),
        ("to_integer", (C["origin"],), True),
        ("to_integer", (C["fare"],), False),
        ("parse_date", (C["origin"],), True),
        ("coalesce", (C["shift"], Literal(0)), False),
        ("coalesce", (C["shift"], C["serial"]), True),
        ("greatest", (C["shift"], C["month"]), False),
        ("case", (C["paid"], C["month"], Literal(0)), False),
        ("case", (C["paid"], C["month"], Literal(None)), True),
        ("is_null", (C["shift"],), False),
        ("=", (C["shift"], Literal(1)), True),
        ("add_days", (C["day"], Literal(4000000)), True),
        ("add_days", (C["day"], Literal(400)), False),
        ("add_days", (C["day"], Literal(-(10**12))), True),
        ("year", (C["day"],), False),
    ],
)
def test_null_is_possible_or_not(operator, arguments, expected):
    assert facts(operator, *arguments).is_nullable is expected


@pytest.mark.parametrize(
    ("operator", "arguments", "expected"),
    [
        ("date", (C["at"],), YEAR),
        ("trunc_month", (C["at"],), (date(2012, 12, 1), date(2013, 12, 1))),
        ("trunc_week", (C["day"],), (date(2012, 12, 24), date(2013, 12, 30))),
        ("add_months", (C["day"], Literal(2)), (date(2013, 2, 28), date(2014, 2, 28))),
        ("add_seconds", (C["at"], Literal(1)), (date(2012, 12, 30), date(2014, 1, 1))),
        ("add_seconds", (C["at"], Literal(-1)), (date(2012, 12, 29), date(2013, 12, 31))),
        ("add_days", (C["day"], Literal(4_000_000)), (date.min, date.max)),
        ("least", (C["day"], Literal(date(2000, 1, 1))), (date(2000, 1, 1), date(2013, 12, 31))),
        ("coalesce", (C["day"], C["built"]), None),
        ("parse_date", (C["note"],), None),
    ],
)
def test_days_follow_the_calendar(operator, arguments, expected):
    assert facts(operator, *arguments).days == expected


def test_what_is_computed_from_the_unit_says_so():
    unit = Facts("text", longest=9, is_unit=True)
    found = facts_of(Call("upper", (C["note"],)), lambda _: unit)
    assert (unit.reads_unit, found.is_unit, found.reads_unit) == (True, False, True)
    assert not facts("upper", C["note"]).reads_unit


def test_a_divisor_that_may_be_zero_is_told():
    inner = Call("/", (C["fare"], C["shift"]))
    assert divides_by_zero(Call("+", (Literal(1), inner)), columns)
    assert not divides_by_zero(Call("/", (C["fare"], C["month"])), columns)
    assert not divides_by_zero(Call("/", (C["fare"], C["free"])), columns)


def test_the_bounds_of_a_column_are_kept():
    assert facts_of(C["month"], columns) == FACTS["month"]
    assert size(Call("+", (C["month"], Literal(1)))) == 2
