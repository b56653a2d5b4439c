"""What is left of a measure's noise in one group of a consistent table: some of its own, and a bit of many others'.

The rest is taken to be normal, as a sum of many; for Gaussian noise all of it is. For error bars and expected errors.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Final

import numpy as np

from dp_queries.answers.consistency import Floats
from privacy.intervals import draws, half_width

_NORMAL: Final = NormalDist()
_STEPS: Final = 60  # of bisection, beyond the precision of a double
_ROUND: Final = 30.0  # a normal so much wider than the Laplace hides it, and exp(x) would soon overflow


@dataclass(frozen=True)
class Spread:
    """The error of a group is `own` times its own noise, plus a normal error of deviation `rest` in grid steps."""

    own: float
    rest: float


ALONE: Final = Spread(1.0, 0.0)


def spread_half_width(mechanism: str, scale: Fraction, spread: Spread, level: float) -> float:
    """Half-width of the error of a group, in grid steps."""
    if spread == ALONE:
        return half_width(mechanism, scale, level)
    own = float(scale) * spread.own
    if mechanism == "gaussian":
        return math.hypot(own, spread.rest) * _NORMAL.inv_cdf((1 + level) / 2)
    low, high = 0.0, 50 * (own + spread.rest) / (1 - level)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 * _above(middle, own, spread.rest) > 1 - level else (low, middle)
    return high


def spread_draws(
    mechanism: str, scale: Fraction, spread: Spread, shape: tuple[int, ...], generator: np.random.Generator
) -> Floats:
    """Draws of the error of a group, in grid steps."""
    own = draws(mechanism, scale, shape, generator)
    return own if spread == ALONE else own * spread.own + generator.normal(0.0, spread.rest, shape)


def _above(bound: float, scale: float, deviation: float) -> float:
    """P(X + Y > bound) of a Laplace X of this scale and a normal Y, for a bound of at least 0.

    P(Y > m) + [exp(s^2 / 2b^2 - m/b) P(Z < m/s - s/b) - exp(s^2 / 2b^2 + m/b) P(Z > m/s + s/b)] / 2, by integrating
    the Laplace's tail over Y; Z is standard normal, b the scale, s the deviation.
    """
    if deviation <= 1e-9 * scale:
        return math.exp(-bound / scale) / 2
    if deviation > _ROUND * scale:
        return _tail(bound / math.hypot(deviation, math.sqrt(2) * scale))
    ratio = deviation / scale
    falling = math.exp(min(700.0, ratio * ratio / 2 - bound / scale)) * _tail(ratio - bound / deviation)
    rising = math.exp(min(700.0, ratio * ratio / 2 + bound / scale)) * _tail(bound / deviation + ratio)
    return _tail(bound / deviation) + (falling - rising) / 2


def _tail(value: float) -> float:
    return math.erfc(value / math.sqrt(2)) / 2
