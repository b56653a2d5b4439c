"""Intervals of every noisy column, also of what the *above* layer derives, from released values alone.

Bare counts and sums have the mechanism's own half-width, bare quantiles the interval that was released with them. For
everything else the noise is simulated around the released measures, and the statement is computed on the draws: an
interval is where the column lies when the noise is taken away again. It covers the *bounded* truth; clipping bias isn't
shown, because it depends on rows (DESIGN 1). The seed is the plan's digest, so an answer is told the same way twice;
the noise that protects comes from `privacy.mechanisms` and the operating system, never from here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from time import thread_time
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships without types

from dp_queries.answers.answer import LEVELS, Bounds
from dp_queries.answers.engine import Floats, Processed, evaluate_rows
from dp_queries.answers.noise_draws import drawn_aggregates, quantile_bounds, quantile_rows
from dp_queries.answers.released import Noisy, released_table
from dp_queries.answers.replays import replayed
from dp_queries.post_processing import SIMULATION_SECONDS, Above
from dp_queries.pricing.accuracy import bare_aggregate, measure_half_width

MOST_DRAWS: Final = 1_000
LEAST_DRAWS: Final = 200
_CELLS: Final = 500_000  # of one simulated table: 1,000 draws of 500 rows
_ROWWISE_FACTOR: Final = 4  # a simulation by rows goes on where it is; one by runs would begin another run
_MANY: Final = 32  # ends that are sooner written all at once than one by one
_NO_INTERVALS: Final = "the computed columns have no intervals: "
_NOT_FOUND: Final = _NO_INTERVALS + "select the keys too, so that each row can be told from the others"
_TOO_LARGE: Final = _NO_INTERVALS + "this takes too long to simulate; join or compare fewer rows"

Intervals = dict[str, dict[str, list[Bounds]]]
_Found = dict[int, list[list[Bounds]]]


@dataclass(frozen=True)
class Simulated:
    """By level and column, [lower, upper] for each row of the answer; and notes on what has none."""

    intervals: Intervals
    notes: tuple[str, ...]


def simulate_intervals(
    above: Above,
    released: Sequence[Noisy],
    answer: Processed,
    publics: Mapping[str, pa.Table] | None = None,
    *,
    seed: int,
    seconds: float = SIMULATION_SECONDS,
) -> Simulated:
    """The intervals of a statement's answer made from `released`, one for each aggregation that it reads.

    With `seconds` spent, columns that take a simulation have none: released values alone decide how long that takes, so
    stopping tells nothing else.
    """
    notes: tuple[str, ...] = ()
    noisy = [i for i, column in enumerate(above.columns) if column.is_noisy and column.type in ("integer", "number")]
    generator = np.random.default_rng(seed)
    if not noisy:
        found: _Found = {}
    elif above.rowwise is not None:
        found, notes = _rowwise(above, noisy, released[0], answer, generator, seconds)
    else:
        found, notes = _replayed(above, noisy, released, answer, publics or {}, generator, seconds)
    names = {index: above.columns[index].name for index in sorted(found)}
    by_level = {
        f"{level:g}": {name: found[index][place] for index, name in names.items()} for place, level in enumerate(LEVELS)
    }
    return Simulated(by_level, notes)


def _replayed(
    above: Above,
    columns: list[int],
    released: Sequence[Noisy],
    answer: Processed,
    publics: Mapping[str, pa.Table],
    generator: np.random.Generator,
    seconds: float,
) -> tuple[_Found, tuple[str, ...]]:
    values = replayed(above, released, columns, publics, generator, seconds) if above.runs else None
    if values is None:
        return _without(columns, answer), (_NOT_FOUND if above.runs and seconds > 0 else _TOO_LARGE,)
    return {
        index: [_quantiles(np.sort(column, axis=1), level) for level in LEVELS] for index, column in values.items()
    }, ()


def _rowwise(
    above: Above, columns: list[int], noisy: Noisy, answer: Processed, generator: np.random.Generator, seconds: float
) -> tuple[_Found, tuple[str, ...]]:
    groups = np.array([row[0] for row in answer.hidden], dtype=np.int64)
    found: _Found = {}
    for index in columns:
        bounds = _exact(above, index, noisy, groups)
        if bounds is not None:
            found[index] = bounds
    derived = [index for index in columns if index not in found]
    simulated = _simulated(above, derived, noisy, groups, generator, seconds * _ROWWISE_FACTOR)
    if simulated is None:
        return found | _without(derived, answer), (_TOO_LARGE,)
    return found | simulated, ()


def _without(columns: list[int], answer: Processed) -> _Found:
    empty: list[Bounds] = [[None, None] for _ in answer.rows]
    return {index: [empty for _ in LEVELS] for index in columns}


def _exact(above: Above, column: int, noisy: Noisy, groups: Any) -> list[list[Bounds]] | None:
    """The intervals of a bare count, sum or quantile; None for what is simulated."""
    number = _bare(above, column)
    aggregation = noisy.aggregation
    aggregate = aggregation.aggregates[number] if number is not None else None
    if aggregate is None or aggregate.kind not in ("count", "sum", "quantile"):
        return None
    part = aggregate.measures[0]
    if aggregate.kind == "quantile":
        quantile = aggregation.quantiles[part]
        step = float(quantile.granularity)
        ends = [quantile_bounds(quantile, quantile_rows(noisy.quantiles[part])[groups], level) for level in LEVELS]
        return [_bounds(low * step, high * step) for low, high in ends]
    measure = aggregation.measures[part]
    values = noisy.measures[part][groups] / measure.norm.grid * float(measure.granularity)
    widths = [float(measure_half_width(measure, level)) for level in LEVELS]
    return [_bounds(values - width, values + width) for width in widths]


def _bare(above: Above, column: int) -> int | None:
    return bare_aggregate(above.rowwise.select[column]) if above.rowwise is not None else None


def _simulated(
    above: Above, derived: list[int], noisy: Noisy, groups: Any, generator: np.random.Generator, seconds: float
) -> _Found | None:
    """The intervals of computed columns; None where that takes longer."""
    found: _Found = {index: [[] for _ in LEVELS] for index in derived}
    if not derived:
        return found
    end = thread_time() + seconds
    many = max(LEAST_DRAWS, min(MOST_DRAWS, _CELLS // max(1, len(groups))))
    for part in _parts(len(groups), max(1, _CELLS // many)):
        if thread_time() >= end:
            return None
        columns = _draw_columns(above, derived, noisy, groups[part], many, generator)
        for index, column in zip(derived, columns, strict=True):
            for place, level in enumerate(LEVELS):
                found[index][place] += _quantiles(column, level)
    return found


def _parts(rows: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, rows, size))


def _draw_columns(
    above: Above, derived: list[int], noisy: Noisy, groups: Any, many: int, generator: np.random.Generator
) -> list[Floats]:
    """The derived columns on every draw, sorted along the draws, NaN last; shape (rows, draws)."""
    aggregates = drawn_aggregates(noisy, groups, many, generator)
    # What is a bare aggregate needs no database: averages are the most common case by far.
    found = {index: aggregates[number] for index in derived if (number := _bare(above, index)) is not None}
    computed = [index for index in derived if index not in found]
    if computed:
        keys = [key.take(pa.array(np.tile(groups, many))) for key in noisy.keys]
        table = released_table(keys, aggregates, many * len(groups))
        found |= evaluate_rows(above, computed, table)
    finite = [np.where(np.isfinite(found[index]), found[index], np.nan) for index in derived]
    return [np.sort(column.reshape(many, len(groups)).T, axis=1) for column in finite]


def _quantiles(sorted_column: Floats, level: float) -> list[Bounds]:
    """The central `level` of each row's draws; draws without a value (NaN, last) are left out.

    Between the order statistics at (n + 1) times the tails: n draws and the truth are exchangeable, so that the k-th of
    n draws lies above the truth with probability k / (n + 1). Source: Hyndman, Fan, "Sample Quantiles in Statistical
    Packages", American Statistician 50, 1996, definition 6.
    """
    if not len(sorted_column):
        return []
    has_gaps = bool(np.isnan(sorted_column[:, -1]).any())
    counts = np.sum(~np.isnan(sorted_column), axis=1) if has_gaps else np.array(sorted_column.shape[1])
    tail = (1 - level) / 2
    lower, upper = tail * (counts + 1) - 1, (1 - tail) * (counts + 1) - 1
    return _bounds(_at(sorted_column, lower, counts), _at(sorted_column, upper, counts))


def _at(sorted_column: Floats, places: Any, counts: Any) -> Floats:
    """The values at places between order statistics; the first or the last beyond them."""
    last = np.maximum(counts - 1, 0)
    places = np.clip(places, 0, last)
    below = np.floor(places).astype(np.int64)
    rows, share = np.arange(len(sorted_column)), places - below
    found: Floats = sorted_column[rows, below]
    between: Floats = found + (sorted_column[rows, np.minimum(below + 1, last)] - found) * share
    return between


def _bounds(lower: Floats, upper: Floats) -> list[Bounds]:
    """Both ends as told, to 12 digits; None for what is no number.

    Many of usual size at once: a whole number divided by a power of ten that a double holds is the double nearest to
    that decimal, as division is rounded correctly (IEEE 754-2019, section 5.4.1).
    """
    ends = np.column_stack((lower, upper))
    sizes = np.where(ends == 0, 1.0, np.abs(ends))
    if len(ends) < _MANY or not bool(np.all((sizes >= 1e-9) & (sizes < 1e12))):
        return [[_shown(low), _shown(high)] for low, high in ends.tolist()]
    scale = 10.0 ** (11 - np.floor(np.log10(sizes)))
    found: list[Bounds] = (np.rint(ends * scale) / scale).tolist()
    return found


def _shown(value: float) -> float | None:
    return float(f"{value:.12g}") if isfinite(value) else None
