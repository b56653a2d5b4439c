import pytest

from dp_queries.errors import QueryRejected
from tests.dp_queries.layers.rows.reading import read, shown


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("fare + month * 2 - 1", "-(+(*(month, 2), fare), 1)"),
        ("-fare", "neg(fare)"),
        ("-3.5", "-3.5"),
        ("ABS(fare)", "abs(fare)"),
        ("SIGN(fare)", "sign(fare)"),
        ("FLOOR(fare)", "floor(fare)"),
        ("FLOOR(month)", "month"),
        ("CEILING(fare / 10)", "ceil(/(fare, 10))"),
        ("TRUNC(fare)", "trunc(fare)"),
        ("TRUNC(fare, 0)", "trunc(fare)"),
        ("ROUND(fare)", "round(fare)"),
        ("ROUND(fare, 0)", "round(fare)"),
        ("ROUND(fare, 2)", "round(fare, 2)"),
        ("ROUND(month, 2)", "month"),
        ("month % 5", "mod(month, 5)"),
        ("MOD(month + 1, -5)", "mod(to_integer(+(month, 1)), -5)"),
        ("SQRT(fare)", "sqrt(fare)"),
        ("LN(fare)", "ln(fare)"),
        ("LOG(fare)", "log10(fare)"),
        ("LOG10(fare)", "log10(fare)"),
        ("LOG(10, fare)", "log10(fare)"),
        ("EXP(fare)", "exp(fare)"),
        ("fare ^ 2", "power(fare, 2)"),
        ("POW(fare, 0.5)", "power(fare, 0.5)"),
        ("WIDTH_BUCKET(fare, -5, 10.5, 4)", "width_bucket(fare, -5, 10.5, 4)"),
    ],
)
def test_arithmetic_and_functions(sql, expected):
    assert shown(sql) == expected


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("fare + 'x'", "not-a-number"),
        ("ABS(paid)", "not-a-number"),
        ("fare % 2", "not-an-integer"),
        ("MOD(month / 2, 2)", "not-an-integer"),
        ("ROUND(fare, -1)", "literal-number"),
        ("ROUND(fare, 11)", "literal-number"),
        ("ROUND(fare, month)", "literal-number"),
        ("TRUNC(fare, 2)", "literal-number"),
        ("TRUNC(day, 'month')", "literal-number"),
        ("LOG(2, fare)", "logarithm"),
        ("LOG(fare, 2)", "logarithm"),
        ("WIDTH_BUCKET(fare, 3, 3, 4)", "literal-number"),
        ("WIDTH_BUCKET(fare, 0, month, 4)", "literal-number"),
        ("WIDTH_BUCKET(fare, 0, 9, 0)", "literal-number"),
        ("WIDTH_BUCKET(fare, 0, 9, 100000)", "literal-number"),
        ("DIV(month, 2)", "operator"),
        ("CBRT(fare)", "not-on-rows"),
    ],
)
def test_what_is_refused_says_why(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        read(sql)
    assert refusal.value.reasons[0].code == code
