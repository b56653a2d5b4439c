"""How large a row-level expression may be, and how wide the texts that it makes.

Work on one row is bounded by the text of the query, so that no row takes so long that an answer's time tells of it: a
repeated text of a million characters was 160 times slower than its row's neighbours (ATTACKS 8, 32).
"""

from collections.abc import Callable
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, size
from dp_queries.algebra.types import type_of
from dp_queries.facts.expressions import Facts, facts_of

MOST_CHARACTERS: Final = 10_000
MOST_NODES: Final = 200
MOST_CONDITION_NODES: Final = 3_000  # a condition may be as long as a query's text; its parts are AND and OR

TOO_LARGE: Final = ("expression-too-large", f"an expression has at most {MOST_NODES} parts; compute less in one")
_TOO_WIDE: Final = ("text-too-wide", f"a text has at most {MOST_CHARACTERS} characters; take LEFT(x, 100) first")


def excess(expression: Expression, columns: Callable[[ColumnRef], Facts]) -> tuple[str, str] | None:
    """Code and message of the limit that an expression passes, if it does."""
    if not isinstance(expression, Call):
        return None
    kind = type_of(expression)
    if size(expression) > (MOST_CONDITION_NODES if kind == "boolean" else MOST_NODES):
        return TOO_LARGE
    if kind == "text" and facts_of(expression, columns).longest > MOST_CHARACTERS:
        return _TOO_WIDE
    return None
