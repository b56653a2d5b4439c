"""SQL text -> `Query` -> `Plan`: what is asked, then what it costs and how noisy it is. No row is touched.

`analyse` finds the layers and what a permit must allow; `plan` prices them with a permit in hand. The mechanism is
the one with the smaller noise for the same privacy loss.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, get_args

import duckdb

from dp_queries.algebra.relations import scans
from dp_queries.answers.bare_columns import picked
from dp_queries.answers.released import dry_run, public_table
from dp_queries.errors import QueryRejected
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.split import find_layers
from dp_queries.plan import Above, Aggregation, Plan
from dp_queries.pricing.accuracy import expected_half_widths
from dp_queries.pricing.clipping import with_clipping
from dp_queries.pricing.explain import explain
from dp_queries.pricing.offers import priced
from dp_queries.query import Layers, Query
from dp_queries.slots import CAUTIOUS, LONGEST_SECONDS, LONGEST_WORK_SECONDS, Pace, slot_seconds
from dp_queries.syntax.parse import Statement, rejected
from dp_queries.work import MOST_HELD_BYTES, above_work, works_of
from dp_queries.workloads import each, read
from policies.authorization import Needs, Permit
from policies.catalogue import LoadedDataset
from policies.errors import Reason, Refused, RequestRejected
from privacy.loss import Loss
from privacy.quantiles import Mechanism

__all__ = ["analyse", "explain", "plan", "plan_for_accuracy"]

MOST_EPSILON_MICRO: Final = 100_000_000
ACCURACY_LEVEL: Final = 0.95
NOTHING: Final = Loss()
_CHOICES: Final[tuple[Mechanism, ...]] = get_args(Mechanism)


def analyse(
    sql: str | Sequence[str],
    dataset: LoadedDataset,
    pace: Pace = CAUTIOUS,
    *,
    clipping: Mapping[str, Fraction] | None = None,
) -> Query:
    """What the text, or several together, ask of the dataset, in a slot for a machine of this pace.

    `clipping` names norms of one unit by output column. Raises QueryRejected, or RequestRejected for a norm; depends on
    text, norms, pace and public facts alone.
    """
    statements = read([sql] if isinstance(sql, str) else sql)
    layers = with_clipping(find_layers(statements, dataset), clipping or {})
    return Query(
        dataset=dataset.card.name,
        version=dataset.version,
        layers=layers,
        needs=_needs(dataset.card.name, layers),
        query_delta=Fraction(dataset.card.budget.query_delta),
        slots=_affordable_slots(layers, RelationFacts(dataset), statements, pace),
    )


def _affordable_slots(
    layers: Layers, facts: RelationFacts, statements: Sequence[Statement], pace: Pace
) -> dict[Mechanism, Fraction]:
    """The query's slots. What would block the house, or outgrow it, is refused by what the card declares.

    A slot holds what touches rows. Post-processing follows it: how long that takes is told by released values.
    """
    has_quantiles = any(draft.quantiles for draft in layers.aggregations)
    work = {
        choice: works_of(layers.aggregations, facts, choice) for choice in (_CHOICES if has_quantiles else _CHOICES[:1])
    }
    if any(part.held_bytes > MOST_HELD_BYTES for parts in work.values() for part in parts):
        message = "this may give more rows than memory holds; join on more columns, or ask for fewer sums"
        raise _too_heavy(statements, message)
    seconds = {choice: sum((part.seconds for part in parts), Fraction(0)) for choice, parts in work.items()}
    slots = {choice: slot_seconds(each, pace) for choice, each in seconds.items()}
    above = sum(map(above_work, set(layers.statements)))
    if max(seconds.values()) + above > LONGEST_WORK_SECONDS or max(slots.values()) > LONGEST_SECONDS:
        message = f"this may take more than {LONGEST_WORK_SECONDS} s of work; use fewer groups, sums or patterns"
        raise _too_heavy(statements, message)
    return slots


def _too_heavy(statements: Sequence[Statement], message: str) -> QueryRejected:
    if len(statements) > 1:
        return rejected(Reason("too-heavy", f"together the statements are too heavy: {message}", where="sql"))
    return rejected(statements[0].reason(statements[0].tree, "too-heavy", message))


def plan(query: Query, dataset: LoadedDataset, permit: Permit, *, epsilon_micro: int) -> Plan:
    """The priced plan of a permitted query, by the steps of `STEPS` in order.

    Raises RequestRejected for an epsilon that is no integer in [1, 10^8] micro or too small for the query's measures,
    Refused when the permit is for something else.
    """
    draft = PlanDraft(query, dataset, permit, epsilon_micro)
    for step in STEPS:
        draft = step(draft)
    finished = _finished(draft)
    _rehearse_above(finished, dataset)
    return finished


def _rehearse_above(finished: Plan, dataset: LoadedDataset) -> None:
    """What the engine can't post-process is refused now: after the charge it would be a breach."""
    publics = {table.name: public_table(table) for table in dataset.card.tables if not table.is_private}

    def rehearse(above: Above) -> None:
        if picked(above.sql, above.tables) is not None:
            return  # no engine is asked
        try:
            dry_run(above, above.own(finished.aggregations), publics)
        except duckdb.Error:
            message = "this expression over aggregates can't be computed; write it more simply"
            raise rejected(Reason("above", message, line=1, column=1)) from None  # of the whole, which the engine read

    each(finished.statements, rehearse)


def plan_for_accuracy(
    query: Query,
    dataset: LoadedDataset,
    permit: Permit,
    *,
    accuracy: Mapping[str, Fraction],
    most_epsilon_micro: int,
) -> Plan:
    """The cheapest plan whose counts and sums lie within `accuracy` (absolute half-widths at 95 %, by column).

    A name means that column of every statement that has it. By bisection over integer micro-epsilons; the half-width
    falls as epsilon grows. Raises RequestRejected when a
    column has no accuracy of its own or `most_epsilon_micro` isn't enough.
    """
    query = replace(query, has_fixed_norms=True)
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
    aggregations: tuple[Aggregation, ...] = ()
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
    aggregations, loss = priced(draft.query, draft.epsilon_micro)
    return replace(draft, aggregations=aggregations, loss=loss)


STEPS: Final[tuple[Callable[[PlanDraft], PlanDraft], ...]] = (_check_request, _check_permit, _price)


def _finished(draft: PlanDraft) -> Plan:
    query = draft.query
    return Plan(
        dataset=query.dataset,
        version=query.version,
        agreement=draft.permit.agreement,
        aggregations=draft.aggregations,
        statements=query.layers.statements,
        loss=draft.loss,
        epsilon_micro=draft.epsilon_micro,
        slot_seconds=query.slots[_choice(draft.aggregations)],
    )


def _choice(aggregations: tuple[Aggregation, ...]) -> Mechanism:
    """What draws the quantiles; without any, it is all the same."""
    return next((part.drawing.mechanism for each in aggregations for part in each.quantiles), _CHOICES[0])


def _needs(dataset: str, layers: Layers) -> Needs:
    """Every column that is named; "*" for a table of which only the rows are used."""
    named = {table for table, _ in layers.used}
    read = {scan.table for draft in layers.aggregations for scan in scans(draft.below)}
    read |= {table for above in layers.statements for table in above.publics}
    return Needs(dataset, layers.used | {(table, "*") for table in read - named}, layers.aggregate_names)


def _checked_epsilon(epsilon_micro: object) -> int:
    if type(epsilon_micro) is not int or not 1 <= epsilon_micro <= MOST_EPSILON_MICRO:
        raise _request("epsilon", "epsilon", "epsilon lies between 0.000001 and 100")
    return epsilon_micro


def _request(where: str, code: str, message: str) -> RequestRejected:
    return RequestRejected(message, (Reason(code, message, where=where),))


def _half_widths(query: Query, aggregations: tuple[Aggregation, ...]) -> dict[str, Fraction]:
    """By column, the widest of all statements; without columns that are something else in one of them."""
    widths: dict[str, Fraction] = {}
    derived = set[str]()
    for above in query.layers.statements:
        found = expected_half_widths(above, above.own(aggregations), ACCURACY_LEVEL)
        derived |= {column.name for column in above.columns if column.is_noisy and column.name not in found}
        widths |= {name: max(width, widths.get(name, width)) for name, width in found.items()}
    return {name: width for name, width in widths.items() if name not in derived}


def _check_accuracy(query: Query, accuracy: Mapping[str, Fraction]) -> None:
    possible = _half_widths(query, priced(query, MOST_EPSILON_MICRO)[0])
    if not accuracy:
        raise _request("accuracy", "accuracy", "name at least one column")
    for column, width in accuracy.items():
        if column not in possible:
            raise _request("accuracy", "accuracy", "accuracy is for selected counts and sums, by column name")
        if not isinstance(width, Fraction) or width <= 0:
            raise _request("accuracy", "accuracy", "an accuracy is a positive number")


def _reaches(query: Query, accuracy: Mapping[str, Fraction], epsilon_micro: int) -> bool:
    try:
        aggregations, _ = priced(query, epsilon_micro)
    except RequestRejected:
        return False
    widths = _half_widths(query, aggregations)
    return all(widths[column] <= width for column, width in accuracy.items())
