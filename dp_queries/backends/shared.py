"""Several aggregations over the same rows in one scan: one SELECT of all their keys and values, one fold each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types

from dp_queries.backends.base import Sums
from dp_queries.backends.fold import Fold, finished
from dp_queries.backends.groups import KeyColumn, combined, key_column
from dp_queries.backends.rows import RowsWriter
from dp_queries.backends.streams import Rows, Stream, unit_column, value_column, value_source
from dp_queries.plan import Aggregation, Key
from policies.catalogue import LoadedDataset


@dataclass(frozen=True)
class SharedStream(Stream):
    """A SELECT for several aggregations. `sets`: of each the places of its keys; `reads`: of each its `sources`.

    Its rows have the codes of each aggregation that has keys as further value columns, after those of the engine.
    """

    sets: tuple[tuple[int, ...], ...] = ()
    reads: tuple[tuple[int | None, ...], ...] = ()

    def read(self, batch: pyarrow.RecordBatch) -> Rows:
        """A batch of the statement's answer; each key's places are looked up once."""
        end = 1 + len(self.keys)
        known = [key for key in self.keys if key is not None]
        places = [key.places_of(column) for key, column in zip(known, batch.columns[1:end], strict=True)]
        sizes = [key.domain_size for key in known]
        codes = [combined([places[at] for at in keys], [sizes[at] for at in keys]) for keys in self.sets if keys]
        return Rows(unit_column(batch.column(0)), None, [*map(value_column, batch.columns[end:]), *codes])


class SharedFold:
    """What is folded of one range of units, for each aggregation."""

    def __init__(self, aggregations: Sequence[Aggregation], wanted: SharedStream) -> None:
        parts = zip(aggregations, wanted.reads, strict=True)
        self.folds = [Fold(part, Stream("", (), reads)) for part, reads in parts]
        keyed = [bool(keys) for keys in wanted.sets]
        self._codes = [-sum(keyed[at:]) if keyed[at] else None for at in range(len(keyed))]  # from the end

    def add(self, rows: Rows) -> None:
        """Fold a batch in; a unit may go on in the next. Raises UnitOrderBroken."""
        for fold, at in zip(self.folds, self._codes, strict=True):
            fold.add(
                Rows(rows.units, None if at is None else rows.values[at].astype(np.int32, copy=False), rows.values)
            )


def shared_stream(aggregations: Sequence[Aggregation], dataset: LoadedDataset) -> SharedStream:
    """The statement that aggregations over the same rows need. Raises ValueError where types don't fit."""
    writer = RowsWriter(aggregations[0].below, dataset)
    values: dict[str, int] = {}
    reads = tuple(
        tuple(value_source(measure, part, writer, values) for measure in part.measures) for part in aggregations
    )
    columns: dict[Key, KeyColumn] = {}
    for key in (key for part in aggregations for key in part.keys):
        if key not in columns:
            columns[key] = key_column(key, writer.term(key.expression))
    order = list(columns)
    select = writer.select([writer.unit(), *(column.sql for column in columns.values()), *values])
    sets = tuple(tuple(order.index(key) for key in part.keys) for part in aggregations)
    return SharedStream(select, tuple(columns.values()), sets=sets, reads=reads)


def all_finished(aggregations: Sequence[Aggregation], folds: Sequence[SharedFold]) -> list[Sums]:
    """The aggregates of all ranges, in order, by aggregation."""
    of_each: Any = zip(*(fold.folds for fold in folds), strict=True)
    return [finished(part, mine) for part, mine in zip(aggregations, of_each, strict=True)]
