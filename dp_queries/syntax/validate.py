"""SQL accepted or rejected: an allow-list walk over the syntax tree.

A node whose class is not in `OFFERED`, or that carries a part not listed there, is refused with a stable code, a
sentence that says what to write instead, and its place. So syntax that a new version of the parser learns is refused
until somebody lists it. What names and types mean is asked in `layers/`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dp_queries.syntax.above_syntax import ABOVE_INSTEAD, ABOVE_NODES, ABOVE_PARTS
from dp_queries.syntax.parse import Node, Statement, called, exp, rejected
from dp_queries.syntax.row_syntax import INSTEAD_OF_FUNCTIONS, NEEDED, ROW_INSTEAD, ROW_NODES, ROW_PARTS
from policies.errors import Reason

MOST_REASONS: Final = 10
MOST_SELECTED: Final = 100

_ONE: Final = frozenset({"this"})
_SIDES: Final = frozenset({"this", "expression"})
_OF_QUERIES: Final = (exp.Exists, exp.All, exp.Any)
_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Subquery)

# class -> the parts it may carry. More of it: `row_syntax` for rows, `above_syntax` for blocks and released values.
OFFERED: Final[Mapping[type[Node], frozenset[str]]] = {
    exp.From: _ONE,
    exp.Table: frozenset({"this", "alias"}),
    exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
    exp.Where: _ONE,
    exp.Having: _ONE,
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Alias: frozenset({"this", "alias"}),
    **ROW_NODES,
    **ABOVE_NODES,
}

# Everything that isn't offered and isn't here gets the general sentence.
INSTEAD: Final[Mapping[type[Node], tuple[str, str]]] = {
    **ROW_INSTEAD,
    **ABOVE_INSTEAD,
}

PARTS: Final[Mapping[tuple[type[Node], str], tuple[str, str]]] = {
    **ROW_PARTS,
    **ABOVE_PARTS,
}


def validate(statement: Statement) -> None:
    """Raise QueryRejected with up to `MOST_REASONS` reasons unless all of the tree is offered.

    >>> from dp_queries.syntax.parse import parse
    >>> validate(parse("SELECT COUNT(*) FROM flights"))
    """
    reasons: list[Reason] = []
    for reason in _faults(statement, statement.tree):
        if reason not in reasons:
            reasons.append(reason)
        if len(reasons) == MOST_REASONS:
            break
    if reasons:
        raise rejected(*reasons)


def _faults(statement: Statement, root: Node) -> Iterator[Reason]:
    """Faults in reading order, outermost first; what lies inside a refused node isn't looked at."""
    if not isinstance(root, _QUERIES):
        yield _refusal(statement, root)
        return
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        if type(node) not in OFFERED:
            yield _refusal(statement, node)
            continue
        if isinstance(node, exp.Select) and len(node.expressions) > MOST_SELECTED:
            yield statement.reason(node, "too-many-columns", f"select at most {MOST_SELECTED} columns")
        foreign = [name for name, value in node.args.items() if _is_there(value) and name not in OFFERED[type(node)]]
        for name in foreign:
            yield _part_refusal(statement, node, name)
        if any(not _is_there(node.args.get(name)) for name in _needed(node)):
            yield statement.reason(node, "arguments", f"{called(node)} takes more arguments; see the SQL guide")
            continue
        if isinstance(node, _OF_QUERIES) and not isinstance(node.this.unnest(), _QUERIES):
            yield statement.reason(node, "subquery", f"{called(node)} takes a subquery here: (SELECT ... FROM ...)")
        if isinstance(node, exp.Star) and not _may_be_star(node):
            yield statement.reason(node, "star", "* stands in COUNT(*), or alone in SELECT")
        if not foreign:
            pending.extend(reversed(list(node.iter_expressions())))


def _may_be_star(star: Node) -> bool:
    """COUNT(*), SELECT *, SELECT t.*"""
    if isinstance(star.parent, exp.Column):
        return isinstance(star.parent.parent, exp.Select)
    return isinstance(star.parent, (exp.Count, exp.Select))


def _needed(node: Node) -> Iterator[str]:
    """The parts that a function can't be without; the parser lets some pass that lack them."""
    if isinstance(node, exp.Func):
        yield from NEEDED.get(type(node), _SIDES & OFFERED[type(node)])


def _is_there(value: Any) -> bool:
    return value is not None and value is not False and value != []


def _refusal(statement: Statement, node: Node) -> Reason:
    if isinstance(node, exp.Func) and isinstance(node.parent, exp.Table):
        return statement.reason(node, *INSTEAD[exp.Lateral])
    for kind in type(node).__mro__:
        if kind in INSTEAD:
            return statement.reason(node, *INSTEAD[kind])
    if isinstance(node, exp.Func):
        name = called(node).lower()
        instead = INSTEAD_OF_FUNCTIONS.get(name, "see the SQL guide for what is")
        return statement.reason(node, "function", f"the function {name} isn't offered; {instead}")
    return statement.reason(node, "not-offered", f"{called(node)} isn't offered; see the SQL guide for what is")


def _part_refusal(statement: Statement, node: Node, name: str) -> Reason:
    part = node.args[name]
    place = part if isinstance(part, exp.Expr) else node
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
        return statement.reason(node, *INSTEAD[exp.Lateral])
    general = ("not-offered", f"{name.rstrip('_')} isn't offered with {called(node)}; leave it out")
    if isinstance(node, exp.Func):
        general = ("not-offered", f"{called(node)} takes fewer arguments here; see the SQL guide")
    return statement.reason(place, *PARTS.get((type(node), name), general))
