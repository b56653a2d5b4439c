"""Sums over groups as they are met are those of `Ladders`, and weights those of `UnitSets`, to the last integer."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.contributions import SATURATED, Contribution
from privacy.ladder import Ladder
from privacy.ladder_sums import Ladders
from privacy.met_sums import MetSums, joined_sums
from privacy.parts import UnitOrderBroken
from privacy.unit_sets import UnitSetsBuilder, joined
from privacy.units import ContributionNorm

GROUPS = 9
WEIGHTS = np.array([0, *(1000 // count for count in range(1, GROUPS + 1))], np.int64)
EXTREME = st.one_of(st.integers(-5, 5), st.sampled_from([2**31, -(2**31), 2**40, -(2**40), 2**30, -(2**63)]))


def ladder(*l2_steps: int, grid: int = 1) -> Ladder:
    return Ladder(tuple(ContributionNorm(steps, grid) for steps in l2_steps), 0)


def contribution(rungs: Ladder, most_per_group: int = SATURATED) -> Contribution:
    return Contribution(-(2**40), 2**40, 0, most_per_group, rungs.norms[0])


def columns(rows):
    units, groups = (np.array([row[place] for row in rows], np.int32) for place in (0, 1))
    return units, groups, np.array([row[2] for row in rows], np.int64)


def met(rows, rungs, cuts=(), most_per_group=SATURATED, weights=WEIGHTS) -> MetSums:
    """The kernel fed in batches, told of no more groups than have been met."""
    kernel, known = MetSums(weights, [contribution(rungs, most_per_group)], [rungs]), 0
    for first, after in pairwise([0, *sorted(cuts), len(rows)]):
        units, groups, values = columns(rows[first:after])
        known = max([known, *(groups + 1).tolist()])
        kernel.add(units, groups, known, [values])
    return kernel


def summed(rows, rungs, **how):
    kernel = met(rows, rungs, **how)
    codes = np.arange(max([0, *(group + 1 for _, group, _ in rows)]), dtype=np.int32)
    return joined_sums([kernel], [codes], GROUPS)


def by_ladders(rows, rungs, most_per_group=SATURATED):
    kernel = Ladders(GROUPS, [contribution(rungs, most_per_group)], [rungs])
    units, groups, values = columns(rows)
    kernel.add(units, groups, [values])
    return kernel.finish().tolist(), kernel.histograms()


def by_sets(rows):
    builder = UnitSetsBuilder()
    units, groups, _ = columns(rows)
    builder.add(units, groups, GROUPS)
    sets = joined([builder], [np.arange(GROUPS, dtype=np.int32)], GROUPS)
    return sets.totals(WEIGHTS, np.ones(GROUPS, np.bool_)).tolist()


@st.composite
def worlds(draw):
    row = st.tuples(st.integers(0, 5), st.integers(0, GROUPS - 1), EXTREME)
    rows = sorted(draw(st.lists(row, max_size=40)), key=lambda each: each[0])
    steps = draw(st.sets(st.one_of(st.integers(1, 60), st.integers(2**30 - 9, 2**30)), min_size=1, max_size=6))
    cuts = draw(st.lists(st.integers(0, len(rows)), max_size=5))
    return rows, ladder(*sorted(steps), grid=draw(st.sampled_from([1, 3, 1024]))), cuts


@settings(max_examples=200, deadline=None)
@given(world=worlds(), most=st.sampled_from([1, 7, SATURATED]))
def test_it_gives_what_ladders_and_sets_give_however_rows_are_cut_into_batches(world, most):
    rows, rungs, cuts = world
    found = summed(rows, rungs, cuts=cuts, most_per_group=most)
    assert (found.totals.tolist(), found.histograms) == by_ladders(rows, rungs, most)
    assert found.weighed is not None
    assert found.weighed.tolist() == by_sets(rows)


@settings(max_examples=100, deadline=None)
@given(
    world=worlds(),
    mine=st.lists(st.tuples(st.integers(0, GROUPS - 1), EXTREME), min_size=1, max_size=20),
    shown=st.sets(st.integers(0, GROUPS - 1)),
)
def test_whichever_groups_are_shown_one_unit_moves_them_by_its_norm_and_one_entry_by_one(world, mine, shown):
    rows, rungs, cuts = world
    without = summed(rows, rungs, cuts=cuts)
    more = summed([*rows, *((9, group, value) for group, value in mine)], rungs, cuts=cuts)
    moved = (more.totals - without.totals)[:, sorted(shown)]
    for norm, steps in zip(rungs.norms, moved.tolist(), strict=True):
        assert sum(step * step for step in steps) <= norm.l2_steps**2
    entries = [after - before for after, before in zip(more.histograms[0], without.histograms[0], strict=True)]
    assert sorted(entries) == [0] * len(rungs.norms) + [1]
    own = {group for group, _ in mine}
    steps = [int(WEIGHTS[len(own)]) if group in own else 0 for group in range(GROUPS)]
    assert (more.weighed - without.weighed).tolist() == steps


@settings(max_examples=100, deadline=None)
@given(world=worlds(), cut=st.integers(0, 6), renamed=st.permutations(range(GROUPS)))
def test_parts_with_codes_of_their_own_are_joined(world, cut, renamed):
    rows, rungs, _ = world
    mine, theirs = [row for row in rows if row[0] < cut], [row for row in rows if row[0] >= cut]
    own = [(unit, renamed[group], value) for unit, group, value in theirs]
    back = np.argsort(np.array(renamed)).astype(np.int32)
    parts = [met(mine, rungs), met([], rungs), met(own, rungs)]
    known = [max([0, *(row[1] + 1 for row in held)]) for held in (mine, [], own)]
    found = joined_sums(parts, [np.arange(known[0], dtype=np.int32), back[:0], back[: known[2]]], GROUPS)
    assert (found.totals.tolist(), found.histograms) == by_ladders(rows, rungs)
    assert found.weighed.tolist() == by_sets(rows)


def test_a_unit_in_more_groups_than_count_leaves_the_weights_open():
    rows = [(unit, group, 1) for unit in range(3) for group in range(unit + 1)]
    rungs = ladder(1, 4)
    assert summed(rows, rungs, weights=WEIGHTS[:4]).weighed.tolist() == by_sets(rows)
    few = summed(rows, rungs, weights=WEIGHTS[:3])
    assert few.weighed is None
    assert (few.totals.tolist(), few.histograms) == by_ladders(rows, rungs)
    crowded, lonely = met([(5, group, 1) for group in range(3)], rungs, weights=WEIGHTS[:3]), met([(9, 0, 1)], rungs)
    codes = [np.arange(3, dtype=np.int32), np.arange(1, dtype=np.int32)]
    assert joined_sums([crowded, lonely], codes, 3).weighed is None


def test_several_measures_climb_their_own_ladders_and_weigh_once():
    short, tall = ladder(2, 4), ladder(1, 3, 9)
    kernel = MetSums(WEIGHTS, [contribution(short), contribution(tall, 1)], [short, tall])
    kernel.add(np.array([0, 1, 1, 1], np.int32), np.zeros(4, np.int32), 1, [None, None])
    found = joined_sums([kernel], [np.zeros(1, np.int32)], 1)
    assert found.totals.tolist() == [[3], [4], [2], [2], [2]]
    assert found.histograms == [[1, 1, 0], [2, 0, 0, 0]]
    assert found.weighed.tolist() == [2 * WEIGHTS[1]]


def test_floats_are_quantized_first():
    rungs = ladder(4, 8)
    kernel = MetSums(WEIGHTS, [Contribution(-50, 50, 0, SATURATED, rungs.norms[0], 1, 4)], [rungs])
    kernel.add(np.array([0, 1, 2], np.int32), np.zeros(3, np.int32), 1, [np.array([1.25, np.nan, -0.125])])
    found = joined_sums([kernel], [np.zeros(1, np.int32)], 1)
    assert (found.totals.tolist(), found.histograms) == ([[4 - 1], [5 - 1]], [[2, 1, 0]])


def test_nothing_is_met_without_rows():
    found = joined_sums([met([], ladder(2, 4))], [np.zeros(0, np.int32)], 0)
    assert (found.totals.shape, found.histograms, found.weighed.tolist()) == ((2, 0), [[0, 0, 0]], [])


def test_nothing_wraps_when_every_unit_is_extreme():
    rungs = ladder(2**20, 2**30)
    rows = [(unit, group, SATURATED) for unit in range(2000) for group in range(GROUPS)]
    each = [int(norm.l2_steps / GROUPS**0.5) for norm in rungs.norms]
    assert summed(rows, rungs).totals.tolist() == [[2000 * step] * GROUPS for step in each]


@pytest.mark.parametrize("batches", [[(1, 2, 1)], [(3,), (2,)], [(0, -1)], [(-1,)]])
def test_a_unit_seen_twice_is_refused(batches):
    kernel = MetSums(WEIGHTS, [contribution(ladder(2, 4))], [ladder(2, 4)])
    with pytest.raises(UnitOrderBroken):
        for batch in batches:
            kernel.add(np.array(batch, np.int32), np.zeros(len(batch), np.int32), 1, [None])


def test_parts_out_of_order_are_refused():
    rungs = ladder(2)
    with pytest.raises(UnitOrderBroken):
        joined_sums([met([(4, 0, 1)], rungs), met([(4, 0, 1)], rungs)], [np.zeros(1, np.int32)] * 2, 1)


def test_measures_and_columns_must_fit():
    with pytest.raises(ValueError, match="sets are enough"):
        MetSums(WEIGHTS, [], [])
    with pytest.raises(ValueError, match="one length"):
        MetSums(WEIGHTS, [contribution(ladder(2))], [ladder(2)]).add(
            np.zeros(2, np.int32), np.zeros(1, np.int32), 1, [None]
        )
