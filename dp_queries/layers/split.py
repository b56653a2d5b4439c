"""A checked statement -> its three layers: rows of a unit, DP aggregates per public group, post-processing."""

from math import prod
from typing import Any, Final

from dp_queries.expression_types import type_of
from dp_queries.expressions import ColumnRef, Expression, Value
from dp_queries.layers import below, normal_form
from dp_queries.layers.above import Fragment, Writer
from dp_queries.layers.joins import build_below
from dp_queries.layers.middle import Middle, is_nullable
from dp_queries.layers.scope import Scope, fold
from dp_queries.parse import Node, Statement, exp, rejected
from dp_queries.partitions import MOST_GROUPS, NoDomain, key_domain, narrowed
from dp_queries.plan import Above, Below, Key, OutputColumn
from dp_queries.query import Layers
from policies.catalogue import LoadedDataset

MOST_NAME: Final = 63
MOST_AGGREGATES: Final = 20
MOST_LIMIT: Final = 2**31 - 1


def find_layers(statement: Statement, dataset: LoadedDataset) -> tuple[Layers, int]:
    """The layers of a validated SELECT, and the most rows its joins can give. Raises QueryRejected with the place."""
    select: Any = statement.tree
    scope = Scope(statement, dataset.card)
    rows, most_rows = build_below(select, scope)
    keys = _keys(select, rows, scope, dataset)
    middle = Middle(scope, prod(len(key.domain) for key in keys))
    writer = Writer(scope, keys, middle, {})
    above = _above(select, writer)
    _check_aggregates(select, middle, scope)
    layers = Layers(
        below=rows,
        keys=keys,
        drafts=tuple(middle.drafts),
        aggregates=tuple(middle.aggregates),
        aggregate_names=frozenset(middle.names),
        above=above,
        used=frozenset(scope.used),
    )
    return layers, most_rows


def _check_aggregates(select: Node, middle: Middle, scope: Scope) -> None:
    if not middle.aggregates:
        message = "rows never leave the room; select an aggregate such as COUNT(*)"
        raise rejected(scope.statement.reason(select, "no-aggregate", message))
    if len(middle.aggregates) > MOST_AGGREGATES:
        message = f"a query has at most {MOST_AGGREGATES} aggregates, because they share its epsilon"
        raise rejected(scope.statement.reason(select, "too-many-aggregates", message))


def _keys(select: Any, rows: Below, scope: Scope, dataset: LoadedDataset) -> tuple[Key, ...]:
    group = select.args.get("group")
    keys: list[Key] = []
    groups = 1
    for node in group.expressions if group else []:
        expression = below.expression(_grouped(node, select, scope), scope)
        if any(key.expression == expression for key in keys):
            continue
        keys.append(_key(node, expression, scope, dataset, normal_form.conjuncts(rows.where)))
        groups *= len(keys[-1].domain)
        if groups > MOST_GROUPS:
            message = f"there are more than {MOST_GROUPS} groups; use fewer or coarser keys"
            raise rejected(scope.statement.reason(node, "too-many-groups", message))
    return tuple(keys)


def _grouped(node: Node, select: Any, scope: Scope) -> Any:
    """What a GROUP BY item means: a position, an input column, or else an alias of SELECT (PostgreSQL's order)."""
    if isinstance(node, exp.Literal) and not node.is_string:
        return select.expressions[_position(node, len(select.expressions), scope)].unalias()
    if isinstance(node, exp.Column) and not node.table and scope.find(node) is None:
        for item in select.expressions:
            if isinstance(item, exp.Alias) and fold(item.alias) == fold(node.name):
                return item.unalias()
    return node


def _position(node: Any, most: int, scope: Scope) -> int:
    """The index that a number in GROUP BY or ORDER BY means."""
    text = str(node.this)
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= most:
        raise rejected(scope.statement.reason(node, "position", f"positions go from 1 to {most}"))
    return int(text) - 1


def _key(
    node: Node, expression: Expression, scope: Scope, dataset: LoadedDataset, conjuncts: tuple[Expression, ...]
) -> Key:
    def recorded(reference: ColumnRef) -> tuple[Value, ...] | None:
        relation = scope.relations[reference.relation]
        return None if relation.is_private else dataset.domains.get(f"{relation.table}.{reference.column}")

    try:
        domain = key_domain(expression, column=scope.column, recorded=recorded, is_unit=scope.is_unit)
    except NoDomain as refusal:
        raise rejected(scope.statement.reason(node, refusal.reason.code, refusal.reason.message)) from None
    has_null = is_nullable(expression, scope.is_nullable) and None not in domain
    shown = narrowed((*domain, None) if has_null else domain, expression, conjuncts)
    if not shown:
        raise rejected(scope.statement.reason(node, "no-groups", "WHERE leaves none of the groups; widen it"))
    return Key(expression, shown, type_of(expression))


def _above(select: Any, writer: Writer) -> Above:
    fragments = [_select_item(item, writer) for item in select.expressions]
    columns, names = [], set[str]()
    for item, fragment in zip(select.expressions, fragments, strict=True):
        columns.append(
            OutputColumn(_name(item, names, writer), fragment.type.replace("null", "text"), fragment.is_noisy)
        )
    having, order = select.args.get("having"), select.args.get("order")
    return Above(
        columns=tuple(columns),
        select=tuple(fragment.sql for fragment in fragments),
        where=writer.condition(having.this).sql if having else None,
        order_by=_order_by(order.expressions, fragments, writer) if order else None,
        limit=_count(select.args.get("limit"), writer),
        offset=_count(select.args.get("offset"), writer),
    )


def _select_item(item: Node, writer: Writer) -> Fragment:
    fragment = writer.write(item.unalias())
    if isinstance(item, exp.Alias):
        writer.aliases.setdefault(fold(item.alias), fragment)
    return fragment


def _name(item: Any, taken: set[str], writer: Writer) -> str:
    """The output column's name: the alias, the column, or the function; numbered when taken."""
    name = str(item.alias) if isinstance(item, exp.Alias) else _own_name(item)
    if len(name) > MOST_NAME or not name.isprintable() or not name.strip():
        message = f"a name has 1 to {MOST_NAME} printable characters"
        raise rejected(writer.scope.statement.reason(item, "name", message))
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique


def _own_name(item: Any) -> str:
    if isinstance(item, exp.Column):
        return fold(item.name)
    return type(item).__name__.lower() if isinstance(item, exp.Func) else "column"


def _order_by(items: list[Any], fragments: list[Fragment], writer: Writer) -> str | None:
    """The terms of ORDER BY; the place of NULLs is PostgreSQL's, written out because DuckDB's differs."""
    terms = []
    for item in items:
        found = _order_term(item.this, fragments, writer)
        if found.is_constant:  # orders nothing, and DuckDB refuses it
            continue
        direction = "DESC" if item.args.get("desc") else "ASC"
        terms.append(f"{found.sql} {direction} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}")
    return ", ".join(terms) or None


def _order_term(node: Any, fragments: list[Fragment], writer: Writer) -> Fragment:
    if isinstance(node, exp.Literal) and not node.is_string:
        return fragments[_position(node, len(fragments), writer.scope)]
    if isinstance(node, exp.Column) and not node.table and fold(node.name) in writer.aliases:
        return writer.aliases[fold(node.name)]
    return writer.write(node)


def _count(clause: Any, writer: Writer) -> int | None:
    """The number of LIMIT or OFFSET."""
    if clause is None:
        return None
    node = clause.expression
    text = str(node.this) if isinstance(node, exp.Literal) and not node.is_string else ""
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MOST_LIMIT:
        raise rejected(writer.scope.statement.reason(clause, "limit", "LIMIT and OFFSET take a whole number"))
    return int(text)
