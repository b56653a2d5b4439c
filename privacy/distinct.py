"""COUNT(DISTINCT x) under a bound: units claim values, and what is claimed is counted.

Per group, units come in the order of their codes, and each claims values that it has and nobody claimed yet, least
first, up to its allowance. Counted is what was claimed; so each value counts once, and few values are missed as long as
somebody who has one has allowance left for it. numba enters here.

**Allowances.** A unit with d_g distinct values in group g may claim a_g = min(d_g, t) of them there, t the largest
integer with sum a_g^2 <= (l2_steps / grid)^2. They depend on the unit's own rows only, and on no order of groups.

**Sensitivity.** Add a unit with allowance a in a group: its count grows by 0..a. Proof. An allowance of a is a arrivals
of the same wish list; take one more arrival (the general case is one after another), in whatever place. Claimed sets
are equal before it. It adds nothing, and all goes on as before; or it claims v, and then the set with it is the set
without it plus one value, which stays so: let A and A + {v} be claimed when the next one arrives, with wish list S in
the same order in both worlds. Without it the first of S outside A is claimed. If that isn't v, it is also the first
outside A + {v}, and the sets differ by v still. If it is v, there the next of S outside A + {v} is claimed, v' say, or
none: then the sets differ by v', or no longer. So at the end they differ by one value at most. Removing mirrors it.
Hence over groups the counts move by a vector of integers in [0, a_g], of L2 norm at most l2_steps / grid.

**What the proof needs, and the kernel keeps:** a unit's wish list and the order of the others must not depend on
whether one unit is there. Units' codes are dense, but their order is that of the raw units. A value is a number that is
made of the value alone (a count of steps, `text_number`), never a code by order of discovery: one unit more would shift
those, and reorder everybody's wishes.

**What is lost:** values that only units without allowance left have, and all of a unit that is in more groups than
(l2_steps / grid)^2. The count errs downwards by that; it can't be shown.

**Time.** Neither the places in the table nor the sort of a unit's values can be made slow by whoever chooses values
(ATTACKS 22): places come of random bits, and the sort takes n log n in its worst case. Bits and places decide nothing
else.

Sources: Knop, Steinke, "Counting Distinct Elements Under Person-Level Differential Privacy", NeurIPS 2023 (bounding by
a matching, and its greedy form); Karp, Vazirani, Vazirani, "An Optimal Algorithm for On-line Bipartite Matching", STOC
1990 (one vertex more changes a greedy matching along one path); Patrascu, Thorup, "The Power of Simple Tabulation
Hashing", Journal of the ACM 2012 (places); Williams, "Algorithm 232: Heapsort", Communications of the ACM 1964.
"""

from hashlib import blake2b
from typing import Any

import numpy as np
from numba import boolean, int32, int64, types, uint64, void
from numpy.typing import NDArray

from privacy.bounding import _compiled, _read
from privacy.contributions import MOST_GROUPS, NULL_INT32, NULL_INT64, Values
from privacy.parts import Int64s, UnitOrderBroken
from privacy.units import ContributionNorm


def text_number(text: str) -> int:
    """A text as a number of 64 bits: two texts that share one count as one, which happens to one pair in 10^19.

    A hash that everybody knows serves: the number only has to be a function of the text, for the bound to hold.

    >>> text_number("Paris") == text_number("Paris"), text_number("Paris") == text_number("paris")
    (True, False)
    """
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big", signed=True)


class Claims:
    """Claimed values per group, fed by batches of rows in the order of their units.

    What a unit may claim depends on all before it, so unlike other sums these can't be made of parts.

    >>> claims = Claims(1, ContributionNorm(2, 1))
    >>> claims.add(np.array([0, 0, 0, 1], np.int32), None, np.array([7, 8, 9, 7], np.int64))
    >>> claims.finish()
    array([2])
    """

    def __init__(self, groups: int, norm: ContributionNorm) -> None:
        if not 1 <= groups <= MOST_GROUPS:
            raise ValueError("there must be between 1 and 2^31 - 1 groups")
        self._grid = norm.grid
        most = norm.l2_steps // norm.grid
        self._rule = np.array([most, norm.l2_steps * norm.l2_steps // (norm.grid * norm.grid)], np.int64)
        self._counts = np.zeros(groups, np.int64)
        self._held = np.zeros(0, np.int32), np.zeros(0, np.int64)  # groups and values of the current unit's rows
        self._table = np.full(64, -1, np.int32), np.zeros(64, np.int64)  # groups (-1: free) and values that are claimed
        # A word for every value of each of 12 bytes, the group's and the value's: where claims lie in the table.
        self._words = np.random.default_rng().integers(0, 2**64, (12, 256), np.uint64)
        self._state = np.array([-1, 0, 0], np.int64)  # the current unit; how many rows it holds; how many claims

    def add(self, units: NDArray[np.int32], groups: NDArray[np.int32] | None, values: Values) -> None:
        """Fold a batch of rows in. A unit may go on in the next batch.

        `groups` is None when there is one group; a code outside [0, groups) belongs to none. `values` are numbers that
        stand for values: int32 or int64 with their smallest value for NULL, or float64 with NaN for NULL.

        Raises UnitOrderBroken if a unit's code is below the one before it.
        """
        lengths = {units.size, values.size, *(() if groups is None else (groups.size,))}
        if len(lengths) != 1 or (groups is None and self._counts.size != 1):
            raise ValueError("the columns of a batch must be of one length, and several groups need codes")
        codes = np.zeros(units.size, np.int32) if groups is None else groups
        self._make_room(units.size)
        if not _fold(units, codes, _numbers(values), self._rule, *self._kept()):
            raise UnitOrderBroken("rows are not in the order of their units")

    def finish(self) -> Int64s:
        """The claims per group, in grid steps. Nothing may be added afterwards."""
        _close(self._rule, *self._kept())
        return self._counts * self._grid

    def _kept(self) -> tuple[Any, ...]:
        return *self._held, *self._table, self._words, self._counts, self._state

    def _make_room(self, rows: int) -> None:
        """Room for what a batch may hold and claim; the table stays half empty, or finding a place would take long."""
        _, held, claimed = self._state.tolist()
        if self._held[0].size < held + rows:
            longer = 2 * (held + rows)
            self._held = _longer(self._held[0], longer), _longer(self._held[1], longer)
        wanted = 2 * (claimed + held + rows)
        if self._table[0].size < wanted:
            size = 1 << (2 * wanted).bit_length()
            table = np.full(size, -1, np.int32), np.zeros(size, np.int64)
            _move(*self._table, *table, self._words)
            self._table = table


def _longer(column: NDArray[Any], size: int) -> NDArray[Any]:
    longer = np.zeros(size, column.dtype)
    longer[: column.size] = column
    return longer


def _numbers(values: Values) -> Int64s:
    """What stands for a value, in 64 bits. Of a float these are its own bits, and of both zeros those of 0.0."""
    if values.dtype == np.float64:
        return np.where(np.isnan(values), NULL_INT64, (values + 0.0).view(np.int64))
    if values.dtype == np.int32:
        return np.where(values == NULL_INT32, NULL_INT64, values.astype(np.int64))
    return values.astype(np.int64, copy=False)


# --- the compiled part: explicit signatures, so that nothing is compiled while a query waits. Coverage can't see it;
# the plain-Python twin in dp_queries.backends.tallies checks it to the last integer.

_WORDS = types.Array(types.uint64, 2, "C")

# The rule (most, square), the unit's groups and values, the table's groups and values, words, counts, state.
_KEPT = (int64[::1], int32[::1], int64[::1], int32[::1], int64[::1], _WORDS, int64[::1], int64[::1])


@_compiled(inline="always")
def _claim(group, value, table_groups, table_values, words):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Claim a value in a group; whether nobody had. Open addressing under simple tabulation hashing."""
    bits, slot = uint64(value), uint64(0)
    for byte in range(8):
        slot ^= words[byte, bits & uint64(255)]
        bits >>= uint64(8)
    bits = uint64(group)
    for byte in range(8, 12):
        slot ^= words[byte, bits & uint64(255)]
        bits >>= uint64(8)
    mask = uint64(table_groups.size - 1)
    slot &= mask
    while table_groups[slot] >= 0:
        if table_groups[slot] == group and table_values[slot] == value:
            return False
        slot = (slot + uint64(1)) & mask
    table_groups[slot] = group
    table_values[slot] = value
    return True


@_compiled(void(int32[::1], int64[::1], int32[::1], int64[::1], _WORDS))
def _move(groups, values, table_groups, table_values, words):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Claims from one table to another."""
    for i in range(groups.size):
        if groups[i] >= 0:
            _claim(groups[i], values[i], table_groups, table_values, words)


@_compiled(inline="always")
def _sink(groups, values, at, size):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Let the pair at a place of the heap of `size` pairs sink below all that are greater."""
    group, value, child = groups[at], values[at], 2 * at + 1
    while child < size:
        if child + 1 < size and (
            groups[child + 1] > groups[child]
            or (groups[child + 1] == groups[child] and values[child + 1] > values[child])
        ):
            child += 1
        if groups[child] < group or (groups[child] == group and values[child] <= value):
            break
        groups[at], values[at] = groups[child], values[child]
        at, child = child, 2 * child + 1
    groups[at], values[at] = group, value


@_compiled(int64(int32[::1], int64[::1], int64))
def _sorted_pairs(groups, values, held):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Bring the unit's pairs in order, each once; how many are left. A heap's sort: in place, and never quadratic."""
    for at in range(held // 2 - 1, -1, -1):
        _sink(groups, values, at, held)
    for last in range(held - 1, 0, -1):
        groups[0], groups[last] = groups[last], groups[0]
        values[0], values[last] = values[last], values[0]
        _sink(groups, values, 0, last)
    left = 0
    for i in range(held):
        if left == 0 or groups[i] != groups[left - 1] or values[i] != values[left - 1]:
            groups[left], values[left] = groups[i], values[i]
            left += 1
    return left


@_compiled(boolean(int32[::1], int64, int64, int64))
def _fits(groups, pairs, most, square):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Whether the squares of min(d_g, most) over the groups of sorted pairs add to `square` at most; never wraps."""
    length, first = int64(0), 0
    for i in range(1, pairs + 1):
        if i == pairs or groups[i] != groups[first]:
            length += min(i - first, most) * min(i - first, most)
            first = i
            if length > square:
                return False
    return True


@_compiled(void(*_KEPT))
def _close(rule, groups, values, table_groups, table_values, words, counts, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Let the current unit claim, and forget it."""
    pairs = _sorted_pairs(groups, values, state[1])
    low, high = int64(0), min(rule[0], pairs) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(groups, pairs, middle, rule[1]):
            low = middle
        else:
            high = middle
    left = low
    for i in range(pairs):
        if i > 0 and groups[i] != groups[i - 1]:
            left = low
        if left > 0 and _claim(groups[i], values[i], table_groups, table_values, words):
            counts[groups[i]] += 1
            state[2] += 1
            left -= 1
    state[1] = 0


@_compiled(boolean(_read(int32), _read(int32), _read(int64), *_KEPT))
def _fold(units, keys, numbers, rule, groups, values, table_groups, table_values, words, counts, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fold rows in; False if units are out of order.

    A unit with no more rows than the norm may claim all it has, whatever their groups, and does so at once.
    """
    size = units.size
    first = 0
    while first < size:
        unit = int64(units[first])
        if unit < state[0]:
            return False
        if unit != state[0]:
            _close(rule, groups, values, table_groups, table_values, words, counts, state)
            state[0] = unit
        after = first + 1
        while after < size and units[after] == unit:
            after += 1
        is_short = after < size and state[1] == 0 and after - first <= rule[0]
        for i in range(first, after):
            if not uint64(int64(keys[i])) < uint64(counts.size) or numbers[i] == NULL_INT64:
                continue
            if is_short:
                if _claim(keys[i], numbers[i], table_groups, table_values, words):
                    counts[keys[i]] += 1
                    state[2] += 1
                continue
            groups[state[1]] = keys[i]
            values[state[1]] = numbers[i]
            state[1] += 1
        first = after
    return True
