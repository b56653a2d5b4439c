"""The slow, obvious twin: bounded sums in plain Python, from logical rows, with no engine and no numpy in between.

It defines what every other backend must give, to the last integer. Tests compare; nothing else uses it.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor, isfinite, sqrt
from typing import Any

import numpy as np

from dp_queries.backends.evaluate import Row, Steps, double, evaluate, known
from dp_queries.backends.storage import storage
from dp_queries.plan import Below, Join, Measure, Plan
from policies.catalogue import LoadedDataset
from privacy.bounding import SATURATED, Int64s
from privacy.units import ContributionNorm

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


class ReferenceBackend:
    """Bounded sums over logical rows: per table, dicts of int, Decimal, float, str, bool, date, datetime or None."""

    def __init__(self, tables: Tables, dataset: LoadedDataset) -> None:
        self._dataset = dataset
        self._tables = {table: list(self._stored(table, rows)) for table, rows in tables.items()}

    def bounded_sums(self, plan: Plan) -> Int64s:
        """Exact sums of shape (measures, groups), in grid steps; see `base.Backend`."""
        by_unit = self._rows_by_unit(plan.below)
        return np.array([_totals(measure, plan, by_unit) for measure in plan.measures], np.int64)

    def _stored(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows as a load keeps them; rows without a unit are left out by rule."""
        held = self._dataset.card.table(table)
        if held is None:
            raise KeyError(table)
        for row in rows:
            if held.unit_column is None or row[held.unit_column] is not None:
                yield {column.name: self._value(table, column.name, row[column.name]) for column in held.columns}

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

    def _rows_by_unit(self, below: Below) -> dict[Any, list[Row]]:
        """What stands below the aggregation: joined and filtered rows of every unit."""
        first = self._tables[below.relations[0].table]
        rows: list[Row] = [(columns,) for columns in first]
        for join in below.joins:
            rows = [longer for row in rows for longer in self._joined(row, join, below)]
        units: dict[Any, list[Row]] = {}
        for row in rows:
            if below.where is None or evaluate(below.where, row) is True:
                units.setdefault(self._unit(row, 0, below), []).append(row)
        return units

    def _joined(self, row: Row, join: Join, below: Below) -> list[Row]:
        candidates = [(*row, columns) for columns in self._tables[below.relations[join.relation].table]]
        matching = [longer for longer in candidates if self._match(longer, join, below)]
        return matching or ([(*row, None)] if join.kind == "left" else [])

    def _match(self, row: Row, join: Join, below: Below) -> bool:
        if join.on_unit and self._unit(row, 0, below) != self._unit(row, join.relation, below):
            return False
        return join.condition is None or evaluate(join.condition, row) is True

    def _unit(self, row: Row, relation: int, below: Below) -> Any:
        held = self._dataset.card.table(below.relations[relation].table)
        return (row[relation] or {})[held.unit_column or ""]  # type: ignore[union-attr]  # both relations are private


def rounded(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def quantized(value: Any, measure: Measure) -> int:
    """A number as steps of the measure, within its bounds."""
    if isinstance(value, Steps) and value.granularity == measure.granularity:
        return min(max(value.count, measure.lower_steps), measure.upper_steps)
    steps = double(value) * float(measure.granularity.denominator) / float(measure.granularity.numerator)
    return rounded(Fraction(min(max(steps, float(measure.lower_steps)), float(measure.upper_steps))))


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


def _totals(measure: Measure, plan: Plan, by_unit: Mapping[Any, Sequence[Row]]) -> list[int]:
    totals = [0] * plan.groups
    for rows in by_unit.values():
        for group, steps in clipped(_sums(measure, plan, rows), measure.norm).items():
            totals[group] += steps
    return totals


def _sums(measure: Measure, plan: Plan, rows: Sequence[Row]) -> dict[int, int]:
    """One unit's sum per group that it touches."""
    sums: dict[int, int] = {}
    for row in rows:
        group, amount = _group(plan, row), _amount(measure, row)
        if group is not None and amount is not None:
            sums[group] = sums.get(group, 0) + amount
    most = 1 if measure.kind == "units" else SATURATED
    return {group: min(max(value, -most), most) for group, value in sums.items()}


def _amount(measure: Measure, row: Row) -> int | None:
    """What the row adds; None if it has no value."""
    if measure.value is None or measure.kind in ("rows", "units"):
        return 1
    value = known(evaluate(measure.value, row))
    if value is None or measure.kind == "present":
        return None if value is None else 1
    return min(max(quantized(value, measure) - measure.offset_steps, -SATURATED), SATURATED)


def _group(plan: Plan, row: Row) -> int | None:
    """The row's group: its keys' places in their domains, first key slowest; None if a value is in no domain."""
    group = 0
    for key in plan.keys:
        value = evaluate(key.expression, row)
        logical = value.exact if isinstance(value, Steps) else value
        if logical not in key.domain:
            return None
        group = group * len(key.domain) + key.domain.index(logical)
    return group
