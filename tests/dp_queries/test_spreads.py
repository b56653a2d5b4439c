from fractions import Fraction

import numpy as np
import pytest

from dp_queries.spreads import ALONE, Spread, spread_draws, spread_half_width
from privacy.intervals import half_width

LEVELS = (0.5, 0.8, 0.95, 0.99)
SCALE = Fraction(10_000)
SPREADS = [Spread(1.0, 1.0), Spread(1.0, 3_000.0), Spread(0.7, 10_000.0), Spread(0.2, 90_000.0), Spread(0.1, 1e6)]


@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
@pytest.mark.parametrize("spread", SPREADS)
def test_as_many_draws_lie_within_a_half_width_as_it_says(mechanism, spread):
    """Of 200,000 draws, within six standard deviations of their share."""
    many = 200_000
    drawn = np.abs(spread_draws(mechanism, SCALE, spread, (many,), np.random.default_rng(1)))
    for level in LEVELS:
        share = np.mean(drawn <= spread_half_width(mechanism, SCALE, spread, level))
        assert abs(share - level) < 6 * (level * (1 - level) / many) ** 0.5
        wide = np.mean(drawn <= 1.1 * spread_half_width(mechanism, SCALE, spread, level))
        assert abs(wide - level) > 6 * (level * (1 - level) / many) ** 0.5 or level == 0.99


@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_noise_that_nothing_happened_to_has_the_mechanisms_own_law(mechanism):
    for level in LEVELS:
        assert spread_half_width(mechanism, Fraction(7), ALONE, level) == half_width(mechanism, Fraction(7), level)
    drawn = spread_draws(mechanism, Fraction(7), ALONE, (50,), np.random.default_rng(1))
    assert np.array_equal(drawn, np.rint(drawn))


def test_the_normal_takes_over_without_a_jump():
    widths = [spread_half_width("laplace", SCALE, Spread(1.0, rest * 1e4), 0.95) for rest in (29.9, 30.0, 30.1)]
    assert widths == sorted(widths)
    assert widths[2] / widths[0] == pytest.approx(30.1 / 29.9, rel=1e-3)
