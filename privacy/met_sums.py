"""The kernel of private keys that are read once: sums over all groups that are met, and what selection weighs first.

Which groups appear is decided after the rows were read, so a unit's vector is clipped over all groups that it is in, by
every norm of a ladder, and the sums of groups that are not shown are dropped unseen. That is as private as clipping
over the shown groups alone: some entries of a vector are never longer than the whole, so whichever groups were shown,
by noisy values alone, one unit moves their totals by no more than the norm; and noise is added to nothing else.

The histogram of norms is of whole vectors too, so a unit is counted once, whatever is shown (`ladder_sums`).

The same visit to a unit's groups adds its weight for the first round of selection: what a unit touched is its set. Of a
unit that is in more groups than count, some must be left out by chance: then sets are weighed, not this
(`unit_sets.SetsOnDemand`).

Codes are met in the order of rows, and groups may grow from batch to batch. To the last integer, sums and histograms
are those of `ladder_sums.Ladders`, and weights those of `unit_sets.UnitSets`. numba enters here.

Source: as in `bounding` and `selection`; an adaptive choice of what is asked next: Dwork, Rothblum, Vadhan, "Boosting
and Differential Privacy", FOCS 2010; for zCDP: Bun, Steinke, TCC 2016, Lemma 2.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numba import boolean, int32, int64, types, uint32, uint64, void

from privacy.bounding import _compiled, _read, _Vector
from privacy.contributions import Contribution, Values
from privacy.ladder import Ladder
from privacy.ladder_sums import _KEPT as _CLIMB, _climb
from privacy.parts import Int32s, Int64s, Part, UnitOrderBroken


@dataclass(frozen=True)
class MetTotals:
    """What was summed and weighed of all units, by group code. Nothing here is private yet.

    `totals` has a row of groups per rung, one measure after the other; `histograms` say per measure how many units need
    which rung. `weighed` is None where a unit is in more groups than count.
    """

    totals: Int64s
    histograms: list[list[int]]
    weighed: Int64s | None


class MetSums(Part):
    """Sums over discovered groups, fed with batches of rows in unit order. One measure at least.

    `weights[n]` is what a unit with n groups adds to each of them in the first round of selection.

    >>> from privacy.units import ContributionNorm
    >>> ladder = Ladder((ContributionNorm(2, 1), ContributionNorm(4, 1)), 0)
    >>> one = MetSums(np.array([0, 9, 4]), [Contribution(0, 9, 0, 99, ladder.norms[0])], [ladder])
    >>> one.add(np.array([3, 3, 5], np.int32), np.array([0, 1, 1], np.int32), 2, [np.array([1, 1, 3], np.int32)])
    >>> joined_sums([one], [np.arange(2, dtype=np.int32)], 2)
    MetTotals(totals=array([[1, 3],
           [1, 4]]), histograms=[[1, 1, 0]], weighed=array([ 4, 13]))
    """

    def __init__(self, weights: Int64s, contributions: Sequence[Contribution], ladders: Sequence[Ladder]) -> None:
        if not contributions:
            raise ValueError("where nothing is summed, sets are enough")
        super().__init__()
        pairs = enumerate(zip(contributions, ladders, strict=True))
        # The first measure weighs for all: they touch the same groups.
        self._vectors = [_Met(weights * (place == 0), *pair) for place, pair in pairs]

    def add(self, units: Int32s, codes: Int32s, groups: int, values: Sequence[Values | None]) -> None:
        """Take a batch of rows, all in groups below `groups`. A unit may go on in the next batch.

        Values are those of `Bounding`. Raises UnitOrderBroken if a unit's code is below the one before it, or below 0.
        """
        if not units.size:
            return
        self._note(units)
        for vector, column in zip(self._vectors, values, strict=True):
            vector.make_room(groups)
            vector.add(units, codes, column)

    def finish(self) -> Int64s:
        """The totals by this part's codes, of shape (rungs of all measures, groups)."""
        return np.concatenate([vector.finish() for vector in self._vectors])

    def histograms(self) -> list[list[int]]:
        """Per measure, how many units need which rung, after `finish`."""
        return [vector.counts.tolist() for vector in self._vectors]

    def weighed(self) -> Int64s | None:
        """The weights, after `finish`; None if a unit is in more groups than count."""
        return self._vectors[0].weighed()


def joined_sums(parts: Sequence[MetSums], maps: Sequence[Int32s], groups: int) -> MetTotals:
    """The totals of parts that hold disjoint ranges of units, in order; maps[p] turns codes of part p into common ones.

    Raises UnitOrderBroken if two parts share a unit, or are out of order.
    """
    held = [(part, codes) for part, codes in zip(parts, maps, strict=True) if part.has_units] or [(parts[0], maps[0])]
    if not all(after.follows(before) for (before, _), (after, _) in pairwise(held)):
        raise UnitOrderBroken("two parts share a unit, or are out of order")
    totals = [_renamed(part.finish(), codes, groups) for part, codes in held]
    weights = [part.weighed() for part, _ in held]
    known = [
        _renamed(mine[np.newaxis], codes, groups)[0]
        for mine, (_, codes) in zip(weights, held, strict=True)
        if mine is not None
    ]
    histograms = zip(*(part.histograms() for part, _ in held), strict=True)
    return MetTotals(
        np.sum(totals, axis=0, dtype=np.int64),
        [[sum(entries) for entries in zip(*each, strict=True)] for each in histograms],
        np.array(known).sum(axis=0) if len(known) == len(held) else None,
    )


def _renamed(totals: Int64s, codes: Int32s, groups: int) -> Int64s:
    """Columns by common codes; a part's codes are all different there."""
    found = np.zeros((len(totals), groups), np.int64)
    found[:, codes] = totals[:, : codes.size]
    return found


class _Met(_Vector):
    """One measure: the current unit's sums, and what is added up per group.

    `_often` holds the weights, and in steps of the value the totals of units that no norm clips: most are so short, and
    what they reach for stays in the processor's nearest cache. Row k of `_steps` holds what the others add to the
    totals of rung k and not to those of rung k - 1, in grid steps, as in `ladder_sums`.
    """

    def __init__(self, weights: Int64s, contribution: Contribution, ladder: Ladder) -> None:
        super().__init__(0, replace(contribution, norm=ladder.norms[0]))
        squares = [norm.l2_steps * norm.l2_steps // (norm.grid * norm.grid) for norm in ladder.norms]
        self._rungs = np.array([[norm.l2_steps for norm in ladder.norms], squares], dtype=np.int64)
        self._factors = np.zeros(len(ladder.norms), np.float64)
        self._weights = weights
        self._often = np.zeros((0, 2), np.int64)
        self._steps = np.zeros((len(ladder.norms), 0), np.int64)
        # The current unit; how many groups it touched; the sum of its absolute amounts; the square of its vector;
        # whether any unit was in more groups than have a weight.
        self._state = np.array([-1, 0, 0, 0, 0], np.int64)
        self.counts = np.zeros(len(ladder.norms) + 1, np.int64)

    def make_room(self, groups: int) -> None:
        """Space for so many groups, and as many again, so that it is seldom made."""
        more = 2 * groups - self._sums.size
        if groups > self._sums.size:
            self._sums, self._marks, self._touched = (
                np.concatenate([kept, np.zeros(more, kept.dtype)]) for kept in (self._sums, self._marks, self._touched)
            )
            self._often = np.concatenate([self._often, np.zeros((more, 2), np.int64)])
            self._steps = np.concatenate([self._steps, np.zeros((len(self._steps), more), np.int64)], axis=1)

    def finish(self) -> Int64s:
        if self._state[0] >= 0:
            _leave(self._rule, *self._kept())
        self._steps[0] += self._often[:, 1] * self._rule[5]
        self._often[:, 1] = 0
        totals: Int64s = np.cumsum(self._steps, axis=0)
        return totals

    def weighed(self) -> Int64s | None:
        return None if self._state[4] else self._often[:, 0]

    def _fold(self, units: Int32s, groups: Int32s | None, amounts: Int32s | None) -> bool:
        return bool(_fold_met(units, groups, amounts, self._rule, *self._kept()))

    def _kept(self) -> tuple[Any, ...]:
        vector = self._sums, self._touched, self._marks, self._state
        return *vector, self._rungs, self._factors, self._steps, self.counts, self._weights, self._often


# --- the compiled part: explicit signatures, so that nothing is compiled while a query waits. Coverage can't see it;
# Ladders, UnitSets and the twin in the tests check it to the last integer.

_KEPT = (*_CLIMB, _read(int64), int64[:, ::1])


@_compiled(void(*_KEPT))
def _leave(rule, sums, touched, marks, state, rungs, factors, steps, counts, weights, often):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Weigh the current unit's groups, add its clipped vector to the totals, and forget it."""
    if state[1] >= weights.size:
        state[4] = 1
    else:
        for i in range(state[1]):
            often[touched[i], 0] += weights[state[1]]
    _climb(rule, sums, touched, marks, rungs, factors, steps, counts, state[1])
    state[0] = -1


@_compiled([boolean(_read(int32), _read(int32), amounts, *_KEPT) for amounts in (types.none, int32[::1])])
def _fold_met(units, codes, amounts, rule, sums, touched, marks, state, rungs, factors, steps, counts, weights, often):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fold rows in; without amounts each adds 1. False if units are out of order.

    The square of a unit's vector is kept as rows come, modulo 2^64, so that a short unit's groups are visited once. If
    its absolute amounts add up to no more than a group may hold, no sum is cut off, and the square didn't wrap.

    What most units and all rows take is written out: arrays that go into inlined functions are counted by reference,
    which took more than all the rest.
    """
    size, groups, most, lowest = uint64(units.size), uint64(sums.size), rule[3], uint64(rungs[1, 0])
    reach = uint64(weights.size)
    current, count, length, square = int32(state[0]), uint64(state[1]), state[2], uint64(state[3])
    if size and units[0] < max(current, 0):
        return False
    for place in range(size):
        i = uint64(place)
        unit = units[i]
        if unit != current:
            if unit < current:
                return False
            if length <= most and square <= lowest and count < reach:
                weight = weights[count]
                for j in range(count):
                    group = uint64(uint32(touched[uint64(j)]))
                    often[group, uint64(0)] += weight
                    often[group, uint64(1)] += sums[group]
                    sums[group] = 0
                    marks[group] = 0
                counts[0] += current >= 0
            else:
                state[1] = int64(count)
                _leave(rule, sums, touched, marks, state, rungs, factors, steps, counts, weights, often)
            current, count, length, square = unit, uint64(0), int64(0), uint64(0)
        group = uint64(uint32(codes[i]))
        if group < groups:
            amount = int64(1) if amounts is None else int64(amounts[i])
            before = sums[group]
            sums[group] = before + amount
            length += abs(amount)
            square += uint64(amount * (2 * before + amount))
            touched[count] = group
            count += uint64(1 - marks[group])
            marks[group] = 1
    state[0], state[1], state[2], state[3] = current, int64(count), length, int64(square)
    return True
