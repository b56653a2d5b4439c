"""How much work a query is at most, by the card's caps and the text alone: what its slot and its refusals follow from.

Every relation is counted with as many rows as the card admits, each as dear as the worst admissible row (ATTACKS 8, 13,
32): a slot that one unit's rows can overrun would be an exact answer about that unit. Seconds are of one core of the
machine that was measured, a busy virtual core of 2026; what they are elsewhere is `slots.Pace`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dp_queries.algebra.expressions import Call, Expression, size
from dp_queries.algebra.relations import (
    Below,
    Derived,
    Join,
    PerUnit,
    Relation,
    Scan,
    UnionAll,
    Windowed,
    inner_belows,
    keeps_order,
    references,
    scans,
)
from dp_queries.draws import drawing_seconds
from dp_queries.facts.costs import ROW_NANOSECONDS, expression_cost, filter_cost
from dp_queries.facts.equalities import is_looked_up
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.normal_form import conjuncts
from dp_queries.post_processing import Above
from dp_queries.query import AggregationDraft
from dp_queries.shared_scans import read_together
from policies.catalogue import Table
from privacy.quantiles import Mechanism

# What a row takes between file and sums, of columns that are only read: half as much again as the median of the worst
# rows (one unit's, random values, every second NULL), which is more than any run of those took on a quiet machine.
_FOLDED_NANOSECONDS: Final = 15
_KEY_NANOSECONDS: Final = 20
_VALUE_NANOSECONDS: Final = 35  # a value with its NULLs, and clipping it
_COUNT_NANOSECONDS: Final = 10  # a measure that has no value of its own
# What the engine and we take to think a statement over, before the first row.
_STATEMENT_SECONDS: Final = Fraction(6, 1000)
_RELATION_SECONDS: Final = Fraction(10, 1000)  # a join, or a relation that is made of rows
_NODE_SECONDS: Final = Fraction(4, 10**4)
# A unit's sum in a group, under every norm of a ladder: twice what it took where each row of a unit was in another one.
_CLIMB_NANOSECONDS: Final = 20
_THREADS: Final = 2  # that read at the same time
_JOIN_NANOSECONDS: Final = 60  # finding a row's partner
# The same in a public table of so few rows that they lie in the processor's caches; a text's characters aside.
_SMALL_ROWS: Final = 4096
_LOOKUP_NANOSECONDS: Final = 30
_LOOKUP_SECONDS: Final = Fraction(3, 1000)
_SORT_NANOSECONDS: Final = 100  # putting a row into the order of units
_GROUP_NANOSECONDS: Final = 250  # hashing a row's group, or sorting it into its window
_DISCOVERY_NANOSECONDS: Final = 100  # finding a row's group among those of private keys
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


def works_of(drafts: Sequence[AggregationDraft], facts: RelationFacts, choice: Mechanism = "exponential") -> list[Work]:
    """The work of each scan of a query; some aggregations share one. `choice` draws its quantiles."""
    return [_scan([drafts[number] for number in numbers], facts, choice) for numbers in read_together(drafts)]


def work_of(draft: AggregationDraft, facts: RelationFacts) -> Work:
    """The work of one aggregation: thinking it over, reading its rows, folding them, drawing its noise."""
    return _scan([draft], facts, "exponential")


def _scan(drafts: Sequence[AggregationDraft], facts: RelationFacts, choice: Mechanism) -> Work:
    below, is_private = drafts[0].below, drafts[0].has_private_keys
    rows = facts.rows_at_most(below)
    expressions = _expressions(drafts)
    nanoseconds = _folding(drafts, facts, expressions)
    if is_private:
        # Which groups there are is read before their sums are.
        nanoseconds = 2 * nanoseconds + rows * _DISCOVERY_NANOSECONDS
    thinking = _thinking(below, expressions, facts) * (1 + is_private)
    seconds = thinking + Fraction(nanoseconds, 10**9) + sum(drawing_seconds(draft, choice) for draft in drafts)
    return Work(seconds, _held_bytes(drafts, rows))


def _expressions(drafts: Sequence[AggregationDraft]) -> list[Expression]:
    """Keys and values that the engine computes; those of several drafts once."""
    found: Counter[Expression] = Counter()
    for draft in drafts:
        found |= Counter([*(key.expression for key in draft.keys), *_values(draft)])
    return list(found.elements())


def _values(draft: AggregationDraft) -> list[Expression]:
    return [part.value for part in draft.drafts if part.value is not None] + [part.value for part in draft.quantiles]


def _folding(drafts: Sequence[AggregationDraft], facts: RelationFacts, expressions: list[Expression]) -> int:
    """Nanoseconds of the thread that has the most rows, or of all rows where they aren't shared fairly."""
    below = drafts[0].below
    each = sum(map(_row_nanoseconds, drafts)) + (_SORT_NANOSECONDS if _may_be_sorted(below) else 0)
    reading = _reading(below, expressions, facts, row_nanoseconds=each)
    reading += sum(_climbing(draft, facts) for draft in drafts)
    return _longest_share(drafts, facts, reading) * (1 + _is_read_again(below))


def _row_nanoseconds(draft: AggregationDraft) -> int:
    counts = sum(part.value is None for part in draft.drafts)
    keys, values = len(draft.keys), len(_values(draft))
    return _FOLDED_NANOSECONDS + _KEY_NANOSECONDS * keys + _VALUE_NANOSECONDS * values + _COUNT_NANOSECONDS * counts


def _climbing(draft: AggregationDraft, facts: RelationFacts) -> int:
    """Nanoseconds of norms that are chosen: for each group that a unit is in."""
    climbs = [part.climb for part in draft.drafts if part.climb is not None]
    rows = facts.rows_at_most(draft.below)
    return sum(min(rows, climb.units_at_most * draft.groups_at_most) * _CLIMB_NANOSECONDS for climb in climbs)


def _longest_share(drafts: Sequence[AggregationDraft], facts: RelationFacts, nanoseconds: int) -> int:
    """Of one table's rows, no thread has more than half and one unit's: that is how the backend cuts."""
    table = _only_table(drafts[0].below, facts)
    if table is None or any(part.kind == "distinct" for draft in drafts for part in draft.drafts):
        return nanoseconds
    most = min(table.rows_at_most, -(-table.rows_at_most // _THREADS) + (table.rows_per_unit_at_most or 1))
    return -(-nanoseconds * most // max(1, table.rows_at_most))


def _only_table(below: Below, facts: RelationFacts) -> Table | None:
    """The one private table that rows are read from as they lie."""
    first = below.sources[0]
    if not (isinstance(first, Scan) and first.has_unit and keeps_order(below)):
        return None
    return facts.dataset.card.table(first.table) if sum(scan.has_unit for scan in scans(below)) == 1 else None


def _may_be_sorted(below: Below) -> bool:
    return not keeps_order(below) or _is_read_again(below)


def _is_read_again(below: Below) -> bool:
    """Whether rows may turn out not to lie in the order of their units: then they are read again, and sorted.

    What is looked up in a hash keeps the order of the rows that look it up, and those are the first table's, because
    the engine joins as it is told (`encrypted`).
    """
    return keeps_order(below) and not (below.owner == 0 and all(map(_is_hashed, below.joins)))


def _is_hashed(join: Join) -> bool:
    if join.on_unit is not None:
        return True
    return any(_equates(part, join.relation) for part in conjuncts(join.condition))


def _equates(part: Expression, relation: int) -> bool:
    """Whether a hash of the relation's rows decides it, and not of what stands there alone."""
    return is_looked_up(part, relation) and {reference.relation for reference in references(part)} != {relation}


def _thinking(below: Below, expressions: list[Expression], facts: RelationFacts) -> Fraction:
    """Seconds before the first row: the engine's planning grows with the text."""
    conditions = [below.where, *(join.condition for join in below.joins)]
    nodes = sum(size(part) for part in [*expressions, *conditions] if part is not None)
    return _STATEMENT_SECONDS + nodes * _NODE_SECONDS + _relating(below, facts)


def _relating(below: Below, facts: RelationFacts) -> Fraction:
    """Seconds for joins and made relations, at any depth."""
    small = sum(_is_small(join, below, facts) for join in below.joins)
    inner = [part for source in below.sources for part in inner_belows(source)]
    own = small * _LOOKUP_SECONDS + (len(below.joins) - small + len(inner)) * _RELATION_SECONDS
    return own + sum((_relating(part, facts) for part in inner), Fraction(0))


def _is_small(join: Join, below: Below, facts: RelationFacts) -> bool:
    """Whether rows are looked up by a hash in so few that these stay close to the processor."""
    source = below.sources[join.relation]
    is_few = isinstance(source, Scan) and not source.has_unit and facts.rows_of(source) <= _SMALL_ROWS
    return is_few and _is_hashed(join)


def _held_bytes(drafts: Sequence[AggregationDraft], rows: int) -> int:
    """Bytes of rows that are sorted by unit: codes, groups and values, twice over."""
    below = drafts[0].below
    if keeps_order(below) and not below.joins:
        return 0
    values = sum(part.value is not None for draft in drafts for part in draft.drafts)
    values += sum(len(draft.quantiles) for draft in drafts) + len(drafts) - 1
    return rows * 2 * (_CODE_BYTES + _VALUE_BYTES * values)


def _reading(
    below: Below, expressions: list[Expression], facts: RelationFacts, *, row_nanoseconds: int = ROW_NANOSECONDS
) -> int:
    """Nanoseconds to read these rows, and all expressions on each of them."""
    columns = facts.columns(below)
    conditions = [below.where, *(join.condition for join in below.joins)]
    # A bare column is read, which every row is charged for already.
    dear = sum(expression_cost(expression, columns) for expression in expressions if isinstance(expression, Call))
    dear += sum(filter_cost(part, columns) for condition in conditions for part in conjuncts(condition))
    rows = max(facts.compared_at_most(below), sum(map(facts.rows_of, below.sources)))
    joining = sum(_LOOKUP_NANOSECONDS if _is_small(join, below, facts) else _JOIN_NANOSECONDS for join in below.joins)
    return rows * (row_nanoseconds + joining + dear) + sum(_inside(source, facts) for source in below.sources)


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
