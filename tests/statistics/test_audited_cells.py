"""What releases cost by what they show, for every aggregate: thousands of neighbouring groups in a few releases.

Half of a thousand groups have one person more. What the noise of one group tells about that person is bounded from
below (`audit`), and stays within the charge: its epsilon and delta, and the trade-off curve of the Gaussian that its
rho buys. Noise of 0.7 of its scale crosses that curve; quantiles are caught when more than their norm is let through.
"""

import pytest

from tests.statistics.audit import Finding, audited, rows_told
from tests.statistics.people import Street, has_one_more
from tests.statistics.shops import answer, planned
from tests.statistics.twins import QuieterNoise, SharperChoice, Unclipped

RELEASES = 16
EPSILON = 10.0
# By aggregates, the kinds of people in whose group they are told most.
SUMS = {
    "COUNT(*)": ("high",),
    "COUNT(price)": ("high",),
    "COUNT(DISTINCT person)": ("high",),
    "COUNT(DISTINCT serial)": ("many different",),
    "SUM(price)": ("high",),
    "COUNT(*), AVG(price)": ("high",),
    "COUNT(*), AVG(price), VAR_POP(price)": ("high",),
    "COUNT(*), AVG(price), STDDEV_POP(price)": ("high",),
}
QUANTILES = {
    "MAX(items)": ("long and high",),
    "MIN(items)": ("long and low",),
    "MEDIAN(items)": ("long and high",),
    "PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY items)": ("long and high",),
}
SECONDS = ("COUNT(*)", "COUNT(DISTINCT person)")
STRANGE = ("nothing but NULL", "NaN", "infinite", "2^62", "-2^62")


def findings(
    street: Street, aggregates: str, kinds: tuple[str, ...], *, epsilon: float, releases: int, twin: str = ""
) -> list[Finding]:
    """What the groups with one person more, and those without, say about the charge."""
    table = "purchases" if aggregates in QUANTILES else "visits"
    held = street.cells(*kinds, table=table, each=30 if table == "visits" else 10)
    plan = planned(f"SELECT cell, {aggregates} FROM {table} GROUP BY cell", held.dataset, epsilon=epsilon)
    noise, choice = (QuieterNoise(), SharperChoice()) if twin == "quieter" else (None, None)
    backend = Unclipped(held.backend) if twin == "unclipped" else held.backend
    cells = [cell for _ in range(releases) for cell in rows_told(answer(plan, backend, noise, choice)).items()]
    mine = [told for cell, told in cells if has_one_more(cell)]
    return audited(plan, mine, [told for cell, told in cells if not has_one_more(cell)])


@pytest.mark.parametrize(
    "aggregates", [pytest.param(one, marks=() if one in SECONDS else pytest.mark.long) for one in SUMS]
)
def test_sums_cost_no_more_than_the_charge_and_less_noise_does(street, aggregates):
    kinds = SUMS[aggregates]
    found = findings(street, aggregates, kinds, epsilon=EPSILON, releases=RELEASES)
    assert not any(one.contradicts for one in found)
    assert max(one.cost / one.statement.claimed for one in found) > 0.5  # else nothing was looked at
    quieter = findings(street, aggregates, kinds, epsilon=EPSILON, releases=RELEASES, twin="quieter")
    assert any(one.contradicts for one in quieter)


@pytest.mark.parametrize(
    "aggregates", [pytest.param(one, marks=() if one == "MAX(items)" else pytest.mark.long) for one in QUANTILES]
)
def test_quantiles_cost_no_more_than_the_charge_and_unclipped_ones_do(street, aggregates):
    kinds = QUANTILES[aggregates]
    found = findings(street, aggregates, kinds, epsilon=2, releases=2)
    assert not any(one.contradicts for one in found)
    assert any(one.contradicts for one in findings(street, aggregates, kinds, epsilon=2, releases=2, twin="unclipped"))


@pytest.mark.long
@pytest.mark.parametrize("kind", STRANGE)
def test_strange_values_cost_no_more_than_the_charge(street, kind):
    sums = "COUNT(*), COUNT(free), SUM(price), AVG(items), COUNT(DISTINCT serial), COUNT(DISTINCT person)"
    assert not any(one.contradicts for one in findings(street, sums, (kind,), epsilon=EPSILON, releases=4))
    quantiles = "MIN(items), MAX(items), MEDIAN(items)"
    assert not any(one.contradicts for one in findings(street, quantiles, (kind,), epsilon=2, releases=2))
