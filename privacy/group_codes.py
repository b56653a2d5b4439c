"""Group codes that are discovered: key values -> dense numbers from 0, in the order in which values are met.

For group keys without a public domain. That order depends on rows, so codes are private and stay in here, in kernels
and in `selection`: what is released is ordered by key value. Values come as 64-bit integers (days, steps, codes of
texts); NULL is a value of its own. numba enters here.

The table is open addressing with linear probing under simple tabulation hashing, filled from random bits: expected
constant time whatever the values are, so none can be chosen that pile up (ATTACKS 22). Source: Patrascu, Thorup, "The
Power of Simple Tabulation Hashing", Journal of the ACM 2012.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
from numba import int32, int64, njit, types, uint64, void
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Flags = NDArray[np.bool_]
Column = tuple[Int64s, Flags | None]  # values, and where they are NULL

MOST_GROUPS: Final = 2**31 - 1
_WINDOW: Final = 2**16  # values around the first one are looked up without hashing: keys mostly lie close together
_FEWEST: Final = 64  # slots of an empty table; a power of two, as every number of slots


class TooManyGroups(Exception):
    """More distinct values than were planned for. That depends on rows: nobody who asks may be told."""


class Interner:
    """Codes of one column's values. `most` of them are always taken, twice as many never: a limit on memory.

    >>> one = Interner(np.random.default_rng())
    >>> one.codes(np.array([7, -1, 7, 0], np.int64), np.array([False, False, False, True])).tolist()
    [0, 1, 0, 2]
    >>> one.values
    [7, -1, None]
    """

    def __init__(self, generator: np.random.Generator, most: int = MOST_GROUPS) -> None:
        self._most = most
        self._tables = generator.integers(0, 2**64, (8, 256), np.uint64)
        self._slots = np.full(_FEWEST, -1, np.int32)
        self._known = np.zeros(_FEWEST, np.int64)
        self._window = np.full(_WINDOW, -1, np.int32)
        self._state = np.array([0, -1, 0], np.int64)  # how many codes; the code of NULL; the window's first value

    def __len__(self) -> int:
        return int(self._state[0])

    @property
    def values(self) -> list[int | None]:
        """The values by code."""
        values, nulls = self.column()
        return [None if is_null else value for value, is_null in zip(values.tolist(), nulls.tolist(), strict=True)]

    def column(self) -> tuple[Int64s, Flags]:
        """The values by code as a column, as `codes` takes it."""
        return self._known[: len(self)].copy(), np.arange(len(self)) == self._state[1]

    def codes(self, values: Int64s, nulls: Flags | None = None) -> Int32s:
        """The code of each row; what is met for the first time gets the next one. Raises TooManyGroups."""
        if nulls is not None and nulls.size != values.size:
            raise ValueError("a column's flags must be of its length")
        if not len(self) and values.size:
            self._state[2] = max(int(values[0]), -(2**62)) - _WINDOW // 2
        codes, done = np.empty(values.size, np.int32), 0
        while done < values.size:
            done = _intern(values, nulls, done, codes, *self._kept())
            if done < values.size:
                self._make_room()
        return codes

    def _make_room(self) -> None:
        """Twice the slots: the table is never more than half full."""
        if self._slots.size >= 2 * self._most:
            raise TooManyGroups("there are more distinct values than planned for")
        self._slots = np.full(2 * self._slots.size, -1, np.int32)
        self._known = grown(self._known, self._slots.size)
        _rehash(*self._kept())

    def _kept(self) -> tuple[Any, ...]:
        return self._tables, self._slots, self._known, self._window, self._state


class GroupCodes:
    """Codes of rows by one key or several: what is the same in each key is one group.

    >>> one = GroupCodes(2, np.random.default_rng())
    >>> first, second = np.array([5, 5, 6], np.int64), np.array([0, 1, 0], np.int64)
    >>> one.codes([(first, None), (second, None)]).tolist(), one.keys()
    ([0, 1, 2], [(5, 0), (5, 1), (6, 0)])
    """

    def __init__(self, keys: int, generator: np.random.Generator, most: int = MOST_GROUPS) -> None:
        if keys < 1:
            raise ValueError("groups need a key")
        self._keys = [Interner(generator, most) for _ in range(keys)]
        self._pairs = [Interner(generator, most) for _ in range(keys - 1)]

    def __len__(self) -> int:
        """How many groups were met."""
        return len(self._pairs[-1] if self._pairs else self._keys[0])

    def codes(self, columns: Sequence[Column]) -> Int32s:
        """The group of each row; `columns` holds one column a key, of one length."""
        if len(columns) != len(self._keys) or len({values.size for values, _ in columns}) != 1:
            raise ValueError("each key needs a column, all of one length")
        firsts, *others = (key.codes(*column) for key, column in zip(self._keys, columns, strict=True))
        for pair, codes in zip(self._pairs, others, strict=True):
            firsts = pair.codes(firsts.astype(np.int64) << 32 | codes)
        return firsts

    def columns(self) -> list[tuple[Int64s, Flags]]:
        """The keys of all groups by code: a column a key, as `codes` takes them."""
        codes, columns = np.arange(len(self), dtype=np.int64), []
        for key, pair in zip(reversed(self._keys[1:]), reversed(self._pairs), strict=True):
            both = pair.column()[0][codes]
            columns.append(_taken(key, both & 0xFFFFFFFF))
            codes = both >> 32
        return [_taken(self._keys[0], codes), *reversed(columns)]

    def keys(self) -> list[tuple[int | None, ...]]:
        """The keys of all groups by code, as tuples."""
        columns = self.columns()
        return list(zip(*(_listed(column) for column in columns), strict=True))

    def merge(self, other: "GroupCodes") -> Int32s:
        """Take in the groups of another; the code here of each of its codes."""
        return self.codes(other.columns())


def grown(array: NDArray[Number], size: int) -> NDArray[Number]:
    """The array if it has `size` entries, else a copy with twice as many or more. What new entries hold is not defined.

    So what grows from batch to batch is copied once on average, not once a batch.
    """
    if array.size >= size:
        return array
    larger = np.empty(max(size, 2 * array.size), array.dtype)
    larger[: array.size] = array
    return larger


def _taken(key: Interner, codes: Int64s) -> tuple[Int64s, Flags]:
    values, nulls = key.column()
    return values[codes], nulls[codes]


def _listed(column: tuple[Int64s, Flags]) -> list[int | None]:
    values, nulls = column
    return [None if is_null else value for value, is_null in zip(values.tolist(), nulls.tolist(), strict=True)]


# --- the compiled part: explicit signatures, so that nothing is compiled while a query waits. Coverage can't see it;
# property tests hold it against a dict.


def read_only(element: types.Type) -> types.Array:
    """A column of a batch: Arrow's buffers are read-only."""
    return types.Array(element, 1, "C", readonly=True)


compiled = partial(njit, cache=True, nogil=True, error_model="numpy")
_KEPT = (types.Array(types.uint64, 2, "C"), int32[::1], int64[::1], int32[::1], int64[::1])


@compiled(inline="always")
def _hash(value, tables):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Simple tabulation: one random word for each byte of the value, all of them xored."""
    bits = uint64(value)
    mixed = tables[0, bits & uint64(255)]
    for byte in range(1, 8):
        bits >>= uint64(8)
        mixed ^= tables[byte, bits & uint64(255)]
    return mixed


@compiled(
    [int64(read_only(int64), nulls, int64, int32[::1], *_KEPT) for nulls in (types.none, read_only(types.boolean))]
)
def _intern(values, nulls, first, codes, tables, slots, known, window, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write the codes of rows from `first` on; where the table ran full, or how many rows there are."""
    mask = uint64(slots.size - 1)
    count, lowest, width = state[0], uint64(state[2]), uint64(window.size)
    most = slots.size // 2
    for i in range(first, values.size):
        if nulls is not None and nulls[i]:
            if state[1] < 0:
                if count >= most:
                    state[0] = count
                    return i
                state[1] = count
                known[count] = 0
                count += 1
            codes[i] = state[1]
            continue
        value = values[i]
        place = uint64(value) - lowest  # wraps: what is below the window gets beyond it
        if place < width and window[place] >= 0:
            codes[i] = window[place]
            continue
        at = _hash(value, tables) & mask
        code = slots[at]
        while code >= 0 and known[code] != value:
            at = (at + uint64(1)) & mask
            code = slots[at]
        if code < 0:
            if count >= most:
                state[0] = count
                return i
            slots[at] = count
            known[count] = value
            code = count
            count += 1
        if place < width:
            window[place] = code
        codes[i] = code
    state[0] = count
    return values.size


@compiled(void(*_KEPT))
def _rehash(tables, slots, known, window, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Put all codes but that of NULL into empty slots."""
    mask = uint64(slots.size - 1)
    for code in range(state[0]):
        if code != state[1]:
            at = _hash(known[code], tables) & mask
            while slots[at] >= 0:
                at = (at + uint64(1)) & mask
            slots[at] = code
