"""Equalities in the conditions of joins: which column of the joined relation they fix, and what a hash decides.

Facts about expressions and public bounds only: nothing here reads a row.
"""

from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression
from dp_queries.algebra.relations import references
from dp_queries.facts.expressions import Facts

_APART: Final = 2**50  # so many steps of any granularity are different doubles: two roundings err by 2^-52 at most


def is_looked_up(part: Expression, relation: int) -> bool:
    """Whether a hash of `relation`'s rows decides this condition: it is theirs alone, or equates them with others."""
    if {reference.relation for reference in references(part)} == {relation}:
        return True
    if not isinstance(part, Call) or part.operator != "=":
        return False
    sides = [{reference.relation == relation for reference in references(side)} for side in part.arguments]
    return sides in ([{True}, {False}], [{False}, {True}])


def equated(part: Expression, relation: int) -> tuple[ColumnRef, Expression] | None:
    """The column of `relation` that an equality fixes by what stands before it, and that."""
    match part:
        case Call("=", (left, right)):
            for side, other in ((left, right), (right, left)):
                mentioned = {reference.relation for reference in references(other)}
                if isinstance(side, ColumnRef) and side.relation == relation and relation not in mentioned:
                    return side, other
    return None


def are_few(facts: Facts) -> bool:
    """Whether numbers are so few steps that no two of them are one double."""
    if facts.range is not None and facts.range.granularity:
        return facts.range.largest <= _APART * facts.range.granularity
    return facts.domain is not None and all(isinstance(value, int) and abs(value) <= _APART for value in facts.domain)
