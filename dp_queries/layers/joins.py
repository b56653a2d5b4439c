"""FROM, JOIN and WHERE -> `Below`, keeping the invariant that every row has exactly one privacy unit.

The first relation is private and is preserved; public tables join on anything (contributions are bounded afterwards),
private ones on the unit, as a conjunct of ON. Source: DESIGN 3; Wilson et al., "Differentially Private SQL with Bounded
User Contribution", PoPETs 2020, section 3 (joins must equate the owners of rows).
"""

from collections.abc import Iterator
from typing import Any, Final, Literal as OneOf

from dp_queries.expressions import Call, ColumnRef, Expression
from dp_queries.layers import below, normal_form
from dp_queries.layers.scope import Scope, fold
from dp_queries.parse import Node, rejected
from dp_queries.plan import Below, Join

MOST_JOINS: Final = 8
MOST_JOINED_ROWS: Final = 10**8


def build_below(select: Any, scope: Scope) -> tuple[Below, int]:
    """The rows of units, and the most rows that they can be, from the card's declared bounds alone."""
    source = select.args.get("from_")
    if source is None:
        raise rejected(scope.statement.reason(select, "no-from", "write FROM with a table of the dataset"))
    scope.add(source.this)
    if not scope.relations[0].is_private:
        raise rejected(scope.statement.reason(source, "public-first", _public_first(scope)))
    nodes = select.args.get("joins") or []
    if len(nodes) > MOST_JOINS:
        raise rejected(scope.statement.reason(nodes[MOST_JOINS], "too-many-joins", f"join at most {MOST_JOINS} tables"))
    joins = tuple(_join(node, scope) for node in nodes)
    rows = _most_rows(nodes, joins, scope)
    where = select.args.get("where")
    return Below(tuple(scope.relations), joins, where and below.condition(where.this, scope)), rows


def _public_first(scope: Scope) -> str:
    private = ", ".join(table.name for table in scope.card.tables if table.is_private)
    return f"start FROM with a private table ({private}), whose rows are counted, and join the public one to it"


def _join(node: Any, scope: Scope) -> Join:
    kind = _kind(node, scope)
    relation = scope.add(node.this)
    is_private = scope.relations[relation].is_private
    if is_private and kind == "left":
        message = "a private table can't be joined by LEFT JOIN; use JOIN on the unit"
        raise rejected(scope.statement.reason(node, "left-private", message))
    parts = tuple(_conditions(node, relation, scope))
    equalities = [part for part in parts if _equates_units(part, relation, scope)]
    if is_private and not equalities:
        unit = scope.table(relation).unit_column
        message = f"join a private table on the privacy unit: ON ... .{unit} = {scope.relations[relation].alias}.{unit}"
        raise rejected(scope.statement.reason(node, "join-not-on-unit", message))
    if kind == "left":
        scope.optional.add(relation)
    rest = normal_form.conjunction(part for part in parts if part not in equalities)
    return Join(relation, kind, bool(equalities), rest)


def _kind(node: Any, scope: Scope) -> OneOf["inner", "left"]:
    side, kind = node.side.upper(), node.kind.upper()
    if side in ("RIGHT", "FULL"):
        message = f"{side} JOIN would keep rows of no unit; start with the private table and write LEFT JOIN"
        raise rejected(scope.statement.reason(node, "public-preserved", message))
    if kind == "CROSS" or not (node.args.get("on") or node.args.get("using")):
        raise rejected(scope.statement.reason(node, "cross-join", "write JOIN ... ON with the columns that match"))
    if side not in ("", "LEFT") or kind not in ("", "INNER", "OUTER"):
        raise rejected(scope.statement.reason(node, "join-kind", "write JOIN or LEFT JOIN"))
    return "left" if side == "LEFT" else "inner"


def _conditions(node: Any, relation: int, scope: Scope) -> Iterator[Expression]:
    for identifier in node.args.get("using") or []:
        yield _using(identifier, relation, scope)
    if node.args.get("on"):
        yield from normal_form.conjuncts(below.condition(node.args["on"], scope))


def _using(identifier: Node, relation: int, scope: Scope) -> Expression:
    """Equality of the column that both sides have; its bare name means the left one from here on."""
    name = fold(identifier.name)
    right = scope.table(relation).column(name)
    owners = [index for index in range(relation) if scope.table(index).column(name)]
    if right is None or not owners or (len(owners) > 1 and name not in scope.merged):
        message = "USING takes a column that exactly one table before and this one have; write ON instead"
        raise rejected(scope.statement.reason(identifier, "using", message))
    left = scope.merged.get(name) or scope.reference(owners[0], name)
    scope.merged[name] = left
    sides = below.alike(identifier, left, scope.reference(relation, name), scope)
    scope.used |= {(scope.relations[side.relation].table, name) for side in sides if isinstance(side, ColumnRef)}
    return normal_form.compared("=", *sides)


def _equates_units(part: Expression, relation: int, scope: Scope) -> bool:
    """Whether this conjunct equates the unit of the new private relation with that of an earlier one."""
    match part:
        case Call("=", (ColumnRef() as left, ColumnRef() as right)):
            sides = sorted((left, right), key=lambda side: side.relation)
            return sides[0].relation < sides[1].relation == relation and all(map(scope.is_unit, sides))
    return False


def _most_rows(nodes: list[Any], joins: tuple[Join, ...], scope: Scope) -> int:
    """Rows at most after all joins; a larger fan-out than `MOST_JOINED_ROWS` is refused unread (ATTACKS 13)."""
    rows = scope.table(0).rows_at_most
    for node, join in zip(nodes, joins, strict=True):
        partners = _most_partners(join, scope)
        rows *= partners
        if partners > 1 and rows > MOST_JOINED_ROWS:
            message = f"this join may give up to {rows} rows; join on a unique key of the table"
            raise rejected(scope.statement.reason(node, "fan-out", message))
    return rows


def _most_partners(join: Join, scope: Scope) -> int:
    """Rows of the joined table, at most, that one row before it meets."""
    table = scope.table(join.relation)
    matched = {table.unit_column} if join.on_unit else set()
    for part in normal_form.conjuncts(join.condition):
        matched |= _matched_columns(part, join.relation)
    if any(set(key) <= matched for key in table.unique):
        return 1
    return table.rows_per_unit_at_most or 1 if join.on_unit else table.rows_at_most


def _matched_columns(part: Expression, relation: int) -> set[str | None]:
    """The column of `relation` that an equality fixes by what stands before it."""
    match part:
        case Call("=", (left, right)):
            for side, other in ((left, right), (right, left)):
                if isinstance(side, ColumnRef) and side.relation == relation and not _mentions(other, relation):
                    return {side.column}
    return set()


def _mentions(expression: Expression, relation: int) -> bool:
    if isinstance(expression, Call):
        return any(_mentions(argument, relation) for argument in expression.arguments)
    return isinstance(expression, ColumnRef) and expression.relation == relation
