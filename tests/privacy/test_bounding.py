from itertools import pairwise
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.bounding import Bounding
from privacy.contributions import SATURATED, Contribution
from privacy.parts import UnitOrderBroken, merged
from privacy.units import ContributionNorm

LEAST = {np.int32: -(2**31), np.int64: -(2**63)}


def units(*codes: int) -> np.ndarray:
    return np.array(codes, np.int32)


def contribution(l2_steps: int = 10, grid: int = 1, **facts: int) -> Contribution:
    given = {"lower_steps": -(2**40), "upper_steps": 2**40, "offset_steps": 0, "most_per_group": SATURATED} | facts
    return Contribution(norm=ContributionNorm(l2_steps, grid), **given)


def totals(rule, codes, groups, values, size=1):
    bounding = Bounding(size, [rule])
    bounding.add(codes, groups, [values])
    return bounding.finish()[0].tolist()


def test_short_vectors_are_added_exactly_on_the_grid():
    assert totals(contribution(100, 4), units(0, 0, 7), units(0, 1, 1), np.array([3, -4, 5], np.int64), 2) == [12, 4]


def test_a_long_vector_is_shrunk_as_a_whole():
    assert totals(contribution(10), units(0, 0), units(0, 1), np.array([3000, 4000], np.int32), 2) == [6, 8]


@pytest.mark.parametrize("width", [np.int32, np.int64])
def test_null_adds_nothing_and_an_unknown_group_is_no_group(width):
    values = np.array([5, LEAST[width], 7, 9], width)
    assert totals(contribution(), units(0, 0, 0, 0), units(0, 0, -1, 1), values) == [5]


def test_floats_are_quantized_half_away_from_zero_and_nan_is_null():
    values = np.array([0.125, -0.125, 0.13, np.nan, 0.49999999999999994 / 4], np.float64)
    rule = contribution(100, 4, lower_steps=-50, upper_steps=50, numerator=1, denominator=4)
    assert totals(rule, units(0, 1, 2, 3, 4), None, values) == [4 * (1 - 1 + 1 + 0 + 0)]


@pytest.mark.parametrize(("value", "steps"), [(np.inf, 7), (-np.inf, -3), (1e308, 7), (-1e308, -3), (-0.0, 0)])
def test_infinities_are_clamped(value, steps):
    assert totals(contribution(lower_steps=-3, upper_steps=7), units(0), None, np.array([value])) == [steps]


def test_values_are_clamped_before_the_offset_is_taken_away():
    rule = contribution(lower_steps=0, upper_steps=10, offset_steps=4)
    assert totals(rule, units(0, 1), None, np.array([-100, 100], np.int64)) == [-4 + 6]


def test_a_unit_counts_once_in_a_group_when_units_are_counted():
    rule = contribution(100, 5, lower_steps=1, upper_steps=1, most_per_group=1)
    assert totals(rule, units(0, 0, 0, 3), units(0, 0, 1, 1), None, 2) == [5, 10]


def test_a_unit_may_go_on_in_the_next_batch():
    bounding = Bounding(1, [contribution(10)])
    for _ in range(5):
        bounding.add(units(4, 4), None, [None])
    bounding.add(units(), None, [None])
    bounding.add(units(4, 5), None, [None])
    assert bounding.finish().tolist() == [[10 + 1]]


@pytest.mark.parametrize("batches", [[(1, 2, 1)], [(3,), (2,)], [(0, -1)], [(-2,)]])
def test_a_unit_seen_twice_is_refused(batches):
    bounding = Bounding(1, [contribution()])
    with pytest.raises(UnitOrderBroken):
        for batch in batches:
            bounding.add(units(*batch), None, [None])


def part(*codes: int) -> Bounding:
    bounding = Bounding(1, [contribution()])
    bounding.add(units(*codes), None, [None])
    return bounding


def test_parts_add_up_and_empty_ones_do_not_matter():
    assert merged([part(), part(0, 1, 1), part(), part(2)]).tolist() == [[4]]
    assert merged([part(), part()]).tolist() == [[0]]


@pytest.mark.parametrize("cut", [((0, 1), (), (1, 2)), ((5,), (1,))])
def test_parts_that_share_a_unit_are_refused(cut):
    with pytest.raises(UnitOrderBroken):
        merged([part(*codes) for codes in cut])


@pytest.mark.parametrize("size", [3, 100])  # few groups are kept in another way than many
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_unit_moves_the_totals_by_more_than_the_norm(size, data):
    extreme = st.one_of(st.integers(-5, 5), st.sampled_from([2**31, -(2**31), 2**40, -(2**40), 2**30]))
    rows = data.draw(st.lists(st.tuples(st.integers(0, size - 1), extreme), min_size=1, max_size=8))
    grid = data.draw(st.sampled_from([1, 3, 1024]))
    rule = contribution(data.draw(st.one_of(st.integers(1, 50), st.integers(2**30 - 9, 2**30))), grid)
    groups, values = np.array([group for group, _ in rows], np.int32), np.array([value for _, value in rows], np.int64)
    codes = np.zeros(len(rows), np.int32)
    moved = totals(rule, codes, groups, values, size)
    assert sum(step * step for step in moved) <= rule.norm.l2_steps**2
    assert sum(map(abs, moved)) <= rule.norm.l1_steps(size)
    assert totals(rule, codes, groups[::-1].copy(), values[::-1].copy(), size) == moved


@pytest.mark.parametrize("size", [3, 100])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_short_and_long_units_add_up_however_they_are_cut_into_batches(size, data):
    row = st.tuples(st.integers(0, 4), st.integers(-1, size), st.integers(-4, 4))
    rows = sorted(data.draw(st.lists(row, max_size=30)), key=lambda each: each[0])
    codes, groups, values = (np.array([each[place] for each in rows], np.int32) for place in range(3))
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5))), len(rows)]
    rule = contribution(data.draw(st.integers(1, 200)), grid=16)
    bounding = Bounding(size, [rule, contribution(50, grid=16)])
    for first, last in pairwise(cuts):
        bounding.add(codes[first:last], groups[first:last], [values[first:last], None])
    apart = Bounding(size, [rule, contribution(50, grid=16)]), Bounding(size, [rule, contribution(50, grid=16)])
    for unit in range(5):
        mine = codes == unit
        apart[unit % 2].add(codes[mine], groups[mine], [values[mine].astype(np.int64), None])
    assert bounding.finish().tolist() == (apart[0].finish() + apart[1].finish()).tolist()


def test_clipping_loses_no_more_than_one_step_per_group():
    values = np.array([2**31 - 1, 3, 2**30, -(2**31) + 1, 12345], np.int64)
    steps = totals(contribution(2**30), np.zeros(5, np.int32), np.arange(5, dtype=np.int32), values, 5)
    norm = sum(int(value) ** 2 for value in values)
    for value, step in zip(values.tolist(), steps, strict=True):
        assert abs(step - value * 2**30 / isqrt(norm)) <= 1.01


def test_nothing_wraps_when_every_unit_is_extreme():
    size = 1000
    many = np.repeat(np.arange(200, dtype=np.int32), size)
    groups = np.tile(np.arange(size, dtype=np.int32), 200)
    values = np.full(many.size, SATURATED, np.int64)
    each = int(2**30 / size**0.5)
    assert totals(contribution(2**30), many, groups, values, size) == [200 * each] * size


@pytest.mark.parametrize(
    "facts",
    [
        {"lower_steps": 1, "upper_steps": 0},
        {"upper_steps": 2**53 + 1},
        {"offset_steps": -(2**60)},
        {"most_per_group": 0},
        {"most_per_group": 2**31},
        {"numerator": 0},
        {"denominator": 2**60},
    ],
)
def test_a_contribution_that_the_kernel_could_not_hold_is_refused(facts):
    with pytest.raises(ValueError, match=r"must|above"):
        contribution(**facts)


@pytest.mark.parametrize("groups", [0, 2**31])
def test_groups_are_bounded(groups):
    with pytest.raises(ValueError, match="groups"):
        Bounding(groups, [])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="length"):
        totals(contribution(), units(0, 1), units(0), None)
    with pytest.raises(ValueError, match="codes"):
        totals(contribution(), units(0, 1), None, None, 2)
