"""Checked statements -> their layers: rows of units, DP aggregations per group, post-processing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dp_queries.facts.relations import RelationFacts
from dp_queries.facts.used_columns import used_columns
from dp_queries.layers.above.finish import finished
from dp_queries.layers.canonical_form import Place, canonical_form
from dp_queries.layers.statements import Statements
from dp_queries.post_processing import Above
from dp_queries.query import AggregationDraft, Layers
from dp_queries.syntax.parse import Statement, rejected
from dp_queries.workloads import each
from policies.catalogue import LoadedDataset
from policies.errors import Reason

MOST_AGGREGATES: Final = 20
MOST_AGGREGATIONS: Final = 16
MOST_RELEASED: Final = 64  # aggregates of all aggregations together
# And of all statements of a call.
MOST_TOGETHER: Final = 64
MOST_RELEASED_TOGETHER: Final = 128
# Telling a row takes some 30 microseconds and a kilobyte, and all answers are told at once: what takes longer than the
# lane waits would be withheld, after the charge.
MOST_ANSWERED_TOGETHER: Final = 2**19


def find_layers(statements: Sequence[Statement], dataset: LoadedDataset) -> Layers:
    """The layers of validated statements that are asked together. Raises QueryRejected with the place.

    What several ask of the same rows by the same keys is one aggregation, and shares its noise.
    """
    facts = RelationFacts(dataset)
    read = each(statements, lambda statement: _read(statement, facts))
    drafts, places = canonical_form([middle for part in read for middle in part.middles], facts)
    rest = iter(places)
    parts = each([(part, [next(rest) for _ in part.middles]) for part in read], lambda part: _above(*part, drafts))
    _check_together(drafts, parts)
    named = frozenset(column for part in read for column in part.blocks.named)
    return Layers(
        aggregations=drafts,
        aggregate_names=frozenset(name for part in read for middle in part.middles for name in middle.names),
        statements=tuple(parts),
        used=named | used_columns(drafts),
    )


def _read(statement: Statement, facts: RelationFacts) -> Statements:
    statements = Statements(statement, facts)
    statements.read()
    return statements


def _above(read: Statements, places: Sequence[Place], drafts: Sequence[AggregationDraft]) -> Above:
    """A statement's post-processing. Its released tables are numbered from 0, whatever else is released with them."""
    _check(read.statement, places, drafts)
    reads = tuple(sorted({place.aggregation for place in places}))
    own = [replace(place, aggregation=reads.index(place.aggregation)) for place in places]
    return finished(read.placed(own), read.statement.tree, read.statement, reads)


def _check(statement: Statement, places: Sequence[Place], drafts: Sequence[AggregationDraft]) -> None:
    """By its own aggregates: what others ask of the same rows makes no statement answerable, and none too large."""
    tree = statement.tree
    if not any(place.aggregates or drafts[place.aggregation].has_private_keys for place in places):
        message = "there is nothing to count here: public tables and declared values need no query; select an aggregate"
        raise rejected(statement.reason(tree, "no-aggregate", message))
    asked: dict[int, set[int]] = {}
    for place in places:
        asked.setdefault(place.aggregation, set()).update(place.aggregates)
    counts = [len(found) for found in asked.values()]
    if max(counts) > MOST_AGGREGATES or sum(counts) > MOST_RELEASED or len(asked) > MOST_AGGREGATIONS:
        message = f"a query has at most {MOST_AGGREGATES} aggregates, because they share its epsilon"
        raise rejected(statement.reason(tree, "too-many-aggregates", message))


def _check_together(drafts: Sequence[AggregationDraft], parts: Sequence[Above]) -> None:
    if len(drafts) > MOST_TOGETHER or sum(len(draft.aggregates) for draft in drafts) > MOST_RELEASED_TOGETHER:
        message = "the statements together ask for too many aggregates, which share one epsilon; ask for fewer"
        raise rejected(Reason("too-many-aggregates", message, where="sql"))
    rows = sum(part.most_rows for part in parts)
    if len(parts) > 1 and rows > MOST_ANSWERED_TOGETHER:
        message = (
            f"the answers together may have {rows} rows, {MOST_ANSWERED_TOGETHER} are possible; ask for fewer, "
            "aggregate them, or add LIMIT"
        )
        raise rejected(Reason("too-many-rows", message, where="sql"))
