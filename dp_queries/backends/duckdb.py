"""The DuckDB backend: streams (unit, group, values) in unit order from the encrypted file to the bounding kernel.

Units are cut into ranges that threads read at the same time; the sums are integers, so the answer is the same for any
number of ranges and threads. What the engine is asked is rendered from our own nodes, and its texts go nowhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types

from dp_queries.algebra.relations import Below, keeps_order, scans
from dp_queries.backends.base import FoundGroups, Sums
from dp_queries.backends.fold import Fold, GroupsFold, OnceFold, finished, found, found_once
from dp_queries.backends.private_keys import PrivateKeys
from dp_queries.backends.publics import read_public
from dp_queries.backends.shared import SharedFold, all_finished, shared_stream
from dp_queries.backends.streams import Rows, Stream, keys_stream, stream
from dp_queries.loading.encrypted import DATABASE, name, open_read_only
from dp_queries.plan import Aggregation
from policies.catalogue import LoadedDataset
from privacy.parts import UnitOrderBroken

_BATCH_ROWS = 262_144  # smaller ones hand the interpreter's lock to and fro, and cost a fifth more
AnyFold = TypeVar("AnyFold", Fold, GroupsFold, OnceFold, SharedFold)

_SORTED_PARTS = 4  # what must be sorted is held in memory as a whole, so it should be small


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
        self._ranges = ranges or threads  # more of them cost another plan each, and gained nothing that was measured
        # The engine itself has one thread, and our threads a cursor each: no rows are handed between threads, and they
        # come as they lie.
        self._connection = open_read_only(path, key, memory_limit=memory_limit, threads=1)
        private = [table.name for table in dataset.card.tables if table.is_private]
        self._publics: dict[str, pyarrow.Table] = {}
        self._cuts = {table: self._fair_cuts(table) for table in private}

    def found_groups(self, aggregation: Aggregation) -> FoundGroups:
        """The groups of private keys that rows have; see `base.Backend`."""
        if aggregation.selection is None or not aggregation.is_read_once:
            return found(self._collected(aggregation))
        wanted, weights = keys_stream(aggregation, self._dataset, summed=True), aggregation.selection.weights
        folds = self._folded(aggregation.below, wanted, lambda: OnceFold(aggregation, wanted, weights), self._ranges)
        return found_once(aggregation, folds, weights, lambda: self._collected(aggregation))

    def bounded_sums(self, aggregation: Aggregation) -> Sums:
        """Exact sums in grid steps; see `base.Backend`."""
        wanted = stream(aggregation, self._dataset)
        # Claims of distinct values depend on all units before.
        ranges = 1 if any(measure.kind == "distinct" for measure in aggregation.measures) else self._ranges
        return finished(aggregation, self._folded(aggregation.below, wanted, lambda: Fold(aggregation, wanted), ranges))

    def sums_together(self, aggregations: Sequence[Aggregation]) -> list[Sums]:
        """The sums of aggregations that share a scan; see `base.Backend`."""
        wanted = shared_stream(aggregations, self._dataset)
        folds = self._folded(aggregations[0].below, wanted, lambda: SharedFold(aggregations, wanted), self._ranges)
        return all_finished(aggregations, folds)

    def public_tables(self, names: Sequence[str]) -> dict[str, pyarrow.Table]:
        """Public tables whole, by their names on the card; read once."""
        for table in names:
            if table not in self._publics:
                with closing(self._connection.cursor()) as cursor:
                    self._publics[table] = read_public(cursor, self._dataset, table)
        return {table: self._publics[table] for table in names}

    def read_through(self) -> None:
        """Read every column of the private tables once, so that no query's slot has to hold what the disk takes."""
        for table in self._cuts:
            columns = self._connection.table(f"{DATABASE}.main.{name(table)}").columns
            hashes = ", ".join(f"bit_xor(hash({name(column)}))" for column in columns)
            self._connection.execute(f"SELECT {hashes} FROM {DATABASE}.main.{name(table)}").fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _collected(self, aggregation: Aggregation) -> list[GroupsFold]:
        """The sets of groups of each range of units."""
        wanted, keys = keys_stream(aggregation, self._dataset), len(aggregation.keys)
        return self._folded(
            aggregation.below,
            wanted,
            lambda: GroupsFold(PrivateKeys(keys, np.random.default_rng())),
            self._ranges,
        )

    def _fair_cuts(self, table: str) -> list[tuple[int, int]]:
        """Ranges of units with as many rows each as whole units allow; the slot relies on it (`work`)."""
        shares = [place / self._ranges for place in range(1, self._ranges + 1)]
        sql = f"SELECT quantile_disc(_unit, {shares}) FROM {DATABASE}.main.{name(table)}"
        row = self._connection.execute(sql).fetchone()
        return _between(sorted(set(row[0]))) if row is not None and row[0] is not None else [(0, -1)]

    def _folded(self, below: Below, wanted: Stream, empty: Callable[[], AnyFold], ranges: int) -> list[AnyFold]:
        """What is folded of each range of units."""
        tables = {scan.table for scan in scans(below) if scan.has_unit}
        cuts = max((self._cuts[table] for table in tables), key=lambda found: found[-1][1])
        if ranges == 1:
            cuts = [(0, cuts[-1][1])]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(lambda cut: self._range(below, wanted, empty, cut), cuts))

    def _range(self, below: Below, wanted: Stream, empty: Callable[[], AnyFold], cut: tuple[int, int]) -> AnyFold:
        """What is folded of a range of units.

        A join mostly keeps the order of its rows, but the engine doesn't promise it. Where the kernel finds it broken,
        the range is read again and sorted; that takes longer, which the release slot hides.
        """
        with closing(self._connection.cursor()) as cursor:
            if keeps_order(below):
                try:
                    return _fold(empty(), _read(cursor, wanted, cut))
                except UnitOrderBroken:
                    if not below.joins:
                        raise
            parts = (_sorted(_read(cursor, wanted, part)) for part in _cuts(cut, _SORTED_PARTS))
            return _fold(empty(), chain.from_iterable(parts))


def _fold(fold: AnyFold, rows: Iterable[Rows]) -> AnyFold:
    for part in rows:
        fold.add(part)
    return fold


def _between(lasts: Sequence[int]) -> list[tuple[int, int]]:
    """The ranges that end with these units, from the first unit on."""
    return list(zip([0, *(last + 1 for last in lasts[:-1])], lasts, strict=True))


def _cuts(units: tuple[int, int], ranges: int) -> list[tuple[int, int]]:
    """The units first..last as ranges (both ends inside); always one at least."""
    first, last = units
    width = max(1, -(-(last + 1 - first) // ranges))
    return [(low, min(low + width - 1, last)) for low in range(first, max(last + 1, first + 1), width)]


def _read(cursor: duckdb.DuckDBPyConnection, wanted: Stream, cut: tuple[int, int]) -> Iterator[Rows]:
    yield from map(wanted.read, cursor.execute(wanted.sql(*cut)).to_arrow_reader(_BATCH_ROWS))


def _sorted(rows: Iterable[Rows]) -> Iterator[Rows]:
    """All rows of a range in the order of their units: a join may give them in any.

    Sorted here and not by the engine, because they mostly come as a few long runs, which the stable sort only merges.
    """
    parts = list(rows)
    if parts:
        units = np.concatenate([part.units for part in parts])
        order = np.argsort(units, kind="stable")
        grouped = [part.groups for part in parts if part.groups is not None]
        groups = np.concatenate(grouped)[order] if grouped else None
        values = [np.concatenate(columns)[order] for columns in zip(*(part.values for part in parts), strict=True)]
        keys = tuple(_joined_keys(columns).take(order) for columns in zip(*(part.keys for part in parts), strict=True))
        yield Rows(units[order], groups, values, keys)


def _joined_keys(columns: Iterable[Any]) -> Any:
    """A key's column over several batches; dictionaries of batches are made one."""
    joined = pyarrow.chunked_array(list(columns))
    return (
        joined.unify_dictionaries().combine_chunks()
        if pyarrow.types.is_dictionary(joined.type)
        else joined.combine_chunks()
    )
