"""Columns of a batch as kernels take them: NULL told by a value of its own, groups by the places of their keys.

One compiled pass each over what the engine gives, where numpy would take several. numba enters here.

A bitmap says which values are there, as Arrow spells it: bit i % 8 of byte i // 8, from the lowest on, is set where row
i has a value (Apache Arrow, Columnar Format 1.5, "Validity bitmaps").
"""

from typing import TypeVar

import numpy as np
from numba import boolean, int32, int64, uint8, void
from numpy.typing import NDArray

from privacy.contributions import NO_GROUP
from privacy.group_codes import Int32s, compiled, read_only

Number = TypeVar("Number", np.int32, np.int64, np.float64)
Whole = NDArray[np.uint8] | NDArray[np.int32] | NDArray[np.int64]
Bitmap = NDArray[np.uint8]


def without_nulls(values: NDArray[Number], bitmap: Bitmap, null: Number) -> NDArray[Number]:
    """The values, with `null` where the bitmap has none.

    >>> without_nulls(np.array([7, 8, 9], np.int32), np.array([0b101], np.uint8), np.int32(-1))
    array([ 7, -1,  9], dtype=int32)
    """
    if values.size > 8 * bitmap.size:
        raise ValueError("the bitmap is too short")
    filled = values.copy()
    wide = filled.view(np.int64) if filled.dtype == np.float64 else filled  # a float is written as its bits
    _fill(bitmap, np.asarray(null).view(wide.dtype)[()], wide)
    return filled


def places(values: Whole, first: int, table: Int32s, *, is_run: bool) -> Int32s:
    """`table[value - first]` of each value, and NO_GROUP for one beyond the table; of a run, which is 0, 1, 2 ..., that
    is the difference itself.

    >>> places(np.array([7, 9, 2**40], np.int64), 7, np.array([1, -1, 0], np.int32), is_run=False)
    array([ 1,  0, -1], dtype=int32)
    """
    found, table = np.empty(values.size, np.int32), table[: 2**63 - first]  # beyond, the difference would wrap
    _look_up(values, first, table, is_run, found)
    return found


def joined(codes: Int32s, more: Int32s, size: int) -> Int32s:
    """The mixed-radix number of two columns of places, the second below `size`; NO_GROUP where either has none.

    >>> joined(np.array([1, -1, 1], np.int32), np.array([2, 0, -1], np.int32), 5)
    array([ 7, -1, -1], dtype=int32)
    """
    if codes.size != more.size:
        raise ValueError("the columns of a batch must be of one length")
    both = np.empty(codes.size, np.int32)
    _join(codes, more, size, both)
    return both


# --- the compiled part: explicit signatures, so that nothing is compiled while a query waits. Coverage can't see it;
# tests hold it against plain Python.


@compiled([void(read_only(uint8), kind, kind[::1]) for kind in (int32, int64)])
def _fill(bitmap, null, filled):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write `null` where the bitmap has no value; most bytes of it have all eight."""
    for byte in range((filled.size + 7) // 8):
        if bitmap[byte] != 255:
            for i in range(8 * byte, min(8 * byte + 8, filled.size)):
                if not (bitmap[byte] >> (i & 7)) & 1:
                    filled[i] = null


@compiled([void(read_only(kind), int64, read_only(int32), boolean, int32[::1]) for kind in (uint8, int32, int64)])
def _look_up(values, first, table, is_run, found):  # type: ignore[no-untyped-def]  # pragma: no cover
    """What the table has at each value's distance from the first; of a run that is the distance, and costs no look."""
    size = int64(table.size)
    if is_run:
        for i in range(values.size):
            place = int64(values[i]) - first
            found[i] = place if 0 <= place < size else NO_GROUP
    else:
        for i in range(values.size):
            place = int64(values[i]) - first
            found[i] = table[place] if 0 <= place < size else NO_GROUP


@compiled(void(read_only(int32), read_only(int32), int64, int32[::1]))
def _join(codes, more, size, both):  # type: ignore[no-untyped-def]  # pragma: no cover
    """codes * size + more, where both are places."""
    for i in range(codes.size):
        both[i] = codes[i] * size + more[i] if codes[i] >= 0 and more[i] >= 0 else NO_GROUP
