"""Is every row sure to have a place in a key's public domain? Told by the card and the text alone.

Loads clamp numbers and refuse texts outside their domain, but keep days beyond the declared ones, which are in no
group. So a key is complete unless a date or a timestamp goes into it, however deep inside; of a column, the conditions
may see to it that all days lie within.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.algebra.relations import Derived, PerUnit, Relation, Scan, UnionAll, Windowed, references
from dp_queries.facts.expressions import Facts

_MOMENTS: Final = frozenset({"date", "timestamp"})


def is_complete(
    key: Expression,
    sources: Sequence[Relation],
    columns: Callable[[ColumnRef], Facts],
    conjuncts: Sequence[Expression] = (),
) -> bool:
    """Whether each row that meets the conditions has a place among the values that `partitions.key_domain` gives."""
    return all(
        _is_known(reference, sources) or _is_within(reference, columns(reference), conjuncts)
        for reference in references(key)
    )


def _is_known(reference: ColumnRef, sources: Sequence[Relation]) -> bool:
    """Whether no date or timestamp goes into a column."""
    return reference.type not in _MOMENTS and _is_made_of_known(sources[reference.relation], reference.column)


def _is_made_of_known(relation: Relation, column: str) -> bool:
    match relation:
        case Scan():
            return True
        case UnionAll(parts):
            return all(_is_made_of_known(part, column) for part in parts)
        case Derived(below, columns):
            return _are_known([columns[int(column[1:])]], below.sources)
        case PerUnit(below, keys, aggregates):
            index = int(column[1:])
            return _are_known([keys[index] if column[0] == "k" else aggregates[index].value], below.sources)
        case Windowed(below, columns, windows):
            index = int(column[1:])
            made = windows[index].expressions() if column[0] == "w" else (columns[index],)
            return _are_known(made, below.sources)


def _are_known(expressions: Iterable[Expression | None], sources: Sequence[Relation]) -> bool:
    return all(_is_known(reference, sources) for part in expressions for reference in references(part))


def _is_within(reference: ColumnRef, facts: Facts, conjuncts: Sequence[Expression]) -> bool:
    """Whether conditions on a date or timestamp itself leave no day but declared ones."""
    if reference.type not in _MOMENTS or facts.days is None or facts.days[1] == date.max:
        return False
    first, last = facts.days
    after = _midnight(last) + timedelta(days=1)
    starts = any(bound >= _midnight(first) for bound in _bounds(reference, conjuncts, (">", ">=", "=")))
    ends = any(bound < after for bound in _bounds(reference, conjuncts, ("<", "<=", "=")))
    return starts and (ends or any(bound <= after for bound in _bounds(reference, conjuncts, ("<",))))


def _bounds(reference: ColumnRef, conjuncts: Sequence[Expression], operators: tuple[str, ...]) -> Iterable[datetime]:
    for conjunct in conjuncts:
        match conjunct:
            case Call(operator, (subject, Literal(value))) if subject == reference and operator in operators:
                if isinstance(value, date):
                    yield value if isinstance(value, datetime) else _midnight(value)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
