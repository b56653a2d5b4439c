import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.contributions import Contribution
from privacy.ladder import Ladder
from privacy.ladder_sums import Ladders
from privacy.mechanisms import OpenDPNoise, gaussian_scale
from privacy.norm_choice import CHOICE_SHARE, Choice, can_tell, choose, histogram_scale, likely_ladder
from privacy.units import ContributionNorm

RHO_NANO = 15_000_000  # about epsilon 1 at delta 1e-9
LADDER = Ladder(tuple(ContributionNorm(4 << rung, 1) for rung in range(9)), 3)  # 4, 8, .., 1024; declared is 32


def chosen(released, *, deviation=5.0, noise=1.0, groups=1):
    deviations = [noise * norm.l2_steps for norm in LADDER.norms]
    return choose(released, LADDER, histogram_deviation=deviation, deviations=deviations, groups=groups)


@pytest.mark.parametrize("sensitivity", [1])
def test_a_histogram_is_charged_for_one_entry_that_moves_by_one(sensitivity):
    assert histogram_scale("gaussian", RHO_NANO) == gaussian_scale(l2_steps=sensitivity, rho_nano=RHO_NANO)
    assert histogram_scale("laplace", 250_000) == Fraction(4 * sensitivity)
    assert histogram_scale("gaussian", RHO_NANO) ** 2 >= Fraction(sensitivity * 10**9, 2 * RHO_NANO)


def test_where_nothing_is_shown_the_declared_norm_stays():
    assert chosen([0] * 10) == Choice(LADDER.declared, None)
    assert chosen([39, -20, 39, 15, 0, -3, 39, 0, 0, 39]) == Choice(LADDER.declared, None)


def test_a_histogram_that_can_tell_nothing_is_known_before():
    deviation = 5.0
    for units in range(1, 60):
        moves = any(chosen([0] * place + [units] + [0] * (9 - place), noise=1e-6).rung != 3 for place in range(10))
        assert moves <= can_tell(deviation, units_at_most=units)
    assert can_tell(deviation, units_at_most=41)


def test_units_beyond_doubt_raise_the_norm():
    assert chosen([1000, 800, 600, 400, 300, 200, 0, 0, 0, 0]).rung > LADDER.declared


def test_a_few_units_far_out_raise_the_norm_when_they_are_beyond_doubt():
    assert chosen([1000, 0, 0, 0, 0, 0, 0, 200, 0, 0]).rung >= 7


def test_lonely_noise_far_out_does_not():
    assert chosen([1000, 0, 0, 0, 0, 0, 0, 0, 0, 30]).rung <= LADDER.declared


def test_a_tail_that_is_only_guessed_does_not():
    assert chosen([1000, 800, 600, 400, 0, 0, 0, 0, 0, 0], noise=1e-9).rung == LADDER.declared


def test_a_tail_that_may_be_hidden_says_how_far_to_go():
    near = chosen([1000, 800, 600, 400, 200, 0, 0, 0, 0, 0], deviation=0.1).rung
    assert chosen([1000, 800, 600, 400, 200, 0, 0, 0, 0, 0], deviation=20.0).rung > near > LADDER.declared


def test_more_noise_or_more_groups_lower_the_norm():
    released = [5000, 2000, 700, 250, 80, 30, 10, 4, 1, 0]
    alone, noisier, grouped = chosen(released), chosen(released, noise=50.0), chosen(released, groups=10_000)
    assert alone.rung > noisier.rung
    assert alone.rung > grouped.rung
    assert alone.loss_steps < noisier.loss_steps


@pytest.mark.parametrize("spread", [0.5, 1.0, 1.5])
def test_the_loss_that_is_told_is_about_what_is_clipped(spread):
    norms = np.exp(np.random.default_rng(4).normal(2.5, spread, 20_000))
    edges = [0, *(norm.l2_steps for norm in LADDER.norms), np.inf]
    counts = np.histogram(norms, edges)[0]
    noise = np.rint(np.random.default_rng(5).normal(0, 5, counts.size)).astype(int)
    for scale in (3.0, 30.0, 300.0):
        found = chosen((counts + noise).tolist(), noise=scale)
        clipped = float(np.maximum(norms - LADDER.norms[found.rung].l2_steps, 0).sum())
        few = 10 * LADDER.norms[found.rung].l2_steps  # what noise hides
        assert clipped / 2 - few <= found.loss_steps <= 2 * clipped + few


@settings(max_examples=100, deadline=None)
@given(released=st.lists(st.integers(-(2**62), 2**62), min_size=10, max_size=10), groups=st.integers(1, 2**20))
def test_whatever_is_released_a_rung_is_chosen(released, groups):
    found = chosen(released, groups=groups)
    assert 0 <= found.rung < len(LADDER.norms)
    assert found.loss_steps is None or 0 <= found.loss_steps < math.inf


def test_a_ladder_of_one_rung_leaves_nothing_to_choose():
    one = Ladder((ContributionNorm(7, 1),), 0)
    assert choose([500, 300], one, histogram_deviation=1.0, deviations=[7.0], groups=1).rung == 0


# --- how good the choice is, with real noise: the mean error over worlds against that of the declared norm and the best


def errors(sizes: np.ndarray, *, rounds: int, choice=choose):
    """Mean absolute error of a count of all rows: chosen, declared, and best norm. `sizes`: rows per unit."""
    ladder = Ladder.around(ContributionNorm(50 * 64, 64), below=3, above=7, most_steps=10**6)
    kernel = Ladders(1, [Contribution(1, 1, 0, 2**31 - 1, ladder.norms[0])], [ladder])
    kernel.add(np.repeat(np.arange(sizes.size, dtype=np.int32), sizes), None, [None])
    totals, histogram = kernel.finish()[:, 0], kernel.histograms()[0]
    share = int(RHO_NANO * CHOICE_SHARE)
    scale = histogram_scale("gaussian", share)
    deviations = [float(gaussian_scale(l2_steps=n.l2_steps, rho_nano=RHO_NANO - share)) for n in ladder.norms]
    losses = (sizes.sum() * 64 - totals) / 64

    def error(rung: int) -> float:
        return math.hypot(losses[rung], deviations[rung] / 64)

    noise = OpenDPNoise()
    rungs = [
        choice(
            noise.gaussian(histogram, scale), ladder, histogram_deviation=float(scale), deviations=deviations, groups=1
        ).rung
        for _ in range(rounds)
    ]
    return sum(map(error, rungs)) / rounds, error(ladder.declared), min(map(error, range(len(ladder.norms))))


def power_law(units: int, exponent: float, least: float) -> np.ndarray:
    ranks = (np.arange(units) + 0.5) / units
    return np.ceil(least * ranks ** (-1 / exponent)).astype(np.int64)


def test_long_tails_are_found_and_the_declared_norm_left():
    found, declared, best = errors(power_law(50_000, 1.6, 3), rounds=60)
    assert found < declared / 3
    assert found < 3 * best


def test_where_units_are_equal_the_norm_comes_down():
    found, declared, _ = errors(np.full(20_000, 10), rounds=60)
    assert found < declared


def test_the_declared_norm_is_not_left_for_a_much_worse_one():
    found, declared, best = errors(np.full(20_000, 50), rounds=60)
    assert best == declared
    assert found < 1.3 * declared


def test_a_choice_that_believes_every_noisy_entry_is_much_worse():
    """The twin that must fail: without `_shown`, noise in empty entries looks like units."""

    def naive(released, ladder, *, histogram_deviation, deviations, groups):
        return choose(released, ladder, histogram_deviation=1e-9, deviations=deviations, groups=groups)

    found, declared, _ = errors(np.full(20_000, 50), rounds=60, choice=naive)
    assert found > 2 * declared


DECLARED = ContributionNorm(30 * 1024, 1024)


@pytest.mark.parametrize("groups", [1, 10, 10_000])
@pytest.mark.parametrize("units", [1, 5_000, 10**9])
@pytest.mark.parametrize("noise", [1e-6, 6.5, 1e6])
def test_a_likely_ladder_always_holds_the_declared_norm(groups, units, noise):
    found = likely_ladder(DECLARED, noise=noise, groups=groups, units=units, most_steps=10**6)
    declared = found.norms[found.declared]
    assert declared.l2_steps * DECLARED.grid == DECLARED.l2_steps * declared.grid
    assert len(found.norms) <= 13


def test_the_likely_ladder_climbs_with_units_and_sinks_with_groups_and_noise():
    def top(**given):
        found = likely_ladder(DECLARED, **({"noise": 6.5, "groups": 10, "units": 10**5, "most_steps": 10**6} | given))
        return found.norms[-1].l2_steps / found.norms[-1].grid

    assert top(units=10**3) < top() < top(units=10**6)
    assert top(groups=1000) < top() < top(groups=1)
    assert top(noise=60) < top() < top(noise=1)


# The benchmark's queries with a million units and epsilon 1: groups, and the best norm of the declared one.
@pytest.mark.parametrize(("groups", "best"), [(1, 16), (10, 1), (10, 4), (300, 0.5), (300, 2), (1000, 1 / 32)])
def test_the_best_norms_of_the_benchmark_are_on_their_ladders(groups, best):
    found = likely_ladder(DECLARED, noise=6.5, groups=groups, units=10**6, most_steps=10**9)
    ratios = [norm.l2_steps / norm.grid / 30 for norm in found.norms]
    assert ratios[0] <= best <= ratios[-1]
