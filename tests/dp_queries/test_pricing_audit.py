"""An auditor's view of a plan: what it costs, computed anew from the noise that will be drawn, is what is charged.

By the formulas of docs/privacy-proof.md alone, from norms and scales; by nothing that `pricing` computes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from fractions import Fraction

import pytest

from dp_queries.plan import Aggregation
from dp_queries.planner import analyse
from dp_queries.pricing.offers import priced
from policies.catalogue import LoadedDataset
from privacy.loss import Loss, PureEvent, SelectionEvent
from tests.dp_queries.small_loads import AT, card, private

COLUMNS = [
    {"name": "fare", "type": "integer", "bounds": [0, 100], "clipping": {"sum": 1000}},
    {"name": "zone", "type": "integer", "bounds": [0, 9]},
    {"name": "place", "type": "integer", "most_values": 50_000},
]
CAPS = {"groups_norm": 9, "rows_norm": 10, "rows_per_unit_at_most": 500, "rows_at_most": 100_000}
WORLD = card(private("trips", COLUMNS, **CAPS), at_most=10_000)
DATASET = LoadedDataset(card=WORLD, version="1", loaded_at=AT.replace(tzinfo=UTC), domains={})
PLACES = "(SELECT place, {} AS c FROM trips {} GROUP BY place)"
QUERIES = [
    "SELECT COUNT(*) AS c FROM trips",
    "SELECT zone, AVG(fare), MEDIAN(fare), MAX(fare), COUNT(DISTINCT place) AS d FROM trips GROUP BY zone",
    "SELECT STDDEV(fare) AS s, COUNT(DISTINCT person) AS p FROM trips",
    "SELECT DISTINCT place FROM trips",
    "SELECT place, zone, COUNT(*) AS c, SUM(fare) AS s FROM trips GROUP BY place, zone",
    f"SELECT x.place, x.c, y.c AS d FROM {PLACES.format('COUNT(*)', '')} x "
    f"JOIN {PLACES.format('AVG(fare)', 'WHERE fare > 3')} y ON x.place = y.place",
]

Cost = tuple[str, Fraction]  # whether epsilon ("laplace") or rho ("gaussian"), and how much


def costs(aggregation: Aggregation) -> Iterator[Cost]:
    """What every draw costs, whichever norm is chosen."""
    for measure in aggregation.measures:
        choice = measure.choice
        scales = (measure.noise_scale,) if choice is None else choice.noise_scales
        for_one = (
            _linear(measure.mechanism, norm.l2_steps, norm.l1_steps(aggregation.groups), scale)
            for norm, scale in zip(measure.norms, scales, strict=True)
        )
        yield max(for_one)
        if choice is not None:
            yield _linear(measure.mechanism, 1, 1, choice.histogram_scale)
    for quantile in aggregation.quantiles:
        drawing, norm = quantile.drawing, quantile.norm
        mechanism = "gaussian" if drawing.mechanism == "exponential" else "laplace"
        slope = drawing.rank.slope
        for scale in (drawing.value_scale, drawing.interval_scale, drawing.interval_scale):
            if scale is not None:
                yield _linear(mechanism, slope * norm.l2_steps, 2 * slope * norm.l1_steps(aggregation.groups), scale)
    if aggregation.selection is not None:
        selection = aggregation.selection
        for look in selection.rounds:
            yield _linear(selection.mechanism, selection.steps, selection.steps, look.noise_scale)


def _linear(mechanism: str, l2_steps: int, l1_steps: int, scale: Fraction) -> Cost:
    return mechanism, Fraction(l1_steps) / scale if mechanism == "laplace" else Fraction(l2_steps**2) / (2 * scale**2)


def drawn(aggregations: tuple[Aggregation, ...]) -> tuple[Fraction, Fraction]:
    """Epsilon and rho of all that is drawn, in micro and nano."""
    found = [cost for aggregation in aggregations for cost in costs(aggregation)]
    epsilon, rho = (sum(cost for kind, cost in found if kind == of) for of in ("laplace", "gaussian"))
    return Fraction(epsilon) * 10**6, Fraction(rho) * 10**9


def charged(loss: Loss) -> tuple[int, int]:
    """Epsilon and rho that are charged, in micro and nano."""
    events = [event.cost if isinstance(event, SelectionEvent) else event for event in loss.events]
    epsilon = sum(event.epsilon_micro for event in events if isinstance(event, PureEvent))
    return epsilon, sum(event.rho_nano for event in events if not isinstance(event, PureEvent))


@pytest.mark.parametrize("epsilon_micro", [50_003, 1_000_000, 20_000_003])
@pytest.mark.parametrize("sql", [*QUERIES, (QUERIES[0], QUERIES[4], QUERIES[1], QUERIES[0])])
def test_what_is_drawn_costs_what_is_charged_and_no_more_than_was_asked(
    sql: str | Sequence[str], epsilon_micro: int
) -> None:
    query = analyse(sql, DATASET)
    aggregations, loss = priced(query, epsilon_micro)
    for cost, charge in zip(drawn(aggregations), charged(loss), strict=True):
        assert Fraction(999_999, 1_000_000) * charge <= cost <= charge
    assert loss.epsilon_micro(query.query_delta) <= epsilon_micro
    assert loss.selection_delta <= query.query_delta / 2


def test_the_twin_with_a_smaller_scale_is_found_out() -> None:
    aggregations, loss = priced(analyse(QUERIES[0], DATASET), 1_000_000)
    measure = aggregations[0].measures[0]
    assert measure.choice is not None, "so that what chooses norms is audited, too"
    less = Fraction(999, 1000)
    choice = replace(measure.choice, noise_scales=tuple(scale * less for scale in measure.choice.noise_scales))
    wrong = replace(
        aggregations[0], measures=(replace(measure, noise_scale=measure.noise_scale * less, choice=choice),)
    )
    assert any(cost > charge for cost, charge in zip(drawn((wrong,)), charged(loss), strict=True))
