"""Scores follow their definition, move by no more than claimed, and cost what is charged by the draws' exact laws.

Intervals hold as often as they say: computed from those laws, where rows are spread evenly and where they aren't.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.intervals import choice_shortfall
from privacy.quantiles import (
    MOST_BINS,
    MOST_CELLS,
    Bins,
    Drawing,
    Quantile,
    Rank,
    high_scores,
    low_scores,
    pure_drawing,
    release,
    value_scores,
    zcdp_drawing,
)
from privacy.units import ClampingBounds, ContributionNorm
from tests.privacy.choice_laws import LAWS, BestChoice

FRACTIONS = [Fraction(0), Fraction(1, 2), Fraction(1, 20), Fraction(999, 1000), Fraction(1)]
NORM = ContributionNorm(40, 4)


def drawing(fraction, bins, *, mechanism="exponential", value_scale=5, interval_scale=5):
    is_end = fraction in (0, 1)
    return Drawing(
        Rank(fraction),
        Bins(0, bins - 1, 1),
        mechanism,
        Fraction(value_scale),
        None if is_end else Fraction(interval_scale),
    )


# --- scores


def scores_by_definition(weights, asked, shift):
    a, b = asked.rank.fraction.numerator, asked.rank.fraction.denominator
    rank = Fraction(a, b) * sum(weights) + Fraction(shift, b)
    scores = []
    for place in range(len(weights)):
        too_high = b * (sum(weights[:place]) - rank) if place > 0 else 0
        too_low = b * (rank - sum(weights[: place + 1])) if place < len(weights) - 1 else 0
        scores.append(-max(0, too_high, too_low))
    return scores


WEIGHTS = st.lists(st.sampled_from([0, 0, 0, 1, 2, 7, 100]), min_size=1, max_size=24)


@pytest.mark.parametrize("fraction", FRACTIONS)
@given(weights=WEIGHTS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_scores_are_what_the_definition_says(fraction, weights, data):
    asked = drawing(fraction, len(weights), value_scale=data.draw(st.integers(1, 30)))
    scores = value_scores(np.array(weights), asked)
    assert scores == scores_by_definition(weights, asked, asked.shift)
    assert max(scores) == 0
    if not asked.rank.is_end:
        value = data.draw(st.integers(0, len(weights) - 1))
        below = scores_by_definition(weights, asked, -asked.margin)
        above = scores_by_definition(weights, asked, asked.margin)
        assert low_scores(np.array(weights), value, asked) == below[: value + 1]
        assert high_scores(np.array(weights), value, asked) == above[value:]


@pytest.mark.parametrize("fraction", FRACTIONS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_no_unit_moves_a_score_by_more_than_its_weight_times_the_slope(fraction, data):
    count = data.draw(st.integers(1, 20))
    extreme = st.sampled_from([0, 0, 1, 5, 1000, 2**40, 2**57])  # the largest: sums beyond what is counted
    weights, more = (np.array(data.draw(st.lists(extreme, min_size=count, max_size=count))) for _ in range(2))
    asked = drawing(fraction, count, value_scale=data.draw(st.integers(1, 1000)))
    most = asked.rank.slope * int(more.sum())
    worlds = weights, weights + more
    moved = np.subtract(*(value_scores(world, asked) for world in worlds))
    assert np.abs(moved).max() <= most
    if not asked.rank.is_end:
        value = data.draw(st.integers(0, count - 1))
        for scores in (low_scores, high_scores):
            moved = np.subtract(*(scores(world, value, asked) for world in worlds))
            assert np.abs(moved).max() <= most


@pytest.mark.parametrize("mechanism", LAWS)
@pytest.mark.parametrize("fraction", [Fraction(1, 2), Fraction(1, 10_000), Fraction(9_999, 10_000)])
def test_nothing_wraps_for_the_widest_noise_and_the_heaviest_rows(mechanism, fraction):
    scale = Fraction(3, 4) * 2**61  # of which more than 1.3 times are too wide
    scales = {"value_scale": scale / 2, "interval_scale": scale}
    asked = drawing(fraction, MOST_BINS, mechanism=mechanism, **scales)
    with pytest.raises(ValueError, match="wider"):
        drawing(fraction, MOST_BINS, mechanism=mechanism, value_scale=scale, interval_scale=2 * scale)
    assert asked.margin > 2**60
    for place, weight in ((0, 0), (0, 2**61), (MOST_BINS - 1, 2**61), (MOST_BINS // 2, 2**61)):
        weights = np.zeros(MOST_BINS, np.int64)
        weights[place] = weight
        for value in (0, MOST_BINS // 2, MOST_BINS - 1):
            low, high = low_scores(weights, value, asked), high_scores(weights, value, asked)
            assert (len(low), len(high)) == (value + 1, MOST_BINS - value)
            assert all(-(2**63) < score <= 0 for score in low + high)
            # Scores rise to the best bin and fall after it, which they wouldn't if one had wrapped.
            for scores in (low, high):
                turns = np.diff(np.sign(np.diff(np.array(scores, float))[np.diff(np.array(scores, float)) != 0]))
                assert (turns <= 0).all()


def test_the_slope_is_reached():
    """Or the claim could be smaller, and with it the noise."""
    weights = np.array([0, 50, 0, 50, 0])
    asked = drawing(Fraction(1, 4), 5)
    moved = np.subtract(value_scores(weights + np.array([0, 0, 9, 0, 0]), asked), value_scores(weights, asked))
    assert np.abs(moved).max() == 9 * asked.rank.slope == 27


def test_all_bins_that_hold_the_rank_are_as_good():
    assert value_scores(np.array([3, 0, 0, 3]), drawing(Fraction(1, 2), 4)) == [0, 0, 0, 0]
    assert value_scores(np.array([1, 90, 1, 1]), drawing(Fraction(1, 2), 4)) == [-91, 0, -89, -91]


# --- loss: the exact laws of the draws on neighbouring worlds


def renyi(first, second, order):
    mask = first > -700
    return float(np.log(np.sum(np.exp(order * first[mask] + (1 - order) * second[mask]))) / (order - 1))


@st.composite
def neighbours(draw, groups, bins, l2_steps):
    """A histogram, and what one unit within the norm adds to it: often all of its weight in one bin."""
    cell = st.sampled_from([0, 0, 1, 3, 10, 40])
    histogram = np.array(draw(st.lists(cell, min_size=groups * bins, max_size=groups * bins))).reshape(groups, bins)
    added = np.zeros_like(histogram)
    shares = np.array(draw(st.lists(st.integers(0, 9), min_size=groups, max_size=groups)), float)
    for group, weight in enumerate((l2_steps * shares / max(np.linalg.norm(shares), 1)).astype(int)):
        split = draw(st.integers(0, int(weight)))
        for share in (split, int(weight) - split):
            added[group, draw(st.integers(0, bins - 1))] += share
    return histogram, histogram + added


def log_ratios(worlds, asked, scores, scale):
    law = LAWS[asked.mechanism]
    for groups in zip(*worlds, strict=True):
        yield tuple(law(scores(group), float(scale)) for group in groups)


def stages(asked, value):
    yield lambda weights: value_scores(weights, asked), asked.value_scale
    if asked.interval_scale is not None:
        yield lambda weights: low_scores(weights, value, asked), asked.interval_scale
        yield lambda weights: high_scores(weights, value, asked), asked.interval_scale


@pytest.mark.parametrize("fraction", FRACTIONS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_pure_drawings_cost_no_more_than_epsilon(fraction, data):
    worlds = data.draw(neighbours(3, 6, NORM.l2_steps))
    epsilon_micro = data.draw(st.sampled_from([100_001, 1_000_000, 3_000_000]))
    asked = pure_drawing(Rank(fraction), Bins(0, 5, 1), NORM, groups=3, epsilon_micro=epsilon_micro)
    loss = 0.0
    for scores, scale in stages(asked, data.draw(st.integers(0, 5))):
        loss += sum(np.abs(one - other).max() for one, other in log_ratios(worlds, asked, scores, scale))
    assert loss <= epsilon_micro / 1e6 + 1e-6  # the slack is the quadrature's


@pytest.mark.parametrize("fraction", FRACTIONS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_zcdp_drawings_cost_no_more_than_rho(fraction, data):
    worlds = data.draw(neighbours(3, 6, NORM.l2_steps))
    rho_nano = data.draw(st.sampled_from([1_000_001, 50_000_000, 2_000_000_000]))
    asked = zcdp_drawing(Rank(fraction), Bins(0, 5, 1), NORM, rho_nano=rho_nano)
    for order in (1.01, 2.0, 8.0, 64.0):
        losses = np.zeros(2)
        for scores, scale in stages(asked, data.draw(st.integers(0, 5))):
            for one, other in log_ratios(worlds, asked, scores, scale):
                losses += renyi(one, other, order), renyi(other, one, order)
        assert losses.max() <= order * rho_nano / 1e9 * (1 + 1e-9) + 1e-12


def test_the_charged_epsilon_is_nearly_reached():
    """A bound that nothing comes near would hide a mistake in the scale."""
    asked = pure_drawing(Rank(Fraction(1, 2)), Bins(0, 1, 1), NORM, groups=1, epsilon_micro=2_000_000)
    worlds = np.array([[[420, 380]], [[420, 420]], [[380, 420]]])
    worst = max(
        np.abs(one - other).max()
        for pair in ((worlds[0], worlds[1]), (worlds[2], worlds[1]))
        for one, other in log_ratios(pair, asked, lambda weights: value_scores(weights, asked), asked.value_scale / 100)
    )
    assert worst > 40  # with a hundredth of the noise: the loss grows with 1 / scale


def test_scales_are_those_of_the_formulas():
    half = Rank(Fraction(1, 2))
    pure = pure_drawing(half, Bins(0, 9, 1), NORM, groups=4, epsilon_micro=1_000_000)
    assert (pure.value_scale, pure.interval_scale) == (2 * 80 / Fraction(1, 2), 2 * 80 / Fraction(1, 4))
    zcdp = zcdp_drawing(half, Bins(0, 9, 1), NORM, rho_nano=4_000_000_000)
    assert (zcdp.value_scale, float(zcdp.interval_scale)) == (20, pytest.approx(800**0.5))
    assert pure_drawing(Rank(Fraction(1)), Bins(0, 9, 1), NORM, groups=1, epsilon_micro=1_000_000).value_scale == 80
    assert zcdp_drawing(Rank(Fraction(0)), Bins(0, 9, 1), NORM, rho_nano=500_000_000).value_scale == 40
    assert zcdp_drawing(Rank(Fraction(9, 10)), Bins(0, 9, 1), NORM, rho_nano=1_000_000_000).value_scale == 360


# --- answers


def test_without_noise_a_quantile_is_the_quantile_and_an_end_lies_inside():
    weights = np.array([[0, 5, 0, 90, 0, 5, 0, 0], [0] * 8])
    asked = drawing(Fraction(1, 2), 8, value_scale=1, interval_scale=1)
    assert release(weights, asked, BestChoice()) == [Quantile(3, 3, 3), Quantile(0, 0, 7)]
    assert release(weights * 9, drawing(Fraction(0), 8, value_scale=1), BestChoice())[0] == Quantile(1, 0, 1)
    assert release(weights * 9, drawing(Fraction(1), 8, value_scale=1), BestChoice())[0] == Quantile(5, 5, 7)


def test_wide_bins_answer_with_their_middle_and_intervals_with_their_edges():
    bins = Bins(-10, 12, 5)
    assert (bins.count, bins.first(4), bins.last(4)) == (5, 10, 12)
    asked = Drawing(Rank(Fraction(1, 2)), bins, "exponential", Fraction(1), Fraction(1))
    assert release(np.array([[0, 0, 0, 99, 0]]), asked, BestChoice()) == [Quantile(7, 5, 9)]
    asked = Drawing(Rank(Fraction(1)), bins, "exponential", Fraction(1), None)
    assert release(np.array([[0, 0, 0, 99, 0]]), asked, BestChoice()) == [Quantile(5, 5, 12)]


def test_an_interval_over_too_many_bins_goes_on_to_the_ends_of_the_range():
    asked = drawing(Fraction(1, 2), 160, value_scale=1, interval_scale=1)
    assert asked.margin == 2
    weights = np.zeros((2, 160), np.int64)
    for row, low in ((0, 60), (1, 59)):
        weights[row, [low, 70, 80]] = 9, 1, 9
    assert release(weights, asked, BestChoice()) == [Quantile(70, 60, 80), Quantile(70, 0, 159)]


def smooth(count, total):
    places = np.arange(count)
    weights = np.exp(-(((places - 0.4 * count) / (0.1 * count)) ** 2))
    return np.floor(weights / weights.sum() * total).astype(int)


AWKWARD = {
    "smooth": smooth(100, 4000),
    "smooth and large": smooth(100, 400_000),
    "empty": np.zeros(100, int),
    "few": np.bincount([7, 80, 99], minlength=100) * 4,
    "one value": np.bincount([33], minlength=100) * 5000,
    "two values far apart": np.bincount([3] * 51 + [90] * 49, minlength=100) * 40,
    "dense, then a gap": np.concatenate([np.full(5, 100), np.zeros(90, int), np.full(5, 90)]),
    "at the bounds": np.bincount([0] * 5 + [99] * 4, minlength=100) * 1000,
}


def true_places(weights, fraction):
    """The lowest and the highest bin that holds the fraction; all of them do where there are no rows."""
    total, cumulative = int(weights.sum()), np.cumsum(weights)
    if total == 0:
        return 0, len(weights) - 1
    return tuple(
        int(np.flatnonzero(found)[0]) for found in (cumulative >= fraction * total, cumulative > fraction * total)
    )


def coverage(weights, asked, ends=None):
    """How often the interval holds some quantile of the fraction, by the exact laws of all three draws; its ends may be
    drawn as another drawing says.
    """
    ends = ends or asked
    law, count = LAWS[asked.mechanism], len(weights)
    chances = np.exp(law(value_scores(weights, asked), float(asked.value_scale)))
    lower, upper = true_places(weights, asked.rank.fraction)
    covered = 0.0
    for value in np.flatnonzero(chances > 1e-6).tolist():
        low = np.exp(law(low_scores(weights, value, ends), float(ends.interval_scale)))
        high = np.exp(law(high_scores(weights, value, ends), float(ends.interval_scale)))
        at, to = np.arange(value + 1)[:, None], np.arange(value, count)
        held = ((at <= upper) & (lower <= to)) | (to - at > max(2, count // 8))
        covered += chances[value] * (low @ held @ high)
    return covered


def asked_of(fraction, mechanism, *, bins):
    slope = Rank(fraction).slope
    scales = {"value_scale": 40 * slope, "interval_scale": 80 * slope}
    return drawing(fraction, bins, mechanism=mechanism, **scales)


@pytest.mark.parametrize("fraction", [Fraction(1, 2), Fraction(1, 4)])
@pytest.mark.parametrize("rows", [4, 6, 8])
def test_intervals_hold_as_often_as_they_say_where_rows_are_spread_evenly(rows, fraction):
    """In bins that are small against the noise: what a bin is wide, an interval is too wide."""
    asked = asked_of(fraction, "exponential", bins=900)
    assert 0.945 <= coverage(np.full(900, rows), asked) <= 0.97
    # The twin that must fail: ends at ranks that are made for values with a quarter of the noise.
    twin = replace(asked, value_scale=asked.value_scale / 4)
    assert twin.margin < asked.margin
    assert coverage(np.full(900, rows), asked, twin) < 0.945


def test_permute_and_flip_holds_as_often_in_bins_that_are_not_much_smaller_than_the_noise():
    asked = asked_of(Fraction(1, 2), "permute_and_flip", bins=150)
    assert 0.945 <= coverage(np.full(150, 16), asked) <= 0.985
    assert coverage(np.full(150, 16), asked, replace(asked, value_scale=asked.value_scale / 40)) < 0.945


@pytest.mark.parametrize("mechanism", LAWS)
@pytest.mark.parametrize("kind", [kind for kind in AWKWARD if kind != "smooth"])
def test_intervals_hold_where_the_noise_is_lost_in_gaps(kind, mechanism):
    assert coverage(AWKWARD[kind], asked_of(Fraction(1, 2), mechanism, bins=100)) >= 0.94


@pytest.mark.parametrize("mechanism", LAWS)
def test_intervals_hold_less_often_in_a_gap_that_is_narrow(mechanism):
    """As docs/known-limitations.md says: the median lies at the edge of a gap, by less than the noise."""
    weights = np.concatenate([np.full(5, 100), np.zeros(9, int), np.full(86, 6)])
    assert 0.6 <= coverage(weights, asked_of(Fraction(1, 2), mechanism, bins=100)) < 0.95


@pytest.mark.parametrize("fraction", [Fraction(0), Fraction(1)])
@pytest.mark.parametrize("mechanism", ["exponential", "permute_and_flip"])
@pytest.mark.parametrize("kind", [kind for kind in AWKWARD if kind != "empty"])
def test_some_rows_lie_at_or_beyond_an_end(kind, mechanism, fraction):
    weights = AWKWARD[kind]
    asked = drawing(fraction, 100, mechanism=mechanism, value_scale=12)
    chances = np.exp(LAWS[mechanism](value_scores(weights, asked), 12.0))
    places = np.flatnonzero(weights)
    true = chances[places[0] :].sum() if fraction == 0 else chances[: places[-1] + 1].sum()
    assert true >= 0.95


@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize("kind", AWKWARD)
def test_the_rank_error_holds(kind, fraction):
    weights, asked = AWKWARD[kind], drawing(fraction, 100, value_scale=40)
    most = asked.rank_error(ContributionNorm(8, 8)) * 8 * fraction.denominator
    exact = Drawing(asked.rank, asked.bins, asked.mechanism, Fraction(1, 10**6), asked.interval_scale)
    far = -np.array(value_scores(weights, exact), float) > float(most)
    assert np.exp(LAWS["exponential"](value_scores(weights, asked), 40.0))[far].sum() <= 0.05


# --- what can't be


@pytest.mark.parametrize("groups", [1, 7, 1000, 10**6])
def test_bins_are_as_fine_as_time_allows_and_cover_the_bounds(groups):
    bins = Bins.over(ClampingBounds(Fraction(-5), Fraction(100), Fraction(1, 1000)), groups)
    assert (bins.first(0), bins.last(bins.count - 1)) == (-5000, 100_000)
    assert 8 <= bins.count <= 2**14
    assert bins.count <= max(16, MOST_CELLS // groups)
    assert Bins.over(ClampingBounds(Fraction(3), Fraction(3), Fraction(1)), groups).count == 1


@pytest.mark.parametrize("facts", [(1, 0, 1), (0, 1, 0), (0, 2**53 + 1, 1), (-(2**53) - 1, 0, 1)])
def test_bins_that_could_not_be_are_refused(facts):
    with pytest.raises(ValueError, match="bins"):
        Bins(*facts)


@pytest.mark.parametrize("fraction", [Fraction(-1, 2), Fraction(3, 2), Fraction(1, 10_001)])
def test_fractions_are_bounded(fraction):
    with pytest.raises(ValueError, match="fraction"):
        Rank(fraction)


def test_drawings_are_valid_by_construction():
    half, bins = Rank(Fraction(1, 2)), Bins(0, 9, 1)
    with pytest.raises(ValueError, match="ends of an interval"):
        Drawing(half, bins, "exponential", Fraction(1), None)
    with pytest.raises(ValueError, match="ends of an interval"):
        Drawing(Rank(Fraction(1)), bins, "exponential", Fraction(1), Fraction(1))
    with pytest.raises(ValueError, match="wider"):
        pure_drawing(half, bins, ContributionNorm(2**30, 1), groups=2**30, epsilon_micro=4)
    with pytest.raises(ValueError, match="positive"):
        pure_drawing(half, bins, NORM, groups=1, epsilon_micro=1)


def test_a_single_bin_needs_no_luck():
    assert choice_shortfall("exponential", Fraction(1000), 0, 0.95) == 0
    assert release(np.array([[5]]), drawing(Fraction(1, 2), 1), BestChoice()) == [Quantile(0, 0, 0)]
