"""SQL text -> `Query` -> `Plan`: what is asked, then what it costs and how noisy it is. No row is touched.

`analyse` finds the layers and what a permit must allow; `plan` prices them with a permit in hand. The mechanism is
the one with the smaller noise for the same privacy loss.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Final

from dp_queries.layers.split import find_layers
from dp_queries.parse import parse
from dp_queries.plan import Measure, Plan
from dp_queries.query import Draft, Layers, Query
from dp_queries.slots import slot_seconds
from dp_queries.validate import validate
from policies.authorization import Needs, Permit
from policies.catalogue import Dataset, LoadedDataset
from policies.errors import Reason, Refused, RequestRejected
from privacy.intervals import half_width, standard_deviation
from privacy.loss import Loss, pure_loss, rho_nano_for, zcdp_loss
from privacy.mechanisms import gaussian_scale, laplace_scale

MOST_EPSILON_MICRO: Final = 100_000_000
ACCURACY_LEVEL: Final = 0.95


def analyse(sql: str, dataset: LoadedDataset) -> Query:
    """What the text asks of the dataset. Raises QueryRejected; depends on the text and public facts alone."""
    statement = parse(sql)
    validate(statement)
    layers, most_rows = find_layers(statement, dataset)
    private = [_table_rows(relation.table, dataset.card) for relation in layers.below.relations if relation.is_private]
    return Query(
        sql=sql,
        dataset=dataset.card.name,
        version=dataset.version,
        layers=layers,
        needs=_needs(dataset.card.name, layers),
        query_delta=Fraction(dataset.card.budget.query_delta),
        slot_seconds=slot_seconds(
            rows_at_most=max(sum(private), most_rows),
            joins=len(layers.below.joins),
            cells=prod(len(key.domain) for key in layers.keys) * len(layers.drafts),
        ),
        needs_sort=len(private) > 1,
    )


def plan(query: Query, dataset: LoadedDataset, permit: Permit, *, epsilon_micro: int) -> Plan:
    """The priced plan of a permitted query, by the steps of `STEPS` in order.

    Raises RequestRejected for an epsilon that is no integer in [1, 10^8] micro or too small for the query's measures,
    Refused when the permit is for something else.
    """
    draft = PlanDraft(query, dataset, permit, epsilon_micro)
    for step in STEPS:
        draft = step(draft)
    return _finished(draft)


def plan_for_accuracy(
    query: Query,
    dataset: LoadedDataset,
    permit: Permit,
    *,
    accuracy: Mapping[str, Fraction],
    most_epsilon_micro: int,
) -> Plan:
    """The cheapest plan whose counts and sums lie within `accuracy` (absolute half-widths at 95 %, by column).

    By bisection over integer micro-epsilons; the half-width falls as epsilon grows. Raises RequestRejected when a column
    has no accuracy of its own or `most_epsilon_micro` isn't enough.
    """
    _check_accuracy(query, accuracy)
    low, high = 0, _checked_epsilon(most_epsilon_micro)
    if not _reaches(query, accuracy, high):
        raise _request("accuracy", "out-of-reach", "this accuracy costs more epsilon than may be spent on one query")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _reaches(query, accuracy, middle) else (middle, high)
    return plan(query, dataset, permit, epsilon_micro=high)


def expected_half_widths(query_or_plan: Query | Plan, measures: tuple[Measure, ...], level: float) -> dict[str, Fraction]:
    """Half-width of the noise of every bare count and sum column, in the column's unit, by output column."""
    layers = query_or_plan.layers if isinstance(query_or_plan, Query) else query_or_plan
    found = {}
    for column, sql in zip(layers.above.columns, layers.above.select, strict=True):
        aggregate = bare_aggregate(sql)
        if aggregate is not None and layers.aggregates[aggregate].kind != "avg":
            found[column.name] = measure_half_width(measures[layers.aggregates[aggregate].measures[0]], level)
    return found


def bare_aggregate(sql: str) -> int | None:
    """The index of the aggregate that a selected fragment is, None when it is derived or a key."""
    return int(sql[2:-1]) if sql.startswith('"a') and sql[2:-1].isdigit() else None


def measure_half_width(measure: Measure, level: float) -> Fraction:
    """Half-width of a measure's noise in the column's unit."""
    steps = Fraction(half_width(measure.mechanism, measure.noise_scale, level))
    return steps / measure.norm.grid * measure.granularity


@dataclass(frozen=True)
class PlanDraft:
    """A plan in the making; each step fills in what it decides."""

    query: Query
    dataset: LoadedDataset
    permit: Permit
    epsilon_micro: int
    measures: tuple[Measure, ...] = ()
    loss: Loss = Loss()


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
    measures, loss = _priced(draft.query, draft.epsilon_micro)
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


def _priced(query: Query, epsilon_micro: int) -> tuple[tuple[Measure, ...], Loss]:
    """The measures with their noise, by the mechanism that makes it smaller, and the loss of all of them.

    Both mechanisms make the query alone (epsilon, query_delta)-DP: Laplace splits epsilon over the measures (basic
    composition: Dwork, McSherry, Nissim, Smith, TCC 2006), the Gaussian splits rho (Bun, Steinke, TCC 2016, Lemma 1.7).
    """
    offers = [offer for offer in (_laplace(query, epsilon_micro), _gaussian(query, epsilon_micro)) if offer]
    if not offers:
        message = f"this epsilon is too small for {len(query.layers.drafts)} measures; raise it or ask for fewer"
        raise _request("epsilon", "epsilon", message)
    return min(offers, key=lambda offer: _noise(offer[0]))


def _noise(measures: tuple[Measure, ...]) -> float:
    """Mean variance relative to the squared norms, by which mechanisms are compared."""
    return sum(
        (standard_deviation(measure.mechanism, measure.noise_scale) / measure.norm.l2_steps) ** 2 for measure in measures
    )


def _laplace(query: Query, epsilon_micro: int) -> tuple[tuple[Measure, ...], Loss] | None:
    share = epsilon_micro // len(query.layers.drafts)
    if not share:
        return None
    groups = query.groups
    measures = tuple(
        _measure(draft, "laplace", laplace_scale(l1_steps=draft.norm.l1_steps(groups), epsilon_micro=share))
        for draft in query.layers.drafts
    )
    return measures, sum((pure_loss(share) for _ in measures), Loss())


def _gaussian(query: Query, epsilon_micro: int) -> tuple[tuple[Measure, ...], Loss] | None:
    share = rho_nano_for(epsilon_micro, query.query_delta) // len(query.layers.drafts)
    if not share:
        return None
    measures = tuple(
        _measure(draft, "gaussian", gaussian_scale(l2_steps=draft.norm.l2_steps, rho_nano=share))
        for draft in query.layers.drafts
    )
    return measures, sum((zcdp_loss(share) for _ in measures), Loss())


def _measure(draft: Draft, mechanism: str, scale: Fraction) -> Measure:
    return Measure(**vars(draft), mechanism=mechanism, noise_scale=scale)  # type: ignore[arg-type]  # a name of two


def _check_accuracy(query: Query, accuracy: Mapping[str, Fraction]) -> None:
    measures, _ = _priced(query, MOST_EPSILON_MICRO)
    possible = expected_half_widths(query, measures, ACCURACY_LEVEL)
    if not accuracy:
        raise _request("accuracy", "accuracy", "name at least one column")
    for column, width in accuracy.items():
        if column not in possible:
            raise _request("accuracy", "accuracy", "accuracy is for selected counts and sums, by column name")
        if not isinstance(width, Fraction) or width <= 0:
            raise _request("accuracy", "accuracy", "an accuracy is a positive number")


def _reaches(query: Query, accuracy: Mapping[str, Fraction], epsilon_micro: int) -> bool:
    try:
        measures, _ = _priced(query, epsilon_micro)
    except RequestRejected:
        return False
    widths = expected_half_widths(query, measures, ACCURACY_LEVEL)
    return all(widths[column] <= width for column, width in accuracy.items())
