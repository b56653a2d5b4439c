"""The kernel of clipping norms that are still to be chosen: a measure's totals under each of a ladder of norms.

One pass over the rows gives, per measure, the clipped totals for every rung of its ladder, each to the last integer
what `bounding.Bounding` gives for that norm, and a histogram: how many units need which rung. Nothing of it is private
yet; `norm_choice` says which totals may be released, and why. numba enters here.

Every unit is rounded and clipped anew for each rung. Cheaper would be to keep sums of normalized vectors and to scale
them afterwards, but then rounding would come before the scale, and the bound would have to be argued, not checked.

Source: as in `bounding` and `ladder`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numba import boolean, float64, int8, int32, int64, types, uint64, void

from privacy.bounding import (
    Bounding,
    _amount,
    _compiled,
    _factor,
    _fold_rows,
    _group,
    _is_within,
    _read,
    _square,
    _take_back,
    _Vector,
)
from privacy.contributions import Contribution
from privacy.ladder import Ladder
from privacy.parts import Int32s, Int64s


class Ladders(Bounding):
    """Totals of several measures under each norm of their ladders, fed like `Bounding`; `merged` adds parts.

    >>> from privacy.units import ContributionNorm
    >>> ladder = Ladder((ContributionNorm(2, 1), ContributionNorm(4, 1)), 0)
    >>> rows = Ladders(1, [Contribution(0, 1, 0, 9, ladder.norms[0])], [ladder])
    >>> rows.add(np.array([0, 1, 1, 1], np.int32), None, [None])
    >>> rows.finish().tolist(), rows.histograms()
    ([[3], [4]], [[1, 1, 0]])
    """

    def __init__(self, groups: int, contributions: Sequence[Contribution], ladders: Sequence[Ladder]) -> None:
        super().__init__(groups, ())
        climbers = zip(contributions, ladders, strict=True)
        self._climbers = [_Climber(groups, contribution, ladder) for contribution, ladder in climbers]
        self._vectors = list(self._climbers)

    def finish(self) -> Int64s:
        """The totals in grid steps, of shape (rungs of all measures, one measure after the other, groups)."""
        totals = [climber.finish() for climber in self._climbers]
        return np.concatenate([np.zeros((0, self.groups), np.int64), *totals])

    def histograms(self) -> list[list[int]]:
        """Per measure, how many units need which rung, after `finish`; the last entry counts those above the ladder.

        A unit is counted once, at the lowest rung that its unclipped vector fits under; so adding or removing one unit
        moves one entry by 1. Units are those that any row came of, be it NULL or in no group.
        """
        return [climber.counts.tolist() for climber in self._climbers]


def merged_histograms(parts: Sequence[Ladders]) -> list[list[int]]:
    """Histograms over parts that hold disjoint ranges of units; `parts.merged` has checked that they do."""
    per_measure = zip(*(part.histograms() for part in parts), strict=True)
    return [[sum(entries) for entries in zip(*histograms, strict=True)] for histograms in per_measure]


class _Climber(_Vector):
    """One measure under all norms of its ladder.

    Row k of `_steps` holds what the totals of rung k have more than those of rung k - 1: then a short vector, which no
    norm clips, is added once and not to every rung.
    """

    def __init__(self, groups: int, contribution: Contribution, ladder: Ladder) -> None:
        super().__init__(groups, replace(contribution, norm=ladder.norms[0]))
        squares = [norm.l2_steps * norm.l2_steps // (norm.grid * norm.grid) for norm in ladder.norms]
        self._rungs = np.array([[norm.l2_steps for norm in ladder.norms], squares], dtype=np.int64)
        self._factors = np.zeros(len(ladder.norms), np.float64)
        self._steps = np.zeros((len(ladder.norms), groups), np.int64)
        self._state = np.array([-1, 0, 0], np.int64)  # the current unit; how many touched; whether it is still open
        self.counts = np.zeros(len(ladder.norms) + 1, np.int64)

    def finish(self) -> Int64s:
        _close_climb(self._rule, *self._kept())
        totals: Int64s = np.cumsum(self._steps, axis=0)
        return totals

    def _fold(self, units: Int32s, groups: Int32s | None, amounts: Int32s | None) -> bool:
        return bool(_fold_climb(units, groups, amounts, self._rule, *self._kept()))

    def _kept(self) -> tuple[Any, ...]:
        vector = self._sums, self._touched, self._marks, self._state
        return *vector, self._rungs, self._factors, self._steps, self.counts


# --- the compiled part; Bounding, rung by rung, and the twin in the tests check it to the last integer.

_UNIT = (int64[::1], int32[::1], int8[::1], int64[::1])  # sums, touched, marks and state of the current unit
_LADDER = (int64[:, ::1], float64[::1], int64[:, ::1], int64[::1])  # rungs, factors, steps and counts
_KEPT = (int64[::1], *_UNIT, *_LADDER)  # the rule comes first


@_compiled(inline="always")
def _climb(rule, sums, touched, marks, rungs, factors, steps, counts, count):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Clip the current unit's vector by every norm that it exceeds, add it to the totals, count it, and forget it."""
    most, grid, size = rule[3], rule[5], rungs.shape[1]
    high, low = _square(most, sums, touched, count)
    rung = 0
    while rung < size and not _is_within(high, low, rungs[1, rung]):
        factors[rung] = _factor(most, rungs[0, rung], high, low, sums, touched, count)
        rung += 1
    counts[rung] += 1
    for i in range(count):
        group = touched[i]
        value = min(max(sums[group], -most), most)
        before = int64(0)
        for lower in range(rung):
            l2_steps = rungs[0, lower]
            step = min(max(int64(float64(value) * factors[lower]), -l2_steps), l2_steps)
            steps[lower, group] += step - before
            before = step
        if rung < size:
            steps[rung, group] += value * grid - before
        sums[group] = 0
        marks[group] = 0


@_compiled(void(*_KEPT))
def _close_climb(rule, sums, touched, marks, state, rungs, factors, steps, counts):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Clip the last unit's vector and add it to the totals."""
    if state[2]:
        _climb(rule, sums, touched, marks, rungs, factors, steps, counts, state[1])
        state[2] = 0


@_compiled(
    [
        boolean(_read(int32), keys, amounts, *_KEPT)
        for keys in (types.none, _read(int32))
        for amounts in (types.none, int32[::1])
    ]
)
def _fold_climb(units, keys, amounts, rule, sums, touched, marks, state, rungs, factors, steps, counts):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fold rows in, as `bounding._fold` does; units that stay below the lowest norm are counted and added as they are.

    A unit is open while its rows are in its vector. The last one of a batch always is, because it may go on.
    """
    size, groups = uint64(units.size), uint64(steps.shape[1])
    grid, harmless = rule[5], min(rule[3], rungs[0, 0] // rule[5])
    totals = steps[0]
    current, count, is_open = state[0], state[1], state[2]
    first = uint64(0)
    while first < size:
        unit = int64(units[first])
        if unit < current:
            return False
        if unit != current:
            if is_open:
                _climb(rule, sums, touched, marks, rungs, factors, steps, counts, count)
            current, count, is_open = unit, int64(0), int64(0)
            length = int64(0)
            after = first
            while after < size and units[after] == unit:
                amount = _amount(amounts, after)
                length += abs(amount)
                if length > harmless:
                    break
                group = _group(keys, after)
                if group < groups:
                    totals[group] += amount * grid
                after += uint64(1)
            if after < size and units[after] != unit:
                counts[0] += 1
                first = after
                continue
            _take_back(keys, amounts, grid, totals, first, after)
        first, count = _fold_rows(units, keys, amounts, sums, touched, marks, first, count)
        is_open = int64(1)
    state[0], state[1], state[2] = current, count, is_open
    return True
