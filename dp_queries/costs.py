"""The most that a query's work can cost per row, from the text and the card alone.

Not what it costs on average: what the worst admissible row costs, because a slot that one unit's row can overrun is an
exact answer about that unit (ATTACKS 8, 32).
"""

from collections.abc import Callable
from typing import Final

from dp_queries.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.query import Layers
from policies.catalogue import Column

ROW_NANOSECONDS: Final = 60
_NODE_NANOSECONDS: Final = 10
_CHARACTER_NANOSECONDS: Final = 1
_MATCHED_CHARACTER_NANOSECONDS: Final = 10
_CODE_BYTES: Final = 16
_VALUE_BYTES: Final = 8
MOST_SORTED_BYTES: Final = 6 * 2**30


def row_nanoseconds(layers: Layers, column: Callable[[ColumnRef], Column]) -> int:
    """Nanoseconds for one row of the widest join: reading it, and every expression of the query on it."""
    return ROW_NANOSECONDS + sum(_cost(expression, column) for expression in _expressions(layers))


def sorted_bytes(layers: Layers, rows_at_most: int) -> int:
    """Bytes that a join's rows take while they are sorted by unit: codes, group and values, twice over."""
    values = sum(draft.value is not None for draft in layers.drafts)
    return rows_at_most * 2 * (_CODE_BYTES + _VALUE_BYTES * values) if layers.below.joins else 0


def _expressions(layers: Layers) -> list[Expression]:
    found = [layers.below.where, *(join.condition for join in layers.below.joins)]
    found += [draft.value for draft in layers.drafts]
    found += [key.expression for key in layers.keys]
    # A bare column is read, which every row is charged for already.
    return [expression for expression in found if isinstance(expression, Call)]


def _cost(expression: Expression, column: Callable[[ColumnRef], Column]) -> int:
    match expression:
        case ColumnRef(_, _, "text"):
            return column(expression).longest * _CHARACTER_NANOSECONDS
        case Call("like", (ColumnRef() as text, Literal(pattern))):
            # RE2 is linear in text times pattern; most patterns take a tenth of that.
            return column(text).longest * (_MATCHED_CHARACTER_NANOSECONDS + len(str(pattern)))
        case Call(_, arguments):
            return _NODE_NANOSECONDS * len(arguments) + sum(_cost(argument, column) for argument in arguments)
    return 0
