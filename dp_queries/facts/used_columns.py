"""Which columns of which tables a query reads: what an agreement must allow (Art. 20)."""

from collections.abc import Iterable, Iterator

from dp_queries.algebra.expressions import Expression
from dp_queries.algebra.relations import Below, Derived, PerUnit, Relation, Scan, UnionAll, Windowed, references
from dp_queries.query import AggregationDraft

Used = tuple[str, str]


def used_columns(drafts: Iterable[AggregationDraft]) -> frozenset[Used]:
    """(table, column) of every column that an aggregation reads, however deep inside."""
    return frozenset(used for draft in drafts for used in _aggregation(draft))


def _aggregation(draft: AggregationDraft) -> Iterator[Used]:
    values = [part.value for part in draft.drafts] + [part.value for part in draft.quantiles]
    yield from _rows(draft.below, [*values, *(key.expression for key in draft.keys)])


def _rows(below: Below, expressions: Iterable[Expression | None]) -> Iterator[Used]:
    for expression in (*expressions, below.where, *(join.condition for join in below.joins)):
        for reference in references(expression):
            source = below.sources[reference.relation]
            if isinstance(source, Scan):
                yield source.table, reference.column
    for source in below.sources:
        yield from _inside(source)


def _inside(relation: Relation) -> Iterator[Used]:
    match relation:
        case Derived(below, columns):
            yield from _rows(below, columns)
        case UnionAll(parts):
            for part in parts:
                yield from _inside(part)
        case PerUnit(below, keys, aggregates):
            yield from _rows(below, [*keys, *(aggregate.value for aggregate in aggregates)])
        case Windowed(below, columns, windows):
            inner = [value for window in windows for value in window.expressions()]
            yield from _rows(below, [*columns, *inner])
