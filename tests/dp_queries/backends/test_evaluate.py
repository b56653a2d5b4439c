"""What each operator means, by examples worked out by hand: the twin and the engine could be wrong together."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from dp_queries.algebra.expressions import OPERATORS, Call, Literal
from dp_queries.backends.evaluate import evaluate
from dp_queries.backends.twins.values import Steps

_LEAP, _NEW_YEAR, _END = date(2024, 2, 29), date(2021, 1, 3), date(9999, 12, 31)
_MOMENT = datetime.fromisoformat("2024-02-29 13:45:59.999999")
_BEFORE = datetime.fromisoformat("1969-12-31 23:59:59.5")
_HALF = Decimal("0.5")

MEANINGS: list[tuple[str, tuple[Any, ...], Any]] = [
    *[("and", (True, None), None), ("and", (False, None), False), ("or", (True, None), True), ("not", (None,), None)],
    *[("=", ("a", "a"), True), ("<>", (1, None), None), ("<", (1, 2), True), ("<=", (2, 2), True)],
    *[(">", ("b", "B"), True), (">=", (_LEAP, _END), False), ("in", (1, 2, None), None), ("in", (1, 2, 1), True)],
    *[("is_null", (None,), True), ("like", ("100%", "1_0%"), True), ("like", ("Ab", "a%"), False)],
    *[("case", (False, 1, None, 2, True, 3, 4), 3), ("case", (None, 1, 2), 2), ("case", (True, 1, _HALF), 1.0)],
    *[("coalesce", (None, "b", "a"), "b"), ("greatest", (None, 1, 3), 3), ("least", ("b", None, "a"), "a")],
    *[("least", (None, None), None), ("+", (1, _HALF), 1.5), ("-", (1, 2), -1.0), ("*", (3, _HALF), 1.5)],
    *[
        ("/", (1, 0), None),
        ("/", (1, 4), 0.25),
        ("neg", (2,), -2.0),
        ("abs", (-3,), 3),
        ("abs", (Decimal("-0.5"),), 0.5),
    ],
    *[("sign", (Decimal("-0.1"),), -1), ("sign", (0,), 0), ("floor", (-_HALF,), -1), ("ceil", (-_HALF,), 0)],
    *[("trunc", (Decimal("-1.9"),), -1), ("round", (Decimal("2.5"),), 3), ("round", (Decimal("-2.5"),), -3)],
    *[("round", (Decimal("1.005"), 2), 1.0), ("round", (Decimal("-0.125"), 2), -0.13), ("floor", (2**53 + 1,), None)],
    *[("mod", (-7, 2), -1), ("mod", (7, -2), 1), ("mod", (7, 0), None), ("mod", (2**53 + 1, 2), None)],
    *[("sqrt", (9,), 3.0), ("sqrt", (-1,), None), ("ln", (1,), 0.0), ("ln", (0,), None), ("log10", (1000,), 3.0)],
    *[("exp", (0,), 1.0), ("exp", (1000,), None), ("power", (2, 10), 1024.0), ("power", (-8, Decimal("0.3")), None)],
    *[("power", (0, -1), None), ("width_bucket", (5, 0, 10, 5), 3), ("width_bucket", (-1, 0, 10, 5), 0)],
    *[("width_bucket", (10, 0, 10, 5), 6), ("to_integer", (" +12 ",), 12), ("to_integer", ("1.0",), None)],
    *[("to_integer", (True,), 1), ("to_integer", (Decimal("-0.5"),), -1), ("to_number", ("-1.50",), -1.5)],
    *[
        ("to_number", ("1e5",), None),
        ("to_number", (False,), 0.0),
        ("to_text", (-5,), "-5"),
        ("to_text", (True,), "true"),
    ],
    *[("to_text", (date(1, 2, 3),), "0001-02-03"), ("to_timestamp", (_LEAP,), datetime.fromisoformat("2024-02-29"))],
    *[
        ("parse_date", ("2024-02-29",), _LEAP),
        ("parse_date", ("2023-02-29",), None),
        ("parse_date", ("0000-01-01",), None),
    ],
    *[
        ("lower", ("ÀİΣ",), "àiσ"),
        ("upper", ("ßŉé",), "ẞŉÉ"),
        ("length", ("e\u0301😀",), 3),
        ("trim", (" a\t ",), "a\t"),
    ],
    *[("ltrim", ("  a ",), "a "), ("rtrim", (" a  ",), " a"), ("substring", ("häuser", 2, 3), "äus")],
    *[("substring", ("abc", 2), "bc"), ("substring", ("abc", 9, 1), ""), ("left", ("äbc", 2), "äb")],
    *[
        ("right", ("abc", 2), "bc"),
        ("right", ("abc", 0), ""),
        ("concat", ("a", "b", "c"), "abc"),
        ("concat", ("a", None), None),
    ],
    *[("replace", ("aaa", "aa", "b"), "ba"), ("position", ("xäb", "b"), 3), ("position", ("ab", "c"), 0)],
    *[("starts_with", ("abc", "ab"), True), ("split_part", ("a,b", ",", 2), "b"), ("split_part", ("a,b", ",", 3), "")],
    *[("date", (_MOMENT,), _LEAP), ("year", (_END,), 9999), ("month", (_LEAP,), 2), ("day", (_LEAP,), 29)],
    *[("dow", (_NEW_YEAR,), 0), ("isodow", (_NEW_YEAR,), 7), ("doy", (_LEAP,), 60), ("quarter", (_END,), 4)],
    *[("week", (_NEW_YEAR,), 53), ("hour", (_MOMENT,), 13), ("minute", (_MOMENT,), 45), ("second", (_MOMENT,), 59)],
    *[("trunc_year", (_LEAP,), date(2024, 1, 1)), ("trunc_quarter", (_END,), date(9999, 10, 1))],
    *[("trunc_month", (_LEAP,), date(2024, 2, 1)), ("trunc_week", (_NEW_YEAR,), date(2020, 12, 28))],
    *[("trunc_day", (_MOMENT,), datetime.fromisoformat("2024-02-29")), ("trunc_day", (_LEAP,), _LEAP)],
    ("trunc_hour", (_MOMENT,), datetime.fromisoformat("2024-02-29 13:00:00")),
    ("trunc_minute", (_BEFORE,), datetime.fromisoformat("1969-12-31 23:59:00")),
    *[("add_days", (_LEAP, 1), date(2024, 3, 1)), ("add_days", (_END, 1), None), ("add_days", (_END, 2**62), None)],
    *[("add_months", (date(2024, 1, 31), 1), _LEAP), ("add_months", (_LEAP, -12), date(2023, 2, 28))],
    *[("add_months", (date(1, 1, 1), -1), None), ("add_months", (_END, 1), None)],
    ("add_seconds", (_BEFORE, 1), datetime.fromisoformat("1970-01-01 00:00:00.5")),
    *[("days_between", (_LEAP, date(2024, 3, 1)), 1), ("days_between", (_MOMENT, date(2024, 2, 28)), -1)],
    *[("seconds_between", (_BEFORE, datetime.fromisoformat("1970-01-01 00:00:01")), 1), ("epoch", (_BEFORE,), -1)],
    ("seconds_between", (datetime.fromisoformat("1970-01-01 00:00:01"), _BEFORE), -1),
]


@pytest.mark.parametrize(("operator", "arguments", "meaning"), MEANINGS)
def test_an_operator_gives_what_it_means(operator: str, arguments: tuple[Any, ...], meaning: Any) -> None:
    found = evaluate(Call(operator, tuple(map(Literal, arguments))), ())
    assert (found.exact if isinstance(found, Steps) else found) == meaning
    assert isinstance(found, Steps | Fraction) == (isinstance(meaning, int) and not isinstance(meaning, bool))


def test_every_operator_has_a_meaning() -> None:
    assert {operator for operator, _, _ in MEANINGS} == set(OPERATORS)
