"""Which groups each unit is in, as sets: what partition selection weighs, instead of rows.

Rows come in unit order, with group codes that may grow from batch to batch; a unit's rows in one group count once.
Codes are given in the order in which groups are met, which is private: they go nowhere but to other arrays of codes.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numba import boolean, int32, int64, types, void
from numpy.typing import NDArray

from privacy.group_codes import MOST_GROUPS, Int32s, Int64s, compiled, grown, read_only
from privacy.parts import UnitOrderBroken


class UnitSets:
    """The groups of every unit, one unit after the other; `firsts[u]` is where unit u's begin, then the end.

    Made by `joined`, which sees to it that all codes lie in [0, groups).
    """

    def __init__(self, groups: int, members: Int32s, firsts: Int64s) -> None:
        self.groups = groups
        self._members = members
        self._firsts = firsts
        self._largest = int(np.diff(firsts).max(initial=0))

    def limited(self, most: int, generator: np.random.Generator) -> "UnitSets":
        """The same with `most` groups of each unit that has more.

        Which ones depends on a random rank of every group, never on codes or on other units' rows: for given ranks,
        what remains of a unit is a function of its own rows. Ranks drawn now, for the groups that were met, are as good
        as ranks drawn beforehand for every key that could be: any k of those are in random order too.
        """
        if self._largest <= most:
            return self
        members, firsts = self._members.copy(), self._firsts.copy()
        _limit(members, firsts, generator.permutation(self.groups), most)
        return UnitSets(self.groups, members[: firsts[-1]], firsts)

    def totals(self, weights: Int64s, open_groups: NDArray[np.bool_]) -> Int64s:
        """Sums per group, where a unit with n open groups adds weights[n] to each of them."""
        if weights.size <= self._largest or open_groups.size != self.groups:
            raise ValueError("every number of groups needs a weight, and every group a flag")
        totals = np.zeros(self.groups, np.int64)
        _weigh(self._members, self._firsts, weights, open_groups, totals)
        return totals


class SetsOnDemand:
    """Sets that are collected when they are asked for; what they weigh while all groups are open may be known before.

    `weighed` is what `weights` add up to, where no unit has more groups than these reach: there is nothing to limit
    then. Without it everything is told by the sets, which are collected once and limited once.
    """

    def __init__(
        self, groups: int, collect: Callable[[], UnitSets], weights: Int64s, weighed: Int64s | None = None
    ) -> None:
        self.groups = groups
        self.collected = cache(collect)
        self._weights = weights
        self._weighed = weighed

    def limited(self, most: int, generator: np.random.Generator) -> "SetsOnDemand":
        """The same with `most` groups of each unit that has more."""
        weighed = self._weighed if self._weights.size <= most + 1 else None
        return SetsOnDemand(self.groups, lambda: self.collected().limited(most, generator), self._weights, weighed)

    def totals(self, weights: Int64s, open_groups: NDArray[np.bool_]) -> Int64s:
        """Sums per group, where a unit with n open groups adds weights[n] to each of them."""
        if self._weighed is not None and open_groups.all() and np.array_equal(weights, self._weights):
            return self._weighed
        return self.collected().totals(weights, open_groups)


class UnitSetsBuilder:
    """Collects sets from batches of rows in unit order.

    >>> one = UnitSetsBuilder()
    >>> one.add(np.array([3, 3, 3, 5], np.int32), np.array([0, 1, 0, 1], np.int32), groups=2)
    >>> joined([one], [np.arange(2, dtype=np.int32)], 2).totals(np.array([0, 9, 4]), np.ones(2, np.bool_))
    array([ 4, 13])
    """

    def __init__(self) -> None:
        self._members = np.empty(0, np.int32)
        self._firsts = np.empty(1, np.int64)
        self._stamps = np.empty(0, np.int32)  # the unit that was last seen in a group: units come one after the other
        self._state = np.array([-1, 0, 0], np.int64)  # the current unit; how many units began; how many members
        self._first_unit: int | None = None

    def add(self, units: Int32s, codes: Int32s, groups: int) -> None:
        """Take a batch of rows. A unit may go on in the next batch. A code outside [0, groups) belongs to no group.

        Raises UnitOrderBroken if a unit's code is below the one before it, or below 0.
        """
        if units.size != codes.size or groups > MOST_GROUPS:
            raise ValueError("the columns of a batch must be of one length, and groups below 2^31")
        if not units.size:
            return
        if self._first_unit is None:
            self._first_unit = int(units[0])
        self._members = grown(self._members, int(self._state[2]) + units.size)
        self._firsts = grown(self._firsts, int(self._state[1]) + units.size + 1)
        known, self._stamps = self._stamps.size, grown(self._stamps, groups)
        self._stamps[known:] = -1
        if not _collect(units, codes, self._members, self._firsts, self._stamps[:groups], self._state):
            raise UnitOrderBroken("rows are not in the order of their units")

    def sets(self) -> tuple[Int32s, Int64s]:
        """Members, and where each unit's begin, with the end behind the last."""
        _, units, members = self._state.tolist()
        self._firsts[units] = members
        return self._members[:members], self._firsts[: units + 1]

    def follows(self, before: "UnitSetsBuilder") -> bool:
        """Whether all units of this part come after all units of the part `before`."""
        return self._first_unit is None or self._first_unit > int(before._state[0])


def joined(parts: Sequence[UnitSetsBuilder], maps: Sequence[Int32s], groups: int) -> UnitSets:
    """The sets of parts that hold disjoint ranges of units, in order; maps[p] turns codes of part p into common ones.

    Raises UnitOrderBroken if two parts share a unit, or are out of order.
    """
    pairs = [(part, codes) for part, codes in zip(parts, maps, strict=True) if part._first_unit is not None]
    if not all(after.follows(before) for (before, _), (after, _) in pairwise(pairs)):
        raise UnitOrderBroken("two parts share a unit, or are out of order")
    held = [(*part.sets(), codes) for part, codes in pairs]
    members = np.empty(sum(mine.size for mine, _, _ in held), np.int32)
    firsts, end = [np.zeros(1, np.int64)], 0
    for mine, starts, codes in held:
        if not _rename(mine, codes, groups, members[end : end + mine.size]):
            raise ValueError("a code is that of no group")
        firsts.append(starts[1:] + end)
        end += mine.size
    return UnitSets(groups, members, np.concatenate(firsts))


# --- the compiled part: explicit signatures, so that nothing is compiled while a query waits. Coverage can't see it;
# tests hold it against sets in plain Python.


@compiled(boolean(read_only(int32), read_only(int32), int32[::1], int64[::1], int32[::1], int64[::1]))
def _collect(units, codes, members, firsts, stamps, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Append each unit's groups, each once; False if units are out of order."""
    current, began, count = state[0], state[1], state[2]
    for i in range(units.size):
        unit, code = int64(units[i]), int64(codes[i])
        if unit < current or unit < 0:
            return False
        if unit != current:
            firsts[began] = count
            began += 1
            current = unit
        if 0 <= code < stamps.size and stamps[code] != unit:
            stamps[code] = unit
            members[count] = code
            count += 1
    state[0], state[1], state[2] = current, began, count
    return True


@compiled(boolean(int32[::1], read_only(int32), int64, int32[::1]))
def _rename(members, codes, groups, renamed):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write the common codes of a part's members; False if one has none."""
    for i in range(members.size):
        if members[i] >= codes.size:
            return False
        code = codes[members[i]]
        if not 0 <= code < groups:
            return False
        renamed[i] = code
    return True


@compiled(void(int32[::1], int64[::1], int64[::1], int64))
def _limit(members, firsts, ranks, most):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Of each unit with more than `most` groups keep those of the least ranks; close up, in place."""
    kept = int64(0)
    first = firsts[0]
    for unit in range(firsts.size - 1):
        after = firsts[unit + 1]
        mine = members[first:after].copy()
        if mine.size > most:
            mine = mine[np.argsort(ranks[mine])[:most]]
        firsts[unit] = kept
        for i in range(mine.size):
            members[kept] = mine[i]
            kept += 1
        first = after
    firsts[firsts.size - 1] = kept


@compiled(void(int32[::1], int64[::1], int64[::1], types.boolean[::1], int64[::1]))
def _weigh(members, firsts, weights, open_groups, totals):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Add each unit's weight to its open groups."""
    for unit in range(firsts.size - 1):
        count = int64(0)
        for i in range(firsts[unit], firsts[unit + 1]):
            count += open_groups[members[i]]
        weight = weights[count]
        for i in range(firsts[unit], firsts[unit + 1]):
            if open_groups[members[i]]:
                totals[members[i]] += weight
