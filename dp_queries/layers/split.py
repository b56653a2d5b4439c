"""A checked statement -> its layers: rows of units, DP aggregations per group, post-processing."""

from typing import Final

from dp_queries.layers.above.finish import finished
from dp_queries.layers.keys import groups_at_most, groups_per_unit
from dp_queries.layers.middle import Middle
from dp_queries.layers.statements import Statements
from dp_queries.parse import Statement, rejected
from dp_queries.query import AggregationDraft, Layers
from dp_queries.relation_facts import RelationFacts
from dp_queries.used_columns import used_columns
from policies.catalogue import LoadedDataset

MOST_AGGREGATES: Final = 20
MOST_AGGREGATIONS: Final = 10


def find_layers(statement: Statement, dataset: LoadedDataset) -> Layers:
    """The layers of a validated statement. Raises QueryRejected with the place."""
    facts = RelationFacts(dataset)
    statements = Statements(statement, facts)
    above = finished(statements.read(), statement.tree, statement)
    drafts = tuple(_draft(middle, facts) for middle in statements.middles)
    _check(statement, drafts)
    return Layers(
        aggregations=drafts,
        aggregate_names=frozenset(name for middle in statements.middles for name in middle.names),
        above=above,
        used=frozenset(statements.blocks.named) | used_columns(drafts),
    )


def _draft(middle: Middle, facts: RelationFacts) -> AggregationDraft:
    return AggregationDraft(
        below=middle.below,
        keys=middle.keys,
        drafts=tuple(middle.drafts),
        quantiles=tuple(middle.quantiles),
        aggregates=tuple(middle.aggregates),
        groups_at_most=groups_at_most(middle.below, middle.keys, facts),
        groups_per_unit=groups_per_unit(middle.below, middle.keys, facts),
    )


def _check(statement: Statement, drafts: tuple[AggregationDraft, ...]) -> None:
    tree = statement.tree
    if not any(draft.aggregates or draft.has_private_keys for draft in drafts):
        message = "there is nothing to count here: public tables and declared values need no query; select an aggregate"
        raise rejected(statement.reason(tree, "no-aggregate", message))
    if sum(len(draft.aggregates) for draft in drafts) > MOST_AGGREGATES or len(drafts) > MOST_AGGREGATIONS:
        message = f"a query has at most {MOST_AGGREGATES} aggregates, because they share its epsilon"
        raise rejected(statement.reason(tree, "too-many-aggregates", message))
