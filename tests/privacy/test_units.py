"""Bounds are checked as they are built, and norms convert upwards."""

from fractions import Fraction

import pytest

from privacy.units import ClampingBounds, ContributionNorm


def test_bounds_in_steps() -> None:
    bounds = ClampingBounds(Fraction(-5), Fraction(10), Fraction(1, 4))
    assert (bounds.lower_steps, bounds.upper_steps) == (-20, 40)


@pytest.mark.parametrize(
    ("lower", "upper", "granularity", "fault"),
    [
        ("0", "1", "0", "positive"),
        ("2", "1", "1", "above"),
        ("0", "1/2", "1", "multiples"),
        ("1/2", "1", "1", "multip"),
    ],
)
def test_wrong_bounds_are_refused(lower: str, upper: str, granularity: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ClampingBounds(Fraction(lower), Fraction(upper), Fraction(granularity))


@pytest.mark.parametrize(("l2_steps", "grid"), [(0, 1), (2**30 + 1, 1), (1, 0), (1, 2**20 + 1)])
def test_norms_have_limits(l2_steps: int, grid: int) -> None:
    with pytest.raises(ValueError, match="must lie"):
        ContributionNorm(l2_steps, grid)


@pytest.mark.parametrize(("l2_steps", "groups"), [(1, 1), (10, 4), (10, 3), (2**30, 999_983)])
def test_l1_is_the_least_integer_that_is_enough(l2_steps: int, groups: int) -> None:
    l1_steps = ContributionNorm(l2_steps, 1).l1_steps(groups)
    assert (l1_steps - 1) ** 2 < l2_steps**2 * groups <= l1_steps**2
