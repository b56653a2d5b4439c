"""The slow, obvious twin: bounded sums in plain Python, from logical rows, with no engine and no numpy in between.

It defines what every other backend must give, to the last integer. Tests compare; nothing else uses it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import isfinite, sqrt
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types

from dp_queries.algebra.expressions import Expression
from dp_queries.answers.released import public_table
from dp_queries.backends.base import FoundGroups, Sums
from dp_queries.backends.evaluate import Row, Steps, evaluate, known
from dp_queries.backends.storage import storage
from dp_queries.backends.tallies import claims, histogram
from dp_queries.backends.twins.groups import Groups, MetGroups, groups_found, value_number
from dp_queries.backends.twins.rows import Held, joined_rows
from dp_queries.backends.twins.steps import quantized, rounded
from dp_queries.plan import Aggregation, Measure, QuantileMeasure
from policies.catalogue import LoadedDataset, Table
from privacy.contributions import NULL_INT64, SATURATED
from privacy.parts import Int64s
from privacy.units import ContributionNorm

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
AnyGroups = Groups | MetGroups


class ReferenceBackend:
    """Bounded sums over logical rows: per table, dicts of int, Decimal, float, str, bool, date, datetime or None."""

    def __init__(self, tables: Tables, dataset: LoadedDataset) -> None:
        self._dataset = dataset
        self.tables = {table: list(self._stored(table, rows)) for table, rows in tables.items()}

    def found_groups(self, aggregation: Aggregation) -> FoundGroups:
        """The groups of private keys that rows have; see `base.Backend`."""
        units = self._by_unit(aggregation)
        found = groups_found(aggregation, units)
        if not aggregation.is_read_once:
            return found
        groups = MetGroups(aggregation, units)
        in_any = {unit: rows for unit, rows in units.items() if any(groups.of(row) is not None for row in rows)}
        return replace(found, sums=_summed(aggregation, groups, in_any))

    def bounded_sums(self, aggregation: Aggregation) -> Sums:
        """Exact sums in grid steps; see `base.Backend`."""
        return _summed(aggregation, Groups(aggregation), self._by_unit(aggregation))

    def sums_together(self, aggregations: Sequence[Aggregation]) -> list[Sums]:
        """The sums of several aggregations, one by one; see `base.Backend`."""
        return [_summed(part, Groups(part), self._by_unit(part)) for part in aggregations]

    def _by_unit(self, aggregation: Aggregation) -> dict[Any, list[Row]]:
        units: dict[Any, list[Row]] = {}
        for unit, row in joined_rows(aggregation.below, self.tables):
            units.setdefault(unit, []).append(row)
        return {unit: units[unit] for unit in sorted(units)}

    def public_tables(self, names: Sequence[str]) -> dict[str, pyarrow.Table]:
        """Public tables whole, by their names on the card."""
        return {name: public_table(self._described(name), self._columns(name)) for name in names}

    def _columns(self, table: str) -> dict[str, list[Any]]:
        rows = [columns for _, columns in self.tables[table]]
        return {column.name: [_logical(row[column.name]) for row in rows] for column in self._described(table).columns}

    def _described(self, table: str) -> Table:
        found = self._dataset.card.table(table)
        if found is None:
            raise KeyError(table)
        return found

    def _stored(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Held]:
        """The rows as a load keeps them; rows without a unit are left out by rule."""
        held = self._dataset.card.table(table)
        if held is None:
            raise KeyError(table)
        for row in rows:
            if held.unit_column is None or row[held.unit_column] is not None:
                unit = None if held.unit_column is None else row[held.unit_column]
                yield unit, {column.name: self._value(table, column.name, row[column.name]) for column in held.columns}

    def _value(self, table: str, column: str, value: Any) -> Any:
        """A value as it is stored: numbers clamped and quantized, texts outside a domain and NaN as NULL."""
        kept = storage(self._dataset, table, column)
        if value is None or (isinstance(value, float) and not isfinite(value)):
            return None
        if kept.kind == "enum":
            return value if value in kept.domain else None
        if kept.kind == "integer":
            return Steps(value)
        if kept.kind == "double":
            return float(value)
        if kept.kind != "steps":
            return value
        described = self._dataset.card.table(table).column(column)  # type: ignore[union-attr]  # looked up in _stored
        bounds = described.clamping()  # type: ignore[union-attr]  # likewise
        clamped = min(max(Fraction(value), bounds.lower), bounds.upper)  # type: ignore[union-attr]  # it stores steps
        return Steps(rounded(clamped / kept.granularity), kept.granularity)


def clipped(sums: Mapping[int, int], norm: ContributionNorm) -> dict[int, int]:
    """One unit's sums per group as grid steps, shrunk until their L2 norm is at most `norm.l2_steps`."""
    square = sum(value * value for value in sums.values())
    if square * norm.grid**2 <= norm.l2_steps**2:
        return {group: value * norm.grid for group, value in sums.items()}
    factor = norm.l2_steps / sqrt(float(square >> 32) * 2.0**32 + float(square & 0xFFFFFFFF))
    while True:
        steps = {group: int(float(value) * factor) for group, value in sums.items()}
        if sum(step * step for step in steps.values()) <= norm.l2_steps**2:
            return steps
        factor *= 1.0 - 2.0**-40


def _summed(aggregation: Aggregation, groups: AnyGroups, units: Mapping[Any, Sequence[Row]]) -> Sums:
    measures = [row for measure in aggregation.measures for row in _totals(measure, groups, units)]
    totals = np.array(measures, np.int64).reshape(len(measures), groups.count)
    histograms = tuple(_histogram(quantile, groups, units) for quantile in aggregation.quantiles)
    norms = tuple(_norms(measure, groups, units) for measure in aggregation.measures if measure.choice)
    return Sums(totals, histograms, norms)


def _totals(measure: Measure, groups: AnyGroups, by_unit: Mapping[Any, Sequence[Row]]) -> list[list[int]]:
    """The totals under each of the measure's norms."""
    if measure.kind == "distinct":
        pairs = (_pairs(measure.value, groups, rows, value_number) for rows in by_unit.values())
        # The kernel takes the smallest integer for NULL, so that value is never claimed.
        claimed = [[pair for pair in mine if pair[1] != NULL_INT64] for mine in pairs]
        return [claims(claimed, groups.count, measure.norm)]
    sums = [_sums(measure, groups, rows) for rows in by_unit.values()]
    return [_clipped_totals(sums, groups.count, norm) for norm in measure.norms]


def _clipped_totals(sums: Sequence[Mapping[int, int]], groups: int, norm: ContributionNorm) -> list[int]:
    totals = [0] * groups
    for unit in sums:
        for group, steps in clipped(unit, norm).items():
            totals[group] += steps
    return totals


def _norms(measure: Measure, groups: AnyGroups, by_unit: Mapping[Any, Sequence[Row]]) -> tuple[int, ...]:
    """How many units need which norm of the measure's ladder; the last entry counts those that need more."""
    counts = [0] * (len(measure.norms) + 1)
    for rows in by_unit.values():
        square = sum(value * value for value in _sums(measure, groups, rows).values())
        fits = [square * norm.grid**2 <= norm.l2_steps**2 for norm in measure.norms]
        counts[fits.index(True) if True in fits else len(fits)] += 1
    return tuple(counts)


def _histogram(quantile: QuantileMeasure, groups: AnyGroups, by_unit: Mapping[Any, Sequence[Row]]) -> Int64s:
    bins = quantile.drawing.bins

    def steps(value: Any) -> int:
        return quantized(value, bins.lower_steps, bins.upper_steps, quantile.granularity)

    units = [_pairs(quantile.value, groups, rows, steps) for rows in by_unit.values()]
    return np.array(histogram(units, groups.count, bins, quantile.norm), np.int64)


def _pairs(
    value: Expression | None, groups: AnyGroups, rows: Sequence[Row], number: Callable[[Any], int]
) -> list[tuple[int, int]]:
    """Group and number of each row that has a group and a value."""
    if value is None:
        raise ValueError("this takes a value")
    found = ((groups.of(row), known(evaluate(value, row))) for row in rows)
    return [(group, number(held)) for group, held in found if group is not None and held is not None]


def _sums(measure: Measure, groups: AnyGroups, rows: Sequence[Row]) -> dict[int, int]:
    """One unit's sum per group that it touches."""
    sums: dict[int, int] = {}
    for row in rows:
        group, amount = groups.of(row), _amount(measure, row)
        if group is not None and amount is not None:
            sums[group] = sums.get(group, 0) + amount
    most = 1 if measure.kind == "units" else SATURATED
    return {group: min(max(value, -most), most) for group, value in sums.items()}


def _amount(measure: Measure, row: Row) -> int | None:
    """What the row adds; None if it has no value."""
    if measure.value is None:
        return 1
    value = known(evaluate(measure.value, row))
    if value is None or measure.kind != "sum":
        return None if value is None else 1
    steps = quantized(value, measure.lower_steps, measure.upper_steps, measure.granularity)
    return min(max(steps - measure.offset_steps, -SATURATED), SATURATED)


def _logical(value: Any) -> Any:
    """A stored value as the card knows it."""
    if not isinstance(value, Steps):
        return value
    return int(value.exact) if value.granularity.denominator == 1 else float(value.exact)
