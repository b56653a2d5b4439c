"""Row-level expressions as DuckDB's SQL: our own nodes printed, never a researcher's text.

Every operator of `expressions.OPERATORS` is rendered total: whatever the row holds, it gives a value or NULL.
"""

from collections.abc import Callable

from dp_queries.backends.comparisons import PREDICATES, UNKNOWN, compared, contained, is_like
from dp_queries.backends.storage import storage
from dp_queries.backends.terms import Term, as_double, column_term, constant_term, without_nan
from dp_queries.encrypted import name
from dp_queries.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.plan import Relation
from policies.catalogue import LoadedDataset

# A quotient by zero is NULL by the engine's setting (see `encrypted`): an own guard would print the divisor twice, and
# nested divisions would grow exponentially.
_ARITHMETIC = ("+", "-", "*", "/")
_PARTS = ("year", "month", "day", "dow", "hour")


def alias(relation: int) -> str:
    """The name of a relation in rendered SQL; a researcher's alias never gets there."""
    return f"r{relation}"


class Renderer:
    """Renders the expressions over one query's relations."""

    def __init__(self, dataset: LoadedDataset, relations: tuple[Relation, ...]) -> None:
        self._dataset = dataset
        self._relations = relations

    def condition(self, expression: Expression) -> str:
        """An expression as a truth value."""
        return _truth(self.term(expression))

    def term(self, expression: Expression) -> Term:
        """An expression as a typed piece of SQL. Raises ValueError where types don't fit."""
        match expression:
            case ColumnRef(relation, column, _):
                kept = storage(self._dataset, self._relations[relation].table, column)
                return column_term(f"{alias(relation)}.{name(column)}", kept)
            case Literal(value):
                return constant_term(value)
            case Call(operator, arguments):
                return RENDERED[operator](operator, [self.term(argument) for argument in arguments])


def _truth(term: Term) -> str:
    if term.kind == "null":
        return UNKNOWN
    if term.kind != "boolean":
        raise ValueError(f"{term.kind} is not a truth value")
    return term.sql


def _logic(operator: str, terms: list[Term]) -> Term:
    return Term("boolean", "(" + f" {operator.upper()} ".join(map(_truth, terms)) + ")")


def _not(_: str, terms: list[Term]) -> Term:
    return Term("boolean", f"(NOT {_truth(terms[0])})")


def _comparison(operator: str, terms: list[Term]) -> Term:
    return Term("boolean", compared(operator, *terms))


def _in(_: str, terms: list[Term]) -> Term:
    return Term("boolean", contained(terms[0], terms[1:]))


def _is_null(_: str, terms: list[Term]) -> Term:
    return Term("boolean", f"({without_nan(terms[0])} IS NULL)")


def _like(_: str, terms: list[Term]) -> Term:
    return Term("boolean", is_like(*terms))


def _double(term: Term) -> str:
    if term.kind == "null":
        return "CAST(NULL AS DOUBLE)"
    if not term.is_number:
        raise ValueError(f"{term.kind} is not a number")
    return as_double(term)


def _arithmetic(operator: str, terms: list[Term]) -> Term:
    left, right = map(_double, terms)
    return Term("double", f"({left} {operator} {right})")


def _negative(_: str, terms: list[Term]) -> Term:
    return Term("double", f"(- ({_double(terms[0])}))")


def _time(term: Term, kinds: tuple[str, ...]) -> str:
    if term.kind == "null":
        return "CAST(NULL AS TIMESTAMP)"
    if term.kind not in kinds:
        raise ValueError(f"{term.kind} is not a time of this kind")
    return term.sql


def _date(_: str, terms: list[Term]) -> Term:
    return Term("date", f"CAST({_time(terms[0], ('date', 'timestamp'))} AS DATE)")


def _part(operator: str, terms: list[Term]) -> Term:
    kinds = ("timestamp",) if operator == "hour" else ("date", "timestamp")
    return Term("steps", f"extract({operator} FROM {_time(terms[0], kinds)})", is_bounded=True)


RENDERED: dict[str, Callable[[str, list[Term]], Term]] = {
    "and": _logic,
    "or": _logic,
    "not": _not,
    **dict.fromkeys(PREDICATES, _comparison),
    "in": _in,
    "is_null": _is_null,
    "like": _like,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    "neg": _negative,
    "date": _date,
    **dict.fromkeys(_PARTS, _part),
}
