"""Ordinary aggregates over rows of released and public tables: no privacy is spent here, the rows are released already.

Numbers beyond 10^60 count as NULL: sums and fourth powers of 10^7 others stay within a double, so nothing can raise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from dp_queries.algebra.types import NUMBERS
from dp_queries.layers.above.fragments import Fragment, combined, double, let
from dp_queries.layers.above.writer import Translate, Writer
from dp_queries.syntax.parse import Node, called, exp

_LARGEST: Final = "1e60"


@dataclass(frozen=True)
class Aggregate:
    """`takes`: "number", "numbers" (two), "any" or "boolean". `gives`: a type, or "same"."""

    takes: str
    gives: str
    name: str
    may_be_windowed: bool = True


_NUMBER: Final = {
    exp.Avg: "AVG",
    exp.Variance: "VAR_SAMP",
    exp.VariancePop: "VAR_POP",
    exp.Stddev: "STDDEV_SAMP",
    exp.StddevSamp: "STDDEV_SAMP",
    exp.StddevPop: "STDDEV_POP",
}
_NUMBERS: Final = {
    exp.Corr: "CORR",
    exp.CovarPop: "COVAR_POP",
    exp.CovarSamp: "COVAR_SAMP",
    exp.RegrSlope: "REGR_SLOPE",
    exp.RegrIntercept: "REGR_INTERCEPT",
    exp.RegrR2: "REGR_R2",
}

AGGREGATES: Final[Mapping[type[Node], Aggregate]] = {
    exp.Count: Aggregate("any", "integer", "COUNT"),
    exp.Sum: Aggregate("number", "same", "SUM"),
    exp.Min: Aggregate("any", "same", "MIN"),
    exp.Max: Aggregate("any", "same", "MAX"),
    exp.Median: Aggregate("number", "number", "MEDIAN"),
    exp.LogicalAnd: Aggregate("boolean", "boolean", "BOOL_AND"),
    exp.LogicalOr: Aggregate("boolean", "boolean", "BOOL_OR"),
    exp.Skewness: Aggregate("number", "number", "SKEWNESS", may_be_windowed=False),
    exp.Kurtosis: Aggregate("number", "number", "KURTOSIS", may_be_windowed=False),
    **{kind: Aggregate("number", "number", name) for kind, name in _NUMBER.items()},
    **{kind: Aggregate("numbers", "number", name, may_be_windowed=False) for kind, name in _NUMBERS.items()},
}


def aggregate(writer: Writer, node: Any) -> Fragment:
    """An aggregate of the rows of each group. Counting rows that noise has chosen is noisy."""
    if writer.level == "rows":
        message = "an aggregate can't stand here; conditions on aggregates belong in HAVING"
        raise writer.refusal(node, "aggregate-below", message)
    writer.notes.has_aggregates = True
    found = call(writer.at("rows"), node)
    sql = double(found) if found.type in NUMBERS else found.sql
    return replace(found, sql=sql, is_noisy=found.is_noisy or writer.names.has_noisy_rows)


def call(arguments: Writer, node: Any) -> Fragment:
    """The call of an aggregate, as it may also stand before OVER; `arguments` writes what it takes."""
    if isinstance(node, exp.Filter):
        return _filtered(arguments, node)
    if isinstance(node, exp.WithinGroup):
        return _within_group(arguments, node)
    if isinstance(node, exp.CountIf):
        condition = arguments.condition(node.this)
        return combined(f"COUNT(*) FILTER (WHERE {condition.sql})", "integer", condition)
    if isinstance(node, (exp.Quantile, exp.ApproxQuantile)):
        return _quantile(arguments, node, "QUANTILE_CONT", node.this, node.args.get("quantile"))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return Fragment("COUNT(*)", "integer")
    if type(node) not in AGGREGATES:
        raise arguments.refusal(node, "aggregate", f"{called(node)} isn't offered as an aggregate here")
    return _plain(arguments, node, AGGREGATES[type(node)])


def _filtered(arguments: Writer, node: Any) -> Fragment:
    if isinstance(node.this, (exp.CountIf, exp.Filter)):
        raise arguments.refusal(node, "filter", "write COUNT(*) FILTER (WHERE ... AND ...)")
    inner = call(arguments, node.this)
    condition = arguments.condition(node.expression.this)
    is_noisy = inner.is_noisy or condition.is_noisy
    return replace(inner, sql=f"{inner.sql} FILTER (WHERE {condition.sql})", is_noisy=is_noisy)


def _plain(arguments: Writer, node: Any, known: Aggregate) -> Fragment:
    if known.takes == "numbers":
        first, second = arguments.number(node.this), arguments.number(node.expression)
        return combined(f"{known.name}({_bounded(first)}, {_bounded(second)})", known.gives, first, second)
    taken, distinct = _taken(arguments, node)
    value = arguments.condition(taken) if known.takes == "boolean" else arguments.write(taken)
    if known.takes == "number" and value.type not in NUMBERS:
        raise arguments.refusal(node, "not-a-number", f"{known.name} takes numbers")
    kind = value.type.replace("null", "text") if known.gives == "same" else known.gives
    return combined(f"{known.name}({distinct}{_bounded(value)})", kind, value)


def _taken(arguments: Writer, node: Any) -> tuple[Any, str]:
    """What an aggregate takes, and DISTINCT if it says so."""
    if node.expressions:
        raise arguments.refusal(node, "arguments", f"{called(node)} takes one value here")
    if not isinstance(node.this, exp.Distinct):
        return node.this, ""
    if len(node.this.expressions) != 1 or node.this.args.get("on"):
        raise arguments.refusal(node, "distinct", "DISTINCT takes one value here")
    return node.this.expressions[0], "DISTINCT "


def _bounded(value: Fragment) -> str:
    if value.type not in NUMBERS:
        return value.sql
    return let(f"CASE WHEN v.a BETWEEN -{_LARGEST} AND {_LARGEST} THEN v.a END", double(value))


def _within_group(arguments: Writer, node: Any) -> Fragment:
    """PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x)."""
    name = {exp.PercentileCont: "QUANTILE_CONT", exp.PercentileDisc: "QUANTILE_DISC"}.get(type(node.this))
    terms = node.expression.expressions if node.expression is not None else []
    if name is None or len(terms) != 1 or terms[0].args.get("desc"):
        message = "write PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x), with one ascending term"
        raise arguments.refusal(node, "aggregate", message)
    return _quantile(arguments, node, name, terms[0].this, node.this.this)


def _quantile(arguments: Writer, node: Node, name: str, taken: Any, given: Any) -> Fragment:
    fraction = arguments.write(given).value if given is not None else None
    if not isinstance(fraction, int | Decimal) or not 0 <= fraction <= 1:
        raise arguments.refusal(node, "fraction", "a quantile's fraction is a number from 0 to 1")
    value = arguments.number(taken)
    return combined(f"{name}({_bounded(value)}, {float(fraction)!r})", "number", value)


def grouping(writer: Writer, node: Any) -> Fragment:
    """GROUPING(key): 1 where ROLLUP, CUBE or GROUPING SETS left the key out."""
    if writer.level == "rows" or not writer.is_grouped:
        raise writer.refusal(node, "grouping", "GROUPING belongs to a SELECT with GROUP BY")
    keys = [writer.write(key) for key in node.expressions]
    return Fragment(f"CAST(GROUPING({', '.join(key.sql for key in keys)}) AS DOUBLE)", "integer")


GROUPED: Final[Mapping[type[Node], Translate]] = {
    **dict.fromkeys(AGGREGATES, aggregate),
    **dict.fromkeys((exp.Filter, exp.CountIf, exp.Quantile, exp.ApproxQuantile, exp.WithinGroup), aggregate),
    exp.Grouping: grouping,
}
