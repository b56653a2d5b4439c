"""Attacks 5, 13, 16: one unit whose rows move a sum by more than the noise was made for.

The unit comes with extreme values, NULLs, fan-out and every group at once, at the front, in the middle and at the end
of the dense codes (taking the first away shifts all others). From file to sums, no measure moves further than its norm,
and the noise of the plan is what its charge pays for.
"""

from datetime import date, datetime
from fractions import Fraction

import pytest

from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.planner import analyse
from dp_queries.pricing.offers import priced
from policies.errors import RequestRejected
from privacy.loss import PureEvent, ZCDPEvent
from tests.dp_queries.backends.worlds import DATASET, KEY, write

EXTREMES = (1e308, -1e308, float("inf"), float("-inf"), float("nan"), -0.0, 5e-324, 2.0**53 + 2, None)
NAUGHTY = (-7, 1, 5, 10**9)  # first, between, between, last


def trip(person, number, *, naughty=False):
    extreme = EXTREMES[number % len(EXTREMES)] if naughty else 1.5
    return {
        "person": person,
        "kind": ("b", "a", "A%", "é_", None)[number % 5],
        "note": "x" * (number % 9),
        "zone": (0, 5, 99, -99, None, 3)[number % 6],
        "serial": (2**63 - 1, -(2**63), None, 0)[number % 4] if naughty else number,
        "fare": (100, -5, "99.999", None)[number % 4] if naughty else number % 100,
        "mass": (6_000_000_000, -6_000_000_000, 1)[number % 3],
        "free": extreme,
        "paid": (True, False, None)[number % 3],
        "day": (date(2026, 1, 1 + number % 28), None, date(9999, 12, 31))[number % 3],
        "at": (datetime(2026, 1, 1, number % 24), None)[number % 2],
    }


def people_world(persons):
    trips, people = [], []
    for person in persons:
        many = 97 if person in NAUGHTY else 1 + person % 3
        trips += [trip(person, number, naughty=person in NAUGHTY) for number in range(many)]
        people += [{"person": person, "age": age} for age in ((0, 120, None, 7) if person in NAUGHTY else (40,))]
    trips += [trip(None, 3, naughty=True)]
    zones = [{"zone": zone, "borough": borough} for zone in (0, 5, None) for borough in ("north", "south")]
    return {"trips": trips, "people": people, "zones": zones}


QUERIES = {
    "counts": "SELECT COUNT(*), COUNT(fare), COUNT(note), COUNT(free), COUNT(serial), COUNT(DISTINCT person) "
    "FROM trips",
    "grouped": "SELECT kind, paid, COUNT(*), SUM(fare), AVG(fare), COUNT(DISTINCT person) FROM trips "
    "GROUP BY kind, paid",
    "average": "SELECT kind, AVG(fare), AVG(mass), AVG(zone) FROM trips GROUP BY kind",
    "arithmetic": "SELECT SUM(fare * mass), SUM(mass - fare), SUM(-mass), AVG(fare / 3), SUM(zone + 0.25) FROM trips",
    "left_fan_out": "SELECT borough, COUNT(*), SUM(fare), AVG(mass), COUNT(DISTINCT person) FROM trips t "
    "LEFT JOIN zones z ON t.zone = z.zone GROUP BY borough",
    "any_condition": "SELECT COUNT(*), SUM(fare) FROM trips t JOIN zones z ON t.free > z.zone OR t.paid",
    "on_unit": "SELECT kind, COUNT(*), SUM(age), AVG(age), COUNT(DISTINCT person) FROM trips "
    "JOIN people USING (person) GROUP BY kind",
    "self_join": "SELECT COUNT(*), SUM(b.mass), AVG(a.fare) FROM trips a JOIN trips b ON a.person = b.person "
    "AND a.free <> b.free",
    "filtered": "SELECT paid, COUNT(*), SUM(mass) FROM trips WHERE free * free > serial OR free / zone < 1 "
    "GROUP BY paid",
}  # fmt: skip


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """The sums of every query, with everybody and without one."""
    folder, persons = tmp_path_factory.mktemp("neighbours"), sorted({*range(12), *NAUGHTY})

    def opened(without):
        held = [person for person in persons if person != without]
        path = write(people_world(held), folder / f"{without}.duckdb")
        return DuckDBBackend(path, KEY, DATASET, threads=2, ranges=3)

    made = {without: opened(without) for without in (None, *NAUGHTY)}
    yield made
    for backend in made.values():
        backend.close()


@pytest.mark.parametrize("name", QUERIES)
def test_no_unit_moves_a_measure_further_than_its_norm(name, worlds):
    query = analyse(QUERIES[name], DATASET)
    (asked,), _ = priced(query, 50_000_000)
    norms = [norm for measure in asked.measures for norm in measure.norms]
    assert len(norms) > len(asked.measures)  # some norm is still to be chosen
    with_all = worlds[None].bounded_sums(asked)
    for unit in NAUGHTY:
        without = worlds[unit].bounded_sums(asked)
        for norm, here, there in zip(norms, with_all.totals.tolist(), without.totals.tolist(), strict=True):
            moved = [one - other for one, other in zip(here, there, strict=True)]
            assert sum(step * step for step in moved) <= norm.l2_steps**2
            assert sum(map(abs, moved)) <= norm.l1_steps(asked.groups)
        for mine, theirs in zip(with_all.norms, without.norms, strict=True):
            assert sum(abs(one - other) for one, other in zip(mine, theirs, strict=True)) <= 1


@pytest.mark.parametrize("epsilon_micro", [1, 7, 999, 10_001, 1_000_000, 33_333_333, 100_000_000])
@pytest.mark.parametrize("name", QUERIES)
def test_the_noise_is_what_the_charge_pays_for(name, epsilon_micro):
    query = analyse(QUERIES[name], DATASET)
    try:
        (asked,), loss = priced(query, epsilon_micro)
    except RequestRejected:
        return  # too little for so many measures
    assert len(loss.events) == len(asked.measures)
    for measure, event in zip(asked.measures, loss.events, strict=True):
        choice = measure.choice
        told = _lost(measure.mechanism, 1, 1, choice.histogram_scale) if choice else Fraction(0)
        scales = choice.noise_scales if choice else (measure.noise_scale,)
        for norm, scale in zip(measure.norms, scales, strict=True):
            lost = told + _lost(measure.mechanism, norm.l1_steps(asked.groups), norm.l2_steps, scale)
            if isinstance(event, PureEvent):
                assert measure.mechanism == "laplace"
                assert lost <= Fraction(event.epsilon_micro, 10**6)
            else:
                assert isinstance(event, ZCDPEvent)
                assert measure.mechanism == "gaussian"
                assert lost <= Fraction(event.rho_nano, 10**9)
    assert all(step > 0 for step in loss.curve_nano())
    assert loss.epsilon_micro(query.query_delta) <= epsilon_micro


def _lost(mechanism, l1_steps, l2_steps, scale):
    """Epsilon of the discrete Laplace, rho of the discrete Gaussian."""
    return Fraction(l1_steps) / scale if mechanism == "laplace" else Fraction(l2_steps**2) / (2 * scale**2)
