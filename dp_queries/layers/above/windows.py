"""Window functions over released rows, with frames; in the block of a DP aggregation, over its released aggregates."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from dp_queries.algebra.types import MOMENTS, NUMBERS
from dp_queries.layers.above import moments
from dp_queries.layers.above.aggregates import AGGREGATES, call
from dp_queries.layers.above.fragments import Fragment, combined, double, joined
from dp_queries.layers.above.ordering import ordered
from dp_queries.layers.above.writer import Translate, Writer
from dp_queries.syntax.parse import Node, called, exp

MOST_OFFSET: Final = 10**6

# Ranks of rows: name -> (the function, what it gives).
RANKS: Final[Mapping[type[Node], tuple[str, str]]] = {
    exp.RowNumber: ("ROW_NUMBER()", "integer"),
    exp.Rank: ("RANK()", "integer"),
    exp.DenseRank: ("DENSE_RANK()", "integer"),
    exp.PercentRank: ("PERCENT_RANK()", "number"),
    exp.CumeDist: ("CUME_DIST()", "number"),
}
# Values of other rows.
_ENDS: Final[Mapping[type[Node], str]] = {exp.FirstValue: "FIRST_VALUE", exp.LastValue: "LAST_VALUE"}
_NEIGHBOURS: Final[Mapping[type[Node], str]] = {exp.Lag: "LAG", exp.Lead: "LEAD"}


def window(writer: Writer, node: Any) -> Fragment:
    """`function OVER (...)`. Noisy if its value, its partition, its order, or which rows there are, is."""
    if writer.level != "windows":
        raise writer.refusal(node, "window", "a window function belongs in SELECT, QUALIFY or ORDER BY")
    writer.notes.has_windows = True
    # What stands in a window is of one row or group; another window inside it would be of the finished rows.
    inner = writer.at("groups" if writer.is_grouped else "rows")
    over, parts = _over(inner, _defined(writer, node))
    value = _function(inner, node.this)
    is_noisy = value.is_noisy or any(part.is_noisy for part in parts) or writer.names.has_noisy_rows
    written = Fragment(f"({value.sql} OVER ({over}))", value.type, is_noisy)
    return replace(written, sql=double(written)) if value.type in NUMBERS else written


def _defined(writer: Writer, node: Any) -> Any:
    """The node that says partition and order: the window itself, or the one of WINDOW that it names."""
    alias = node.args.get("alias")
    if alias is None:
        return node
    found = writer.windows.get(alias.name)
    if found is None or any(node.args.get(part) for part in ("partition_by", "order", "spec")):
        message = "OVER name takes a window that WINDOW defines, without more"
        raise writer.refusal(node, "window", message)
    return found


def _over(writer: Writer, node: Any) -> tuple[str, list[Fragment]]:
    partition = [writer.write(part) for part in node.args.get("partition_by") or []]
    order, spec = node.args.get("order"), node.args.get("spec")
    items = order.expressions if order else []
    found = [writer.write(item.this) for item in items]
    clauses = [f"PARTITION BY {joined(partition)}" if partition else ""]
    # The engine subtracts a RANGE's distance from an integer with a check for overflow; from a double there is none.
    terms = [replace(part, sql=double(part)) if _is_range(spec) and part.type in NUMBERS else part for part in found]
    clauses.append(f"ORDER BY {', '.join(map(ordered, terms, items))}" if items else "")
    clauses.append(_frame(writer, spec, found))
    return " ".join(filter(None, clauses)), [*partition, *found]


def _is_range(spec: Any) -> bool:
    return spec is not None and str(spec.args.get("kind") or "").upper() == "RANGE"


def _frame(writer: Writer, spec: Any, order: list[Fragment]) -> str:
    if spec is None:
        return ""
    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE", "GROUPS") or spec.args.get("exclude"):
        raise writer.refusal(spec, "frame", "a frame is ROWS, RANGE or GROUPS, without EXCLUDE")
    start = _bound(writer, spec, "start", kind, order)
    end = _bound(writer, spec, "end", kind, order) if spec.args.get("end") else (2, "CURRENT ROW")
    if start[0] > end[0] or start[0] == 4 or end[0] == 0:
        raise writer.refusal(spec, "frame", "a frame starts before it ends")
    return f"{kind} BETWEEN {start[1]} AND {end[1]}"


def _bound(writer: Writer, spec: Any, name: str, kind: str, order: list[Fragment]) -> tuple[int, str]:
    """The end of a frame, with its place: 0 unbounded preceding ... 2 current row ... 4 unbounded following."""
    value, side = spec.args.get(name), str(spec.args.get(f"{name}_side") or "").upper()
    is_before = side == "PRECEDING"
    if value == "CURRENT ROW":
        return 2, "CURRENT ROW"
    if value == "UNBOUNDED" and side:
        return (0 if is_before else 4), f"UNBOUNDED {side}"
    if side not in ("PRECEDING", "FOLLOWING"):
        raise writer.refusal(spec, "frame", "say on which side: 1 PRECEDING or 1 FOLLOWING")
    return (1 if is_before else 3), f"{_distance(writer, value, kind, order)} {side}"


def _distance(writer: Writer, value: Any, kind: str, order: list[Fragment]) -> str:
    if isinstance(value, exp.Interval) and kind == "RANGE" and len(order) == 1 and order[0].type in MOMENTS:
        found = moments.interval(writer, value)
        if "(-" in found:
            raise writer.refusal(value, "frame", "a frame's distance is not negative")
        return found
    if kind == "RANGE" and (len(order) != 1 or order[0].type not in NUMBERS):
        message = "RANGE with a distance takes one ORDER BY term: a number, or a moment with INTERVAL"
        raise writer.refusal(value, "frame", message)
    return str(writer.whole(value, 0, MOST_OFFSET, "a frame's distance"))


def _function(writer: Writer, node: Any) -> Fragment:
    """The function of a window; what it takes is of one row, or of one group."""
    kind = type(node)
    if kind in RANKS:
        return Fragment(*RANKS[kind])
    if kind is exp.Ntile:
        return Fragment(f"NTILE({writer.whole(node.this, 1, MOST_OFFSET, 'the number of parts')})", "integer")
    if kind in _NEIGHBOURS:
        return _neighbour(writer, node)
    if kind in _ENDS or kind is exp.IgnoreNulls:
        return _end(writer, node)
    if kind is exp.NthValue:
        value = writer.write(node.this)
        place = writer.whole(node.args.get("offset"), 1, MOST_OFFSET, "the place of NTH_VALUE")
        return combined(f"NTH_VALUE({value.sql}, {place})", value.type, value)
    return _aggregate(writer, node)


def _neighbour(writer: Writer, node: Any) -> Fragment:
    value, given, default = writer.write(node.this), node.args.get("offset"), node.args.get("default")
    offset = 1 if given is None else writer.whole(given, 0, MOST_OFFSET, "the offset")
    parts = [value, *([writer.write(default)] if default is not None else [])]
    kind = writer.unified(node, parts)
    written = [double(part) if kind in NUMBERS else part.sql for part in parts]
    call = f"{_NEIGHBOURS[type(node)]}({written[0]}, {offset}{''.join(f', {other}' for other in written[1:])})"
    return combined(call, kind, *parts)


def _end(writer: Writer, node: Any) -> Fragment:
    inner, nulls = (node.this, " IGNORE NULLS") if isinstance(node, exp.IgnoreNulls) else (node, "")
    if type(inner) not in _ENDS:
        raise writer.refusal(node, "window", "IGNORE NULLS belongs to FIRST_VALUE or LAST_VALUE")
    value = writer.write(inner.this)
    return combined(f"{_ENDS[type(inner)]}({value.sql}{nulls})", value.type, value)


def _aggregate(writer: Writer, node: Any) -> Fragment:
    """An aggregate as a window function: over rows, or, in a grouped block, over groups."""
    core = node.this if isinstance(node, exp.Filter) else node
    known = AGGREGATES.get(type(core))
    if not isinstance(core, exp.Quantile) and (known is None or not known.may_be_windowed):
        raise writer.refusal(node, "window", f"{called(core)} isn't offered as a window function")
    return call(writer, node)


WINDOWS: Final[Mapping[type[Node], Translate]] = {exp.Window: window}
