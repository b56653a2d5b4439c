"""How much work a query is at most, by the card's caps and the text alone: what its slot and its refusals follow from.

Every relation is counted with as many rows as the card admits, each as dear as the worst admissible row (ATTACKS 8, 13,
32): a slot that one unit's rows can overrun would be an exact answer about that unit.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dp_queries.costs import ROW_NANOSECONDS, expression_cost
from dp_queries.expressions import Call, Expression
from dp_queries.post_processing import Above
from dp_queries.query import AggregationDraft
from dp_queries.relation_facts import RelationFacts
from dp_queries.relations import Below, Derived, PerUnit, Relation, Scan, UnionAll, Windowed, keeps_order
from privacy.quantiles import Bins

_JOIN_NANOSECONDS: Final = 60  # finding a row's partner
_GROUP_NANOSECONDS: Final = 250  # hashing a row's group, or sorting it into its window
_DISCOVERY_NANOSECONDS: Final = 100  # finding a row's group among those of private keys
_CELL_SECONDS: Final = Fraction(30, 10**6)  # the exact sampler takes most of it
_BIN_SECONDS: Final = Fraction(3, 10**6)  # both draws of a quantile
_CODE_BYTES: Final = 16
_VALUE_BYTES: Final = 8
MOST_HELD_BYTES: Final = 6 * 2**30


@dataclass(frozen=True)
class Work:
    """Seconds at most, and bytes that must be held at once."""

    seconds: Fraction
    held_bytes: int

    def __add__(self, other: "Work") -> "Work":
        return Work(self.seconds + other.seconds, max(self.held_bytes, other.held_bytes))


def work_of(draft: AggregationDraft, facts: RelationFacts) -> Work:
    """The work of one aggregation: reading its rows, folding them, drawing its noise."""
    expressions = [key.expression for key in draft.keys]
    expressions += [part.value for part in draft.drafts if part.value is not None]
    expressions += [part.value for part in draft.quantiles]
    nanoseconds = _reading(draft.below, expressions, facts)
    rows = facts.rows_at_most(draft.below)
    if draft.has_private_keys:
        # Rows are read twice: to find their groups, and to sum them.
        nanoseconds += nanoseconds + rows * _DISCOVERY_NANOSECONDS
    cells = draft.groups_at_most * (len(draft.drafts) + 2 * draft.has_private_keys)
    bins = sum(Bins.over(part.bounds, draft.likely_groups).count for part in draft.quantiles) * draft.groups_at_most
    seconds = Fraction(nanoseconds, 10**9) + cells * _CELL_SECONDS + bins * _BIN_SECONDS
    return Work(seconds, _held_bytes(draft, rows))


def _held_bytes(draft: AggregationDraft, rows: int) -> int:
    """Bytes of rows that are sorted by unit: codes, group and values, twice over."""
    if keeps_order(draft.below) and not draft.below.joins:
        return 0
    values = sum(part.value is not None for part in draft.drafts) + len(draft.quantiles)
    return rows * 2 * (_CODE_BYTES + _VALUE_BYTES * values)


def _reading(below: Below, expressions: list[Expression], facts: RelationFacts) -> int:
    """Nanoseconds to read these rows, and all expressions on each of them."""
    columns = facts.columns(below)
    conditions = [below.where, *(join.condition for join in below.joins)]
    found = [*expressions, *(condition for condition in conditions if condition is not None)]
    # A bare column is read, which every row is charged for already.
    dear = sum(expression_cost(expression, columns) for expression in found if isinstance(expression, Call))
    rows = max(facts.compared_at_most(below), sum(map(facts.rows_of, below.sources)))
    joining = _JOIN_NANOSECONDS * len(below.joins)
    return rows * (ROW_NANOSECONDS + joining + dear) + sum(_inside(source, facts) for source in below.sources)


def _inside(relation: Relation, facts: RelationFacts) -> int:
    """Nanoseconds to make the rows of a relation."""
    match relation:
        case Scan():
            return 0
        case UnionAll(parts):
            return sum(_inside(part, facts) for part in parts)
        case Derived(below, columns):
            return _reading(below, list(columns), facts)
        case PerUnit(below, keys, aggregates):
            values = [part.value for part in aggregates if part.value is not None]
            grouping = facts.rows_at_most(below) * _GROUP_NANOSECONDS * (1 + len(aggregates))
            return _reading(below, [*keys, *values], facts) + grouping
        case Windowed(below, columns, windows):
            values = [value for window in windows for value in window.expressions()]
            sorting = facts.rows_at_most(below) * _GROUP_NANOSECONDS * (1 + 2 * len(windows))
            return _reading(below, [*columns, *values], facts) + sorting


def above_work(above: Above) -> Fraction:
    """Seconds of post-processing, and of simulating it for error bars."""
    return above.seconds
