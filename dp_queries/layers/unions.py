"""UNION ALL of rows -> one relation. All parts have rows of units, or none has; columns go by their place.

UNION, EXCEPT and INTERSECT compare rows of different units and are refused (ATTACKS 14).
"""

from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.algebra.relations import Below, Derived, Scan, UnionAll
from dp_queries.algebra.types import NUMBERS, type_of
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.scope import View
from dp_queries.syntax.parse import Node, Statement, rejected

MOST_PARTS: Final = 8


def union_all(node: Node, views: list[View], statement: Statement, facts: RelationFacts) -> View:
    """The view of all rows of the views; its columns are called as those of the first."""
    _check(node, views, statement)
    columns = [list(view.columns.values()) for view in views]
    aligned = [_aligned(node, list(place), views, statement, facts) for place in zip(*columns, strict=True)]
    parts = tuple(Derived(view.below, tuple(place[index] for place in aligned)) for index, view in enumerate(views))
    types = [next((type_of(value) for value in place if type_of(value) != "null"), "null") for place in aligned]
    names = {name: ColumnRef(0, f"c{index}", types[index]) for index, name in enumerate(views[0].columns)}
    return View(Below((UnionAll(parts),), (), None), dict(names))


def _check(node: Node, views: list[View], statement: Statement) -> None:
    if len({view.has_unit for view in views}) > 1:
        message = "UNION ALL of private and public rows isn't answered; ask them apart"
        raise rejected(statement.reason(node, "union-mixed", message))
    if len({len(view.columns) for view in views}) > 1:
        raise rejected(statement.reason(node, "union-columns", "the parts of UNION ALL need as many columns each"))
    if len(views) > MOST_PARTS:
        raise rejected(statement.reason(node, "too-many-parts", f"UNION ALL takes at most {MOST_PARTS} parts"))


def _aligned(
    node: Node, place: list[Expression], views: list[View], statement: Statement, facts: RelationFacts
) -> list[Expression]:
    """The columns of one place in one type; numbers of different granularity become doubles."""
    types = {type_of(value) for value in place} - {"null"}
    if len(types) > 1 and not types <= NUMBERS:
        message = "the parts of UNION ALL have columns of different types"
        raise rejected(statement.reason(node, "types-differ", message))
    if not types <= NUMBERS or not types:
        return place
    named = [(view.below, value) for view, value in zip(views, place, strict=True) if type_of(value) != "null"]
    ranges = [facts.of(below, value).range for below, value in named]
    steps = {found and found.granularity for found in ranges}
    if len(steps) == 1 and len(types) == 1 and all(_counts_steps(below, value, types) for below, value in named):
        return place
    return [value if type_of(value) == "null" else Call("to_number", (value,)) for value in place]


def _counts_steps(below: Below, value: Expression, types: set[str]) -> bool:
    """Whether a number is surely kept as integer steps: an integer that rows hold, or a column of a table."""
    if isinstance(value, ColumnRef) and isinstance(below.sources[value.relation], Scan):
        return True
    return types == {"integer"} and not isinstance(value, Literal)
