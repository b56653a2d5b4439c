"""What is publicly known of a row-level expression: type, NULLs, bounds, days, widths; from card and text alone.

Facts flow from columns upwards, over all operators. They are no privacy claim: whoever relies on bounds clamps to them.
None means that nothing is known; then the caller refuses or asks privately.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal, Value
from dp_queries.algebra.types import NUMBERS, branch_values, type_of, type_of_value
from dp_queries.facts import ranges, spans, widths
from dp_queries.facts.ranges import Range, whole
from dp_queries.facts.spans import Days

__all__ = ["Facts", "Range", "divides_by_zero", "facts_of", "facts_over"]

MOST_INTEGER: Final = 2**53  # integers that functions make are NULL beyond
_TEXT_NUMBER: Final = Fraction(10**15)  # what a text may hold to be read as a number
_DAY_SECONDS: Final = 86400


@dataclass(frozen=True)
class Facts:
    """Public facts of a column or an expression.

    `days`: first and last declared day; loads keep days beyond. `domain`: every value but NULL, in order. `longest`:
    characters of a text at most. `is_unit`: it is the privacy unit's column itself; `reads_unit`: it is made of it.
    `sum_norm`, `deviation_norm`: declared clipping norms of a column, in its unit. `most_values`: how many different
    values a column has at most. `at_least`, `at_most`: what is known of a number without a range.
    """

    type: str
    is_nullable: bool = False
    range: Range | None = None
    days: Days | None = None
    domain: tuple[Value, ...] | None = None
    longest: int = 0
    is_unit: bool = False
    sum_norm: Fraction | None = None
    deviation_norm: Fraction | None = None
    reads_unit: bool = False
    most_values: int | None = None
    at_least: Fraction | None = None
    at_most: Fraction | None = None

    def __post_init__(self) -> None:
        # The one follows from the other; set so because the value is frozen.
        object.__setattr__(self, "reads_unit", self.reads_unit or self.is_unit)


Columns = Callable[[ColumnRef], Facts]
Parts = Sequence[Facts]


def facts_of(expression: Expression, columns: Columns) -> Facts:
    """The facts of an expression over columns with these facts."""
    match expression:
        case ColumnRef():
            return columns(expression)
        case Literal(value):
            return _constant(value)
        case Call(_, arguments):
            return facts_over(expression, [facts_of(argument, columns) for argument in arguments])


def divides_by_zero(expression: Expression, columns: Columns) -> bool:
    """Whether some divisor may be 0 within its bounds, so that the quotient has none."""
    if not isinstance(expression, Call):
        return False
    if expression.operator == "/":
        divisor = facts_of(expression.arguments[1], columns).range
        if divisor is not None and divisor.has_zero:
            return True
    return any(divides_by_zero(argument, columns) for argument in expression.arguments)


def _constant(value: Value) -> Facts:
    kind = type_of_value(value)
    if value is None:
        return Facts(kind, is_nullable=True)
    if isinstance(value, bool):
        return Facts(kind, domain=(value,))
    if isinstance(value, int | Decimal):
        amount = Fraction(value)
        return Facts(kind, range=Range(amount, amount, Fraction(1, amount.denominator)), domain=(value,))
    if isinstance(value, str):
        return Facts(kind, domain=(value,), longest=len(value))
    day = value.date() if isinstance(value, datetime) else value
    return Facts(kind, days=(day, day), domain=(value,))


def facts_over(call: Call, parts: Parts) -> Facts:
    """The facts of an operator over arguments with these facts."""
    kind = type_of(call)
    # The literal NULL among the branches has no bounds to add, and no type.
    named = [part for part in _branches(call, parts) if part.type != "null"]
    range_ = _range(call.operator, named) if kind in NUMBERS else None
    one_sided = call.operator in _EXTREMES and kind in NUMBERS and range_ is None
    at_least, at_most = _extreme_ends(named, is_greatest=call.operator == "greatest") if one_sided else (None, None)
    return Facts(
        kind,
        is_nullable=_is_nullable(call, parts, range_),
        range=range_,
        days=spans.days_after(call.operator, named) if kind in ("date", "timestamp") else None,
        domain=(False, True) if kind == "boolean" else None,
        longest=widths.longest_after(call.operator, named) if kind == "text" else 0,
        reads_unit=any(part.reads_unit for part in parts),
        at_least=at_least,
        at_most=at_most,
    )


def _branches(call: Call, parts: Parts) -> Parts:
    """The parts that the result is made of: all, or the values of a `case` without its conditions."""
    if call.operator != "case":
        return parts
    among = branch_values(call)
    return [part for part, argument in zip(parts, call.arguments, strict=True) if any(argument is one for one in among)]


# NULL for some arguments that are not NULL, whatever their bounds.
_MAY_FAIL: Final = frozenset({"sqrt", "ln", "log10", "exp", "power", "parse_date"})
_EXTREMES: Final = frozenset({"greatest", "least"})
_LIKE_ALL: Final = _EXTREMES | {"coalesce"}


def _is_nullable(call: Call, parts: Parts, found: Range | None) -> bool:
    name = call.operator
    if name == "is_null":
        return False
    if name in (*_LIKE_ALL, "case") and type_of(call) == "integer" and _is_beyond(found):
        return True
    if name in _LIKE_ALL:
        return all(part.is_nullable for part in parts)
    if name == "case":
        return len(parts) % 2 == 0 or any(part.is_nullable for part in _branches(call, parts))
    if any(part.is_nullable for part in parts) or name in _MAY_FAIL:
        return True
    return _may_fail(call, parts, found)


def _may_fail(call: Call, parts: Parts, found: Range | None) -> bool:
    match call.operator:
        case "/" | "mod":
            # A divisor other than a constant might be as good as 0 for doubles.
            is_sure = isinstance(call.arguments[1], Literal) and not _has_zero(parts[1])
            return not is_sure or _is_beyond(found)
        case "to_integer" | "to_number" if parts[0].type == "text":
            return True
        case "add_days" | "add_months" | "add_seconds":
            return spans.leaves_calendar(call.operator, parts)
        case "sign" | "width_bucket":
            return parts[0].type == "number" and parts[0].range is None  # NaN
        case "+" | "-" | "*" | "neg" | "abs" | "floor" | "ceil" | "trunc" | "round" | "to_integer" | "to_number":
            return _is_beyond(found) if type_of(call) == "integer" else found is None  # infinite, or NaN
    return False


def _has_zero(part: Facts) -> bool:
    return part.range is None or part.range.has_zero


def _is_beyond(found: Range | None) -> bool:
    return found is None or found.largest > MOST_INTEGER


def _range(name: str, parts: Parts) -> Range | None:
    if name in _FIXED:
        return _FIXED[name]
    known = [part.range for part in parts if part.range is not None]
    if name in _OVER_RANGES:
        return _OVER_RANGES[name](known) if len(known) == len(parts) else None
    return _OVER_PARTS[name](parts)


def _extreme(parts: Parts, *, is_greatest: bool) -> Range | None:
    """greatest or least, once both ends are known: LEAST(GREATEST(x, -5), 5) has bounds whatever x is."""
    lower, upper = _extreme_ends(parts, is_greatest=is_greatest)
    if lower is None or upper is None:
        return None
    return Range(
        lower,
        upper,
        ranges.common(_granularity(part) for part in parts),
        all(part.range is None or part.range.is_sharp for part in parts),
    )


def _extreme_ends(parts: Parts, *, is_greatest: bool) -> tuple[Fraction | None, Fraction | None]:
    """The lower and the upper end, as far as they are known. NULLs are skipped, so that of what one part alone bounds
    only parts that are never NULL are told; what all parts are above or below, the result is.
    """
    ends = [_ends(part) for part in parts]
    sure = [ends[place] for place, part in enumerate(parts) if not part.is_nullable]
    lowers, uppers = ([pair[side] for pair in ends] for side in (0, 1))
    if is_greatest:
        sure_lower = [lower for lower, _ in sure if lower is not None]
        return (max(sure_lower) if sure_lower else _of_all(min, lowers)), _of_all(max, uppers)
    sure_upper = [upper for _, upper in sure if upper is not None]
    return _of_all(min, lowers), (min(sure_upper) if sure_upper else _of_all(max, uppers))


def _ends(part: Facts) -> tuple[Fraction | None, Fraction | None]:
    return (part.at_least, part.at_most) if part.range is None else (part.range.lower, part.range.upper)


def _of_all(choose: Callable[[list[Fraction]], Fraction], ends: list[Fraction | None]) -> Fraction | None:
    known = [end for end in ends if end is not None]
    return choose(known) if known and len(known) == len(ends) else None


def _granularity(part: Facts) -> Fraction | None:
    if part.range is not None:
        return part.range.granularity
    return Fraction(1) if part.type == "integer" else None


def _round(known: list[Range]) -> Range | None:
    return (
        ranges.rounded(known[0], ranges.nearest)
        if len(known) == 1
        else ranges.rounded_to(known[0], int(known[1].lower))
    )


def _to_integer(parts: Parts) -> Range | None:
    if parts[0].type == "boolean":
        return whole(0, 1)
    if parts[0].type == "text":
        return whole(1 - _TEXT_NUMBER, _TEXT_NUMBER - 1)
    return parts[0].range and ranges.rounded(parts[0].range, ranges.nearest)


def _to_number(parts: Parts) -> Range | None:
    if parts[0].type == "boolean":
        return whole(0, 1)
    return Range(-_TEXT_NUMBER, _TEXT_NUMBER, None) if parts[0].type == "text" else parts[0].range


def _year(parts: Parts) -> Range | None:
    first, last = parts[0].days or (date.min, date.max)
    return whole(first.year, last.year)


def _days_between(parts: Parts) -> Range | None:
    start, end = parts[0].days, parts[1].days
    return whole((end[0] - start[1]).days, (end[1] - start[0]).days) if start and end else None


def _seconds_between(parts: Parts) -> Range | None:
    days = _days_between(parts)
    return days and whole((days.lower - 1) * _DAY_SECONDS + 1, (days.upper + 1) * _DAY_SECONDS - 1)


def _epoch(parts: Parts) -> Range | None:
    if parts[0].days is None:
        return None
    first, last = ((day - date(1970, 1, 1)).days for day in parts[0].days)
    return whole(first * _DAY_SECONDS, (last + 1) * _DAY_SECONDS - 1)


_FIXED: Final[Mapping[str, Range]] = {
    "sign": whole(-1, 1),
    "month": whole(1, 12),
    "day": whole(1, 31),
    "dow": whole(0, 6),
    "isodow": whole(1, 7),
    "doy": whole(1, 366),
    "quarter": whole(1, 4),
    "week": whole(1, 53),
    "hour": whole(0, 23),
    "minute": whole(0, 59),
    "second": whole(0, 59),
}
_OVER_RANGES: Final[Mapping[str, Callable[[list[Range]], Range | None]]] = {
    "+": lambda known: ranges.added(known[0], known[1]),
    "-": lambda known: ranges.added(known[0], ranges.negative(known[1])),
    "*": lambda known: ranges.multiplied(known[0], known[1]),
    "/": lambda known: ranges.divided(known[0], known[1]),
    "neg": lambda known: ranges.negative(known[0]),
    "abs": lambda known: ranges.absolute(known[0]),
    "floor": lambda known: ranges.rounded(known[0], math.floor),
    "ceil": lambda known: ranges.rounded(known[0], math.ceil),
    "trunc": lambda known: ranges.rounded(known[0], math.trunc),
    "round": _round,
    "sqrt": lambda known: ranges.root(known[0]),
    "ln": lambda known: ranges.logarithm(known[0], math.log),
    "log10": lambda known: ranges.logarithm(known[0], math.log10),
    "exp": lambda known: ranges.exponential(known[0]),
    "power": lambda known: ranges.power(known[0], known[1]),
    "case": ranges.hull,
    "coalesce": ranges.hull,
}
_OVER_PARTS: Final[Mapping[str, Callable[[Parts], Range | None]]] = {
    "greatest": lambda parts: _extreme(parts, is_greatest=True),
    "least": lambda parts: _extreme(parts, is_greatest=False),
    "mod": lambda parts: ranges.remainder(parts[0].range, parts[1].range),
    "width_bucket": lambda parts: parts[3].range and whole(0, parts[3].range.upper + 1),
    "to_integer": _to_integer,
    "to_number": _to_number,
    "length": lambda parts: whole(0, parts[0].longest),
    "position": lambda parts: whole(0, parts[0].longest),
    "year": _year,
    "days_between": _days_between,
    "seconds_between": _seconds_between,
    "epoch": _epoch,
}
