import numpy as np
import pytest

from dp_queries.answers.answer import LEVELS
from dp_queries.answers.simulation import _bounds
from privacy.intervals import half_width
from privacy.mechanisms import OpenDPNoise
from tests.dp_queries.flights import GivenSums, planned, released


def test_bare_columns_have_the_mechanisms_own_half_width():
    plan = planned("SELECT SUM(delay) AS s FROM flights")
    answer = released(plan, GivenSums(lambda measure, group: 4000))
    (measure,) = plan.measures
    for level in LEVELS:
        width = half_width("laplace", measure.noise_scale, level) / measure.norm.grid / 2
        assert answer.intervals[f"{level:g}"]["s"] == [pytest.approx([2000 - width, 2000 + width])]


def test_derived_columns_are_as_wide_as_the_noise_they_carry():
    plan = planned("SELECT COUNT(*) AS n, COUNT(*) * 2 + 10 AS twice FROM flights")
    answer = released(plan, GivenSums(lambda measure, group: 5000))
    for level in ("0.5", "0.8", "0.9", "0.95"):
        (low, high), (bare_low, bare_high) = answer.intervals[level]["twice"][0], answer.intervals[level]["n"][0]
        assert high - low == pytest.approx(2 * (bare_high - bare_low), rel=0.25)
        assert low < 10010 < high


def test_the_same_answer_is_told_the_same_way_twice():
    plan = planned("SELECT AVG(delay) AS a FROM flights")
    backend = GivenSums(lambda measure, group: 5000)
    assert released(plan, backend).intervals == released(plan, backend).intervals


def test_text_and_keys_have_no_interval_and_what_has_no_value_none():
    plan = planned(
        "SELECT origin, CASE WHEN COUNT(*) > 9 THEN 'x' END AS t, COUNT(*) / 0 AS z FROM flights GROUP BY origin"
    )
    answer = released(plan, GivenSums(lambda measure, group: 5))
    assert answer.intervals["0.95"] == {"z": [[None, None]] * 3}


@pytest.mark.parametrize(
    ("select", "truth"), [("AVG(delay)", (540 + 20000 / 4000) / 2), ("SUM(delay) / COUNT(*)", 20000 / 2 / 4000)]
)
def test_intervals_cover_the_bounded_truth(select, truth):
    """300 releases: 95 % intervals cover at least 90 % of the time and 50 % intervals at most 60 %; 4 sigma or more."""
    plan = planned(f"SELECT day, {select} AS x FROM flights GROUP BY day LIMIT 300", epsilon_micro=10_000_000)
    answer = released(plan, GivenSums(lambda measure, group: 20000 if measure.kind == "sum" else 4000), OpenDPNoise())

    def covered(level):
        return np.mean([low <= truth <= high for low, high in answer.intervals[level]["x"]])

    assert covered("0.95") > 0.9
    assert 0.38 < covered("0.5") < 0.62


def test_many_ends_are_told_as_few_are():
    draw = np.random.default_rng(11)
    drawn = draw.normal(size=999) * 10.0 ** draw.integers(-8, 9, 999)
    usual = np.concatenate(([0.0, 1e-9, 0.1, 1e5, 12345678901.25], drawn))
    low, high = usual - 1, usual + 1
    one_by_one = [_bounds(low[place : place + 1], high[place : place + 1])[0] for place in range(len(usual))]
    assert _bounds(low, high) == one_by_one != np.column_stack((low, high)).tolist()


def test_unusual_ends_among_many_are_told_alike():
    ends = np.array([np.nan, np.inf, 1e300, 1e-300, 1 / 3] + [0.0] * 100)
    assert _bounds(-ends, ends)[:6] == [
        [None, None], [None, None], [-1e300, 1e300], [-1e-300, 1e-300], [-0.333333333333, 0.333333333333], [0, 0],
    ]  # fmt: skip
