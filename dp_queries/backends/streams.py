"""From a plan to the one SELECT that feeds the kernel: unit, keys, values."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from dp_queries.backends.groups import KeyColumn, group_codes, key_column
from dp_queries.backends.render import Renderer, alias
from dp_queries.backends.terms import Term, as_double, without_nan
from dp_queries.encrypted import DATABASE, name
from dp_queries.expressions import Expression
from dp_queries.plan import Below, Measure, Plan
from policies.catalogue import LoadedDataset
from privacy.bounding import NULL_INT32, NULL_INT64, Values

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Rows:
    """Rows as the kernel wants them: units, group codes (None without keys), value columns."""

    units: NDArray[np.int32]
    groups: NDArray[np.int32] | None
    values: list[Values]


@dataclass(frozen=True)
class Stream:
    """A SELECT over a range of units. `sources[m]` is the number of measure m's value column; None counts rows."""

    select: str
    source: str
    where: str | None
    keys: tuple[KeyColumn, ...]
    sources: tuple[int | None, ...]

    def sql(self, first_unit: int, last_unit: int) -> str:
        """The statement for the units first_unit..last_unit, both inside."""
        units = f"{alias(0)}._unit BETWEEN {int(first_unit)} AND {int(last_unit)}"
        where = units if self.where is None else f"{units} AND {self.where}"
        return f"SELECT {self.select} FROM {self.source} WHERE {where}"

    def read(self, batch: pyarrow.RecordBatch) -> Rows:
        """A batch of the statement's answer as numpy columns, without a copy where nothing is NULL or narrower."""
        units = _column(batch.column(0), np.int32, -1)
        end = 1 + len(self.keys)
        codes = group_codes(self.keys, batch.columns[1:end])
        return Rows(units, codes, [_values(column) for column in batch.columns[end:]])


def _values(column: Any) -> Values:
    if pyarrow.types.is_floating(column.type):
        return _column(column, np.float64, float("nan"))
    if column.type.bit_width <= 32:
        return _column(column, np.int32, NULL_INT32)
    return _column(column, np.int64, NULL_INT64)


def _column(column: Any, wanted: type[Number], null: float) -> NDArray[Number]:
    if column.null_count:
        column = column.cast(pyarrow.from_numpy_dtype(wanted)).fill_null(null)
    array: NDArray[Number] = column.to_numpy().astype(wanted, copy=False)
    return array


def stream(plan: Plan, dataset: LoadedDataset) -> Stream:
    """The statement that a plan needs. Raises ValueError where an expression's types don't fit."""
    renderer = Renderer(dataset, plan.below.relations)
    values: dict[str, int] = {}
    sources = tuple(_source(measure, plan, renderer, values) for measure in plan.measures)
    keys = tuple(key_column(key, renderer.term(key.expression)) for key in plan.keys)
    columns = [f"{alias(0)}._unit", *(key.sql for key in keys), *values]
    return Stream(
        select=", ".join(columns),
        source=" ".join(_from(plan.below, renderer)),
        where=None if plan.below.where is None else renderer.condition(plan.below.where),
        keys=keys,
        sources=sources,
    )


def _source(measure: Measure, plan: Plan, renderer: Renderer, values: dict[str, int]) -> int | None:
    """Which value column a measure reads; equal ones are streamed once."""
    if measure.value is None or measure.kind in ("rows", "units"):
        return None
    granularity = measure.granularity if measure.kind == "sum" else _summed(measure.value, plan)
    sql = _value(renderer.term(measure.value), granularity)
    return values.setdefault(sql, len(values))


def _summed(value: Expression, plan: Plan) -> Fraction | None:
    """The granularity in which another measure sums this value, so that counting its NULLs costs no second column."""
    return next((other.granularity for other in plan.measures if other.kind == "sum" and other.value == value), None)


def _value(term: Term, granularity: Fraction | None) -> str:
    """Integer steps where they are stored so, else a double, which the kernel quantizes; NULL (or NaN) is no value.

    Unbounded integers go as doubles: the kernel reserves an integer's smallest value, and they may hold it.
    """
    if term.kind == "steps" and term.is_bounded and granularity in (None, term.granularity):
        return term.sql
    if granularity is not None or term.kind == "double":
        return as_double(term) if term.is_number else _null(term)
    return f"(CASE WHEN {without_nan(term)} IS NOT NULL THEN 1 END)"


def _null(term: Term) -> str:
    if term.kind != "null":
        raise ValueError(f"{term.kind} can't be summed")
    return "CAST(NULL AS DOUBLE)"


def _from(below: Below, renderer: Renderer) -> Iterator[str]:
    """The relations with their joins, in order."""
    yield _table(below, 0)
    for join in below.joins:
        conditions = [f"{alias(join.relation)}._unit = {alias(0)}._unit"] if join.on_unit else []
        if join.condition is not None:
            conditions.append(renderer.condition(join.condition))
        yield f"{join.kind.upper()} JOIN {_table(below, join.relation)} ON ({' AND '.join(conditions) or 'TRUE'})"


def _table(below: Below, relation: int) -> str:
    return f"{DATABASE}.main.{name(below.relations[relation].table)} AS {alias(relation)}"
