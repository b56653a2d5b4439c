"""A unit's own groups appear with probability delta at most, as often as we look; and selection finds what it should.

Delta is 0.05 here, so that failures are seen. Every unit has groups of its own and nothing else, which makes units
independent trials. The threshold of 1e-9 does not flake; the twins, thresholds made for noise 30 % smaller, must fail.
"""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privacy.mechanisms import OpenDPNoise
from privacy.selection import Round, Selection, gaussian_selection, laplace_selection, select, threshold
from privacy.unit_sets import UnitSets, UnitSetsBuilder, joined

DELTA = Fraction(1, 20)
UNITS = {1: 100_000, 7: 12_000, 100: 700}  # by how many groups each has
CERTAIN = 1e-9


def gaussian(alone: int) -> Selection:
    return gaussian_selection(rho_nano=50_000_000, delta=DELTA, most_groups=alone)


def laplace(alone: int) -> Selection:
    return laplace_selection(epsilon_micro=500_000, delta=DELTA, most_groups=alone)


def for_smaller_noise(selection: Selection) -> Selection:
    """Thresholds as they would be for noise of 0.7 of the scale."""
    most = selection.most_groups
    share = Fraction(1, 10), Fraction(9, 10)
    parts = share if len(selection.rounds) > 1 else (Fraction(1),)
    rounds = tuple(
        _with_threshold(selection, look, part, most) for look, part in zip(selection.rounds, parts, strict=True)
    )
    return dataclasses.replace(selection, rounds=rounds)


def _with_threshold(selection: Selection, look: Round, part: Fraction, most: int) -> Round:
    steps, scale = selection.steps, look.noise_scale * Fraction(7, 10)
    found = threshold(
        selection.mechanism, steps=steps, heaviest=steps, most_groups=most, noise_scale=scale, delta=DELTA * part
    )
    return dataclasses.replace(look, threshold=found)


def failures(selection: Selection, alone: int) -> tuple[int, int]:
    """Of how many units any group appeared, and how many units there were."""
    units = UNITS[alone]
    found = select(_alone(units, alone), selection, OpenDPNoise(), np.random.default_rng())
    return len({code // alone for code in found}), units


def _alone(units: int, each: int) -> UnitSets:
    groups, builder = units * each, UnitSetsBuilder()
    builder.add(np.repeat(np.arange(units, dtype=np.int32), each), np.arange(groups, dtype=np.int32), groups)
    return joined([builder], [np.arange(groups, dtype=np.int32)], groups)


def more_than_delta(selection: Selection, alone: int) -> float:
    """How likely so many failures or more are if delta is true (Clopper, Pearson 1934)."""
    count, units = failures(selection, alone)
    return float(stats.binomtest(count, units, float(DELTA), alternative="greater").pvalue)


WORST = [(gaussian, 1), (gaussian, 7), (gaussian, 100), (laplace, 1)]  # Laplace thresholds leave several groups less


@pytest.mark.parametrize(("family", "alone"), [*WORST, (laplace, 7)])
def test_groups_of_one_unit_appear_with_delta_at_most(family, alone):
    assert more_than_delta(family(alone), alone) > CERTAIN


@pytest.mark.parametrize(("family", "alone"), WORST)
def test_thresholds_for_noise_30_percent_smaller_are_noticed(family, alone):
    assert more_than_delta(for_smaller_noise(family(alone)), alone) < CERTAIN


@pytest.mark.parametrize(("family", "alone"), [(gaussian, 1), (laplace, 1)])
def test_delta_is_used(family, alone):
    count, units = failures(family(alone), alone)
    assert stats.binomtest(count, units, float(DELTA) * 0.75, alternative="less").pvalue > CERTAIN


@pytest.mark.parametrize("family", [gaussian, laplace])
def test_a_group_of_as_many_units_as_promised_appears_half_the_time(family):
    selection, groups = family(1), 5_000
    many = selection.units_at_half()
    builder = UnitSetsBuilder()
    codes = np.tile(np.arange(groups, dtype=np.int32), many)
    builder.add(np.arange(codes.size, dtype=np.int32), codes, groups)
    sets = joined([builder], [np.arange(groups, dtype=np.int32)], groups)
    found = len(select(sets, selection, OpenDPNoise(), np.random.default_rng()))
    # Units are whole: half, and at most what one unit more brings.
    assert stats.binomtest(found, groups, 0.5, alternative="less").pvalue > CERTAIN
    assert found < 0.75 * groups
