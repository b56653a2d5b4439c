"""The kernel: rows in unit order become clipped integer sums per group.

A compiled loop folds each unit's rows into one exact integer vector over the groups, clips that vector by its L2 norm,
and adds it to the totals. So under add-or-remove of all rows of one unit the totals move by at most `norm.l2_steps`
in L2, whatever the rows hold; noise is calibrated to that and to nothing else. numba enters here.

Unit codes delimit units inside the kernel and go nowhere else.

Source: clipping a unit's whole contribution by its norm: Abadi et al., "Deep Learning with Differential Privacy", CCS
2016, Section 3.1; on an integer grid, checked after rounding: Kairouz, Liu, Steinke, "The Distributed Discrete Gaussian
Mechanism", ICML 2021, Section 4; why rounding must be inside the check: Casacuberta et al., CCS 2022, Section 5.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numba import boolean, float64, int8, int32, int64, njit, types, uint64, void
from numpy.typing import NDArray

from privacy.contributions import MOST_GROUPS, NULL_INT32, NULL_INT64, SATURATED, Contribution, Values
from privacy.parts import Int32s, Int64s, Part, UnitOrderBroken

# By which factor a vector that is still too long after rounding is made shorter, as often as it takes. Rounding errs by
# a few units of 2^-53, so once is enough, and costs nothing that could be seen.
_SHRINK = 1.0 - 2.0**-40


class Bounding(Part):
    """Totals of several measures over the groups, fed by batches of rows in unit order.

    >>> from privacy.units import ContributionNorm
    >>> one = Bounding(2, [Contribution(0, 100, 0, SATURATED, ContributionNorm(5, 1))])
    >>> one.add(np.array([0, 0, 1], np.int32), np.array([0, 1, 0], np.int32), [np.array([3, 4, 9], np.int32)])
    >>> one.finish()
    array([[8, 4]])
    """

    def __init__(self, groups: int, contributions: Sequence[Contribution]) -> None:
        if not 1 <= groups <= MOST_GROUPS:
            raise ValueError("there must be between 1 and 2^31 - 1 groups")
        super().__init__()
        self.groups = groups
        self._vectors = [_Vector(groups, contribution) for contribution in contributions]

    def add(self, units: NDArray[np.int32], groups: NDArray[np.int32] | None, values: Sequence[Values | None]) -> None:
        """Fold a batch of rows in. A unit may go on in the next batch.

        `groups` is None when there is one group; a code outside [0, groups) belongs to none. `values` holds per measure
        None (each row counts 1), int32 or int64 steps with their smallest value for NULL, or float64 with NaN for NULL.

        Raises UnitOrderBroken if a unit's code is below the one before it.
        """
        if units.size == 0:
            return
        self._note(units)
        for vector, column in zip(self._vectors, values, strict=True):
            vector.add(units, groups, column)

    def finish(self) -> Int64s:
        """The totals, of shape (measures, groups), in grid steps. Nothing may be added afterwards."""
        return np.array([vector.finish() for vector in self._vectors], dtype=np.int64).reshape(-1, self.groups)


class _Vector:
    """One measure: the current unit's sums, and the totals.

    `touched` lists the groups that the current unit has rows in, if it has a vector. Where groups are few it lists all
    of them for good, which spares the rows the list's upkeep; a sum of zero adds nothing.
    """

    def __init__(self, groups: int, contribution: Contribution) -> None:
        self._rule = contribution.integers()
        self._granularity = (float(contribution.numerator), float(contribution.denominator))
        self._sums = np.zeros(groups, np.int64)
        self._touched = np.arange(groups + 1, dtype=np.int32)  # one more: the list is written before it grows
        self._marks = np.zeros(groups, np.int8)
        self._totals = np.zeros(groups, np.int64)
        self._state = np.array([-1, 0], np.int64)  # the current unit; how many touched
        self._amounts = np.zeros(0, np.int32)

    def add(self, units: NDArray[np.int32], groups: NDArray[np.int32] | None, values: Values | None) -> None:
        lengths = {units.size, *(column.size for column in (groups, values) if column is not None)}
        if len(lengths) != 1 or (groups is None and self._totals.size != 1):
            raise ValueError("the columns of a batch must be of one length, and several groups need codes")
        if not self._fold(units, groups, None if values is None else self._weighed(values)):
            raise UnitOrderBroken("rows are not in the order of their units")

    def finish(self) -> Int64s:
        _close(self._rule, *self._kept())
        return self._totals

    def _fold(self, units: Int32s, groups: Int32s | None, amounts: Int32s | None) -> bool:
        """Fold rows in; False if units are out of order."""
        return bool(_fold(units, groups, amounts, self._rule, *self._kept()))

    def _kept(self) -> tuple[Any, ...]:
        return self._sums, self._touched, self._marks, self._totals, self._state

    def _weighed(self, values: Values) -> Int32s:
        """What each row adds, in memory that every batch uses again."""
        if self._amounts.size < values.size:
            self._amounts = np.empty(values.size, np.int32)
        amounts = self._amounts[: values.size]
        if values.dtype == np.float64:
            _weigh_floats(values.astype(np.float64, copy=False), *self._granularity, self._rule, amounts)
        else:
            _weigh(values, self._rule, amounts)
        return amounts


# --- the compiled part: explicit signatures, so that nothing is compiled while a query waits. Coverage can't see it;
# the plain-Python twin in dp_queries.backends.reference checks it to the last integer.

_FEW = 32


def _read(element: types.Type) -> types.Array:
    """A column of a batch: Arrow's buffers are read-only."""
    return types.Array(element, 1, "C", readonly=True)


_KEPT = (int64[::1], int64[::1], int32[::1], int8[::1], int64[::1], int64[::1])  # rule, then what a vector keeps
_compiled = partial(njit, cache=True, nogil=True, error_model="numpy")


@_compiled([void(_read(whole), int64[::1], int32[::1]) for whole in (int32, int64)])
def _weigh(values, rule, amounts):  # type: ignore[no-untyped-def]  # pragma: no cover
    """What rows with steps add: clamped, the offset taken away, cut off. NULL, the type's smallest value, adds nothing.

    Clamping and cutting off are one: bounds that lie beyond what a row may add are moved there.
    """
    offset = rule[2]
    lower = min(max(rule[0], offset - SATURATED), offset + SATURATED)
    upper = min(max(rule[1], offset - SATURATED), offset + SATURATED)
    null = int64(NULL_INT32 if values.itemsize == 4 else NULL_INT64)
    for i in range(values.size):
        value = int64(values[i])
        amount = min(max(value, lower), upper) - offset
        amounts[i] = int32(0 if value == null else amount)


@_compiled(void(_read(float64), float64, float64, int64[::1], int32[::1]))
def _weigh_floats(values, numerator, denominator, rule, amounts):  # type: ignore[no-untyped-def]  # pragma: no cover
    """What rows with floats add: value * denominator / numerator, clamped, rounded half away. NaN adds nothing."""
    lower, upper, offset = rule[0], rule[1], rule[2]
    for i in range(values.size):
        steps = values[i] * denominator / numerator
        if steps != steps:
            amounts[i] = 0
            continue
        steps = min(max(steps, float64(lower)), float64(upper))
        whole = np.floor(abs(steps))
        value = int64(whole) + (1 if abs(steps) - whole >= 0.5 else 0)
        amounts[i] = int32(min(max((value if steps >= 0.0 else -value) - offset, -SATURATED), SATURATED))


@_compiled(inline="always")
def _square(most, sums, touched, count):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The square of the norm of the current unit's sums, exactly, in two limbs of 32 bits: high and low.

    So a float that is made of it does not depend on the order of rows.
    """
    low = uint64(0)
    high = uint64(0)
    for i in range(count):
        value = min(max(sums[touched[i]], -most), most)
        term = uint64(value * value)
        low += term & uint64(0xFFFFFFFF)
        high += term >> uint64(32)
    return high + (low >> uint64(32)), low & uint64(0xFFFFFFFF)


@_compiled(inline="always")
def _is_within(high, low, square):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Whether a square in two limbs is at most `square`."""
    return high < uint64(1 << 30) and int64((high << uint64(32)) | low) <= square


@_compiled(inline="always")
def _factor(most, l2_steps, high, low, sums, touched, count):  # type: ignore[no-untyped-def]  # pragma: no cover
    """By what sums that are too long (their square is high and low) are multiplied to become `l2_steps` grid steps.

    After rounding, the square is checked in integers and the factor made smaller until it holds: each term is at most
    l2_steps^2 <= 2^60 and the loop stops above that, so nothing wraps.
    """
    factor = float64(l2_steps) / np.sqrt(float64(high) * 4294967296.0 + float64(low))
    while True:
        length = int64(0)
        for i in range(count):
            value = min(max(sums[touched[i]], -most), most)
            step = min(abs(int64(float64(value) * factor)), l2_steps)
            length += step * step
            if length > l2_steps * l2_steps:
                break
        if length <= l2_steps * l2_steps:
            return factor
        factor *= _SHRINK


@_compiled(inline="always")
def _scale(rule, sums, touched, count):  # type: ignore[no-untyped-def]  # pragma: no cover
    """By what the current unit's sums are multiplied to become grid steps: the grid, or less if they are too long."""
    high, low = _square(rule[3], sums, touched, count)
    if _is_within(high, low, rule[6]):
        return float64(rule[5])
    return _factor(rule[3], rule[4], high, low, sums, touched, count)


@_compiled(inline="always")
def _clip(rule, sums, touched, marks, totals, count):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Clip the current unit's vector, add it to the totals, and forget it."""
    most, l2_steps, grid = rule[3], rule[4], rule[5]
    factor = _scale(rule, sums, touched, count)
    is_whole = factor == float64(grid)  # then products are below 2^53 and the same in integers, which are faster
    for i in range(count):
        group = touched[i]
        value = min(max(sums[group], -most), most)
        step = value * grid if is_whole else int64(float64(value) * factor)
        totals[group] += min(max(step, -l2_steps), l2_steps)
        sums[group] = 0
        marks[group] = 0


@_compiled(void(*_KEPT))
def _close(rule, sums, touched, marks, totals, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Clip the last unit's vector and add it to the totals."""
    _clip(rule, sums, touched, marks, totals, state[1])


@_compiled(inline="always")
def _amount(amounts, i):  # type: ignore[no-untyped-def]  # pragma: no cover
    """What row i adds: 1 without a column."""
    return int64(1) if amounts is None else int64(amounts[i])


@_compiled(inline="always")
def _group(keys, i):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The group of row i as an unsigned number, so that one comparison finds what is in none."""
    return uint64(0) if keys is None else uint64(int64(keys[i]))


@_compiled(inline="always")
def _take_back(keys, amounts, grid, totals, first, after):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Take rows that were added as they are out of the totals again."""
    groups = uint64(totals.size)
    for i in range(first, after):
        group = _group(keys, i)
        if group < groups:
            totals[group] -= _amount(amounts, i) * grid


@_compiled(inline="always")
def _fold_rows(units, keys, amounts, sums, touched, marks, first, count):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fold a unit's rows into its vector; the row after them, and how many groups are touched.

    Sums are of amounts below 2^31, and of fewer than 2^32 rows; should they wrap, the clipping after it still bounds.
    """
    size, groups, unit = uint64(units.size), uint64(sums.size), units[first]
    few = sums.size <= _FEW
    while first < size and units[first] == unit:
        group = _group(keys, first)
        if group < groups:
            sums[group] += _amount(amounts, first)
            if not few:
                touched[count] = group
                count += 1 - marks[group]
                marks[group] = 1
        first += uint64(1)
    return first, sums.size if few else count


@_compiled(
    [
        boolean(_read(int32), keys, amounts, *_KEPT)
        for keys in (types.none, _read(int32))
        for amounts in (types.none, int32[::1])
    ]
)
def _fold(units, keys, amounts, rule, sums, touched, marks, totals, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fold rows in; without keys all are in group 0, without amounts each adds 1. False if units are out of order.

    Most units are far below the norm: while the sum of a unit's absolute amounts is, so are its vector and each of its
    entries, and its rows go to the totals as they are. The others, and the last unit of a batch, which may go on in
    the next one, are taken back and folded into a vector of their own.
    """
    size, groups = uint64(units.size), uint64(totals.size)
    grid, harmless = rule[5], min(rule[3], rule[4] // rule[5])
    current, count = state[0], state[1]
    first = uint64(0)
    while first < size:
        unit = int64(units[first])
        if unit < current:
            return False
        if unit != current:
            if count:
                _clip(rule, sums, touched, marks, totals, count)
            current, count = unit, int64(0)
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
                first = after
                continue
            _take_back(keys, amounts, grid, totals, first, after)
        first, count = _fold_rows(units, keys, amounts, sums, touched, marks, first, count)
    state[0], state[1] = current, count
    return True
