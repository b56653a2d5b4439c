"""The kernel of quantiles: rows in unit order become a histogram per group, in which no unit weighs more than its norm.

Every row of a unit gets the same integer weight (grid steps): the grid, or less for a unit with so many rows that the
vector of its weights per group would be longer than `norm.l2_steps` in L2. So under add-or-remove of all rows of one
unit a non-negative vector w with |w|_2 <= l2_steps bounds what happens: in group g the bins change by w_g in sum, all
up or all down. What is drawn from the histogram, and why that is private, is in `quantiles`. numba enters here.

Only a histogram leaves, whose size the plan fixes: its memory, and what is done with it afterwards, don't depend on
rows.

Source: as in `bounding`; weighting all rows of a unit alike instead of sampling from them keeps the quantiles of a unit
that is too long: its rows are scaled as one vector is in Abadi et al., CCS 2016, Section 3.1.
"""

from typing import Any

import numpy as np
from numba import boolean, float64, int32, int64, uint64, void
from numpy.typing import NDArray

from privacy.bounding import _compiled, _read
from privacy.contributions import NULL_INT32, NULL_INT64, Tally, Values
from privacy.parts import Int64s, Part, UnitOrderBroken

MOST_CELLS = 2**31 - 1
MOST_ROWS_OF_A_UNIT = 2**31 - 1  # squares of weights then fit in 62 bits; rows of a unit beyond that count for nothing


class Histogram(Part):
    """Weights of a column's rows by group and bin, fed by batches of rows in unit order; `parts.merged` adds parts.

    >>> from privacy.quantiles import Bins
    >>> from privacy.units import ContributionNorm
    >>> two = Histogram(1, Tally(Bins(0, 3, 2), ContributionNorm(8, 4)))
    >>> two.add(np.array([0, 1, 1, 1, 1], np.int32), None, np.array([9, 0, 1, 2, 3], np.int32))
    >>> two.finish()
    array([[4, 8]])
    """

    def __init__(self, groups: int, tally: Tally) -> None:
        cells = groups * tally.bins.count
        if groups < 1 or cells > MOST_CELLS:
            raise ValueError("there must be a group, and at most 2^31 - 1 bins in all")
        super().__init__()
        self._shape = (groups, tally.bins.count)
        self._tally = tally
        bins = tally.bins
        self._places = np.array([bins.lower_steps, bins.upper_steps, bins.width, bins.count, groups], np.int64)
        self._rule = np.array([tally.norm.l2_steps, tally.norm.grid, bins.count], np.int64)
        self._totals = np.zeros(cells, np.int64)
        # The current unit, where it can't be added at once: rows per cell and per group, and which of them are not 0.
        self._rows = np.zeros(cells, np.int64), np.zeros(groups, np.int64)
        self._touched = np.zeros(cells, np.int32), np.zeros(groups, np.int32)
        self._state = np.array([-1, 0, 0, 0], np.int64)  # the current unit; its rows; how many cells and groups touched
        self._cells = np.zeros(0, np.int32)
        self._steps = np.zeros(0, np.int64)

    def add(self, units: NDArray[np.int32], groups: NDArray[np.int32] | None, values: Values) -> None:
        """Fold a batch of rows in. A unit may go on in the next batch.

        `groups` is None when there is one group; a code outside [0, groups) belongs to none. `values` are int32 or
        int64 steps with their smallest value for NULL, or float64 with NaN for NULL.

        Raises UnitOrderBroken if a unit's code is below the one before it.
        """
        lengths = {units.size, *(column.size for column in (groups, values) if column is not None)}
        if len(lengths) != 1 or (groups is None and self._shape[0] != 1):
            raise ValueError("the columns of a batch must be of one length, and several groups need codes")
        if units.size == 0:
            return
        self._note(units)
        if not _fold(units, self._placed(groups, values), self._rule, *self._kept()):
            raise UnitOrderBroken("rows are not in the order of their units")

    def finish(self) -> Int64s:
        """The weights in grid steps, of shape (groups, bins). Nothing may be added afterwards."""
        _close(self._rule, *self._kept())
        return self._totals.reshape(self._shape)

    def _kept(self) -> tuple[Any, ...]:
        return *self._rows, *self._touched, self._totals, self._state

    def _placed(self, groups: NDArray[np.int32] | None, values: Values) -> NDArray[np.int32]:
        """The cell of every row; -1 for one without a value or a group."""
        if self._cells.size < values.size:
            self._cells = np.empty(values.size, np.int32)
        cells = self._cells[: values.size]
        codes = np.zeros(values.size, np.int32) if groups is None else groups
        _place(codes, self._quantized(values), self._places, cells)
        return cells

    def _quantized(self, values: Values) -> Values:
        if values.dtype != np.float64:
            return values
        if self._steps.size < values.size:
            self._steps = np.empty(values.size, np.int64)
        steps = self._steps[: values.size]
        granularity = float(self._tally.numerator), float(self._tally.denominator)
        _quantize(values.astype(np.float64, copy=False), *granularity, self._places, steps)
        return steps


# --- the compiled part: explicit signatures, so that nothing is compiled while a query waits. Coverage can't see it;
# the plain-Python twin in dp_queries.backends.tallies checks it to the last integer.

# Rule, rows by cell and by group, touched cells and groups, totals, state.
_KEPT = (int64[::1], int64[::1], int64[::1], int32[::1], int32[::1], int64[::1], int64[::1])


@_compiled(void(_read(float64), float64, float64, int64[::1], int64[::1]))
def _quantize(values, numerator, denominator, places, steps):  # type: ignore[no-untyped-def]  # pragma: no cover
    """value * denominator / numerator, clamped, rounded half away from zero; NaN becomes NULL."""
    lower, upper = float64(places[0]), float64(places[1])
    for i in range(values.size):
        exact = values[i] * denominator / numerator
        if exact != exact:
            steps[i] = NULL_INT64
            continue
        exact = min(max(exact, lower), upper)
        whole = np.floor(abs(exact))
        value = int64(whole) + (1 if abs(exact) - whole >= 0.5 else 0)
        steps[i] = value if exact >= 0.0 else -value


@_compiled([void(_read(int32), _read(values), int64[::1], int32[::1]) for values in (int32, int64)])
def _place(keys, values, places, cells):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The cell of every row: group after group, bin after bin."""
    lower, upper, width, bins, groups = places[0], places[1], places[2], places[3], uint64(places[4])
    null = NULL_INT32 if values.itemsize == 4 else NULL_INT64
    for i in range(values.size):
        group, value = uint64(int64(keys[i])), int64(values[i])
        place = min(max(value, lower), upper) - lower
        if width != 1:
            place //= width
        cells[i] = int64(group) * bins + place if group < groups and value != null else -1


@_compiled(int64(int64, int64))
def _weight(l2_steps, square):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The largest integer f with f^2 * square <= l2_steps^2 (at most 2^60): exact, whatever the float root errs."""
    most = l2_steps * l2_steps // square
    root = int64(np.sqrt(float64(most)))
    while root * root > most:
        root -= 1
    while (root + 1) * (root + 1) <= most:
        root += 1
    return root


@_compiled(void(*_KEPT))
def _close(rule, rows, rows_by_group, cells, groups, totals, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Weigh the current unit's rows, add them to the totals, and forget them."""
    square = int64(0)
    for i in range(state[3]):
        square += rows_by_group[groups[i]] * rows_by_group[groups[i]]
        rows_by_group[groups[i]] = 0
    weight = min(rule[1], _weight(rule[0], max(square, 1)))
    for i in range(state[2]):
        totals[cells[i]] += weight * rows[cells[i]]
        rows[cells[i]] = 0
    state[1:] = 0


@_compiled(boolean(_read(int32), int32[::1], *_KEPT))
def _fold(units, places, rule, rows, rows_by_group, cells, groups, totals, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fold rows in; False if units are out of order.

    A unit with so few rows that they can't be too long, whatever their groups (|w|_2 <= |w|_1), is added at once.
    """
    harmless, grid, bins, size = rule[0] // rule[1], rule[1], rule[2], units.size
    first = 0
    while first < size:
        unit = int64(units[first])
        if unit < state[0]:
            return False
        if unit != state[0]:
            _close(rule, rows, rows_by_group, cells, groups, totals, state)
            state[0] = unit
        after = first + 1
        while after < size and units[after] == unit:
            after += 1
        if after < size and state[1] == 0 and after - first <= harmless:
            for i in range(first, after):
                if places[i] >= 0:
                    totals[places[i]] += grid
            first = after
            continue
        for i in range(first, after):
            cell = places[i]
            if cell < 0 or state[1] == MOST_ROWS_OF_A_UNIT:
                continue
            group = cell // bins
            if rows[cell] == 0:
                cells[state[2]] = cell
                state[2] += 1
            if rows_by_group[group] == 0:
                groups[state[3]] = group
                state[3] += 1
            rows[cell] += 1
            rows_by_group[group] += 1
            state[1] += 1
        first = after
    return True
