"""The most that a query's work can cost per row, from the text and the card alone.

Not what it costs on average: what the worst admissible row costs, because a slot that one unit's row can overrun is an
exact answer about that unit (ATTACKS 8, 32).
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression
from dp_queries.facts.expressions import Facts, facts_of, facts_over

ROW_NANOSECONDS: Final = 60
_NODE_NANOSECONDS: Final = 5  # an argument
_CHARACTER_NANOSECONDS: Final = 1
_MATCHED_CHARACTER_NANOSECONDS: Final = 10

# What an operator takes besides its characters: twice what DuckDB took on a busy core of 2026, in round figures. What
# keeps an integer exact computes it once and looks at it, by a list of one, which is dear.
OPERATOR_NANOSECONDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("and", "or", "not", "is_null", "case", "coalesce"), 10),
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "in"), 20),
    **dict.fromkeys(("greatest", "least", "starts_with"), 50),
    **dict.fromkeys(("+", "-", "*", "/", "neg", "abs", "sign", "mod"), 50),
    **dict.fromkeys(("sqrt", "ln", "log10", "exp", "width_bucket"), 100),
    **dict.fromkeys(("floor", "ceil", "trunc", "round", "power"), 400),
    **dict.fromkeys(("to_integer", "to_number", "parse_date"), 800),
    **dict.fromkeys(("to_text", "like", "length", "position", "lower", "upper", "concat"), 200),
    **dict.fromkeys(("trim", "ltrim", "rtrim", "substring", "left", "right", "split_part"), 400),
    "replace": 800,
    **dict.fromkeys(("to_timestamp", "date", "epoch", "days_between", "seconds_between"), 200),
    **dict.fromkeys(("year", "month", "day", "dow", "isodow", "doy", "quarter", "week"), 100),
    **dict.fromkeys(("hour", "minute", "second"), 100),
    **dict.fromkeys(("trunc_year", "trunc_quarter", "trunc_month", "trunc_week", "trunc_day"), 200),
    **dict.fromkeys(("trunc_hour", "trunc_minute"), 200),
    **dict.fromkeys(("add_days", "add_months", "add_seconds"), 400),
}
# What a character of the arguments or of the result takes, where it is more than `_CHARACTER_NANOSECONDS`.
CHARACTER_NANOSECONDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("lower", "upper"), 60),
    **dict.fromkeys(("trim", "ltrim", "rtrim", "split_part"), 30),
    "replace": 50,
    **dict.fromkeys(("substring", "left", "right", "concat"), 5),
    **dict.fromkeys(("to_integer", "to_number", "parse_date"), 10),
}
# Their needle is compared at every place of the text, if a row was made for it.
_SEARCHING: Final = frozenset({"position", "replace", "split_part"})


def expression_cost(expression: Expression, columns: Callable[[ColumnRef], Facts]) -> int:
    """Nanoseconds of an expression on one row at most, also of every branch that the row does not take."""
    return _facts_and_cost(expression, cache(columns))[1]


def _facts_and_cost(expression: Expression, columns: Callable[[ColumnRef], Facts]) -> tuple[Facts, int]:
    """Both from the leaves upwards, so that each part is looked at once."""
    if not isinstance(expression, Call):
        facts = facts_of(expression, columns)
        return facts, facts.longest * _CHARACTER_NANOSECONDS if isinstance(expression, ColumnRef) else 0
    parts = [_facts_and_cost(argument, columns) for argument in expression.arguments]
    facts = facts_over(expression, [part for part, _ in parts])
    widths = [part.longest for part, _ in parts]
    return facts, _own_cost(expression.operator, widths, facts.longest) + sum(cost for _, cost in parts)


def _own_cost(operator: str, widths: list[int], made: int) -> int:
    fixed = OPERATOR_NANOSECONDS[operator] + _NODE_NANOSECONDS * len(widths)
    if operator == "like":
        # RE2 is linear in text times pattern; most patterns take a tenth of that.
        return fixed + widths[0] * (_MATCHED_CHARACTER_NANOSECONDS + widths[1])
    each = CHARACTER_NANOSECONDS.get(operator, _CHARACTER_NANOSECONDS)
    if operator in _SEARCHING:
        each += widths[1]
    return fixed + each * max(sum(widths), made)
