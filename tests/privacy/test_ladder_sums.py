from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.bounding import Bounding
from privacy.contributions import SATURATED, Contribution
from privacy.ladder import Ladder
from privacy.ladder_sums import Ladders, merged_histograms
from privacy.parts import UnitOrderBroken, merged
from privacy.units import ContributionNorm

EXTREME = st.one_of(st.integers(-5, 5), st.sampled_from([2**31, -(2**31), 2**40, -(2**40), 2**30]))


def ladder(*l2_steps: int, grid: int = 1) -> Ladder:
    return Ladder(tuple(ContributionNorm(steps, grid) for steps in l2_steps), 0)


def contribution(norm: ContributionNorm, most_per_group: int = SATURATED) -> Contribution:
    return Contribution(-(2**40), 2**40, 0, most_per_group, norm)


def fed(kernel, rows, cuts=()):
    """The kernel after it got (unit, group, value) rows, in batches that end at `cuts`."""
    codes, groups = (np.array([row[place] for row in rows], np.int32) for place in (0, 1))
    values = np.array([row[2] for row in rows], np.int64)
    for first, last in pairwise([0, *sorted(cuts), len(rows)]):
        kernel.add(codes[first:last], groups[first:last], [values[first:last]])
    return kernel


def climbed(rows, rungs, size, cuts=()):
    return fed(Ladders(size, [contribution(rungs.norms[0])], [rungs]), rows, cuts)


def twin_rung(rows, unit, rungs, size):
    """In plain Python: the lowest rung that the unit's vector fits under."""
    sums = {}
    for code, group, value in rows:
        if code == unit and 0 <= group < size:
            sums[group] = sums.get(group, 0) + min(max(value, -SATURATED), SATURATED)
    square = sum(min(abs(value), SATURATED) ** 2 for value in sums.values())
    fits = [square * norm.grid**2 <= norm.l2_steps**2 for norm in rungs.norms]
    return fits.index(True) if any(fits) else len(fits)


@st.composite
def worlds(draw):
    size = draw(st.sampled_from([1, 3, 100]))  # few groups are kept in another way than many
    row = st.tuples(st.integers(0, 5), st.integers(-1, size), EXTREME)
    rows = sorted(draw(st.lists(row, min_size=1, max_size=30)), key=lambda each: each[0])
    steps = draw(st.sets(st.one_of(st.integers(1, 60), st.integers(2**30 - 9, 2**30)), min_size=1, max_size=6))
    cuts = draw(st.lists(st.integers(0, len(rows)), max_size=5))
    return size, rows, ladder(*sorted(steps), grid=draw(st.sampled_from([1, 3, 1024]))), cuts


@settings(max_examples=150, deadline=None)
@given(world=worlds())
def test_every_rung_gives_what_bounding_gives_however_rows_are_cut_into_batches(world):
    size, rows, rungs, cuts = world
    expected = [fed(Bounding(size, [contribution(norm)]), rows).finish()[0].tolist() for norm in rungs.norms]
    assert climbed(rows, rungs, size, cuts).finish().tolist() == expected


@settings(max_examples=150, deadline=None)
@given(world=worlds())
def test_the_histogram_counts_each_unit_once_at_the_rung_it_needs(world):
    size, rows, rungs, cuts = world
    kernel = climbed(rows, rungs, size, cuts)
    kernel.finish()
    needed = [twin_rung(rows, unit, rungs, size) for unit in {row[0] for row in rows}]
    assert kernel.histograms() == [[needed.count(rung) for rung in range(len(rungs.norms) + 1)]]


@settings(max_examples=150, deadline=None)
@given(world=worlds(), mine=st.lists(st.tuples(st.integers(-1, 100), EXTREME), min_size=1, max_size=20))
def test_one_unit_moves_one_entry_by_one_and_each_rung_by_its_norm(world, mine):
    size, rows, rungs, cuts = world
    without = climbed(rows, rungs, size, cuts)
    more = climbed([*rows, *((9, group, value) for group, value in mine)], rungs, size, cuts)
    moved = more.finish() - without.finish()
    for norm, steps in zip(rungs.norms, moved.tolist(), strict=True):
        assert sum(step * step for step in steps) <= norm.l2_steps**2
    entries = [after - before for after, before in zip(more.histograms()[0], without.histograms()[0], strict=True)]
    assert sorted(entries) == [0] * len(rungs.norms) + [1]


def test_several_measures_climb_their_own_ladders():
    short, tall = ladder(2, 4), ladder(1, 3, 9)
    kernel = Ladders(1, [contribution(short.norms[0]), contribution(tall.norms[0], 1)], [short, tall])
    kernel.add(np.array([0, 1, 1, 1], np.int32), None, [None, None])
    assert kernel.finish().tolist() == [[3], [4], [2], [2], [2]]
    assert kernel.histograms() == [[1, 1, 0], [2, 0, 0, 0]]


def test_floats_are_quantized_first():
    rule = Contribution(-50, 50, 0, SATURATED, ContributionNorm(4, 1), 1, 4)
    kernel = Ladders(1, [rule], [ladder(4, 8)])
    kernel.add(np.array([0, 1, 2], np.int32), None, [np.array([1.25, np.nan, -0.125])])
    assert kernel.finish().tolist() == [[4 - 1], [5 - 1]]
    assert kernel.histograms() == [[2, 1, 0]]


def test_parts_add_up_and_empty_ones_do_not_matter():
    rungs = ladder(2, 4)
    parts = [climbed(rows, rungs, 1) for rows in ([], [(0, 0, 3), (1, 0, 1)], [], [(2, 0, 9)])]
    assert merged(parts).tolist() == [[2 + 1 + 2], [3 + 1 + 4]]
    assert merged_histograms(parts) == [[1, 1, 1]]


def test_nothing_is_counted_without_measures_or_rows():
    assert Ladders(4, [], []).finish().shape == (0, 4)
    nothing = climbed([], ladder(2, 4), 3)
    assert nothing.finish().tolist() == [[0] * 3] * 2
    assert nothing.histograms() == [[0, 0, 0]]


@pytest.mark.parametrize("batches", [[(1, 2, 1)], [(3,), (2,)], [(0, -1)]])
def test_a_unit_seen_twice_is_refused(batches):
    rungs = ladder(2, 4)
    kernel = Ladders(1, [contribution(rungs.norms[0])], [rungs])
    with pytest.raises(UnitOrderBroken):
        for batch in batches:
            kernel.add(np.array(batch, np.int32), None, [None])


def test_nothing_wraps_when_every_unit_is_extreme():
    size, rungs = 1000, ladder(2**20, 2**30)
    rows = [(unit, group, SATURATED) for unit in range(50) for group in range(size)]
    each = [int(norm.l2_steps / size**0.5) for norm in rungs.norms]
    assert climbed(rows, rungs, size).finish().tolist() == [[50 * step] * size for step in each]
