"""Draws of what released values may have been before noise, for error bars: plausible measures around released ones.

Taken away from a released value, a draw of its noise gives a value that the truth may have had. For a quantile, whose
interval was released with it, `privacy.quantile_intervals` says how likely the truth lies how far towards which end.
Nothing here protects, and no released value is made of it.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from dp_queries.answers.engine import Floats
from dp_queries.answers.released import Noisy, aggregate_values
from dp_queries.plan import Aggregation, Measure, QuantileMeasure
from dp_queries.spreads import spread_draws
from privacy.intervals import draws, standard_deviation
from privacy.quantile_intervals import stretches
from privacy.quantiles import LEVEL, Drawing, Quantile

_VARIANCES: Final = frozenset({"var_pop", "var_samp", "stddev_pop", "stddev_samp"})


def drawn_aggregates(noisy: Noisy, rows: Any, many: int, generator: np.random.Generator) -> list[Floats]:
    """The aggregates of some rows in `many` draws: each of shape (many * rows), draw by draw. Rows are drawn apart."""
    aggregation = noisy.aggregation
    measures = [
        _drawn(measure, values[rows], many, generator)
        for measure, values in zip(aggregation.measures, noisy.measures, strict=True)
    ]
    return aggregate_values(
        aggregation, _unsquared(aggregation, measures), _drawn_quantiles(noisy, rows, many, generator)
    )


class JointDraws:
    """Draws of released tables together: in a family, the noise of one table is in the others too."""

    def __init__(self, released: Sequence[Noisy], generator: np.random.Generator) -> None:
        self._released = released
        self._generator = generator
        self._families = next((noisy.families for noisy in released if noisy.families is not None), None)

    def next(self) -> list[list[Floats]]:
        """By table, its aggregates for every group."""
        return [self._taken_away(noisy, mine) for noisy, mine in zip(self._released, self._noise(), strict=True)]

    def _noise(self) -> list[list[Floats]]:
        if self._families is None:
            return [self._independent(noisy.aggregation) for noisy in self._released]
        numbers = [noisy.number for noisy in self._released]
        parts = {at: self._families.aggregations[at] for at in sorted(self._families.partners(set(numbers)))}
        noise = self._families.consistent({at: self._independent(part) for at, part in parts.items()})
        return [noise[number] for number in numbers]

    def _independent(self, aggregation: Aggregation) -> list[Floats]:
        shape = (aggregation.groups,)
        return [draws(part.mechanism, part.noise_scale, shape, self._generator) for part in aggregation.measures]

    def _taken_away(self, noisy: Noisy, noise: Sequence[Floats]) -> list[Floats]:
        measures = [values - mine for values, mine in zip(noisy.measures, noise, strict=True)]
        quantiles = _drawn_quantiles(noisy, slice(None), 1, self._generator)
        return aggregate_values(noisy.aggregation, _unsquared(noisy.aggregation, measures), quantiles)


def quantile_bounds(measure: QuantileMeasure, steps: Floats, level: float) -> tuple[Floats, Floats]:
    """The interval of a quantile at a level, in steps; `steps` has rows of value, low, high.

    The least and the greatest value are drawn from one side of the truth, so a narrower interval around what was drawn
    would miss it nearly always: there all lower levels have the interval that was released, and higher ones all that
    the declared bounds allow.
    """
    value, low, high = steps.T
    if not measure.drawing.rank.is_end:
        stretch = float(_stretch(measure.drawing, np.array(level)))
        low, high = value + (low - value) * stretch, value + (high - value) * stretch
    elif level > LEVEL:
        low, high = np.full_like(low, -np.inf), np.full_like(high, np.inf)
    return _within(measure, low), _within(measure, high)


def quantile_rows(found: tuple[Quantile, ...]) -> Floats:
    """Rows of value, low, high, in steps."""
    steps = [(one.value_steps, one.low_steps, one.high_steps) for one in found]
    return np.array(steps, dtype=np.float64).reshape(-1, 3)


def _drawn(measure: Measure, values: Floats, many: int, generator: np.random.Generator) -> Floats:
    shape = (many, len(values))
    noise = spread_draws(measure.mechanism, measure.noise_scale, measure.spread, shape, generator)
    return (values - noise).ravel()


def _drawn_quantiles(noisy: Noisy, rows: Any, many: int, generator: np.random.Generator) -> list[Floats]:
    return [
        _drawn_quantile(measure, quantile_rows(found)[rows], many, generator)
        for measure, found in zip(noisy.aggregation.quantiles, noisy.quantiles, strict=True)
    ]


def _unsquared(aggregation: Aggregation, measures: list[Floats]) -> list[Floats]:
    """Drawn measures, in which sums of squares make up for the noise that is squared with the sum of deviations.

    A variance is made of the square of a noisy sum, which is too high by the noise's variance; a draw adds as much
    again. Both are given back, or drawn variances would lie below the truth where there are few rows.
    """
    found = list(measures)
    for aggregate in aggregation.aggregates:
        if aggregate.kind in _VARIANCES:
            total, squares, count = (aggregation.measures[index] for index in aggregate.measures)
            rows = np.maximum(measures[aggregate.measures[2]] * _amount(count), 1.0)
            noise = _deviation(total) * _amount(total)
            place = aggregate.measures[1]
            found[place] = measures[place] + 2 * noise**2 / rows / _amount(squares)
    return found


def _deviation(measure: Measure) -> float:
    """Of what is left of its noise, in grid steps."""
    own = standard_deviation(measure.mechanism, measure.noise_scale) * measure.spread.own
    return math.hypot(own, measure.spread.rest)


def _amount(measure: Measure) -> float:
    """What a grid step is in the unit of the column."""
    return float(measure.granularity / measure.norm.grid)


def _drawn_quantile(measure: QuantileMeasure, steps: Floats, many: int, generator: np.random.Generator) -> Floats:
    value, low, high = steps.T
    chances = generator.random((many, len(steps)))
    if measure.drawing.rank.is_end:
        # How far beyond what was drawn is told by nothing: a third of the draws lie there, a third at the bound.
        moved = value + (low - value + high - value) * np.clip(3 * chances - 1, 0, 1)
    else:
        end = np.where(generator.random(chances.shape) < 0.5, low, high)
        moved = value + (end - value) * _stretch(measure.drawing, chances)
    return _within(measure, moved).ravel()


def _stretch(drawing: Drawing, levels: Floats) -> Floats:
    found: Floats = np.interp(levels, *stretches(drawing.scale_ratio, LEVEL))
    return found


def _within(measure: QuantileMeasure, steps: Floats) -> Floats:
    """Steps within the declared bounds, where the quantile lies for certain."""
    clipped: Floats = np.clip(steps, measure.drawing.bins.lower_steps, measure.drawing.bins.upper_steps)
    return clipped
