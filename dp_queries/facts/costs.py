"""The most that a query's work can cost per row, from the text and the card alone.

Not what it costs on average: what the worst admissible row costs, because a slot that one unit's row can overrun is an
exact answer about that unit (ATTACKS 8, 32).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.facts.expressions import Facts, facts_of, facts_over

ROW_NANOSECONDS: Final = 60
_NODE_NANOSECONDS: Final = 5  # an argument
_CHARACTER_NANOSECONDS: Final = 1
_MATCHED_CHARACTER_NANOSECONDS: Final = 10

_COMPARISONS: Final = ("=", "<>", "<", "<=", ">", ">=")
# What an operator takes besides its characters and arguments: twice what DuckDB took on a core of 2026 for random rows,
# every second of them NULL, some NaN and infinite; in round figures, guards included (`guards`).
OPERATOR_NANOSECONDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("and", "or"), 5),
    **dict.fromkeys(("not", "case"), 25),
    **dict.fromkeys(("is_null", "coalesce"), 45),
    **dict.fromkeys((*_COMPARISONS, "greatest", "least"), 60),
    "in": 60,
    "starts_with": 50,
    **dict.fromkeys(("+", "-", "*", "/", "neg", "abs", "sign", "mod"), 50),
    **dict.fromkeys(("sqrt", "ln", "log10", "exp", "width_bucket"), 80),
    **dict.fromkeys(("floor", "ceil", "trunc"), 60),
    **dict.fromkeys(("round", "power"), 160),
    **dict.fromkeys(("to_integer", "to_number", "parse_date"), 400),
    **dict.fromkeys(("to_text", "like", "length", "position", "lower", "upper", "concat"), 200),
    **dict.fromkeys(("trim", "ltrim", "rtrim", "substring", "left", "right", "split_part"), 400),
    "replace": 800,
    "date": 40,
    **dict.fromkeys(("to_timestamp", "epoch"), 60),
    **dict.fromkeys(("days_between", "seconds_between"), 80),
    **dict.fromkeys(("year", "month", "day", "dow", "isodow", "doy", "quarter", "week"), 75),
    **dict.fromkeys(("hour", "minute", "second"), 60),
    **dict.fromkeys(("trunc_year", "trunc_quarter", "trunc_month", "trunc_week", "trunc_day"), 120),
    **dict.fromkeys(("trunc_hour", "trunc_minute"), 80),
    **dict.fromkeys(("add_days", "add_months", "add_seconds"), 100),
}
# Of each argument, where it is more than `_NODE_NANOSECONDS`.
_ARGUMENT_NANOSECONDS: Final[Mapping[str, int]] = dict.fromkeys(("and", "or"), 20)
_ALIKE_NANOSECONDS: Final = 10  # comparing what lies there as integers, dates or moments
_FILTER_NANOSECONDS: Final = 12  # the same where it decides which rows are read on, and nothing else
_DOUBLE_NANOSECONDS: Final = 30  # a literal that doubles are compared with: each by itself, NaN aside
# What these compute twice they compute once and look at, by a list of one, where it is more than a column (`guards`).
_BOUND_NANOSECONDS: Final = 70
_BOUND: Final = frozenset(
    {"sqrt", "ln", "log10", "exp", "power", "width_bucket", "floor", "ceil", "trunc", "round", "to_integer", "in"}
    | {"add_days", "add_months", "add_seconds", "is_null", "coalesce", "greatest", "least", *_COMPARISONS}
)
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
_WHOLE: Final = frozenset({"integer", "boolean", "date", "timestamp"})


def expression_cost(expression: Expression, columns: Callable[[ColumnRef], Facts]) -> int:
    """Nanoseconds of an expression on one row at most, also of every branch that the row does not take."""
    return _facts_and_cost(expression, cache(columns))[1]


def filter_cost(condition: Expression, columns: Callable[[ColumnRef], Facts]) -> int:
    """Nanoseconds of deciding by one condition whether a row is read on; of several, each costs so."""
    if isinstance(condition, Call) and condition.operator in _COMPARISONS:
        is_bare = not any(isinstance(argument, Call) for argument in condition.arguments)
        if is_bare and _lies_alike(condition, [facts_of(argument, columns) for argument in condition.arguments]):
            return _FILTER_NANOSECONDS
    return expression_cost(condition, columns)


def _facts_and_cost(expression: Expression, columns: Callable[[ColumnRef], Facts]) -> tuple[Facts, int]:
    """Both from the leaves upwards, so that each part is looked at once."""
    if not isinstance(expression, Call):
        facts = facts_of(expression, columns)
        return facts, facts.longest * _CHARACTER_NANOSECONDS if isinstance(expression, ColumnRef) else 0
    parts = [_facts_and_cost(argument, columns) for argument in expression.arguments]
    known = [part for part, _ in parts]
    facts = facts_over(expression, known)
    own = _fixed_cost(expression, known) + _text_cost(expression.operator, [part.longest for part in known], facts)
    return facts, own + sum(cost for _, cost in parts)


def _fixed_cost(call: Call, parts: Sequence[Facts]) -> int:
    """What does not depend on characters."""
    count = len(parts)
    if call.operator in _COMPARISONS and _lies_alike(call, parts):
        return _ALIKE_NANOSECONDS + _NODE_NANOSECONDS * count
    cost = OPERATOR_NANOSECONDS[call.operator] + _ARGUMENT_NANOSECONDS.get(call.operator, _NODE_NANOSECONDS) * count
    if call.operator == "in" and parts[0].type == "number":
        cost += _DOUBLE_NANOSECONDS * count
    if call.operator in _BOUND and any(isinstance(argument, Call) for argument in call.arguments):
        cost += _BOUND_NANOSECONDS
    return cost


def _lies_alike(call: Call, parts: Sequence[Facts]) -> bool:
    """Whether both sides are compared as they are stored: whole numbers and moments, or steps with a constant."""
    kept = [part for argument, part in zip(call.arguments, parts, strict=True) if not isinstance(argument, Literal)]
    if len(kept) == 1 and kept[0].type == "number":
        return kept[0].range is not None and bool(kept[0].range.granularity)
    return all(part.type in _WHOLE for part in kept)


def _text_cost(operator: str, widths: Sequence[int], made: Facts) -> int:
    if operator == "like":
        # RE2 is linear in text times pattern; most patterns take a tenth of that.
        return widths[0] * (_MATCHED_CHARACTER_NANOSECONDS + widths[1])
    each = CHARACTER_NANOSECONDS.get(operator, _CHARACTER_NANOSECONDS)
    if operator in _SEARCHING:
        each += widths[1]
    return each * max(sum(widths), made.longest)
