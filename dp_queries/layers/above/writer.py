"""Syntax -> fragments over released values, by one table of node classes; what a name means is asked of `Names`.

Everything is total: whatever noise makes of a value, a fragment gives a value or NULL, never an error, because a plan
is charged before it runs. All arithmetic is in doubles with guarded arguments.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal as OneOf, Protocol

from dp_queries.algebra.types import MOMENTS, NUMBERS, are_comparable
from dp_queries.errors import QueryRejected
from dp_queries.layers import literals
from dp_queries.layers.above.fragments import Fragment, constant
from dp_queries.layers.above.queries import AboveQuery
from dp_queries.layers.scope import fold
from dp_queries.syntax.parse import Node, Statement, called, rejected

# Aliases and CASE with an operand repeat text; what is longer than this is refused before it grows further.
MOST_SQL: Final = 50_000
MOST_BLOCKS: Final = 20

_SQL_TYPES: Final = {"text": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}

Level = OneOf["rows", "groups", "windows"]
Translate = Callable[["Writer", Any], Fragment]


class Names(Protocol):
    """What a block's names mean."""

    @property
    def has_noisy_rows(self) -> bool:
        """Whether noise decides which rows there are, so that counting them is noisy."""
        ...

    def meaning(self, node: Node, writer: "Writer") -> Fragment | None:
        """The fragment that a node is by itself (a column, a key, a DP aggregate); None to read it by its parts.

        Raises QueryRejected for a name that can't stand here.
        """
        ...


@dataclass
class Context:
    """The statement, and what is counted over all of its blocks. `resolve` reads a nested SELECT, whose names may mean
    columns of the block around it."""

    statement: Statement
    resolve: Callable[[Node, "Writer"], AboveQuery]
    aliases: int = 0
    blocks: int = 0

    def alias(self) -> str:
        """A new name for a source in the SQL, so that no name of a query ever stands there."""
        self.aliases += 1
        return f"s{self.aliases - 1}"

    def count_block(self, node: Node) -> None:
        """Count a block. Raises QueryRejected for one too many."""
        self.blocks += 1
        if self.blocks > MOST_BLOCKS:
            message = f"a statement has at most {MOST_BLOCKS} SELECTs over released tables"
            raise rejected(self.statement.reason(node, "too-many-blocks", message))


@dataclass
class Notes:
    """What was seen while a block was written."""

    tables: set[str] = field(default_factory=set)
    has_windows: bool = False
    has_aggregates: bool = False
    has_subqueries: bool = False
    is_correlated: bool = False
    work: int = 0  # of nested blocks
    row_work: int = 0  # of nested blocks that read a row of this one, per row


@dataclass(frozen=True)
class Writer:
    """Writes the fragments of one block.

    `level`: what may stand here: columns of rows ("rows"), aggregates of groups too ("groups"), and windows over these
    too ("windows"). `is_grouped`: columns outside aggregates must be group keys. `aliases`: the selected columns by
    name, filled while SELECT is read; `windowed`: those of them that have a window.
    """

    context: Context
    nodes: Mapping[type[Node], Translate]
    names: Names
    level: Level = "rows"
    is_grouped: bool = False
    aliases: dict[str, Fragment] = field(default_factory=dict)
    windowed: set[str] = field(default_factory=set)
    windows: Mapping[str, Any] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)

    def at(self, level: Level) -> "Writer":
        """The writer at another level of the same block."""
        return replace(self, level=level)

    def write(self, node: Node) -> Fragment:
        """The fragment of a node. Raises QueryRejected for what isn't offered here."""
        found = self.names.meaning(node, self)
        if found is None:
            translate = next((self.nodes[kind] for kind in type(node).__mro__ if kind in self.nodes), None)
            if translate is None:
                raise self.refusal(node, "not-above", f"{called(node)} isn't offered over aggregates")
            found = translate(self, node)
        if len(found.sql) > MOST_SQL:
            raise self.refusal(node, "too-long", "this expression repeats itself too often; use fewer aliases or cases")
        return found

    def aliased(self, node: Node) -> Fragment | None:
        """The selected column of this name, if there is one. Raises QueryRejected where it can't stand."""
        name = fold(node.name)
        if name in self.windowed and self.level != "windows":
            message = f"{node.name} has a window, which can't stand in another, in an aggregate or in HAVING"
            raise self.refusal(node, "window", f"{message}; put it in a subquery")
        return self.aliases.get(name)

    def of_type(self, node: Node, kinds: frozenset[str], wanted: str) -> Fragment:
        """A fragment of one of these types; NULL goes with any, and is told which it is."""
        found = self.write(node)
        if found.type == "null":
            kind = max(kinds)  # of moments the timestamp, which has a time of day
            return replace(found, sql=f"CAST(NULL AS {_SQL_TYPES[kind]})", type=kind)
        if found.type not in kinds:
            raise self.refusal(node, "types-differ", f"{wanted} is wanted here, this is {found.type}")
        return found

    def condition(self, node: Node) -> Fragment:
        """A boolean fragment."""
        found = self.write(node)
        if found.type != "boolean":
            raise self.refusal(node, "not-a-condition", "a condition is wanted here, such as COUNT(*) > 10")
        return found

    def number(self, node: Node) -> Fragment:
        """A numeric fragment."""
        found = self.write(node)
        if found.type not in NUMBERS:
            raise self.refusal(node, "not-a-number", "arithmetic takes numbers")
        return found

    def alike(self, node: Node, left: Fragment, right: Fragment) -> tuple[Fragment, Fragment]:
        """Both sides in comparable types: a quoted ISO text becomes the moment that it is compared with."""
        left, right = self._as_moment(node, left, right), self._as_moment(node, right, left)
        if not are_comparable(left.type, right.type) and {left.type, right.type} != MOMENTS:
            message = f"{left.type} can't be compared with {right.type}; write IS NULL for NULL"
            raise self.refusal(node, "types-differ", message)
        return left, right

    def unified(self, node: Node, parts: list[Fragment]) -> str:
        """The one type of alternatives; NULL goes with any."""
        kinds = {part.type for part in parts} - {"null"}
        if kinds <= NUMBERS and kinds:
            return "integer" if kinds == {"integer"} else "number"
        if len(kinds) > 1:
            raise self.refusal(node, "types-differ", "the alternatives must be of one type")
        return kinds.pop() if kinds else "text"

    def whole(self, node: Node, lowest: int, highest: int, what: str, code: str = "whole-number") -> int:
        """The whole number that a literal is, within limits."""
        value = self.write(node).value
        if type(value) is not int or not lowest <= value <= highest:
            raise self.refusal(node, code, f"{what} is a whole number from {lowest} to {highest}")
        return value

    def refusal(self, node: Node, code: str, message: str) -> QueryRejected:
        """The refusal that points at the node."""
        return rejected(self.context.statement.reason(node, code, message))

    def _as_moment(self, node: Node, side: Fragment, other: Fragment) -> Fragment:
        if side.is_constant and side.type == "text" and other.type in MOMENTS:
            return constant(literals.moment(self.context.statement, node, str(side.value), other.type))
        return side
