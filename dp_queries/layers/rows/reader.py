"""What the translators of row-level syntax share: reading a node as an expression of a wanted type, and refusing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from dp_queries.algebra.expressions import Call, Expression, Literal, size
from dp_queries.algebra.types import MOMENTS, NUMBERS, are_comparable, common_type, type_of
from dp_queries.errors import QueryRejected
from dp_queries.layers import literals
from dp_queries.layers.rows import limits
from dp_queries.layers.scope import Scope
from dp_queries.syntax.parse import Node, called, exp, rejected

_INSTEAD: Mapping[type[Node], str] = {
    exp.Subquery: "a subquery is no value for rows; ask it first, and write its answer as a literal",
    exp.Exists: "EXISTS stands in WHERE, alone or joined by AND; for OR, LEFT JOIN it and ask IS NOT NULL",
    exp.Any: "ANY is over released values; for rows write IN (SELECT ...) in WHERE",
    exp.All: "ALL is over released values; for rows write NOT EXISTS (SELECT ...) in WHERE",
    exp.Window: "a window stands in SELECT; put it in a subquery, and the condition around it",
    exp.Interval: "an interval is added to a date: x + INTERVAL '3 days'",
}
Translator = Callable[[Any, "Reader"], Expression]


@dataclass(frozen=True)
class Reader:
    """Translates nodes over the names of a scope, with `table` as the language."""

    scope: Scope
    table: Mapping[type[Node], Translator]

    def refusal(self, node: Node, code: str, message: str) -> QueryRejected:
        """The refusal that points at the node."""
        return rejected(self.scope.statement.reason(node, code, message))

    def expression(self, node: Node) -> Expression:
        """The row-level expression of a node, within limits. Raises QueryRejected for what rows can't be asked."""
        found = self.scope.known(node)
        if found is None:
            translate = self.table.get(type(node))
            if translate is None:
                raise self._not_on_rows(node)
            found = translate(node, self)
        return self.limited(node, found)

    def limited(self, node: Node, found: Expression) -> Expression:
        """The expression, unless it is too large or its text too wide."""
        reason = limits.excess(found, self.scope.facts)
        if reason is not None:
            raise self.refusal(node, *reason)
        return found

    def repeated(self, node: Node, found: Expression, times: int) -> Expression:
        """The expression, unless repeating it so often makes it too large: asked before it is repeated."""
        if size(found) * times > limits.MOST_CONDITION_NODES:
            raise self.refusal(node, *limits.TOO_LARGE)
        return found

    def _not_on_rows(self, node: Node) -> QueryRejected:
        if isinstance(node, exp.AggFunc):
            message = "an aggregate can't stand here; conditions on aggregates belong in HAVING"
            return self.refusal(node, "aggregate-below", message)
        general = f"{called(node)} isn't offered on rows; it is over aggregates, in SELECT, HAVING and ORDER BY"
        return self.refusal(node, "not-on-rows", _INSTEAD.get(type(node), general))

    def typed(self, node: Node, kinds: Collection[str], code: str, message: str) -> Expression:
        """An expression of one of these types."""
        return self._checked(node, self.expression(node), kinds, code, message)

    def _checked(self, node: Node, found: Expression, kinds: Collection[str], code: str, message: str) -> Expression:
        if type_of(found) not in kinds:
            raise self.refusal(node, code, message)
        return found

    def condition(self, node: Node) -> Expression:
        """A boolean."""
        return self.typed(node, {"boolean"}, "not-a-condition", "a condition is wanted here, such as x = 1")

    def number(self, node: Node) -> Expression:
        """An integer or a number."""
        return self.as_number(node, self.expression(node))

    def as_number(self, node: Node, found: Expression) -> Expression:
        """What the node was read as, if it is a number."""
        message = "arithmetic takes numbers; CAST(x AS INTEGER) reads a text"
        return self._checked(node, found, NUMBERS, "not-a-number", message)

    def text(self, node: Node) -> Expression:
        """A text."""
        return self.typed(node, {"text"}, "types-differ", "a text is wanted here; write CAST(x AS TEXT)")

    def moment(self, node: Node, *, timestamps_only: bool = False) -> Expression:
        """A date or a timestamp, also as a quoted ISO text."""
        found = self.expression(node)
        if isinstance(found, Literal) and isinstance(found.value, str):
            return Literal(literals.any_moment(self.scope.statement, node, found.value))
        kinds, wanted = ({"timestamp"}, "a timestamp") if timestamps_only else (MOMENTS, "a date or a timestamp")
        if type_of(found) not in kinds:
            raise self.refusal(node, "not-a-moment", f"{wanted} is wanted here; CAST(x AS DATE) reads a text")
        return found

    def constant(self, node: Node, code: str, message: str) -> Fraction:
        """The number that a literal names."""
        found = self.expression(node)
        if not isinstance(found, Literal) or type_of(found) not in NUMBERS:
            raise self.refusal(node, code, message)
        return Fraction(found.value)  # type: ignore[arg-type]  # a number, by its type

    def whole(self, node: Node, least: int, most: int, message: str) -> Literal:
        """A whole number that the text itself names, within limits."""
        found = self.constant(node, "literal-number", message)
        if found.denominator != 1 or not least <= found <= most:
            raise self.refusal(node, "literal-number", message)
        return Literal(int(found))

    def quoted(self, node: Node, message: str, *, least: int = 0) -> Literal:
        """A text that the query itself names, of a pattern's length at most."""
        found = self.expression(node)
        if not isinstance(found, Literal) or not isinstance(found.value, str):
            raise self.refusal(node, "literal-text", message)
        if not least <= len(found.value) <= literals.MOST_PATTERN:
            raise self.refusal(node, "literal-text", f"{message}; at most {literals.MOST_PATTERN} characters")
        return found

    def alike(self, node: Node, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        """Both sides in one type: a quoted ISO text becomes the date or timestamp that it is compared with.

        A date is compared with timestamps as its midnight.
        """
        left, right = self._as_moment(node, left, right), self._as_moment(node, right, left)
        if {type_of(left), type_of(right)} == MOMENTS:
            left, right = (self._moment_like(node, side, "timestamp") for side in (left, right))
        if "null" in (type_of(left), type_of(right)):
            raise self.refusal(node, "null-comparison", "nothing equals NULL; write IS NULL")
        if not are_comparable(type_of(left), type_of(right)):
            message = f"{type_of(left)} can't be compared with {type_of(right)}; both sides need one type"
            raise self.refusal(node, "types-differ", message)
        return left, right

    def _as_moment(self, node: Node, side: Expression, other: Expression) -> Expression:
        wanted = type_of(other)
        if not isinstance(side, Literal) or wanted not in MOMENTS or type_of(side) not in ("text", *MOMENTS):
            return side
        text = side.value if isinstance(side.value, str) else side.value.isoformat()  # type: ignore[union-attr]  # a moment
        if type_of(side) == "timestamp":
            text = text.removesuffix("T00:00:00")
        return Literal(literals.moment(self.scope.statement, node, text, wanted))

    def values(self, node: Node, parts: list[Expression]) -> list[Expression]:
        """Values that may stand for each other, in one type: dates among timestamps are their midnights."""
        kinds = {type_of(part) for part in parts}
        if kinds & MOMENTS and kinds <= {*MOMENTS, "null", "text"}:
            wanted = "timestamp" if "timestamp" in kinds else "date"
            parts = [self._moment_like(node, part, wanted) for part in parts]
        found = common_type(map(type_of, parts))
        if found is None or found == "null":
            kinds -= {"null"}
            message = f"these values need one type, not {', '.join(sorted(kinds)) or 'NULL'}; write a CAST"
            raise self.refusal(node, "types-differ", message)
        return parts

    def _moment_like(self, node: Node, part: Expression, wanted: str) -> Expression:
        kind = type_of(part)
        if isinstance(part, Literal) and kind not in (wanted, "null"):
            text = str(part.value)
            return Literal(literals.moment(self.scope.statement, node, text, wanted))
        return Call("to_timestamp", (part,)) if (kind, wanted) == ("date", "timestamp") else part
