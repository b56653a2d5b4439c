"""The aggregates of a DP aggregation, from syntax to measures: COUNT, SUM, AVG, VAR, STDDEV, quantiles; with FILTER."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.errors import QueryRejected
from dp_queries.layers import below, literals
from dp_queries.layers.middle import Middle
from dp_queries.layers.scope import Scope
from dp_queries.layers.value_steps import Unbounded
from dp_queries.plan import AggregateKind
from dp_queries.syntax.parse import Node, exp, rejected

_ONE: Final = Literal(1)
_NOTHING: Final = Literal(None)
INSTEAD: Final = (
    "this aggregate isn't answered; use COUNT, SUM, AVG, VAR_*, STDDEV_*, MIN, MAX, MEDIAN or PERCENTILE_CONT"
)


class Aggregates:
    """Reads the aggregates of one block into its `Middle`."""

    def __init__(self, scope: Scope, middle: Middle) -> None:
        self.scope = scope
        self.middle = middle

    def read(self, node: Any) -> tuple[int, str] | None:
        """The number of an aggregate among its aggregation's, and its type; None for what is no aggregate."""
        condition = None
        if isinstance(node, exp.Filter):
            condition, node = below.condition(node.expression.this, self.scope), node.this
        translate = next((_READ[kind] for kind in type(node).__mro__ if kind in _READ), None)
        if translate is None:
            if condition is not None or isinstance(node, exp.AggFunc):
                raise self.reject(node, "aggregate", INSTEAD)
            return None
        try:
            index = translate(self, node, condition)
        except Unbounded as refusal:
            raise self.reject(node, refusal.reason.code, refusal.reason.message) from None
        return index, self._type(index)

    def value(self, node: Node, condition: Expression | None) -> Expression:
        """What an aggregate takes; NULL where the condition of FILTER does not hold."""
        found = below.expression(node, self.scope)
        return found if condition is None else Call("case", (condition, found, _NOTHING))

    def bounded(self, node: Any, condition: Expression | None) -> Expression:
        """The value of an aggregate that depends on a column."""
        if isinstance(node.this, exp.Distinct):
            raise self.reject(node, "distinct", "DISTINCT is answered in COUNT(DISTINCT ...) only")
        found = self.value(node.this, condition)
        if not _has_column(found):
            raise self.reject(node, "constant", "SUM and AVG take a column; use COUNT(*) times the constant")
        return found

    def reject(self, node: Node, code: str, message: str) -> QueryRejected:
        """The refusal that points at the node."""
        return rejected(self.scope.statement.reason(node, code, message))

    def _type(self, index: int) -> str:
        return "integer" if self.middle.is_whole(index) else "number"


def _count(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
    if isinstance(node.this, exp.Distinct):
        return _count_distinct(aggregates, node.this, condition)
    if isinstance(node.this, exp.Star):
        return _count_where(aggregates, condition)
    found = below.expression(node.this, aggregates.scope)
    if found == _NOTHING:
        raise aggregates.reject(node, "null-comparison", "COUNT(NULL) is always 0")
    if isinstance(found, Literal) or aggregates.scope.is_unit(found):
        return _count_where(aggregates, condition)
    return aggregates.middle.count_present(aggregates.value(node.this, condition))


def _count_where(aggregates: Aggregates, condition: Expression | None) -> int:
    if condition is None:
        return aggregates.middle.count_rows()
    return aggregates.middle.count_present(Call("case", (condition, _ONE, _NOTHING)))


def _count_distinct(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
    if len(node.expressions) != 1:
        raise aggregates.reject(node, "count-distinct", "COUNT(DISTINCT ...) takes one column")
    found = below.expression(node.expressions[0], aggregates.scope)
    if _is_any_unit(found, aggregates.scope):
        # A unit that a left join did not find is NULL, and counts no unit.
        whole = aggregates.scope.is_unit(found)
        present = None if whole else Call("case", (Call("is_null", (found,)), _NOTHING, _ONE))
        both = present if condition is None else Call("case", (condition, present or _ONE, _NOTHING))
        return aggregates.middle.count_units(both)
    return aggregates.middle.count_distinct(aggregates.value(node.expressions[0], condition))


def _is_any_unit(expression: Expression, scope: Scope) -> bool:
    return isinstance(expression, ColumnRef) and scope.facts(expression).is_unit


def _count_if(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
    held = below.condition(node.this, aggregates.scope)
    both = held if condition is None else Call("case", (condition, held, Literal(False)))
    return _count_where(aggregates, both)


def _sum(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
    return aggregates.middle.sum(aggregates.bounded(node, condition))


def _avg(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
    return aggregates.middle.avg(aggregates.bounded(node, condition))


def _variance(kind: AggregateKind) -> Callable[[Aggregates, Any, Expression | None], int]:
    return lambda aggregates, node, condition: aggregates.middle.variance(kind, aggregates.bounded(node, condition))


def _quantile_at(fraction: Fraction) -> Callable[[Aggregates, Any, Expression | None], int]:
    def read(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
        if node.expressions:
            raise aggregates.reject(node, "aggregate", "MIN and MAX take one value; use LEAST and GREATEST on rows")
        return aggregates.middle.quantile(aggregates.bounded(node, condition), fraction)

    return read


def _within_group(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
    """PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x)."""
    function, order = node.this, node.expression
    terms = order.expressions if order is not None else []  # WITHIN GROUP () has no order at all
    if not isinstance(function, (exp.PercentileCont, exp.PercentileDisc)) or len(terms) != 1:
        raise aggregates.reject(node, "aggregate", INSTEAD)
    term = terms[0]
    fraction = _fraction(aggregates, function.this)
    is_descending = bool(term.args.get("desc"))
    return _quantile(aggregates, node, term.this, 1 - fraction if is_descending else fraction, condition)


def _quantile_of(aggregates: Aggregates, node: Any, condition: Expression | None) -> int:
    """QUANTILE_CONT(x, 0.9), APPROX_QUANTILE(x, 0.9)."""
    given = node.args.get("quantile")
    if given is None:
        raise aggregates.reject(node, "aggregate", INSTEAD)
    return _quantile(aggregates, node, node.this, _fraction(aggregates, given), condition)


def _quantile(aggregates: Aggregates, node: Any, taken: Any, fraction: Fraction, condition: Expression | None) -> int:
    value = aggregates.value(taken, condition)
    if not _has_column(value):
        raise aggregates.reject(node, "constant", "a quantile takes a column")
    return aggregates.middle.quantile(value, fraction)


def _fraction(aggregates: Aggregates, node: Any) -> Fraction:
    value = literals.number(aggregates.scope.statement, node) if isinstance(node, exp.Literal) else None
    if not isinstance(value, int | Decimal) or not 0 <= value <= 1:
        raise aggregates.reject(node, "fraction", "a quantile's fraction is a number from 0 to 1")
    return Fraction(value).limit_denominator(1000)


def _has_column(value: Expression) -> bool:
    return isinstance(value, ColumnRef) or any(map(_has_column, getattr(value, "arguments", ())))


_READ: Final[Mapping[type[Any], Callable[[Aggregates, Any, Expression | None], int]]] = {
    exp.Count: _count,
    exp.CountIf: _count_if,
    exp.Sum: _sum,
    exp.Avg: _avg,
    exp.Variance: _variance("var_samp"),
    exp.VariancePop: _variance("var_pop"),
    exp.Stddev: _variance("stddev_samp"),
    exp.StddevSamp: _variance("stddev_samp"),
    exp.StddevPop: _variance("stddev_pop"),
    exp.Min: _quantile_at(Fraction(0)),
    exp.Max: _quantile_at(Fraction(1)),
    exp.Median: lambda aggregates, node, condition: _quantile(aggregates, node, node.this, Fraction(1, 2), condition),
    exp.WithinGroup: _within_group,
    exp.Quantile: _quantile_of,
    exp.ApproxQuantile: _quantile_of,
}
