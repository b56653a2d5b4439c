"""Tables that are made to agree: intervals hold as often as they say, and agreement tells nothing that wasn't charged.

The twin that must fail: 80 % intervals, and noise of 0.7 of its scale.
"""

import numpy as np
import pytest

from dp_queries.answers.released import made_consistent
from dp_queries.release import released_values
from privacy.budget import issue_charge
from privacy.mechanisms import OpenDPChoice, OpenDPNoise
from tests.dp_queries.flights import GivenSums, planned as of_flights, released
from tests.statistics.audit import audited
from tests.statistics.people import has_one_more
from tests.statistics.shops import planned
from tests.statistics.twins import QuieterNoise

EPSILON = 10.0
BY_CELL = "SELECT COUNT(*) AS n FROM visits GROUP BY GROUPING SETS ((cell), (cell, shop))"


class Agreeing(GivenSums):
    """Exact sums that agree: so many in each group of all keys together."""

    def __init__(self, plan, each):
        self._cells = max(part.groups for part in plan.aggregations)
        self._each = each

    def bounded_sums(self, aggregation):
        held = self._each * (self._cells // aggregation.groups)
        return GivenSums(lambda measure, group: held).bounded_sums(aggregation)


def held(sql, column, levels, releases, truth, epsilon_micro):
    """Which share of the intervals holds the truth, by level; and how many there are."""
    counts, total = dict.fromkeys(levels, 0), 0
    for number in range(releases):
        plan = of_flights(sql, epsilon_micro=epsilon_micro + number)
        backend = Agreeing(plan, 4_000)
        answer = released(plan, backend, OpenDPNoise())
        names = [column.name for column in answer.columns]
        total += len(answer.rows)
        for level in levels:
            for row, (low, high) in zip(answer.rows, answer.intervals[level][column], strict=True):
                counts[level] += low <= truth(dict(zip(names, row, strict=True))) <= high
    return {level: count / total for level, count in counts.items()}, total


@pytest.mark.long
def test_intervals_of_cubes_hold_as_often_as_they_say():
    """Of 12 releases of 64 groups by Gaussian noise; 5 % off is more than six standard deviations."""
    sql = (
        "SELECT GROUPING(origin) AS o, GROUPING(late) AS l, GROUPING(carrier) AS c, origin, late, carrier, "
        "COUNT(*) AS n FROM flights GROUP BY CUBE (origin, late, carrier)"
    )
    shares, total = held(
        sql, "n", ("0.95", "0.8"), 12, lambda row: 4_000 * 3 ** (row["o"] + row["l"] + row["c"]), 1_000_000
    )
    assert total == 768
    assert 0.90 < shares["0.95"] < 0.995
    assert not 0.90 < shares["0.8"] < 0.995


@pytest.mark.long
@pytest.mark.parametrize(("epsilon_micro", "mechanism"), [(20_000, "gaussian"), (99_000_000, "laplace")])
def test_intervals_of_rollups_hold_as_often_as_they_say(epsilon_micro, mechanism):
    """Of 1,470 intervals; 3.5 % is six standard deviations."""
    sql = (
        "SELECT month, origin, GROUPING(month, origin) AS g, COUNT(*) AS n FROM flights GROUP BY ROLLUP (month, origin)"
    )
    assert of_flights(sql, epsilon_micro=epsilon_micro).mechanism == mechanism
    shares, total = held(
        sql, "n", ("0.95", "0.8"), 30, lambda row: 4_000 * {0: 1, 1: 3, 3: 36}[row["g"]], epsilon_micro
    )
    assert total == 1_470
    assert 0.915 < shares["0.95"] < 0.985
    assert not 0.915 < shares["0.8"] < 0.985


def cells(street, releases, noise):
    """What each cell of visits tells in released tables that agree: its total and its shops, in grid steps."""
    shop = street.cells("high", table="visits", each=30)
    plan = planned(BY_CELL, shop.dataset, epsilon=EPSILON)
    paid = issue_charge(id="1", agreement=plan.agreement, plan_digest=plan.digest, loss=plan.loss)
    found = []
    for _ in range(releases):
        raw = released_values(plan, paid, shop.backend, noise=noise, choice=OpenDPChoice())
        coarse, fine = sorted(made_consistent(raw), key=lambda part: len(part.aggregation.keys))
        domain = coarse.aggregation.keys[0].domain
        by_shop = np.moveaxis(_table(fine), [len(key.domain) for key in fine.aggregation.keys].index(len(domain)), 0)
        for cell, total, shops in zip(domain, coarse.measures[0], by_shop, strict=True):
            found.append((str(cell), {"n": float(total)} | {str(at): float(each) for at, each in enumerate(shops)}))
    return plan, found


def _table(part):
    return part.measures[0].reshape([len(key.domain) for key in part.aggregation.keys])


def test_agreement_costs_no_more_than_the_charge_and_less_noise_does(street):
    def findings(noise):
        plan, found = cells(street, 16, noise)
        mine = [told for cell, told in found if has_one_more(cell)]
        return audited(plan, mine, [told for cell, told in found if not has_one_more(cell)])

    exact = findings(OpenDPNoise())
    assert not any(one.contradicts for one in exact)
    assert max(one.cost / one.statement.claimed for one in exact) > 0.5
    assert any(one.contradicts for one in findings(QuieterNoise()))
