"""Confidence intervals of noisy integers: half-widths, and draws of the noise for what is computed from them.

Everything here depends on a mechanism and its scale, which the plan fixes before a row is read; never on rows. The
draws are for error bars only: they are not protection, and no released value is made from them.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from statistics import NormalDist
from typing import Any, Final, TypeVar

import numpy as np

# Up to this scale the discrete Gaussian is tabulated; beyond it a rounded normal has 1e-4 more variance, at most.
_TABULATED: Final = 32.0

_Entry = TypeVar("_Entry")
Draws = np.ndarray[Any, np.dtype[np.float64]]


def half_width(mechanism: str, scale: Fraction, level: float) -> float:
    """Least m we can prove with P(|noise| <= m) >= level; in the steps of `scale`, an integer.

    >>> half_width("laplace", Fraction(10), 0.95)
    30.0
    """
    if not 0 < level < 1:
        raise ValueError("a level lies between 0 and 1")
    return float(_of(_HALF_WIDTHS, mechanism)(_positive(scale), level))


def standard_deviation(mechanism: str, scale: Fraction) -> float:
    """Standard deviation of the noise, in the steps of `scale`; for the Gaussian an upper bound, its scale.

    The discrete Laplace has variance 2q / (1 - q)^2 with q = exp(-1 / scale); the discrete Gaussian's is below
    scale^2. Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020.
    """
    return _of(_DEVIATIONS, mechanism)(_positive(scale))


def choice_shortfall(mechanism: str, scale: Fraction, worse: int, level: float) -> int:
    """Least k we can prove with P(score of the choice > best score - k) >= level; in score steps, for any scores.

    `worse` is how many candidates may be that bad, all but the best. One that is k worse than the best is drawn by the
    exponential mechanism with probability at most exp(-k / scale), the best one's weight alone being 1; by
    permute-and-flip only if its exponential noise exceeds the best one's by k, which has half that probability. The
    rest is a union bound.
    Sources: McSherry, Talwar, FOCS 2007; Ding, Kifer et al., "The Permute-and-Flip Mechanism Is Identical to
    Report-Noisy-Max with Exponential Noise", 2021.

    >>> choice_shortfall("exponential", Fraction(10), 1000, 0.95)
    100
    """
    odds = _of(_ODDS, mechanism) * worse / (1 - level)
    return math.ceil(_positive(scale) * math.log(odds)) if odds > 1 else 0


def draws(mechanism: str, scale: Fraction, shape: tuple[int, ...], generator: np.random.Generator) -> Draws:
    """Simulated noise of the mechanism: whole numbers as floats, for intervals of what post-processing makes."""
    return _of(_SAMPLERS, mechanism)(_positive(scale), shape, generator)


def _laplace_half_width(scale: float, level: float) -> int:
    """Exact: P(|Z| > m) = 2 q^(m + 1) / (1 + q), q = exp(-1 / scale) (a geometric series on each side)."""
    q = math.exp(-1 / scale)
    return max(0, math.ceil(scale * math.log(2 / ((1 - level) * (1 + q))) - 1))


def _gaussian_half_width(scale: float, level: float) -> int:
    """By the normal law: P(Z >= m + 1) <= P(N >= m).

    The sum of exp(-k^2 / (2 scale^2)) over k > m is at most its integral from m on, and the sum over all k is at least
    sqrt(2 pi) scale (Poisson summation; Canonne, Kamath, Steinke 2020, appendix on tails).
    """
    return math.ceil(scale * NormalDist().inv_cdf((1 + level) / 2))


def _laplace_deviation(scale: float) -> float:
    # sqrt(2q) / (1 - q) = 1 / (sqrt(2) sinh(1 / (2 scale))), which neither cancels nor divides by zero.
    return math.sqrt(0.5) / math.sinh(min(0.5 / scale, 700.0))


def _gaussian_deviation(scale: float) -> float:
    return scale


def _draw_laplace(scale: float, shape: tuple[int, ...], generator: np.random.Generator) -> Draws:
    """The difference of two geometric variables, each an exponential one rounded down."""
    first = np.floor(scale * generator.standard_exponential(shape))
    difference: Draws = first - np.floor(scale * generator.standard_exponential(shape))
    return difference


def _draw_gaussian(scale: float, shape: tuple[int, ...], generator: np.random.Generator) -> Draws:
    if scale > _TABULATED:
        rounded: Draws = np.rint(generator.normal(0.0, scale, shape))
        return rounded
    reach = math.ceil(12 * scale) + 1
    support = np.arange(-reach, reach + 1, dtype=np.float64)
    weights = np.exp(-0.5 * (support / scale) ** 2)
    return generator.choice(support, size=shape, p=weights / weights.sum())


def _positive(scale: Fraction) -> float:
    if scale <= 0:
        raise ValueError("a noise scale must be positive")
    return float(scale)


def _of(table: Mapping[str, _Entry], mechanism: str) -> _Entry:
    if mechanism not in table:
        raise ValueError("no such mechanism")
    return table[mechanism]


_HALF_WIDTHS: Final = {"laplace": _laplace_half_width, "gaussian": _gaussian_half_width}
_DEVIATIONS: Final = {"laplace": _laplace_deviation, "gaussian": _gaussian_deviation}
_SAMPLERS: Final = {"laplace": _draw_laplace, "gaussian": _draw_gaussian}
_ODDS: Final = {"exponential": 1.0, "permute_and_flip": 0.5}
