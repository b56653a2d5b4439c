"""SQL text -> `Query` -> `Plan`: what is asked, then what it costs and how noisy it is. No row is touched.

`analyse` finds the layers and what a permit must allow; `plan` prices them with a permit in hand. The mechanism is
the one with the smaller noise for the same privacy loss.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Final

import duckdb

from dp_queries.accuracy import expected_half_widths
from dp_queries.costs import MOST_SORTED_BYTES, row_nanoseconds, sorted_bytes
from dp_queries.errors import QueryRejected
from dp_queries.explain import explain
from dp_queries.expressions import ColumnRef
from dp_queries.layers.split import find_layers
from dp_queries.parse import parse
from dp_queries.plan import Measure, Plan
from dp_queries.pricing import priced
from dp_queries.query import Layers, Query
from dp_queries.released import dry_run
from dp_queries.slots import LONGEST_SECONDS, slot_seconds
from dp_queries.validate import validate
from policies.authorization import Needs, Permit
from policies.catalogue import Column, Dataset, LoadedDataset
from policies.errors import Reason, Refused, RequestRejected
from privacy.loss import Loss

__all__ = ["analyse", "explain", "plan", "plan_for_accuracy"]

MOST_EPSILON_MICRO: Final = 100_000_000
ACCURACY_LEVEL: Final = 0.95
NOTHING: Final = Loss()


def analyse(sql: str, dataset: LoadedDataset) -> Query:
    """What the text asks of the dataset. Raises QueryRejected; depends on the text and public facts alone."""
    statement = parse(sql)
    validate(statement)
    layers, most_rows = find_layers(statement, dataset)
    private = [_table_rows(relation.table, dataset.card) for relation in layers.below.relations if relation.is_private]
    rows_at_most = max(sum(private), most_rows)
    return Query(
        sql=sql,
        dataset=dataset.card.name,
        version=dataset.version,
        layers=layers,
        needs=_needs(dataset.card.name, layers),
        query_delta=Fraction(dataset.card.budget.query_delta),
        slot_seconds=_affordable_slot(layers, dataset.card, rows_at_most),
        # A hash join may give rows in any order, whichever side it builds on.
        needs_sort=bool(layers.below.joins),
    )


def _affordable_slot(layers: Layers, card: Dataset, rows_at_most: int) -> Fraction:
    """The query's slot. What would block the house, or outgrow it, is refused by what the card declares."""
    if sorted_bytes(layers, rows_at_most) > MOST_SORTED_BYTES:
        raise _too_heavy("this join may give more rows than memory holds; join on more columns, or ask for fewer sums")
    slot = slot_seconds(
        rows_at_most=rows_at_most,
        row_nanoseconds=row_nanoseconds(layers, lambda reference: _column(layers, card, reference)),
        joins=len(layers.below.joins),
        cells=prod(len(key.domain) for key in layers.keys) * len(layers.drafts),
    )
    if slot > LONGEST_SECONDS:
        raise _too_heavy(f"this may take longer than {LONGEST_SECONDS} s; use fewer groups, sums or patterns")
    return slot


def _too_heavy(message: str) -> QueryRejected:
    return QueryRejected("this SQL can't be answered", (Reason("too-heavy", message),))


def _column(layers: Layers, card: Dataset, reference: ColumnRef) -> Column:
    table = next(table for table in card.tables if table.name == layers.below.relations[reference.relation].table)
    return next(column for column in table.columns if column.name == reference.column)


def plan(query: Query, dataset: LoadedDataset, permit: Permit, *, epsilon_micro: int) -> Plan:
    """The priced plan of a permitted query, by the steps of `STEPS` in order.

    Raises RequestRejected for an epsilon that is no integer in [1, 10^8] micro or too small for the query's measures,
    Refused when the permit is for something else.
    """
    draft = PlanDraft(query, dataset, permit, epsilon_micro)
    for step in STEPS:
        draft = step(draft)
    finished = _finished(draft)
    _rehearse_above(finished)
    return finished


def _rehearse_above(finished: Plan) -> None:
    """What the engine can't post-process is refused now: after the charge it would be a breach."""
    try:
        dry_run(finished)
    except duckdb.Error:
        reason = Reason("above", "this expression over aggregates can't be computed; write it more simply")
        raise QueryRejected("this SQL can't be answered", (reason,)) from None


def plan_for_accuracy(
    query: Query,
    dataset: LoadedDataset,
    permit: Permit,
    *,
    accuracy: Mapping[str, Fraction],
    most_epsilon_micro: int,
) -> Plan:
    """The cheapest plan whose counts and sums lie within `accuracy` (absolute half-widths at 95 %, by column).

    By bisection over integer micro-epsilons; the half-width falls as epsilon grows. Raises RequestRejected when a
    column has no accuracy of its own or `most_epsilon_micro` isn't enough.
    """
    _check_accuracy(query, accuracy)
    low, high = 0, _checked_epsilon(most_epsilon_micro)
    if not _reaches(query, accuracy, high):
        raise _request("accuracy", "out-of-reach", "this accuracy costs more epsilon than may be spent on one query")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _reaches(query, accuracy, middle) else (middle, high)
    return plan(query, dataset, permit, epsilon_micro=high)


@dataclass(frozen=True)
class PlanDraft:
    """A plan in the making; each step fills in what it decides."""

    query: Query
    dataset: LoadedDataset
    permit: Permit
    epsilon_micro: int
    measures: tuple[Measure, ...] = ()
    loss: Loss = NOTHING


def _check_request(draft: PlanDraft) -> PlanDraft:
    _checked_epsilon(draft.epsilon_micro)
    return draft


def _check_permit(draft: PlanDraft) -> PlanDraft:
    """No permit, no plan: it must be for these needs, through this door, at this price or more."""
    permit, query = draft.permit, draft.query
    if permit.door != "sql" or permit.needs != query.needs or draft.epsilon_micro > permit.epsilon_micro:
        raise Refused("the permit is for another query", (Reason("permit", "the permit is for another query"),))
    if (query.dataset, query.version) != (draft.dataset.card.name, draft.dataset.version):
        raise Refused("the data has changed", (Reason("version", "the query was analysed on another data version"),))
    return draft


def _price(draft: PlanDraft) -> PlanDraft:
    measures, loss = priced(draft.query, draft.epsilon_micro)
    return replace(draft, measures=measures, loss=loss)


STEPS: Final[tuple[Callable[[PlanDraft], PlanDraft], ...]] = (_check_request, _check_permit, _price)


def _finished(draft: PlanDraft) -> Plan:
    query = draft.query
    return Plan(
        dataset=query.dataset,
        version=query.version,
        agreement=draft.permit.agreement,
        below=query.layers.below,
        keys=query.layers.keys,
        measures=draft.measures,
        aggregates=query.layers.aggregates,
        above=query.layers.above,
        loss=draft.loss,
        epsilon_micro=draft.epsilon_micro,
        slot_seconds=query.slot_seconds,
        needs_sort=query.needs_sort,
        sql=query.sql,
    )


def _needs(dataset: str, layers: Layers) -> Needs:
    """Every column that is named; "*" for a table of which only the rows are used."""
    named = {table for table, _ in layers.used}
    bare = {(relation.table, "*") for relation in layers.below.relations if relation.table not in named}
    return Needs(dataset, layers.used | bare, layers.aggregate_names)


def _table_rows(name: str, card: Dataset) -> int:
    return next(table.rows_at_most for table in card.tables if table.name == name)


def _checked_epsilon(epsilon_micro: object) -> int:
    if type(epsilon_micro) is not int or not 1 <= epsilon_micro <= MOST_EPSILON_MICRO:
        raise _request("epsilon", "epsilon", "epsilon lies between 0.000001 and 100")
    return epsilon_micro


def _request(where: str, code: str, message: str) -> RequestRejected:
    return RequestRejected(message, (Reason(code, message, where=where),))


def _half_widths(query: Query, measures: tuple[Measure, ...]) -> dict[str, Fraction]:
    return expected_half_widths(query.layers.above, query.layers.aggregates, measures, ACCURACY_LEVEL)


def _check_accuracy(query: Query, accuracy: Mapping[str, Fraction]) -> None:
    measures, _ = priced(query, MOST_EPSILON_MICRO)
    possible = _half_widths(query, measures)
    if not accuracy:
        raise _request("accuracy", "accuracy", "name at least one column")
    for column, width in accuracy.items():
        if column not in possible:
            raise _request("accuracy", "accuracy", "accuracy is for selected counts and sums, by column name")
        if not isinstance(width, Fraction) or width <= 0:
            raise _request("accuracy", "accuracy", "an accuracy is a positive number")


def _reaches(query: Query, accuracy: Mapping[str, Fraction], epsilon_micro: int) -> bool:
    try:
        measures, _ = priced(query, epsilon_micro)
    except RequestRejected:
        return False
    widths = _half_widths(query, measures)
    return all(widths[column] <= width for column, width in accuracy.items())
