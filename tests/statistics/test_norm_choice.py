"""Choosing a norm by a noisy histogram and releasing at that norm costs what is charged: the two epsilons, and no more.

On two neighbouring tables the release is made many times. One half of the runs picks the event that tells the tables
apart best, the other half bounds its log odds from below (Clopper-Pearson, at 1e-9 in all). The twin, whose noise is
that of the declared norm whichever was chosen, is caught.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privacy.contributions import Contribution
from privacy.ladder import Ladder
from privacy.ladder_sums import Ladders
from privacy.mechanisms import OpenDPNoise, laplace_scale
from privacy.norm_choice import choose, histogram_scale
from privacy.units import ContributionNorm

ROUNDS = 3_000
EPSILON_MICRO = 1_000_000  # of the histogram, and again of the totals
CHARGED = 2.0
ERROR = 1e-9
LADDER = Ladder(tuple(ContributionNorm(4 << rung, 1) for rung in range(9)), 0)

# Eleven units of 30 rows are just about as many as are beyond doubt; one more tips the choice, and moves the total.
WITHOUT, WITH = [1] * 500 + [30] * 11, [1] * 500 + [30] * 12


def released(rows_per_unit: list[int], scale_of: list[Fraction]) -> np.ndarray:
    """Pairs of a chosen rung and the total released at it, one a round."""
    kernel = Ladders(1, [Contribution(1, 1, 0, 2**31 - 1, LADDER.norms[0])], [LADDER])
    kernel.add(np.repeat(np.arange(len(rows_per_unit), dtype=np.int32), rows_per_unit), None, [None])
    totals, histogram, noise = kernel.finish()[:, 0].tolist(), kernel.histograms()[0], OpenDPNoise()
    scale = histogram_scale("laplace", EPSILON_MICRO)
    facts = {
        "histogram_deviation": math.sqrt(2) * float(scale),
        "deviations": [math.sqrt(2) * norm.l2_steps * 1e6 / EPSILON_MICRO for norm in LADDER.norms],
        "groups": 1,
    }
    noisy = np.array(noise.laplace(histogram * ROUNDS, scale)).reshape(ROUNDS, -1).tolist()
    rungs = np.array([choose(counts, LADDER, **facts).rung for counts in noisy])
    pairs = np.zeros((ROUNDS, 2))
    for rung in np.unique(rungs):
        chosen = rungs == rung
        pairs[chosen, 0] = rung
        pairs[chosen, 1] = noise.laplace([totals[rung]] * int(chosen.sum()), scale_of[rung])
    return pairs


def epsilon_at_least(scale_of: list[Fraction]) -> float:
    """A lower bound on the epsilon of the whole release."""
    samples = [released(rows, scale_of) for rows in (WITH, WITHOUT)]
    assert min(len(np.unique(sample[:, 0])) for sample in samples) > 1  # else nothing was adaptive
    half = ROUNDS // 2
    events = [(rung, total) for rung in range(len(LADDER.norms)) for total in range(500, 1000, 20)]

    def bound(event: tuple[int, int], first: int) -> float:
        mine, theirs = (
            int(np.sum((part[:, 0] >= event[0]) & (part[:, 1] > event[1])))
            for part in (sample[first : first + half] for sample in samples)
        )
        if not mine or theirs == half:
            return 0.0
        least, most = (
            stats.beta.ppf(ERROR / 2, mine, half - mine + 1),
            1 - stats.beta.ppf(ERROR / 2, half - theirs, theirs + 1),
        )
        return math.log(least / most)

    return bound(max(events, key=lambda event: bound(event, 0)), half)


@pytest.fixture(scope="module")
def scales() -> list[Fraction]:
    return [laplace_scale(l1_steps=norm.l2_steps, epsilon_micro=EPSILON_MICRO) for norm in LADDER.norms]


def test_choice_and_release_cost_no_more_than_is_charged(scales):
    assert 0.1 < epsilon_at_least(scales) <= CHARGED


def test_noise_of_the_declared_norm_at_a_chosen_one_is_caught(scales):
    assert epsilon_at_least([scales[LADDER.declared]] * len(scales)) > CHARGED
