"""Intervals of every noisy column, also of what the *above* layer derives, from released values alone.

Bare counts and sums have the mechanism's own half-width. For everything else the noise is simulated around the released
measures, and the select expressions are evaluated on the draws: an interval is where the expression lies when the noise
is taken away again. It covers the *bounded* truth; clipping bias isn't shown, because it depends on rows (DESIGN 1).
The draws are for error bars only. Their seed is the plan's digest, so an answer is told the same way twice; the noise
that protects comes from `privacy.mechanisms` and the operating system, never from here.
"""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, Final

import numpy as np

from dp_queries.accuracy import bare_aggregate, measure_half_width
from dp_queries.answer import LEVELS, Bounds
from dp_queries.plan import Plan
from dp_queries.released import Floats, Groups, aggregate_values, evaluate
from privacy.intervals import draws

MOST_DRAWS: Final = 1_000
LEAST_DRAWS: Final = 200
_CELLS: Final = 500_000  # of one simulated table: 1,000 draws of 500 rows

Intervals = dict[str, dict[str, list[Bounds]]]


def simulate_intervals(plan: Plan, measures: Sequence[Floats], groups: Groups) -> Intervals:
    """By level and column, [lower, upper] for each shown row; `measures` are released values in grid steps."""
    shown = [measure[groups] for measure in measures]
    found: dict[int, list[list[Bounds]]] = {}
    derived = []
    for index, column in enumerate(plan.above.columns):
        if not column.is_noisy or column.type not in ("integer", "number"):
            continue
        aggregate = bare_aggregate(plan.above.select[index])
        if aggregate is not None and plan.aggregates[aggregate].kind != "avg":
            found[index] = _exact(plan, aggregate, shown)
        else:
            derived.append(index)
    found |= _simulated(plan, derived, shown, groups) if derived else {}
    names = {index: plan.above.columns[index].name for index in sorted(found)}
    return {
        f"{level:g}": {name: found[index][place] for index, name in names.items()} for place, level in enumerate(LEVELS)
    }


def _exact(plan: Plan, aggregate: int, shown: Sequence[Floats]) -> list[list[Bounds]]:
    values = aggregate_values(plan, shown)[aggregate]
    measure = plan.measures[plan.aggregates[aggregate].measures[0]]
    widths = [float(measure_half_width(measure, level)) for level in LEVELS]
    return [_bounds(values - width, values + width) for width in widths]


def _simulated(
    plan: Plan, derived: list[int], shown: Sequence[Floats], groups: Groups
) -> dict[int, list[list[Bounds]]]:
    generator = np.random.default_rng(int(plan.digest, 16))
    found: dict[int, list[list[Bounds]]] = {index: [[] for _ in LEVELS] for index in derived}
    many = max(LEAST_DRAWS, min(MOST_DRAWS, _CELLS // max(1, len(groups))))
    for part in _parts(len(groups), max(1, _CELLS // many)):
        columns = _draw_columns(plan, derived, [measure[part] for measure in shown], groups[part], many, generator)
        for index, column in zip(derived, columns, strict=True):
            for place, level in enumerate(LEVELS):
                found[index][place] += _quantiles(column, level)
    return found


def _parts(rows: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, rows, size))


def _draw_columns(
    plan: Plan, derived: list[int], shown: Sequence[Floats], groups: Groups, many: int, generator: np.random.Generator
) -> list[Floats]:
    """The derived columns on every draw, sorted along the draws, NaN last; shape (rows, draws)."""
    noisy = [
        (values - draws(measure.mechanism, measure.noise_scale, (many, len(values)), generator)).ravel()
        for measure, values in zip(plan.measures, shown, strict=True)
    ]
    columns = evaluate(plan, derived, np.tile(groups, many), aggregate_values(plan, noisy))
    return [np.sort(column.reshape(many, len(groups)).T, axis=1) for column in columns]


def _quantiles(sorted_column: Floats, level: float) -> list[Bounds]:
    """The central `level` of each row's draws, taken outwards; draws without a value (NaN, last) are left out."""
    has_gaps = bool(np.isnan(sorted_column[:, -1]).any())
    counts = np.sum(~np.isnan(sorted_column), axis=1) if has_gaps else np.array(sorted_column.shape[1])
    tail = (1 - level) / 2
    lower = np.maximum(np.floor(tail * (counts - 1)), 0).astype(np.int64)
    upper = np.maximum(np.ceil((1 - tail) * (counts - 1)), 0).astype(np.int64)
    rows = np.arange(len(sorted_column))
    return _bounds(sorted_column[rows, lower], sorted_column[rows, upper])


def _bounds(lower: Any, upper: Any) -> list[Bounds]:
    return [[_shown(low), _shown(high)] for low, high in zip(lower.tolist(), upper.tolist(), strict=True)]


def _shown(value: float) -> float | None:
    return float(f"{value:.12g}") if isfinite(value) else None
