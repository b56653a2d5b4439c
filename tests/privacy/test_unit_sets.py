"""Sets of groups agree with plain Python sets; no unit moves the sums by more than its norm."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.parts import UnitOrderBroken
from privacy.unit_sets import SetsOnDemand, UnitSets, UnitSetsBuilder, joined

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 9)), max_size=60).map(sorted)
WEIGHTS = np.array([0, *(1000 // count for count in range(1, 12))], np.int64)


def generator() -> np.random.Generator:
    return np.random.default_rng(20_260_102)


def arrays(rows):
    return np.array([unit for unit, _ in rows], np.int32), np.array([group for _, group in rows], np.int32)


def built(rows, cuts=()) -> UnitSetsBuilder:
    """A builder fed in batches, told of no more groups than have been met."""
    builder, known = UnitSetsBuilder(), 0
    for first, after in pairwise([0, *sorted(cuts), len(rows)]):
        part = rows[first:after]
        known = max([known, *(group + 1 for _, group in part)])
        builder.add(*arrays(part), known)
    return builder


def whole(rows, groups=10) -> UnitSets:
    return joined([built(rows)], [np.arange(groups, dtype=np.int32)], groups)


def by_hand(rows, open_groups, groups=10):
    """The twin: sums in plain Python."""
    sets: dict[int, set[int]] = {}
    for unit, group in rows:
        if group >= 0 and open_groups[group]:
            sets.setdefault(unit, set()).add(group)
    return [sum(int(WEIGHTS[len(held)]) for held in sets.values() if group in held) for group in range(groups)]


@given(ROWS, st.lists(st.booleans(), min_size=10, max_size=10), st.data())
@settings(max_examples=200, deadline=None)
def test_sums_are_those_of_plain_sets_however_rows_are_cut(rows, open_groups, data):
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=4))
    sets = joined([built(rows, cuts)], [np.arange(10, dtype=np.int32)], 10)
    assert sets.totals(WEIGHTS, np.array(open_groups)).tolist() == by_hand(rows, open_groups)


@given(ROWS, st.integers(0, 7), st.permutations(range(10)))
@settings(max_examples=100, deadline=None)
def test_parts_with_codes_of_their_own_are_joined(rows, cut, renamed):
    mine, theirs = [row for row in rows if row[0] < cut], [row for row in rows if row[0] >= cut]
    own = [(unit, renamed[group] if group >= 0 else -1) for unit, group in theirs]
    back = np.argsort(np.array(renamed)).astype(np.int32)
    sets = joined([built(mine), built([]), built(own)], [np.arange(10, dtype=np.int32), back, back], 10)
    assert sets.totals(WEIGHTS, np.ones(10, np.bool_)).tolist() == by_hand(rows, [True] * 10)


@given(ROWS, st.lists(st.integers(0, 9), min_size=1), st.lists(st.booleans(), min_size=10, max_size=10))
@settings(max_examples=100, deadline=None)
def test_one_unit_adds_equal_weights_to_its_open_groups_and_nothing_else(rows, mine, open_groups):
    flags = np.array(open_groups)
    without, with_it = (whole(each).totals(WEIGHTS, flags) for each in (rows, rows + [(7, group) for group in mine]))
    held = [group for group in sorted(set(mine)) if open_groups[group]]
    moved = np.zeros(10, np.int64)
    moved[held] = WEIGHTS[len(held)]
    assert np.array_equal(with_it - without, moved)


@given(ROWS, st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_a_unit_with_too_many_groups_keeps_some_of_its_own(rows, most):
    ones = np.ones(12, np.int64)
    everyone = np.ones(10, np.bool_)
    for unit in range(7):
        own = [row for row in rows if row[0] == unit]
        kept = whole(own).limited(most, generator()).totals(ones, everyone)
        full = whole(own).totals(ones, everyone)
        assert np.all(kept <= full)
        assert kept.sum() == min(most, full.sum())
    limited = whole(rows).limited(most, generator()).totals(ones, everyone)
    assert limited.sum() == sum(min(most, len({g for u, g in rows if u == unit and g >= 0})) for unit in range(7))


def test_what_a_unit_keeps_does_not_depend_on_other_units():
    big = [(3, group) for group in range(10)]
    ones, everyone = np.ones(12, np.int64), np.ones(10, np.bool_)
    alone = whole(big).limited(4, generator()).totals(ones, everyone)
    others = [(unit, group) for unit in (0, 1) for group in range(3)]
    after = [(8, group) for group in range(2)]
    among = whole(others + big + after).limited(4, generator()).totals(ones, everyone)
    assert np.array_equal(among - whole(others + after).totals(ones, everyone), alone)


def test_every_group_is_kept_equally_often():
    sets, random = whole([(0, group) for group in range(10)]), generator()
    kept = sum(sets.limited(3, random).totals(np.ones(12, np.int64), np.ones(10, np.bool_)) for _ in range(3000))
    assert np.all(np.abs(kept - 900) < 7 * (900 * 0.7) ** 0.5)


@pytest.mark.parametrize("units", [[1, 0], [2, 2, 1], [-1]])
def test_units_out_of_order_are_refused(units):
    with pytest.raises(UnitOrderBroken):
        built([(unit, 0) for unit in units])


@pytest.mark.parametrize("cut", [([0, 1], [], [1, 2]), ([5], [1])])
def test_parts_that_share_a_unit_are_refused(cut):
    parts = [built([(unit, 0) for unit in units]) for units in cut]
    with pytest.raises(UnitOrderBroken):
        joined(parts, [np.zeros(1, np.int32)] * len(parts), 1)


def test_arrays_that_the_loops_would_leave_are_refused():
    with pytest.raises(ValueError, match="length"):
        UnitSetsBuilder().add(np.zeros(2, np.int32), np.zeros(1, np.int32), 1)
    with pytest.raises(ValueError, match="below"):
        UnitSetsBuilder().add(np.zeros(1, np.int32), np.zeros(1, np.int32), 2**31)
    for codes in ([0, 1, 2, 3], [0, 1, 2, -1], [0, 1, 2]):
        with pytest.raises(ValueError, match="no group"):
            joined([built([(0, 3)])], [np.array(codes, np.int32)], 3)
    sets = whole([(0, 1), (0, 2)])
    with pytest.raises(ValueError, match="weight"):
        sets.totals(np.zeros(2, np.int64), np.ones(10, np.bool_))
    with pytest.raises(ValueError, match="flag"):
        sets.totals(WEIGHTS, np.ones(9, np.bool_))


def test_a_code_of_a_group_that_is_not_announced_counts_nowhere():
    builder = UnitSetsBuilder()
    builder.add(np.zeros(3, np.int32), np.array([0, 1, 2], np.int32), 2)
    assert builder.sets()[0].tolist() == [0, 1]


@pytest.mark.parametrize("is_weighed", [True, False])
def test_sets_on_demand_say_what_sets_say_and_are_collected_once_if_at_all(is_weighed):
    rows = [(0, 0), (0, 1), (1, 1), (2, 9)]
    sets, asked = whole(rows), []
    everyone, some = np.ones(10, np.bool_), np.arange(10) < 2
    weighed = sets.totals(WEIGHTS, everyone) if is_weighed else None
    lazy = SetsOnDemand(10, lambda: asked.append(1) or sets, WEIGHTS, weighed)
    reach = lazy.limited(WEIGHTS.size - 1, generator())
    for held in (lazy, reach):
        assert held.totals(WEIGHTS, everyone).tolist() == by_hand(rows, [True] * 10)
    assert len(asked) == (0 if is_weighed else 1)
    for held in (lazy, reach):
        assert held.totals(WEIGHTS, some).tolist() == by_hand(rows, some.tolist())
        assert held.totals(2 * WEIGHTS, everyone).tolist() == [2 * each for each in by_hand(rows, [True] * 10)]
    assert len(asked) == 1
    # A unit that must leave a group out: what was weighed says nothing any more.
    limited = lazy.limited(1, generator())
    assert limited.totals(WEIGHTS, everyone).sum() == 3 * WEIGHTS[1]
