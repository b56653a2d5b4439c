"""Dates and timestamps: their parts, truncation, adding intervals, differences."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from dp_queries.algebra.expressions import Call, Expression, Literal
from dp_queries.algebra.types import MOMENTS, type_of
from dp_queries.layers import normal_form
from dp_queries.layers.rows.numbers import arithmetic
from dp_queries.layers.rows.reader import Reader, Translator
from dp_queries.syntax.parse import Node, exp

MOST_ADDED: Final = 4_000_000  # days, from the year 1 to beyond the year 9999
_PARTS: Final[Mapping[str, str]] = {
    **{name: name for name in ("year", "month", "day", "dow", "isodow", "doy", "quarter", "week")},
    **{name: name for name in ("hour", "minute", "second", "epoch")},
    "dayofweek": "dow",
    "dayofyear": "doy",
    "dayofmonth": "day",
    "weekofyear": "week",
}
_OF_TIMESTAMPS: Final = frozenset({"hour", "minute", "second", "epoch"})
_TRUNCATED: Final = frozenset({"year", "quarter", "month", "week", "day", "hour", "minute"})
# unit -> (the operator that adds, how many of its units)
_ADDED: Final[Mapping[str, tuple[str, int]]] = {
    "year": ("add_months", 12),
    "quarter": ("add_months", 3),
    "month": ("add_months", 1),
    "week": ("add_days", 7),
    "day": ("add_days", 1),
    "hour": ("add_seconds", 3600),
    "minute": ("add_seconds", 60),
    "second": ("add_seconds", 1),
}
Between = Callable[[Expression, Expression], Expression]
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,10}", re.ASCII)
_INTERVAL: Final = "an interval is a constant with one unit: INTERVAL '3 days', added to or taken from a date"
_DIFFERENCE: Final = "write DATE_DIFF('day', x, y): days from x to y; for seconds EXTRACT(EPOCH FROM (y - x))"


def _extract(node: Any, reader: Reader) -> Expression:
    part = _PARTS.get(str(node.this.this).lower())
    if part is None:
        message = f"EXTRACT takes one of {', '.join(sorted(_PARTS)).upper()}"
        raise reader.refusal(node, "extract", message)
    difference = node.expression.unnest()
    if part == "epoch" and isinstance(difference, exp.Sub):
        later, earlier = (reader.moment(side) for side in (difference.this, difference.expression))
        return Call("seconds_between", (_timestamp(earlier), _timestamp(later)))
    return _part(part, node.expression, reader)


def _part(part: str, node: Node, reader: Reader) -> Expression:
    return Call(part, (reader.moment(node, timestamps_only=part in _OF_TIMESTAMPS),))


def _part_function(part: str) -> Translator:
    return lambda node, reader: _part(part, node.this, reader)


def _truncated(node: Any, reader: Reader) -> Expression:
    unit = str(node.args["unit"].name).lower().removesuffix("s")
    if unit not in _TRUNCATED or node.args.get("zone") is not None:
        message = f"DATE_TRUNC takes one of {', '.join(sorted(_TRUNCATED))}: DATE_TRUNC('month', x)"
        raise reader.refusal(node, "date-trunc", message)
    return Call(f"trunc_{unit}", (reader.moment(node.this, timestamps_only=unit in ("hour", "minute")),))


def _sum(node: Any, reader: Reader) -> Expression:
    """+ of numbers, or of a moment and an interval or whole days."""
    for moment, added in ((node.this, node.expression), (node.expression, node.this)):
        if isinstance(added.unnest(), exp.Interval):
            return _shifted(moment, added.unnest(), 1, reader)
    left, right = reader.expression(node.this), reader.expression(node.expression)
    for moment, added in ((left, right), (right, left)):
        if type_of(moment) in MOMENTS:
            return _days_later(node, moment, added, 1, reader)
    return arithmetic(node, left, right, reader)


def _difference(node: Any, reader: Reader) -> Expression:
    """- of numbers, of an interval or whole days from a moment, or of two dates: days between them."""
    if isinstance(node.expression.unnest(), exp.Interval):
        return _shifted(node.this, node.expression.unnest(), -1, reader)
    left, right = reader.expression(node.this), reader.expression(node.expression)
    if type_of(left) == "date" and type_of(right) == "date":
        return Call("days_between", (right, left))
    if type_of(right) in MOMENTS:
        raise reader.refusal(node, "date-difference", _DIFFERENCE)
    if type_of(left) in MOMENTS:
        return _days_later(node, left, right, -1, reader)
    return arithmetic(node, left, right, reader)


def _days_later(node: Any, moment: Expression, added: Expression, sign: int, reader: Reader) -> Expression:
    """DATE + 3."""
    is_whole = isinstance(added, Literal) and type_of(added) == "integer" and abs(int(added.value)) <= MOST_ADDED  # type: ignore[arg-type]  # an integer, by its type
    if not is_whole or type_of(moment) != "date":
        raise reader.refusal(node, "interval", _INTERVAL)
    return Call("add_days", (moment, Literal(sign * int(added.value))))  # type: ignore[union-attr, arg-type]  # an integer's Literal


def _shifted(moment: Node, interval: Any, sign: int, reader: Reader) -> Expression:
    unit = str(interval.args["unit"].name).lower().removesuffix("s") if interval.args.get("unit") else ""
    count = interval.this.unnest() if isinstance(interval.this, exp.Paren) else interval.this
    text = str(count.this) if isinstance(count, exp.Literal) else ""
    if unit not in _ADDED or not _WHOLE.fullmatch(text):
        raise reader.refusal(interval, "interval", _INTERVAL)
    operator, times = _ADDED[unit]
    amount, found = sign * int(text) * times, reader.moment(moment)
    if abs(amount) > MOST_ADDED * (86400 if operator == "add_seconds" else 1):
        raise reader.refusal(interval, "interval", "this interval is longer than the calendar; write a shorter one")
    if operator == "add_seconds":
        found = _timestamp(found)
    return Call(operator, (found, Literal(amount)))


def _date_add(node: Any, reader: Reader) -> Expression:
    sign = -1 if isinstance(node, exp.DateSub) else 1
    if not isinstance(node.expression, exp.Interval) or node.args.get("unit") is not None:
        raise reader.refusal(node, "interval", _INTERVAL)
    return _shifted(node.this, node.expression, sign, reader)


def _timestamp(moment: Expression) -> Expression:
    return moment if type_of(moment) == "timestamp" else Call("to_timestamp", (moment,))


def _date_diff(node: Any, reader: Reader) -> Expression:
    """DATE_DIFF('unit', x, y): how many of the unit's boundaries lie between x and y, as DuckDB counts."""
    unit, last = node.this, node.args.get("unit")
    name = str(unit.name).lower().removesuffix("s") if isinstance(unit, (exp.Literal, exp.Column)) else ""
    if last is None or name not in _BETWEEN:
        units = ", ".join(sorted(_BETWEEN))
        raise reader.refusal(node, "date-difference", f"write DATE_DIFF('day', x, y); the units are {units}")
    start, end = reader.moment(node.expression), reader.moment(_third(node, last, reader))
    return _BETWEEN[name](reader.repeated(node, start, 2), reader.repeated(node, end, 2))


def _third(node: Node, last: Any, reader: Reader) -> Node:
    """The last argument, which SQLGlot takes for a unit: bare names come as such, in upper case."""
    if not isinstance(last, exp.Var):
        return last  # type: ignore[no-any-return]  # a node, by SQLGlot
    name = str(last.this)
    if name[:1].isdigit():
        return exp.Literal.string(name)
    if name in _SPELLED_OUT:  # D means DAY to SQLGlot, so that we could not tell two columns apart
        message = f"put the table's name before this column: table.{name.lower()}"
        raise reader.refusal(node, "ambiguous-column", message)
    return exp.column(exp.to_identifier(name.lower()))


_SPELLED_OUT: Final = frozenset(exp.TimeUnit.UNABBREVIATED_UNIT_NAME.values())


def _calendar_units(per_year: int, part: str) -> Between:
    def between(start: Expression, end: Expression) -> Expression:
        years = Call("-", (Call("year", (end,)), Call("year", (start,))))
        if per_year == 1:
            return Call("to_integer", (years,))
        scaled = normal_form.commuted("*", years, Literal(per_year))
        rest = Call("-", (Call(part, (end,)), Call(part, (start,))))
        return Call("to_integer", (normal_form.commuted("+", scaled, rest),))

    return between


def _clock_units(seconds: int, operator: str) -> Between:
    def between(start: Expression, end: Expression) -> Expression:
        ends = tuple(Call(operator, (_timestamp(moment),)) for moment in (start, end))
        return Call("to_integer", (Call("/", (Call("seconds_between", ends), Literal(seconds))),))

    return between


def _weeks(start: Expression, end: Expression) -> Expression:
    days = Call("days_between", (Call("trunc_week", (start,)), Call("trunc_week", (end,))))
    return Call("to_integer", (Call("/", (days, Literal(7))),))


def _seconds(start: Expression, end: Expression) -> Expression:
    ends = (Call("epoch", (_timestamp(end),)), Call("epoch", (_timestamp(start),)))
    return Call("to_integer", (Call("-", ends),))


_BETWEEN: Final[Mapping[str, Between]] = {
    "year": _calendar_units(1, "year"),
    "quarter": _calendar_units(4, "quarter"),
    "month": _calendar_units(12, "month"),
    "week": _weeks,
    "day": lambda start, end: Call("days_between", (start, end)),
    "hour": _clock_units(3600, "trunc_hour"),
    "minute": _clock_units(60, "trunc_minute"),
    "second": _seconds,
}


MOMENT_NODES: Final[Mapping[type[Node], Translator]] = {
    exp.Add: _sum,
    exp.Sub: _difference,
    exp.Extract: _extract,
    exp.TimestampTrunc: _truncated,
    exp.DateAdd: _date_add,
    exp.DateSub: _date_add,
    exp.DateDiff: _date_diff,
    exp.Year: _part_function("year"),
    exp.Quarter: _part_function("quarter"),
    exp.Month: _part_function("month"),
    exp.Week: _part_function("week"),
    exp.WeekOfYear: _part_function("week"),
    exp.Day: _part_function("day"),
    exp.DayOfMonth: _part_function("day"),
    exp.DayOfWeek: _part_function("dow"),
    exp.DayOfWeekIso: _part_function("isodow"),
    exp.DayOfYear: _part_function("doy"),
    exp.Hour: _part_function("hour"),
    exp.Minute: _part_function("minute"),
    exp.Second: _part_function("second"),
}
