"""Choices by score follow their exact laws at the claimed scale, and a scale 30 % off is noticed.

A chi-square test; for the threshold of 1e-9 see `test_noise`.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privacy.mechanisms import OpenDPChoice
from privacy.quantiles import Bins, Drawing, Rank, release
from tests.privacy.choice_laws import LAWS

SAMPLES = 5_000
THRESHOLD = 1e-9
# With ties, so that a scale 30 % off and the other law are both seen; far from zero; and with several best ones.
CASES: list[tuple[list[int], Fraction]] = [
    ([0, -10, -10, -20, -30, -40], Fraction(10)),
    ([2**62 - 700, 2**62, 2**62 - 100, 2**62 - 300], Fraction(999, 7)),
    ([-3, -3, -4, -5], Fraction(1)),
]
OTHER = {"exponential": "permute_and_flip", "permute_and_flip": "exponential"}


def drawn(mechanism: str, scores: Sequence[int], scale: Fraction) -> list[int]:
    choose = getattr(OpenDPChoice(), mechanism)
    places: list[int] = choose((scores for _ in range(SAMPLES)), scale)
    return places


def p_value(places: Sequence[int], mechanism: str, scores: Sequence[int], scale: Fraction) -> float:
    expected = np.exp(LAWS[mechanism]([score - max(scores) for score in scores], float(scale))) * SAMPLES
    observed = np.bincount(places, minlength=len(scores))
    rare = expected < 5
    if rare.any():
        observed = np.append(observed[~rare], observed[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    # Both sums are SAMPLES; what floats make of the second one is put right.
    return float(stats.chisquare(observed, expected * SAMPLES / expected.sum()).pvalue)


@pytest.mark.parametrize(("scores", "scale"), CASES)
@pytest.mark.parametrize("mechanism", LAWS)
def test_a_choice_has_its_claimed_law(mechanism: str, scores: list[int], scale: Fraction) -> None:
    assert p_value(drawn(mechanism, scores, scale), mechanism, scores, scale) > THRESHOLD


@pytest.mark.parametrize("off", [Fraction(7, 10), Fraction(13, 10)])
@pytest.mark.parametrize(("scores", "scale"), CASES[:2])
@pytest.mark.parametrize("mechanism", LAWS)
def test_a_scale_30_percent_off_is_noticed(mechanism: str, scores: list[int], scale: Fraction, off: Fraction) -> None:
    assert p_value(drawn(mechanism, scores, scale * off), mechanism, scores, scale) < THRESHOLD


@pytest.mark.parametrize("mechanism", LAWS)
def test_the_other_law_is_noticed(mechanism: str) -> None:
    scores, scale = CASES[0]
    assert p_value(drawn(OTHER[mechanism], scores, scale), mechanism, scores, scale) < THRESHOLD


@pytest.mark.parametrize("mechanism", LAWS)
def test_choices_are_independent(mechanism: str) -> None:
    places = np.array(drawn(mechanism, [0] * 50, Fraction(1)))
    assert abs(stats.spearmanr(places[1:], places[:-1]).statistic) < 7 / SAMPLES**0.5
    assert stats.chisquare(np.bincount(places, minlength=50)).pvalue > THRESHOLD


@pytest.mark.parametrize("mechanism", LAWS)
def test_released_medians_are_near_and_their_intervals_hold(mechanism: str) -> None:
    rng = np.random.default_rng(11)
    weights = np.bincount(np.clip(rng.normal(120, 25, 3000), 0, 255).astype(int), minlength=256)
    true = int(np.searchsorted(np.cumsum(weights), 1500))
    asked = Drawing(Rank(Fraction(1, 2)), Bins(0, 255, 1), mechanism, Fraction(30), Fraction(45))  # type: ignore[arg-type]  # a name of LAWS
    medians = release(np.array([weights] * 400), asked, OpenDPChoice())
    held = sum(median.low_steps <= true <= median.high_steps for median in medians)
    assert stats.binomtest(held, 400, 0.93, alternative="less").pvalue > THRESHOLD
    # 30 score steps are 15 ranks, of which 48 are a bin here: nearly all draws are within two bins.
    assert np.mean([abs(median.value_steps - true) <= 2 for median in medians]) > 0.9
    assert np.mean([median.high_steps - median.low_steps for median in medians]) < 12
