"""Noise follows its law at the claimed scale, and a scale 30 % off is noticed.

A chi-square test against the exact discrete law. The threshold of 1e-9 does not flake: with some thirty tests a false
alarm is expected once in thirty million runs. The twins 30 % off fail by hundreds of orders of magnitude.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privacy.intervals import draws, half_width
from privacy.mechanisms import OpenDPNoise

SAMPLES = 20_000
THRESHOLD = 1e-9
SCALES = [Fraction(7, 10), Fraction(20), Fraction(10**6, 7)]
Sampler = Callable[[Fraction], Sequence[float]]


def _cumulative(mechanism: str, scale: float, at: np.ndarray) -> np.ndarray:
    """P(Z <= at) of the discrete law, exactly for Laplace; for Gaussian by table, or by the normal if wide."""
    if mechanism == "laplace":
        q = math.exp(-1 / scale)
        return np.where(at < 0, q ** np.abs(at) / (1 + q), 1 - q ** (np.abs(at) + 1) / (1 + q))
    if scale > 1000:
        return stats.norm.cdf((at + 0.5) / scale)
    support = np.arange(-math.ceil(12 * scale), math.ceil(12 * scale) + 1)
    weights = np.exp(-((support / scale) ** 2) / 2)
    return np.interp(at, support, np.cumsum(weights) / weights.sum())


def _p_value(noise: Sequence[float], mechanism: str, scale: Fraction) -> float:
    """Chi-square of `noise` in about twenty bins that are equally likely under the claimed law."""
    claimed = float(scale)
    law = stats.laplace(scale=claimed) if mechanism == "laplace" else stats.norm(scale=claimed)
    edges = np.unique(np.rint(law.ppf(np.linspace(0.05, 0.95, 19))))
    cumulative = np.concatenate([[0.0], _cumulative(mechanism, claimed, edges), [1.0]])
    observed = np.bincount(np.searchsorted(edges, np.array(noise, dtype=float)), minlength=len(edges) + 1)
    return float(stats.chisquare(observed, np.diff(cumulative) * len(noise)).pvalue)


def _released(mechanism: str, value: int = 0) -> Sampler:
    sample = getattr(OpenDPNoise(), mechanism)
    return lambda scale: [noisy - value for noisy in sample([value] * SAMPLES, scale)]


def _simulated(mechanism: str) -> Sampler:
    return lambda scale: draws(mechanism, scale, (SAMPLES,), np.random.default_rng(20_240_501)).tolist()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
@pytest.mark.parametrize("source", [_released, _simulated])
def test_noise_has_its_claimed_law(source: Callable[[str], Sampler], mechanism: str, scale: Fraction) -> None:
    assert _p_value(source(mechanism)(scale), mechanism, scale) > THRESHOLD


@pytest.mark.parametrize("off", [Fraction(7, 10), Fraction(13, 10)])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_a_scale_30_percent_off_is_noticed(mechanism: str, scale: Fraction, off: Fraction) -> None:
    assert _p_value(_released(mechanism)(scale * off), mechanism, scale) < THRESHOLD


def test_the_other_law_of_equal_deviation_is_noticed() -> None:
    assert _p_value(_released("gaussian")(Fraction(20)), "laplace", Fraction(20)) < THRESHOLD


@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_noise_does_not_depend_on_the_value(mechanism: str) -> None:
    assert _p_value(_released(mechanism, value=-(2**61) - 1)(Fraction(20)), mechanism, Fraction(20)) > THRESHOLD


@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_noise_is_independent_between_values_and_calls(mechanism: str) -> None:
    first, second = (np.array(_released(mechanism)(Fraction(10**6))) for _ in range(2))
    for left, right in ((first, second), (first[1:], first[:-1])):
        # Rank correlation: 7 standard errors are exceeded once in 10^12 runs.
        assert abs(stats.spearmanr(left, right).statistic) < 7 / math.sqrt(SAMPLES)


@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_intervals_cover_as_often_as_they_say(mechanism: str, level: float) -> None:
    width = half_width(mechanism, Fraction(1000), level)
    covered = int((np.abs(_released(mechanism)(Fraction(1000))) <= width).sum())
    assert stats.binomtest(covered, SAMPLES, level + 5e-4).pvalue > THRESHOLD
    narrow = int((np.abs(_released(mechanism)(Fraction(1000))) <= width * 0.7).sum())
    assert stats.binomtest(narrow, SAMPLES, level).pvalue < THRESHOLD
