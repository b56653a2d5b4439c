"""Dates and timestamps over released values: parts, truncation, shifting, differences.

Moments lie in years 1 to 9999, where an answer can show them; what a shift takes out of it is NULL.
"""

from collections.abc import Mapping
from typing import Any, Final

from dp_queries.algebra.types import MOMENTS
from dp_queries.layers import literals
from dp_queries.layers.above.fragments import Fragment, combined, constant, let
from dp_queries.layers.above.writer import Translate, Writer
from dp_queries.syntax.parse import Node, exp

MOST_SHIFTED: Final = 10**6
_UNITS: Final = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_CLOCK: Final = frozenset({"hour", "minute", "second"})
_PARTS: Final[Mapping[str, str]] = {
    **{part: f"{part.upper()}({{}})" for part in ("year", "quarter", "month", "week", "day", "hour", "minute")},
    "second": "SECOND({})",
    "dow": "DAYOFWEEK({})",
    "isodow": "ISODOW({})",
    "doy": "DAYOFYEAR({})",
    "epoch": "FLOOR(EPOCH({}))",
}
_FUNCTIONS: Final[Mapping[type[Node], str]] = {
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Week: "week",
    exp.WeekOfYear: "week",
    exp.Day: "day",
    exp.DayOfMonth: "day",
    exp.DayOfWeek: "dow",
    exp.DayOfWeekIso: "isodow",
    exp.DayOfYear: "doy",
    exp.Hour: "hour",
    exp.Minute: "minute",
    exp.Second: "second",
}
_MOMENT: Final = "a date or timestamp"


def _unit(writer: Writer, node: Node, given: Any, allowed: tuple[str, ...]) -> str:
    name = str(getattr(given, "this", given)).lower()
    name = name if name in allowed else name.removesuffix("s")
    if name not in allowed:
        raise writer.refusal(node, "extract", f"the unit of time is one of {', '.join(sorted(allowed)).upper()}")
    return name


def _moment(writer: Writer, node: Node, unit: str) -> Fragment:
    found = writer.of_type(node, MOMENTS, _MOMENT)
    if unit in _CLOCK and found.type == "date":
        raise writer.refusal(node, "extract", "a date has no time of day")
    return found


def _extract(writer: Writer, node: Any) -> Fragment:
    return _part(writer, node.expression, _unit(writer, node, node.this, tuple(_PARTS)))


def _part(writer: Writer, node: Any, part: str) -> Fragment:
    inner = _moment(writer, node, part)
    return combined(f"CAST({_PARTS[part].format(inner.sql)} AS DOUBLE)", "integer", inner)


def _truncated(writer: Writer, node: Any) -> Fragment:
    unit = _unit(writer, node, node.args.get("unit"), _UNITS)
    inner = _moment(writer, node.this, unit)
    return combined(f"CAST(DATE_TRUNC('{unit}', {inner.sql}) AS {inner.type.upper()})", inner.type, inner)


def shifted(writer: Writer, node: Any, *, is_backwards: bool) -> Fragment:
    """A moment plus or minus a literal interval; NULL beyond the years 1 to 9999."""
    unit = _unit(writer, node, node.expression.args.get("unit"), _UNITS)
    return _moved(_moment(writer, node.this, unit), interval(writer, node.expression), is_backwards=is_backwards)


def days_later(writer: Writer, node: Node, day: Fragment, added: Fragment, *, is_backwards: bool) -> Fragment:
    """A date plus or minus literal whole days."""
    if not isinstance(added.value, int) or abs(added.value) > MOST_SHIFTED:
        raise writer.refusal(node, "interval", f"add at most {MOST_SHIFTED} days")
    return _moved(day, f"INTERVAL ({added.value}) DAY", is_backwards=is_backwards)


def _moved(moment: Fragment, interval_sql: str, *, is_backwards: bool) -> Fragment:
    added = f"({moment.sql} {'-' if is_backwards else '+'} {interval_sql})"
    later = let("CASE WHEN YEAR(v.a) BETWEEN 1 AND 9999 THEN v.a END", added)
    return combined(f"CAST({later} AS {moment.type.upper()})", moment.type, moment)


def interval(writer: Writer, node: Any) -> str:
    """An interval literal as SQL: a whole number, bounded, of one unit."""
    unit = _unit(writer, node, node.args.get("unit"), _UNITS)
    text = str(node.this.this) if isinstance(node.this, exp.Literal) else ""
    if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 8 or abs(int(text)) > MOST_SHIFTED:
        raise writer.refusal(node, "interval", f"write INTERVAL '3 days', with a whole number within {MOST_SHIFTED}")
    # A million years is beyond what the engine can add to; no calendar of a dataset is.
    if abs(int(text)) > 20_000 and unit in ("year", "quarter"):
        raise writer.refusal(node, "interval", "an interval has at most 20,000 years")
    return f"INTERVAL ({int(text)}) {unit.upper()}"


def days_between(start: Fragment, end: Fragment) -> Fragment:
    """Calendar days from `start` to `end`."""
    sql = f"CAST(DATE_DIFF('day', CAST({start.sql} AS DATE), CAST({end.sql} AS DATE)) AS DOUBLE)"
    return combined(sql, "integer", start, end)


def cast(writer: Writer, node: Any, kind: str) -> Fragment:
    """CAST to a date or timestamp: of a literal now, of a text by trial, of a moment."""
    inner = writer.write(node.this)
    if inner.is_constant and inner.type == "text":
        return constant(literals.moment(writer.context.statement, node, str(inner.value), kind))
    if inner.type not in MOMENTS | {"text", "null"}:
        raise writer.refusal(node, "cast", f"a {kind} is made of a text, a date or a timestamp")
    tried = f"TRY_CAST({inner.sql} AS {kind.upper()})"
    if inner.type == "text":
        tried = let("CASE WHEN YEAR(v.a) BETWEEN 1 AND 9999 THEN v.a END", tried)
    return combined(tried, kind, inner)


def _date(writer: Writer, node: Any) -> Fragment:
    return cast(writer, node, "date")


def _part_function(part: str) -> Translate:
    def translate(writer: Writer, node: Any) -> Fragment:
        return _part(writer, node.this, part)

    return translate


def _added(writer: Writer, node: Any) -> Fragment:
    """DATE_ADD(x, INTERVAL '1 day'), DATE_SUB."""
    if not isinstance(node.expression, exp.Interval) or node.args.get("unit") is not None:
        raise writer.refusal(node, "interval", "write x + INTERVAL '3 days'")
    return shifted(writer, node, is_backwards=isinstance(node, exp.DateSub))


def _difference(writer: Writer, node: Any) -> Fragment:
    raise writer.refusal(node, "date-difference", "over released values write y - x: the days from x to y")


def _read_date(writer: Writer, node: Any) -> Fragment:
    """TO_DATE(x, 'YYYY-MM-DD')."""
    form = node.args.get("format")
    if form is None or str(form.this) != "%Y-%m-%d":
        raise writer.refusal(node, "cast", "a date is read as YYYY-MM-DD only; write CAST(x AS DATE)")
    return cast(writer, node, "date")


TIMES: Final[Mapping[type[Node], Translate]] = {
    exp.Extract: _extract,
    exp.TimestampTrunc: _truncated,
    exp.Date: _date,
    exp.DateAdd: _added,
    exp.DateSub: _added,
    exp.DateDiff: _difference,
    exp.StrToDate: _read_date,
    **{kind: _part_function(part) for kind, part in _FUNCTIONS.items()},
}
