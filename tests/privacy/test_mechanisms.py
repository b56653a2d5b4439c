"""Scales cost what is charged, by OpenDP's own account, and noise is added without overflow."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import opendp.prelude as dp
import pytest
from hypothesis import given, settings, strategies as st

from privacy.mechanisms import OpenDPChoice, OpenDPNoise, gaussian_scale, laplace_scale

# OpenDP rounds its own answer up to a float: one part in 2^50 is that rounding, not loss.
ROUNDING = 1 + Fraction(1, 2**50)
SENSITIVITIES = st.integers(1, 2**40)


@given(SENSITIVITIES, st.integers(1, 100_000_000))
@settings(max_examples=60)
def test_laplace_costs_no_more_than_epsilon(l1_steps: int, epsilon_micro: int) -> None:
    scale = laplace_scale(l1_steps=l1_steps, epsilon_micro=epsilon_micro)
    assert scale * epsilon_micro >= l1_steps * 10**6
    assert Fraction(float(scale)) == scale
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    says = dp.m.make_laplace(*space, scale=float(scale)).map(l1_steps)
    assert Fraction(says) <= Fraction(epsilon_micro, 10**6) * ROUNDING


@given(SENSITIVITIES, st.integers(1, 10**11))
@settings(max_examples=60)
def test_gaussian_costs_no_more_than_rho(l2_steps: int, rho_nano: int) -> None:
    scale = gaussian_scale(l2_steps=l2_steps, rho_nano=rho_nano)
    assert 2 * rho_nano * scale**2 >= l2_steps**2 * 10**9
    assert Fraction(float(scale)) == scale
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float)
    says = dp.m.make_gaussian(*space, scale=float(scale)).map(float(l2_steps))
    assert Fraction(says) <= Fraction(rho_nano, 10**9) * ROUNDING


@given(SENSITIVITIES, st.integers(1, 100_000_000))
def test_no_noise_is_wasted(steps: int, amount: int) -> None:
    laplace = laplace_scale(l1_steps=steps, epsilon_micro=amount)
    gaussian = gaussian_scale(l2_steps=steps, rho_nano=amount)
    assert laplace * amount <= steps * 10**6 * ROUNDING
    assert 2 * amount * gaussian**2 <= steps**2 * 10**9 * ROUNDING**2


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, None])
def test_scales_need_positive_integers(wrong: int) -> None:
    for steps, amount in ((wrong, 1), (1, wrong)):
        with pytest.raises(ValueError, match="positive"):
            laplace_scale(l1_steps=steps, epsilon_micro=amount)
        with pytest.raises(ValueError, match="positive"):
            gaussian_scale(l2_steps=steps, rho_nano=amount)


@pytest.mark.parametrize("scale", [Fraction(0), Fraction(-1), 1.0, float("nan")])
def test_noise_needs_a_positive_exact_scale(scale: Fraction) -> None:
    for sample in (OpenDPNoise().laplace, OpenDPNoise().gaussian):
        with pytest.raises(ValueError, match="scale"):
            sample([0], scale)


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
def test_large_values_do_not_overflow(name: str) -> None:
    values = [2**62, -(2**62), 2**31, -(2**31) - 1, 0]
    noisy = getattr(OpenDPNoise(), name)(values, Fraction(1000))
    assert all(type(value) is int for value in noisy)
    assert all(abs(after - before) < 100_000 for after, before in zip(noisy, values, strict=True))


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
def test_large_noise_is_not_cut_at_32_bits(name: str) -> None:
    noisy = getattr(OpenDPNoise(), name)([0] * 64, Fraction(2**45))
    assert max(map(abs, noisy)) > 2**40
    assert len(set(noisy)) == 64


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
def test_what_is_wider_than_64_bits_is_clamped_and_raises_nothing(name: str) -> None:
    high, low = getattr(OpenDPNoise(), name)([2**70, -(2**70)], Fraction(1, 1000))
    assert (high, low) == (2**63 - 1, -(2**63) + 1)


def test_numpy_integers_and_nothing_are_values_too() -> None:
    assert OpenDPNoise().laplace([], Fraction(1)) == []
    assert OpenDPNoise().laplace(list(np.array([5], dtype=np.int64)), Fraction(1, 1000)) == [5]


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
def test_many_values_keep_their_order_and_get_noise_of_their_own(name: str) -> None:
    """They are drawn in two threads; draws that two of them shared would be equal."""
    sample = getattr(OpenDPNoise(), name)
    values = [1000 * place for place in range(601)]
    noisy = sample(values, Fraction(1, 50))
    assert noisy == values  # so little noise is none, but for 1 draw in e^50 and less
    drawn = sample([0] * 600, Fraction(2**40))
    assert len(set(drawn)) > 590


def test_scale_is_rounded_up_where_no_float_is_exact() -> None:
    assert laplace_scale(l1_steps=1, epsilon_micro=300_000) > Fraction(10, 3)
    assert gaussian_scale(l2_steps=1, rho_nano=250_000_000) ** 2 > 2


@given(SENSITIVITIES, st.integers(1, 100_000_000))
@settings(max_examples=40)
def test_choices_cost_what_noise_of_their_scale_costs(steps: int, amount: int) -> None:
    """Permute-and-flip as Laplace noise with twice the sensitivity, the exponential mechanism as Gaussian noise."""
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.linf_distance(T="i64")
    pure, zcdp = (
        laplace_scale(l1_steps=2 * steps, epsilon_micro=amount),
        gaussian_scale(l2_steps=steps, rho_nano=amount),
    )
    epsilon = dp.m.make_noisy_max(*space, dp.max_divergence(), scale=float(pure)).map(steps)
    rho = dp.m.make_noisy_max(*space, dp.zero_concentrated_divergence(), scale=float(zcdp)).map(steps)
    assert Fraction(epsilon) <= Fraction(amount, 10**6) * ROUNDING
    assert Fraction(rho) <= Fraction(amount, 10**9) * ROUNDING**4


@pytest.mark.parametrize("choose", [OpenDPChoice().permute_and_flip, OpenDPChoice().exponential])
def test_choices_take_the_best_where_there_is_hardly_noise(choose: Callable[..., list[int]]) -> None:
    lists = [[0], [-(2**63) + 1, 5, 4], [-9, -9, -(2**62), 2**62]]
    assert choose(iter(lists), Fraction(1, 1000)) == [0, 1, 3]
    assert choose([], Fraction(1)) == []
    with pytest.raises(ValueError, match="scale"):
        choose(lists, Fraction(0))
