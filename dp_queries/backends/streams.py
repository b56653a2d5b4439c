"""From an aggregation to the one SELECT that feeds the kernel: unit, keys, values."""

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from dp_queries.algebra.expressions import Expression
from dp_queries.backends.groups import KeyColumn, buffers, group_codes, key_column, private_key
from dp_queries.backends.private_keys import PrivateKeys
from dp_queries.backends.rows import FIRST_UNIT, LAST_UNIT, RowsWriter
from dp_queries.backends.shown_groups import ShownGroups
from dp_queries.backends.terms import Term, as_double, as_text, double_literal, without_nan
from dp_queries.plan import Aggregation, Measure
from policies.catalogue import LoadedDataset
from privacy.columns import without_nulls
from privacy.contributions import NULL_INT32, NULL_INT64, Values
from privacy.distinct import text_number


@dataclass(frozen=True)
class Rows:
    """Rows as the kernel wants them: units, group codes (None without keys), value columns.

    With private keys there are columns of the engine instead of codes; a row whose public key has no place is left out.
    """

    units: NDArray[np.int32]
    groups: NDArray[np.int32] | None
    values: list[Values]
    keys: tuple[Any, ...] = ()

    def discovered(self, codes: PrivateKeys) -> NDArray[np.int32]:
        """The codes of the rows' groups, new ones included."""
        return codes.codes(self.keys) if self.units.size else np.zeros(0, np.int32)


@dataclass(frozen=True)
class Stream:
    """A SELECT over a range of units.

    `sources[m]` is the number of measure m's value column, and after the measures that of each quantile; None counts
    rows. A key of private groups has no table of places: its groups are discovered. `shown` tells which combinations
    of places are groups; None if all are.
    """

    select: str
    keys: tuple[KeyColumn | None, ...]
    sources: tuple[int | None, ...] = ()
    shown: ShownGroups | None = None

    def sql(self, first_unit: int, last_unit: int) -> str:
        """The statement for the units first_unit..last_unit, both inside."""
        return self.select.replace(FIRST_UNIT, str(int(first_unit))).replace(LAST_UNIT, str(int(last_unit)))

    def read(self, batch: pyarrow.RecordBatch) -> Rows:
        """A batch of the statement's answer as numpy columns, without a copy where nothing is NULL or narrower."""
        end = 1 + len(self.keys)
        public = [key for key in self.keys if key is not None]
        if len(public) == len(self.keys):
            codes = group_codes(public, batch.columns[1:end], self.shown)
            return Rows(unit_column(batch.column(0)), codes, [value_column(column) for column in batch.columns[end:]])
        return self._read_private(batch, end)

    def _read_private(self, batch: pyarrow.RecordBatch, end: int) -> Rows:
        pairs = list(zip(self.keys, batch.columns[1:end], strict=True))
        columns = [column if key is None else pyarrow.array(key.places_of(column)) for key, column in pairs]
        placed = [column.to_numpy() >= 0 for (key, _), column in zip(pairs, columns, strict=True) if key is not None]
        kept = np.logical_and.reduce(placed) if placed else None
        if kept is not None and not kept.all():
            mask = pyarrow.array(kept)
            batch, columns = batch.filter(mask), [column.filter(mask) for column in columns]
        values = [value_column(column) for column in batch.columns[end:]]
        return Rows(unit_column(batch.column(0)), None, values, tuple(columns))


def unit_column(column: Any) -> NDArray[np.int32]:
    """The units of a batch."""
    return _column(column, np.int32, -1)


def value_column(column: Any) -> Values:
    """A value column of a batch as the kernel wants it."""
    kind = column.type
    if pyarrow.types.is_floating(kind):
        return _column(column, np.float64, float("nan"))
    if pyarrow.types.is_string(kind):
        return _text_numbers(column)
    if kind.bit_width <= 32:
        return _column(column, np.int32, NULL_INT32)
    return _column(column, np.int64, NULL_INT64)


def _text_numbers(column: Any) -> NDArray[np.int64]:
    """Texts as numbers that are made of the text alone, each text once a batch."""
    encoded = column.dictionary_encode()
    numbers = np.array([NULL_INT64, *map(text_number, encoded.dictionary.to_pylist())], np.int64)
    at: NDArray[np.intp] = encoded.indices.fill_null(-1).to_numpy() + 1
    return np.take(numbers, at)


def _column(column: Any, wanted: Any, null: float) -> NDArray[Any]:
    values, bitmap = buffers(column)
    array = values.astype(wanted, copy=False)
    return array if bitmap is None else without_nulls(array, bitmap, wanted(null))


def stream(aggregation: Aggregation, dataset: LoadedDataset) -> Stream:
    """The statement that the sums of settled groups need. Raises ValueError where an expression's types don't fit."""
    writer = RowsWriter(aggregation.below, dataset)
    values: dict[str, int] = {}
    sources = [value_source(measure, aggregation, writer, values) for measure in aggregation.measures]
    for quantile in aggregation.quantiles:
        sql = _value(writer.term(quantile.value), quantile.granularity)
        sources.append(values.setdefault(sql, len(values)))
    keys = [key_column(key, writer.term(key.expression)) for key in aggregation.keys]
    select = writer.select([writer.unit(), *(key.sql for key in keys), *values])
    return Stream(select, tuple(keys), tuple(sources), _shown(aggregation, [key.domain_size for key in keys]))


def _shown(aggregation: Aggregation, sizes: list[int]) -> ShownGroups | None:
    """Which combinations of places are groups; None where all of them are."""
    shown = aggregation.shown
    return None if shown is None or len(shown) == prod(sizes) else ShownGroups(shown, sizes)


def keys_stream(aggregation: Aggregation, dataset: LoadedDataset, *, summed: bool = False) -> Stream:
    """The statement that finds the groups of private keys, with what is summed or without. Raises ValueError."""
    writer = RowsWriter(aggregation.below, dataset)
    values: dict[str, int] = {}
    sources = tuple(value_source(measure, aggregation, writer, values) for measure in aggregation.measures if summed)
    terms = [writer.term(key.expression) for key in aggregation.keys]
    keys = tuple(
        None if key.domain is None else key_column(key, term) for key, term in zip(aggregation.keys, terms, strict=True)
    )
    named = [private_key(term) if key is None else key.sql for key, term in zip(keys, terms, strict=True)]
    return Stream(writer.select([writer.unit(), *named, *values]), keys, sources)


def value_source(measure: Measure, aggregation: Aggregation, writer: RowsWriter, values: dict[str, int]) -> int | None:
    """Which value column a measure reads; equal ones are streamed once."""
    if measure.value is None:
        return None
    term = writer.term(measure.value)
    if measure.kind == "distinct":
        return values.setdefault(_told_apart(term), len(values))
    granularity = measure.granularity if measure.kind == "sum" else _summed(measure.value, aggregation)
    return values.setdefault(_value(term, granularity), len(values))


def _told_apart(term: Term) -> str:
    """A column in which equal values are equal numbers or texts."""
    match term.kind:
        case "enum" | "text":
            return as_text(term)
        case "boolean":
            return f"CAST({term.sql} AS INTEGER)"
        case "date":
            return f"({term.sql} - DATE '1970-01-01')"
        case "timestamp":
            return f"epoch_us({term.sql})"
        case "steps":
            return term.sql
        case "null":
            return _null(term)
    return f"({without_nan(term)} + {double_literal(0.0)})"  # -0.0 is 0.0


def _summed(value: Expression, aggregation: Aggregation) -> Fraction | None:
    """The granularity in which another measure sums this value, so that counting its NULLs costs no second column."""
    same = (other for other in aggregation.measures if other.kind == "sum" and other.value == value)
    return next((other.granularity for other in same), None)


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
