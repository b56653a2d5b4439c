"""Row-level expressions as DuckDB's SQL: our own nodes printed, never a researcher's text.

Every operator of `expressions.OPERATORS` is rendered total: whatever the row holds, it gives a value or NULL. The
text is linear in the expression: see `guards`.
"""

from collections.abc import Callable

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.backends.operators.arguments import Rendered
from dp_queries.backends.operators.casts import CASTS
from dp_queries.backends.operators.logic import LOGIC, truth
from dp_queries.backends.operators.moments import MOMENTS
from dp_queries.backends.operators.numbers import NUMBERS
from dp_queries.backends.operators.texts import TEXTS
from dp_queries.backends.terms import Term, constant_term


def alias(relation: int) -> str:
    """The name of a relation in rendered SQL; a researcher's alias never gets there."""
    return f"r{relation}"


class Renderer:
    """Renders expressions over relations whose columns are these terms."""

    def __init__(self, columns: Callable[[ColumnRef], Term]) -> None:
        self._columns = columns

    def condition(self, expression: Expression) -> str:
        """An expression as a truth value."""
        return truth(self.term(expression))

    def term(self, expression: Expression) -> Term:
        """An expression as a typed piece of SQL. Raises ValueError where types don't fit."""
        match expression:
            case ColumnRef():
                return self._columns(expression)
            case Literal(value):
                return constant_term(value)
            case Call(operator, arguments):
                return RENDERED[operator](expression, [self.term(argument) for argument in arguments])


RENDERED: dict[str, Rendered] = {**LOGIC, **NUMBERS, **CASTS, **TEXTS, **MOMENTS}
