"""A checked statement -> its layers: rows of units, DP aggregations per group, post-processing."""

from typing import Final

from dp_queries.layers.above.finish import finished
from dp_queries.layers.canonical_form import canonical_form
from dp_queries.layers.statements import Statements
from dp_queries.parse import Statement, rejected
from dp_queries.query import AggregationDraft, Layers
from dp_queries.relation_facts import RelationFacts
from dp_queries.used_columns import used_columns
from policies.catalogue import LoadedDataset

MOST_AGGREGATES: Final = 20
MOST_AGGREGATIONS: Final = 16
MOST_RELEASED: Final = 64  # aggregates of all aggregations together


def find_layers(statement: Statement, dataset: LoadedDataset) -> Layers:
    """The layers of a validated statement. Raises QueryRejected with the place."""
    facts = RelationFacts(dataset)
    statements = Statements(statement, facts)
    statements.read()
    drafts, places = canonical_form(statements.middles, facts)
    _check(statement, drafts)
    return Layers(
        aggregations=drafts,
        aggregate_names=frozenset(name for middle in statements.middles for name in middle.names),
        above=finished(statements.placed(places), statement.tree, statement),
        used=frozenset(statements.blocks.named) | used_columns(drafts),
    )


def _check(statement: Statement, drafts: tuple[AggregationDraft, ...]) -> None:
    tree = statement.tree
    if not any(draft.aggregates or draft.has_private_keys for draft in drafts):
        message = "there is nothing to count here: public tables and declared values need no query; select an aggregate"
        raise rejected(statement.reason(tree, "no-aggregate", message))
    asked = [len(draft.aggregates) for draft in drafts]
    if max(asked) > MOST_AGGREGATES or sum(asked) > MOST_RELEASED or len(drafts) > MOST_AGGREGATIONS:
        message = f"a query has at most {MOST_AGGREGATES} aggregates, because they share its epsilon"
        raise rejected(statement.reason(tree, "too-many-aggregates", message))
