"""Half-widths hold against the exact discrete laws, and draws follow them."""

import math
from fractions import Fraction

import numpy as np
import pytest

from privacy.intervals import choice_shortfall, draws, half_width, standard_deviation
from tests.privacy.choice_laws import LAWS

SCALES = [Fraction(1, 5), Fraction(1), Fraction(17, 3), Fraction(200)]
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99]


def _law(mechanism: str, scale: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Support and probabilities by the definition, far into both tails."""
    support = np.arange(-math.ceil(45 * scale) - 1, math.ceil(45 * scale) + 2)
    exponent = np.abs(support) / float(scale) if mechanism == "laplace" else (support / float(scale)) ** 2 / 2
    return support, np.exp(-exponent) / np.exp(-exponent).sum()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_half_width_covers_its_level_and_hardly_more(mechanism: str, scale: Fraction, level: float) -> None:
    support, probability = _law(mechanism, scale)
    width = half_width(mechanism, scale, level)
    assert width == int(width)
    assert probability[np.abs(support) <= width].sum() >= level - 1e-12
    slack = 1 if mechanism == "laplace" else 2
    if width >= slack:
        assert probability[np.abs(support) <= width - slack].sum() < level


@pytest.mark.parametrize("scale", SCALES)
def test_standard_deviation_of_the_discrete_laws(scale: Fraction) -> None:
    for mechanism, exact in (("laplace", True), ("gaussian", False)):
        support, probability = _law(mechanism, scale)
        truth = math.sqrt((support.astype(float) ** 2 * probability).sum())
        claimed = standard_deviation(mechanism, scale)
        assert claimed == pytest.approx(truth, rel=1e-6) if exact else truth <= claimed + 1e-9


def test_tiny_and_huge_scales_stay_finite() -> None:
    for scale in (Fraction(1, 10**9), Fraction(10**30)):
        for mechanism in ("laplace", "gaussian"):
            assert 0 <= half_width(mechanism, scale, 0.95) < math.inf
            assert 0 <= standard_deviation(mechanism, scale) < math.inf
            assert np.isfinite(draws(mechanism, scale, (3,), np.random.default_rng(1))).all()


@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_draws_are_whole_numbers_of_the_shape_asked_and_repeat_by_generator(mechanism: str) -> None:
    first, second = (draws(mechanism, Fraction(50), (4, 3), np.random.default_rng(7)) for _ in range(2))
    assert first.shape == (4, 3)
    assert (first == second).all()
    assert (first == np.rint(first)).all()


def test_what_is_no_mechanism_scale_or_level_is_refused() -> None:
    generator = np.random.default_rng(1)
    for call in (
        lambda: half_width("uniform", Fraction(1), 0.5),
        lambda: draws("uniform", Fraction(1), (1,), generator),
        lambda: standard_deviation("uniform", Fraction(1)),
        lambda: half_width("laplace", Fraction(0), 0.5),
        lambda: half_width("laplace", Fraction(1), 1.0),
        lambda: half_width("laplace", Fraction(1), 0.0),
        lambda: half_width("laplace", Fraction(1), math.nan),
        lambda: draws("laplace", Fraction(-1), (1,), generator),
    ):
        with pytest.raises(ValueError, match=r"mechanism|scale|level"):
            call()


@pytest.mark.parametrize("mechanism", LAWS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("worse", [1, 7, 60])
def test_a_choice_falls_short_by_no_more_than_proved_and_nearly_as_much(
    mechanism: str, scale: Fraction, worse: int
) -> None:
    """At the worst case of the union bound: one best candidate, and all others k below it."""
    shortfall = choice_shortfall(mechanism, scale, worse, 0.95)
    assert np.exp(LAWS[mechanism]([0] + [-shortfall] * worse, float(scale))[1:]).sum() <= 0.05
    closer = shortfall - math.ceil(float(scale) / 10) - 1
    assert np.exp(LAWS[mechanism]([0] + [-closer] * worse, float(scale))[1:]).sum() > 0.05


def test_nothing_falls_short_where_nothing_is_worse() -> None:
    assert choice_shortfall("exponential", Fraction(3), 0, 0.95) == 0
    assert choice_shortfall("permute_and_flip", Fraction(3), 1, 0.1) == 0
