"""How fast this machine does what `work` counts: the steps of a query, on made-up rows.

Nothing here knows a dataset, so what it measures is a fact about the machine.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from time import perf_counter
from typing import Final

import duckdb
import numpy as np

from dp_queries.loading.encrypted import connect

_ROWS: Final = 150_000
_THREADS: Final = 2  # as many as a query has
_WARM_UP: Final = 4
_MADE_UP: Final = f"""
    SELECT CAST(i // 10 AS INTEGER), CAST(i % 10 AS UTINYINT), CAST(nullif(i * 7919 % 10007, 0) AS INTEGER)
    FROM range({_ROWS}) AS made(i)
"""
USUAL_SECONDS: Final = 0.015  # of a round, where and when the costs of `work` and `costs` were measured


class Yardstick:
    """An engine of its own for measuring, which holds nothing."""

    def __init__(self) -> None:
        self._connection = connect(threads=1)
        self.rounds(_WARM_UP)

    def rounds(self, count: int) -> list[float]:
        """Seconds of so many rounds, one after the other."""
        return [self._round() for _ in range(count)]

    def _round(self) -> float:
        begun = perf_counter()
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda _: _folded(self._connection), range(_THREADS)))
        return perf_counter() - begun


def _folded(connection: duckdb.DuckDBPyConnection) -> float:
    """Rows from the engine through Arrow into sums by group."""
    with closing(connection.cursor()) as cursor:
        units, groups, values = cursor.execute(_MADE_UP).to_arrow_table().combine_chunks().columns
    steps = values.fill_null(0).to_numpy().astype(np.int64)
    starts = np.flatnonzero(np.diff(units.to_numpy(), prepend=-1))
    sums = np.bincount(groups.to_numpy(), weights=steps)
    return float(np.add.reduceat(steps, starts).max() + sums.sum())
