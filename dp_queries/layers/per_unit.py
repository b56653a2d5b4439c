"""GROUP BY the privacy unit (and more) -> rows of units again: one for each unit and combination of keys.

What one unit's row holds is a function of that unit's rows alone. Values are exact integers or chosen values, so every
engine gives the same. Source: DESIGN 3.1 (aggregates per unit).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.algebra.relations import Below, PerUnit, UnitAggregate
from dp_queries.algebra.types import NUMBERS, type_of
from dp_queries.errors import QueryRejected
from dp_queries.facts.expressions import facts_of
from dp_queries.layers import below, normal_form
from dp_queries.layers.grouping import group_keys
from dp_queries.layers.scope import Scope, View
from dp_queries.layers.select_items import AGGREGATES, named_expressions
from dp_queries.layers.value_steps import Unbounded, constant, steps
from dp_queries.syntax.parse import Node, exp, rejected

MOST_AGGREGATES: Final = 20
UNBOUNDED: Final = "a sum per unit takes a column with declared bounds, or arithmetic of such"


def per_unit(select: Any, rows: Below, scope: Scope) -> View:
    """The view of a SELECT that groups by the unit."""
    keys = tuple(normal_form.ordered(key for key in group_keys(select, scope) if not scope.is_unit(key)))
    grouped = GroupScope(scope, rows, keys)
    columns = named_expressions(select, grouped)
    having = select.args.get("having")
    condition = below.condition(having.this, grouped) if having else None
    relation = PerUnit(rows, keys, tuple(grouped.aggregates))
    return View(Below((relation,), (), condition), columns)


def distinct(rows: Below, columns: Mapping[str, Expression], scope: Scope) -> View:
    """The view of a SELECT DISTINCT whose columns include the unit."""
    units = tuple(dict.fromkeys(value for value in columns.values() if scope.is_unit(value)))
    keys = tuple(normal_form.ordered(value for value in columns.values() if value not in units))
    relation = PerUnit(rows, keys, tuple(UnitAggregate("min", unit) for unit in units))
    places = {key: f"k{index}" for index, key in enumerate(keys)} | {unit: f"a{i}" for i, unit in enumerate(units)}
    named = {name: ColumnRef(0, places[value], type_of(value)) for name, value in columns.items()}
    return View(Below((relation,), (), None), dict(named))


@dataclass
class GroupScope(Scope):
    """Names over one row per unit and keys: the keys, and aggregates of the rows inside."""

    inner: Scope = field(init=False)
    aggregates: list[UnitAggregate] = field(default_factory=list)

    def __init__(self, inner: Scope, rows: Below, keys: tuple[Expression, ...]) -> None:
        super().__init__(inner.statement, inner.facts_of_relations)
        self.inner, self._rows, self._keys, self.aggregates = inner, rows, keys, []
        self.sources = [PerUnit(rows, keys, ())]

    def known(self, node: Any) -> Expression | None:
        """The column that a key or an aggregate is; None for what is computed from such."""
        if isinstance(node, AGGREGATES):
            return self._aggregate(node)
        if isinstance(node, (exp.Literal, exp.Paren, exp.Boolean, exp.Null)):
            return None
        try:
            found = below.expression(node, self.inner)
        except QueryRejected:
            if isinstance(node, exp.Column):
                raise
            return None
        if self.inner.is_unit(found):
            return self.add(UnitAggregate("min", found))
        if found in self._keys:
            return ColumnRef(0, f"k{self._keys.index(found)}", type_of(found))
        if isinstance(node, exp.Column):
            message = "each row is one unit's group here; aggregate this column, or GROUP BY it"
            raise rejected(self.statement.reason(node, "bare-column", message))
        return None

    def _aggregate(self, node: Any) -> Expression:
        condition = None
        if isinstance(node, exp.Filter):
            condition, node = below.condition(node.expression.this, self.inner), node.this
        translate = _AGGREGATES.get(type(node))
        if translate is None:
            message = "per unit, COUNT, SUM, AVG, MIN and MAX are answered"
            raise rejected(self.statement.reason(node, "aggregate-per-unit", message))
        return translate(self, node, condition)

    def value(self, node: Node, condition: Expression | None) -> Expression:
        """What an aggregate takes; NULL where the condition of FILTER does not hold."""
        found = below.expression(node, self.inner)
        return found if condition is None else Call("case", (condition, found, Literal(None)))

    def add(self, aggregate: UnitAggregate) -> ColumnRef:
        """The column of an aggregate, each once."""
        if aggregate not in self.aggregates:
            self.aggregates.append(aggregate)
            self.sources = [PerUnit(self._rows, self._keys, tuple(self.aggregates))]
        name = f"a{self.aggregates.index(aggregate)}"
        return ColumnRef(0, name, self.facts(ColumnRef(0, name, "")).type)

    def reject(self, node: Node, code: str, message: str) -> QueryRejected:
        """The refusal that points at the node."""
        return rejected(self.statement.reason(node, code, message))


def _count(scope: GroupScope, node: Any, condition: Expression | None) -> Expression:
    if isinstance(node.this, exp.Distinct):
        if len(node.this.expressions) != 1:
            raise scope.reject(node, "count-distinct", "COUNT(DISTINCT ...) takes one column")
        return scope.add(UnitAggregate("distinct", scope.value(node.this.expressions[0], condition)))
    if isinstance(node.this, exp.Star):
        if condition is None:
            return scope.add(UnitAggregate("count"))
        return scope.add(UnitAggregate("present", Call("case", (condition, Literal(1), Literal(None)))))
    return scope.add(UnitAggregate("present", scope.value(node.this, condition)))


def _sum(scope: GroupScope, node: Any, condition: Expression | None) -> ColumnRef:
    return unit_sum(scope, node, scope.value(node.this, condition))


def unit_sum(scope: GroupScope, node: Node, value: Expression) -> ColumnRef:
    """The column of an exact sum per unit, of quantized values."""
    return scope.add(summed(node, value, scope.inner))


def summed(node: Node, value: Expression, scope: Scope) -> UnitAggregate:
    """SUM of a bounded value as exact integers. Raises QueryRejected where there are no bounds."""
    if type_of(value) not in NUMBERS:
        raise rejected(scope.statement.reason(node, "not-a-number", "SUM and AVG take numbers"))
    found = facts_of(value, scope.facts).range
    if found is None:
        raise rejected(scope.statement.reason(node, "no-bounds", UNBOUNDED))
    try:
        lower, upper, granularity = steps(found)
    except Unbounded:
        raise rejected(scope.statement.reason(node, "no-bounds", UNBOUNDED)) from None
    return UnitAggregate("sum", value, lower, upper, granularity)


def _avg(scope: GroupScope, node: Any, condition: Expression | None) -> Expression:
    value = scope.value(node.this, condition)
    total, present = unit_sum(scope, node, value), scope.add(UnitAggregate("present", value))
    return mean(total, present, scope.aggregates[int(total.column[1:])])


def mean(total: ColumnRef, present: ColumnRef, summed_value: UnitAggregate) -> Expression:
    """A sum divided by its count, written so that its bounds are seen to be the value's: it may be summed again."""
    ends = (summed_value.lower_steps, summed_value.upper_steps)
    lower, upper = (constant(end * summed_value.granularity) for end in ends)
    quotient = Call("/", (total, Call("greatest", (present, Literal(1)))))
    within = Call("least", (Call("greatest", (quotient, lower)), upper))
    return Call("case", (Call(">", (present, Literal(0))), within, Literal(None)))


def _extreme(kind: Any) -> Callable[[GroupScope, Any, Expression | None], Expression]:
    def translate(scope: GroupScope, node: Any, condition: Expression | None) -> Expression:
        if node.expressions:
            raise scope.reject(node, "aggregate-per-unit", "MIN and MAX take one value")
        return scope.add(UnitAggregate(kind, scope.value(node.this, condition)))

    return translate


_AGGREGATES: Final[Mapping[type[Node], Callable[[GroupScope, Any, Expression | None], Expression]]] = {
    exp.Count: _count,
    exp.Sum: _sum,
    exp.Avg: _avg,
    exp.Min: _extreme("min"),
    exp.Max: _extreme("max"),
}

__all__ = ["GroupScope", "distinct", "mean", "normal_form", "per_unit", "summed"]
