"""The DuckDB backend: streams (unit, group, values) in unit order from the encrypted file to the bounding kernel.

Units are cut into ranges that threads read at the same time; the sums are integers, so the answer is the same for any
number of ranges and threads. What the engine is asked is rendered from our own nodes, and its texts go nowhere.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from dp_queries.backends.base import contributions
from dp_queries.backends.streams import Stream, stream
from dp_queries.encrypted import DATABASE, name, open_read_only
from dp_queries.plan import Plan
from policies.catalogue import LoadedDataset
from privacy.bounding import NO_GROUP, NULL_INT32, NULL_INT64, Bounding, Int64s, Values, merged

_BATCH_ROWS = 200_000

Number = TypeVar("Number", bound=np.generic)


class DuckDBBackend:
    """Bounded sums over one dataset version's file, opened read-only in a locked engine."""

    def __init__(
        self,
        path: Path,
        key: bytes,
        dataset: LoadedDataset,
        *,
        memory_limit: str | None = None,
        threads: int = 2,
        ranges: int | None = None,
    ) -> None:
        self._dataset = dataset
        self._threads = threads
        self._ranges = ranges or threads
        self._connection = open_read_only(path, key, memory_limit=memory_limit, threads=threads)
        private = [table.name for table in dataset.card.tables if table.is_private]
        self._last_units = {table: self._last_unit(table) for table in private}

    def bounded_sums(self, plan: Plan) -> Int64s:
        """Exact sums of shape (measures, groups), in grid steps; see `base.Backend`."""
        wanted = stream(plan, self._dataset)
        cuts = _cuts(self._last_units[plan.below.relations[0].table], self._ranges)
        with ThreadPoolExecutor(self._threads) as pool:
            return merged(list(pool.map(lambda cut: self._bounded(plan, wanted, cut), cuts)))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _last_unit(self, table: str) -> int:
        row = self._connection.execute(f"SELECT max(_unit) FROM {DATABASE}.main.{name(table)}").fetchone()
        return -1 if row is None or row[0] is None else int(row[0])

    def _bounded(self, plan: Plan, wanted: Stream, cut: tuple[int, int]) -> Bounding:
        bounding = Bounding(plan.groups, contributions(plan.measures))
        with closing(self._connection.cursor()) as cursor:
            for batch in _batches(cursor, wanted.sql(*cut)):
                units = _column(batch.column(0), np.int32, -1)
                groups = _column(batch.column(1), np.int32, NO_GROUP) if wanted.is_grouped else None
                values = [_values(batch.column(at)) for at in range(1 + wanted.is_grouped, batch.num_columns)]
                bounding.add(units, groups, [None if at is None else values[at] for at in wanted.sources])
        return bounding


def _cuts(last_unit: int, ranges: int) -> list[tuple[int, int]]:
    """The units 0..last_unit as ranges (both ends inside); always one at least."""
    width = max(1, -(-(last_unit + 1) // ranges))
    return [(first, min(first + width - 1, last_unit)) for first in range(0, max(last_unit + 1, 1), width)]


def _batches(cursor: duckdb.DuckDBPyConnection, sql: str) -> Iterator[pyarrow.RecordBatch]:
    yield from cursor.execute(sql).to_arrow_reader(_BATCH_ROWS)


def _values(column: Any) -> Values:
    if pyarrow.types.is_floating(column.type):
        return _column(column, np.float64, float("nan"))
    if column.type.bit_width <= 32:
        return _column(column, np.int32, NULL_INT32)
    return _column(column, np.int64, NULL_INT64)


def _column(column: Any, wanted: type[Number], null: float) -> NDArray[Number]:
    """A column as numpy, without a copy unless it holds NULLs or is narrower."""
    if column.null_count:
        column = column.cast(pyarrow.from_numpy_dtype(wanted)).fill_null(null)
    array: NDArray[Number] = column.to_numpy(zero_copy_only=True).astype(wanted, copy=False)
    return array
