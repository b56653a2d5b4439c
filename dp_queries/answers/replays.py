"""Running a statement again on draws of the released tables, and finding each row of the answer again in every run.

A row is known by its columns without noise, hidden ones included. Rows are looked for in the statement without what
cuts its rows at the end, so that a row is found even where a draw would have cut it; where rows aren't told apart
there, in the statement itself. What isn't found in a run has no value in it.
"""

from collections.abc import Callable, Sequence
from time import thread_time
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships without types

from dp_queries.answers.engine import Floats, Tables, run
from dp_queries.answers.noise_draws import JointDraws
from dp_queries.answers.released import Noisy, named_tables, released_table, shown_table
from dp_queries.post_processing import LEAST_RUNS, SIMULATION_SECONDS, Above


def replayed(
    above: Above,
    released: Sequence[Noisy],
    columns: Sequence[int],
    publics: Tables,
    generator: np.random.Generator,
    seconds: float = SIMULATION_SECONDS,
) -> dict[int, Floats] | None:
    """By column, its value in every run for each row of the answer, NaN where it has none: shape (rows, runs).

    None when rows can't be found again. After so many seconds no run is begun.
    """
    shown = named_tables(above, list(map(shown_table, released)), publics)
    names = _known_by(above)
    answer = _ids(run(above.sql, shown), names)
    places = {row: place for place, row in enumerate(answer)}
    if len(places) < len(answer):
        return None
    sql = above.loose if _are_unique(_ids(run(above.loose, shown), names)) else above.sql
    found = {index: np.full((len(answer), above.runs), np.nan) for index in columns}
    finder = _finder(places, names)
    draws = JointDraws(released, generator)
    end, done = thread_time() + seconds, 0
    # Only released values decide how long this takes, so stopping early tells nothing else.
    while done < above.runs and thread_time() < end:
        tables = named_tables(above, _tables(released, draws.next()), publics)
        result = run(sql, tables)
        rows, targets = finder(result)
        for index in columns:
            found[index][targets, done] = _doubles(result, index)[rows]
        done += 1
    return {index: values[:, :done] for index, values in found.items()} if done >= LEAST_RUNS else None


def _known_by(above: Above) -> list[str]:
    """The columns that depend on no noise."""
    shown = [f"c{index}" for index, column in enumerate(above.columns) if not column.is_noisy]
    return shown + [f"h{index}" for index in range(above.hidden)]


def _ids(table: pa.Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    if not names:
        return [()] * table.num_rows
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


def _are_unique(ids: Sequence[tuple[Any, ...]]) -> bool:
    return len(set(ids)) == len(ids)


def _finder(
    places: dict[tuple[Any, ...], int], names: Sequence[str]
) -> Callable[[pa.Table], tuple[list[int], list[int]]]:
    """Rows of a run, and the rows of the answer that they are; read again only when a run's rows are others."""
    last: list[Any] = [None, ([], [])]

    def find(table: pa.Table) -> tuple[list[int], list[int]]:
        keys = table.select(names)
        if last[0] is None or keys.num_rows != table.num_rows or not keys.equals(last[0]):
            ids = _ids(table, names)
            is_known = _are_unique(ids)
            pairs = [(row, places[key]) for row, key in enumerate(ids) if key in places] if is_known else []
            last[:] = keys, ([row for row, _ in pairs], [target for _, target in pairs])
        return last[1]  # type: ignore[no-any-return]  # the pair of lists

    return find


def _doubles(table: pa.Table, index: int) -> Floats:
    column = table[f"c{index}"].cast(pa.float64())
    values = column.to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def _tables(released: Sequence[Noisy], drawn: Sequence[Sequence[Floats]]) -> list[pa.Table]:
    return [
        released_table(noisy.keys, values, noisy.aggregation.groups)
        for noisy, values in zip(released, drawn, strict=True)
    ]
