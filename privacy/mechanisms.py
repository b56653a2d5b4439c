"""Noise on integers and choices by score: calibrating a scale to a charge, and drawing. OpenDP enters only here.

No float noise anywhere (Mironov, "On Significance of the Least Significant Bits for Differential Privacy", CCS 2012):
values are integers in grid steps, noise comes from OpenDP's exact discrete samplers.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from typing import Any, Final, Protocol

import numpy as np
import opendp.prelude as dp

from privacy.loss import MICRO, NANO

dp.enable_features("contrib")

# OpenDP's default integer is 32 bits wide and saturates; ours is named.
_INTEGER: Final = "i64"
_MOST: Final = 2**63 - 1

_MANY: Final = 256  # values; a draw takes about 20 us, and two threads to start a few hundred


class Noise(Protocol):
    """Adds independent integer noise to each value; `scale` is in the values' own steps."""

    def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
        """The values plus discrete Laplace noise, P(z) proportional to exp(-|z| / scale)."""

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        """The values plus discrete Gaussian noise, P(z) proportional to exp(-z^2 / (2 scale^2))."""


class OpenDPNoise:
    """`Noise` by OpenDP's exact samplers, seeded by the operating system.

    Sources: Ghosh, Roughgarden, Sundararajan, "Universally Utility-Maximizing Privacy Mechanisms", SICOMP 2012
    (discrete Laplace); Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020
    (discrete Gaussian, and the exact sampling of both).
    """

    def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
        """The values plus discrete Laplace noise: (l1 / scale)-DP for L1 sensitivity l1."""
        space = dp.vector_domain(dp.atom_domain(T=_INTEGER)), dp.l1_distance(T=_INTEGER)
        return _released(partial(dp.m.make_laplace, *space, scale=_float_up(scale)), values)

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        """The values plus discrete Gaussian noise: (l2^2 / (2 scale^2))-zCDP for L2 sensitivity l2."""
        space = dp.vector_domain(dp.atom_domain(T=_INTEGER)), dp.l2_distance(T=float)
        return _released(partial(dp.m.make_gaussian, *space, scale=_float_up(scale)), values)


class Choice(Protocol):
    """Draws a place for each list of integer scores, likelier where the score is high; `scale` is in score steps."""

    def permute_and_flip(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        """Per list a place by permute-and-flip: the greatest score after exponential noise of that scale."""

    def exponential(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        """Per list a place by the exponential mechanism, P(place) proportional to exp(score / scale)."""


class OpenDPChoice:
    """`Choice` by OpenDP's exact samplers, which compare rationals, never floats; seeded by the operating system.

    Sources: McKenna, Sheldon, "Permute-and-Flip: A New Mechanism for Differentially Private Selection", NeurIPS 2020;
    McSherry, Talwar, "Mechanism Design via Differential Privacy", FOCS 2007; Cesar, Rogers, "Bounding, Concentrating,
    and Truncating: Unifying Privacy Loss Composition for Data Analytics", ALT 2021 (the exponential mechanism in zCDP).
    """

    def permute_and_flip(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        """Places by permute-and-flip: (2 m / scale)-DP if one unit moves every score of a list by at most m."""
        return _chosen(dp.max_divergence(), scores, scale)

    def exponential(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        """Places by the exponential mechanism: (m^2 / (2 scale^2))-zCDP if one unit moves every score by at most m."""
        return _chosen(dp.zero_concentrated_divergence(), scores, scale)


def laplace_scale(*, l1_steps: int, epsilon_micro: int) -> Fraction:
    """Scale of discrete Laplace noise that makes L1 sensitivity `l1_steps` cost epsilon: l1 / epsilon, rounded up.

    The scale is a float's exact value, so OpenDP samples at the very scale that the plan names.

    >>> laplace_scale(l1_steps=2, epsilon_micro=500_000)
    Fraction(4, 1)
    """
    _checked_positive(l1_steps, epsilon_micro)
    return Fraction(_float_up(Fraction(l1_steps * MICRO, epsilon_micro)))


def gaussian_scale(*, l2_steps: int, rho_nano: int) -> Fraction:
    """Scale of discrete Gaussian noise that makes L2 sensitivity `l2_steps` cost rho: l2 / sqrt(2 rho), rounded up.

    >>> gaussian_scale(l2_steps=3, rho_nano=500_000_000)
    Fraction(3, 1)
    """
    _checked_positive(l2_steps, rho_nano)
    square = Fraction(l2_steps * l2_steps * NANO, 2 * rho_nano)
    scale = math.sqrt(square)
    # Compared exactly: while scale^2 is too small, the float square root was rounded down.
    while Fraction(scale) ** 2 < square:
        scale = math.nextafter(scale, math.inf)
    return Fraction(scale)


def _checked_positive(*numbers: object) -> None:
    if any(type(number) is not int or number < 1 for number in numbers):
        raise ValueError("sensitivity and loss must be positive integers")


def _float_up(scale: Fraction) -> float:
    """The least float not below `scale`. OpenDP takes its float scale as an exact rational, so the noise is never
    smaller than what was charged.
    """
    if not isinstance(scale, Fraction) or scale <= 0:
        raise ValueError("a noise scale must be a positive Fraction")
    nearest = float(scale)
    return nearest if Fraction(nearest) >= scale else math.nextafter(nearest, math.inf)


def _released(mechanism: Callable[[], Any], values: Sequence[int]) -> list[int]:
    """The mechanism's release of `values`. Many are drawn in two threads, with a mechanism each. OpenDP looks at every
    number of a list, in Python, and takes an array as it is.

    Values outside 64 bits are clamped, which can't move two neighbours apart, rather than refused: an error here would
    depend on rows. OpenDP adds in wide integers and saturates at 64 bits, after the noise: post-processing.
    """
    clamped = np.array([max(-_MOST, min(_MOST, int(value))) for value in values], dtype=np.int64)
    if len(clamped) < _MANY:
        return mechanism()(clamped) if len(clamped) else []
    return _in_two_threads(lambda part: mechanism()(part), clamped)


def _chosen(measure: Any, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
    """A place of each list. By the measure OpenDP decides between the two laws (its pure one is permute-and-flip)."""
    space = dp.vector_domain(dp.atom_domain(T=_INTEGER)), dp.linf_distance(T=_INTEGER)
    make = partial(dp.m.make_noisy_max, *space, measure, scale=_float_up(scale))

    def draw(lists: Sequence[Sequence[int]]) -> list[int]:
        mechanism: Any = make()
        return [mechanism(np.array(each, dtype=np.int64)) for each in lists]

    lists = list(scores)
    return _in_two_threads(draw, lists) if len(lists) > 1 else draw(lists)


def _in_two_threads(draw: Callable[[Any], list[int]], parts: Any) -> list[int]:
    """What is drawn of one half of `parts`, then of the other: draws are independent, and take no lock."""
    middle = len(parts) // 2
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(draw, (parts[:middle], parts[middle:]))
        return [value for half in halves for value in half]
