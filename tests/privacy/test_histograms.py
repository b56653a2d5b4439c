from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dp_queries.backends import tallies
from privacy.contributions import Tally
from privacy.histograms import Histogram
from privacy.parts import UnitOrderBroken, merged
from privacy.quantiles import Bins
from privacy.units import ContributionNorm

LEAST = {np.int32: -(2**31), np.int64: -(2**63)}
TALLY = Tally(Bins(-4, 7, 3), ContributionNorm(40, 4))


def units(*codes: int) -> np.ndarray:
    return np.array(codes, np.int32)


def weights(tally, codes, groups, values, size=1):
    histogram = Histogram(size, tally)
    histogram.add(codes, groups, values)
    return histogram.finish().tolist()


def test_rows_fall_into_bins_and_outer_values_into_the_outer_ones():
    values = np.array([-99, -4, -2, -1, 7, 10**15], np.int64)
    assert weights(TALLY, units(0, 1, 2, 3, 4, 5), None, values) == [[12, 4, 0, 8]]


@pytest.mark.parametrize("width", [np.int32, np.int64])
def test_null_and_an_unknown_group_count_nowhere(width):
    values = np.array([LEAST[width], 0, 0, 1], width)
    assert weights(TALLY, units(0, 0, 0, 1), units(0, -1, 2, 1), values, 2) == [[0] * 4, [0, 4, 0, 0]]


def test_floats_are_quantized_half_away_from_zero_and_nan_is_null():
    tally = Tally(Bins(-2, 2, 1), ContributionNorm(64, 1), 1, 4)
    values = np.array([0.125, -0.125, 0.12, np.nan, np.inf, -1e308], np.float64)
    assert weights(tally, units(0, 1, 2, 3, 4, 5), None, values) == [[1, 1, 1, 1, 1]]


def test_all_rows_of_a_long_unit_weigh_the_same_and_less():
    # 3 and 4 rows have norm 5; at a weight of 4 steps they would be 20 steps long.
    tally = Tally(Bins(0, 1, 1), ContributionNorm(10, 4))
    codes, values = np.zeros(7, np.int32), np.array([0, 0, 1, 0, 1, 1, 1], np.int32)
    assert weights(tally, codes, units(0, 0, 0, 1, 1, 1, 1), values, 2) == [[4, 2], [2, 6]]


def test_a_unit_may_go_on_in_the_next_batch():
    histogram = Histogram(1, Tally(Bins(0, 1, 1), ContributionNorm(12, 4)))
    for _ in range(3):
        histogram.add(units(4, 4), None, np.array([0, 1], np.int32))
    histogram.add(units(), None, np.array([], np.int32))
    histogram.add(units(5), None, np.array([1], np.int32))
    assert histogram.finish().tolist() == [[6, 6 + 4]]


@pytest.mark.parametrize("batches", [[(1, 2, 1)], [(3,), (2,)], [(0, -1)], [(-2,)]])
def test_a_unit_seen_twice_is_refused(batches):
    histogram = Histogram(1, TALLY)
    with pytest.raises(UnitOrderBroken):
        for batch in batches:
            histogram.add(units(*batch), None, np.zeros(len(batch), np.int32))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_kernel_agrees_with_its_twin_for_any_cut_into_batches_and_ranges(data):
    size = data.draw(st.integers(1, 4))
    norm = ContributionNorm(data.draw(st.integers(1, 100)), data.draw(st.sampled_from([1, 4, 1024])))
    tally = Tally(Bins(-3, data.draw(st.integers(-3, 9)), data.draw(st.integers(1, 4))), norm)
    row = st.tuples(st.integers(0, 5), st.integers(0, size - 1), st.integers(-6, 12))
    rows = sorted(data.draw(st.lists(row, max_size=40)), key=lambda each: each[0])
    codes, groups, values = (np.array([each[place] for each in rows], np.int32) for place in range(3))
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5))), len(rows)]
    border = data.draw(st.integers(0, 6))
    parts = Histogram(size, tally), Histogram(size, tally)
    for part, mine in zip(parts, (codes < border, codes >= border), strict=True):
        for first, last in pairwise(cuts):
            here = np.flatnonzero(mine[first:last]) + first
            part.add(codes[here], groups[here], values[here].astype(data.draw(st.sampled_from([np.int32, np.float64]))))
    twin = tallies.histogram(
        ([(g, v) for u, g, v in rows if u == unit] for unit in range(6)), size, tally.bins, tally.norm
    )
    assert merged(parts).tolist() == twin


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_unit_moves_the_bins_one_way_by_a_vector_within_the_norm(data):
    size = data.draw(st.integers(1, 5))
    rows = data.draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(-9, 9)), min_size=1, max_size=60))
    often = data.draw(st.sampled_from([1, 50, 4000]))
    norm = ContributionNorm(data.draw(st.sampled_from([1, 7, 300, 2**20])), data.draw(st.sampled_from([1, 1024])))
    groups, values = (np.repeat(np.array([row[place] for row in rows], np.int32), often) for place in range(2))
    moved = np.array(weights(Tally(Bins(-5, 5, 2), norm), np.zeros(groups.size, np.int32), groups, values, size))
    assert moved.min() >= 0
    assert int((moved.sum(axis=1) ** 2).sum()) <= norm.l2_steps**2


def test_weights_are_as_large_as_they_may_be_even_where_a_float_root_errs():
    for l2_steps in (2**30, 2**30 - 1, 94906267 * 11):
        tally = Tally(Bins(0, 0, 1), ContributionNorm(l2_steps, 2**20))
        assert weights(tally, np.zeros(3000, np.int32), None, np.zeros(3000, np.int32)) == [[3000 * (l2_steps // 3000)]]


def test_parts_that_share_a_unit_are_refused():
    parts = Histogram(1, TALLY), Histogram(1, TALLY)
    for part in parts:
        part.add(units(3), None, np.zeros(1, np.int32))
    with pytest.raises(UnitOrderBroken):
        merged(parts)


@pytest.mark.parametrize(("groups", "bins"), [(0, Bins(0, 1, 1)), (2**20, Bins(0, 2**11, 1))])
def test_cells_are_bounded(groups, bins):
    with pytest.raises(ValueError, match="bins in all"):
        Histogram(groups, Tally(bins, ContributionNorm(1, 1)))


@pytest.mark.parametrize("fraction", [(0, 1), (1, 0), (2**54, 1)])
def test_a_granularity_that_is_no_fraction_is_refused(fraction):
    with pytest.raises(ValueError, match="granularity"):
        Tally(Bins(0, 1, 1), ContributionNorm(1, 1), *fraction)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="length"):
        weights(TALLY, units(0, 1), units(0), np.zeros(2, np.int32))
    with pytest.raises(ValueError, match="codes"):
        weights(TALLY, units(0, 1), None, np.zeros(2, np.int32), 2)
