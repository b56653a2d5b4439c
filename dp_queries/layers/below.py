"""Row-level syntax -> `algebra.expressions`: typed, total, in normal form. The language is `rows/`, merged here."""

from collections.abc import Mapping
from typing import Final

from dp_queries.algebra.expressions import Expression
from dp_queries.facts.expressions import Facts, facts_of
from dp_queries.layers.rows.casts import CASTS
from dp_queries.layers.rows.logic import COMPARISONS, LOGIC
from dp_queries.layers.rows.moments import MOMENT_NODES
from dp_queries.layers.rows.numbers import ARITHMETIC, NUMBERS
from dp_queries.layers.rows.reader import Reader, Translator
from dp_queries.layers.rows.texts import TEXTS
from dp_queries.layers.scope import Scope
from dp_queries.syntax.parse import Node

__all__ = ["ARITHMETIC", "COMPARISONS", "ROW_NODES", "alike", "condition", "expression", "facts"]

ROW_NODES: Final[Mapping[type[Node], Translator]] = {**LOGIC, **NUMBERS, **TEXTS, **MOMENT_NODES, **CASTS}


def expression(node: Node, scope: Scope) -> Expression:
    """The row-level expression of a node. Raises QueryRejected for what rows can't be asked."""
    return Reader(scope, ROW_NODES).expression(node)


def condition(node: Node, scope: Scope) -> Expression:
    """A row-level expression that must be boolean."""
    return Reader(scope, ROW_NODES).condition(node)


def alike(node: Node, left: Expression, right: Expression, scope: Scope) -> tuple[Expression, Expression]:
    """Both sides in one type: a quoted ISO text becomes the date or timestamp that it is compared with."""
    return Reader(scope, ROW_NODES).alike(node, left, right)


def facts(expression: Expression, scope: Scope) -> Facts:
    """What is publicly known of an expression over the scope's columns."""
    return facts_of(expression, scope.facts)
