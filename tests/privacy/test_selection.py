"""A unit's own groups pass with probability delta at most, by exact sums of the noise's law; and selection selects."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.loss import Loss, PureEvent, SelectionEvent, ZCDPEvent
from privacy.mechanisms import OpenDPNoise, gaussian_scale
from privacy.selection import STEPS, Selection, gaussian_selection, laplace_selection, select, threshold
from privacy.unit_sets import SetsOnDemand, UnitSets, UnitSetsBuilder, joined

DELTAS = [Fraction(1, 100), Fraction(1, 10**6), Fraction(1, 10**9)]
ALONE = [1, 2, 5, 50, 1000]
RHOS = [10_000, 1_500_000, 200_000_000]


class NoNoise:
    """Adds nothing, so that a test sees what noise is added to."""

    def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return list(values)

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return list(values)


def gaussian_tail(least: int, scale: float) -> float:
    """P(Z >= least) of the discrete Gaussian, summed."""
    reach = math.ceil(40 * scale) + 2
    support = np.arange(-reach, reach + 1, dtype=np.float64)
    mass = np.exp(-((support / scale) ** 2) / 2)
    return float(mass[support >= least].sum() / mass.sum())


def truncated(radius: int, scale: float) -> dict[int, float]:
    """The law of discrete Laplace noise given that it is at most `radius` in size."""
    mass = {value: math.exp(-abs(value) / scale) for value in range(-radius, radius + 1)}
    whole = math.fsum(mass.values())
    return {value: part / whole for value, part in mass.items()}


def sets_of(units: Sequence[Sequence[int]], groups: int) -> UnitSets:
    builder = UnitSetsBuilder()
    codes = np.array([group for own in units for group in own], np.int32)
    builder.add(np.repeat(np.arange(len(units)), [len(own) for own in units]).astype(np.int32), codes, groups)
    return joined([builder], [np.arange(groups, dtype=np.int32)], groups)


def selected(units: Sequence[Sequence[int]], selection: Selection, groups: int) -> list[int]:
    return select(sets_of(units, groups), selection, NoNoise(), np.random.default_rng(7))


@pytest.mark.parametrize("rho_nano", RHOS)
@pytest.mark.parametrize("delta", DELTAS)
def test_groups_of_one_unit_pass_a_gaussian_threshold_with_delta_at_most(rho_nano: int, delta: Fraction) -> None:
    selection = gaussian_selection(rho_nano=rho_nano, delta=delta)
    for alone in ALONE:
        passing = [
            alone * gaussian_tail(look.threshold - selection.weight(alone), float(look.noise_scale))
            for look in selection.rounds
        ]
        assert sum(passing) <= delta


@pytest.mark.parametrize("rho_nano", RHOS)
@pytest.mark.parametrize("delta", DELTAS)
def test_gaussian_thresholds_are_no_higher_than_they_must_be(rho_nano: int, delta: Fraction) -> None:
    look = gaussian_selection(rho_nano=rho_nano, delta=delta, most_groups=1).rounds[0]
    scale = float(look.noise_scale)
    # One step lower would not do, but for the bound that stands for the exact tail.
    lower = look.threshold - 1 - math.ceil(scale / 1000)
    assert gaussian_tail(look.threshold - 1, scale) <= delta < gaussian_tail(lower - 1, scale)


@pytest.mark.parametrize("delta", DELTAS)
def test_thresholds_for_smaller_noise_fail(delta: Fraction) -> None:
    scale = gaussian_scale(l2_steps=STEPS, rho_nano=1_500_000)
    wrong = threshold(
        "gaussian", steps=STEPS, heaviest=STEPS, most_groups=1, noise_scale=scale * Fraction(7, 10), delta=delta
    )
    assert gaussian_tail(wrong - STEPS, float(scale)) > delta


@pytest.mark.parametrize("alone", ALONE)
def test_clipped_unit_counts_keep_delta_too(alone: int) -> None:
    # As privacy.bounding clips counts: up to grid steps a group, norm 3, so that nine groups count in full.
    grid, norm, delta = 16, 48, Fraction(1, 10**9)
    scale = gaussian_scale(l2_steps=norm, rho_nano=1_500_000)
    found = threshold("gaussian", steps=norm, heaviest=grid, most_groups=norm**2, noise_scale=scale, delta=delta)
    weight = min(grid, math.isqrt(norm * norm // alone))
    assert alone * gaussian_tail(found - weight, float(scale)) <= delta


@given(st.integers(1, 3000), st.sampled_from(["gaussian", "laplace"]), st.integers(1, 2000))
@settings(max_examples=60, deadline=None)
def test_every_unit_keeps_the_norm_and_uses_it(groups: int, mechanism: str, most: int) -> None:
    delta = DELTAS[0]
    if mechanism == "gaussian":
        selection, power = gaussian_selection(rho_nano=10**6, delta=delta, most_groups=most), 2
    else:
        selection, power = laplace_selection(epsilon_micro=10**6, delta=delta, most_groups=most), 1
    held = min(groups, selection.most_groups)
    weight = selection.weight(held)
    assert 1 <= weight
    assert held * weight**power <= selection.steps**power < held * (weight + 1) ** power


@pytest.mark.parametrize("epsilon_micro", [50_000, 300_000, 1_000_000, 5_000_000])
@pytest.mark.parametrize("delta", DELTAS)
def test_for_one_group_a_unit_it_is_the_truncated_geometric_mechanism(epsilon_micro: int, delta: Fraction) -> None:
    # Desfontaines et al. 2022, Definition 4 and Theorem 2: the least k, and the best of all selectors.
    epsilon, d = epsilon_micro / 1e6, float(delta)
    (look,) = laplace_selection(epsilon_micro=epsilon_micro, delta=delta, most_groups=1).rounds
    k = math.ceil(math.log((math.exp(epsilon) + 2 * d - 1) / ((math.exp(epsilon) + 1) * d)) / epsilon)
    assert look.threshold == k + 1
    law, best, before = truncated(look.threshold - 1, float(look.noise_scale)), 0.0, 0.0
    for units in range(1, 3 * k):
        # Whole numbers cost less than two units.
        earlier, before, best = (
            before,
            best,
            min(math.exp(epsilon) * best + d, 1 - math.exp(-epsilon) * (1 - best - d), 1.0),
        )
        chance = math.fsum(part for value, part in law.items() if units + value >= look.threshold)
        assert earlier * (1 - 1e-9) <= chance <= best * (1 + 1e-9)


@pytest.mark.parametrize("most_groups", [1, 2, 5])
@pytest.mark.parametrize("delta", [Fraction(1, 100), Fraction(1, 10**6)])
def test_truncated_noise_is_epsilon_delta_private_group_by_group(most_groups: int, delta: Fraction) -> None:
    epsilon_micro = 700_000
    selection = laplace_selection(epsilon_micro=epsilon_micro, delta=delta, most_groups=most_groups)
    (look,) = selection.rounds
    law = truncated(look.threshold - 1, float(look.noise_scale))
    for held in range(1, most_groups + 1):
        weight = selection.weight(held)
        for total in (0, 1, look.threshold // 2, look.threshold, 3 * look.threshold):
            for one, other in ((total, total + weight), (total + weight, total)):
                worst = _hockey_stick(law, one, other, look.threshold, epsilon_micro / 1e6 / held)
                assert worst * held <= delta * (1 + 1e-9)


def _hockey_stick(law: dict[int, float], one: int, other: int, least: int, epsilon: float) -> float:
    """The least delta for which the release of `one` is (epsilon, delta)-close to that of `other`.

    The release is the noisy total if it is `least` or more and nothing otherwise; a total of 0 is no candidate. What
    is released here is more than `select` tells.
    """
    left, right = _release(law, one, least), _release(law, other, least)
    return math.fsum(max(0.0, part - math.exp(epsilon) * right.get(answer, 0.0)) for answer, part in left.items())


def _release(law: dict[int, float], total: int, least: int) -> dict[int | None, float]:
    if not total:
        return {None: 1.0}
    answers: dict[int | None, float] = {}
    for value, part in law.items():
        answer = total + value if total + value >= least else None
        answers[answer] = answers.get(answer, 0.0) + part
    return answers


def test_the_twin_a_lower_threshold_breaks_delta() -> None:
    delta = Fraction(1, 10**6)
    (look,) = laplace_selection(epsilon_micro=700_000, delta=delta, most_groups=1).rounds
    low = look.threshold - 2
    assert _hockey_stick(truncated(low - 1, float(look.noise_scale)), 1, 0, low, 0.7) > delta


def test_losses_are_what_was_asked_for() -> None:
    delta = Fraction(1, 10**9)
    assert gaussian_selection(rho_nano=7, delta=delta).loss == Loss((SelectionEvent(ZCDPEvent(7), delta),))
    pure = laplace_selection(epsilon_micro=7, delta=delta, most_groups=3)
    assert pure.loss == Loss((SelectionEvent(PureEvent(7), delta),))


@pytest.mark.parametrize("rho_nano", [5, 123_456_789])
def test_the_rounds_cost_no_more_than_the_charge(rho_nano: int) -> None:
    selection = gaussian_selection(rho_nano=rho_nano, delta=DELTAS[1])
    cost = sum(selection.steps**2 / (2 * look.noise_scale**2) for look in selection.rounds)
    assert Fraction(999_999, 1_000_000) * rho_nano <= cost * 10**9 <= rho_nano


def test_large_groups_appear_and_small_ones_do_not() -> None:
    selection = gaussian_selection(rho_nano=10**7, delta=DELTAS[2])
    many = selection.units_at_half()
    units = [(0,)] * (2 * many) + [(1,)] * (many // 3) + [(2,)]
    found = select(sets_of(units, 4), selection, OpenDPNoise(), np.random.default_rng(7))
    assert found == [0]
    assert select(sets_of([], 0), selection, OpenDPNoise(), np.random.default_rng(7)) == []


@pytest.mark.parametrize("shift", [-1, 0])
def test_the_threshold_is_reached_with_whole_steps(shift: int) -> None:
    selection = laplace_selection(epsilon_micro=10**6, delta=DELTAS[1], most_groups=1)
    count = selection.rounds[0].threshold + shift
    assert selected([(0,)] * count, selection, 1) == ([0] if shift == 0 else [])


def test_what_the_first_round_finds_or_drops_takes_no_weight_in_the_second() -> None:
    selection = gaussian_selection(rho_nano=10**7, delta=DELTAS[2])
    first, second = selection.rounds
    assert selection.weight(1) < first.hopeless_below < first.threshold
    # Every unit has group 0, which is found at once, a group of its own, which is hopeless, and group 1, which passes
    # only with the weight that they leave.
    count = -(-second.threshold // selection.weight(1))
    assert count * selection.weight(3) < second.threshold
    units = [(0, 2 + number, 1) for number in range(count)] + [(0,)] * (first.threshold // STEPS + 1)
    assert selected(units, selection, 2 + count) == [0, 1]
    together = [(0, 2, 1)] * count + [(0,)] * (first.threshold // STEPS + 1)
    assert count * selection.weight(3) >= first.hopeless_below
    assert selected(together, selection, 3) == [0]


def test_a_unit_with_too_many_groups_takes_part_with_some() -> None:
    selection = laplace_selection(epsilon_micro=50_000_000, delta=Fraction(1, 3), most_groups=1)
    count = selection.rounds[0].threshold
    assert selection.most_groups == 1
    everyone = [tuple(range(5))] * count
    assert len(selected(everyone, selection, 5)) == 1


@pytest.mark.parametrize("most_groups", [0, -1, 1.5, "2"])
def test_a_bound_is_a_positive_integer(most_groups: object) -> None:
    with pytest.raises(ValueError, match="at least one"):
        gaussian_selection(rho_nano=1000, delta=DELTAS[0], most_groups=most_groups)  # type: ignore[arg-type]  # the attack


@pytest.mark.parametrize(
    "changed", [{"delta": Fraction(0)}, {"heaviest": 0}, {"heaviest": 9}, {"steps": 2**31}, {"most_groups": 0}]
)
def test_what_has_no_threshold_is_refused(changed: dict[str, object]) -> None:
    asked = {"steps": 8, "heaviest": 8, "most_groups": 1, "noise_scale": Fraction(3), "delta": DELTAS[0]} | changed
    with pytest.raises(ValueError, match=r"delta|steps"):
        threshold("gaussian", **asked)  # type: ignore[arg-type]  # that is the attack


@pytest.mark.parametrize("rho_nano", [1, 4])
def test_too_small_a_charge_to_be_split_is_refused(rho_nano: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        gaussian_selection(rho_nano=rho_nano, delta=DELTAS[0])


def test_noise_is_truncated_and_drawn_without_the_values() -> None:
    asked: list[list[int]] = []

    class Rising(NoNoise):
        """Too large at first, then smaller with every draw."""

        def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
            asked.append(list(values))
            return [10**6 // 10 ** (3 * len(asked) - 3)] * len(values)

    selection = laplace_selection(epsilon_micro=10**6, delta=DELTAS[2], most_groups=1)
    found = select(sets_of([(0,), (1,)], 2), selection, Rising(), np.random.default_rng(7))
    assert (found, asked) == ([], [[0, 0]] * 3)


class Scripted(NoNoise):
    """Shows the sums of each round as it is told to, and keeps what they were."""

    def __init__(self, shown: list[int]) -> None:
        self.shown = shown
        self.sums: list[list[int]] = []

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        self.sums.append(list(values))
        return self.shown if len(self.sums) == 1 else [0] * len(values)


OWN = st.sets(st.integers(0, 7), min_size=1)


@given(st.lists(OWN, min_size=1, max_size=6), st.sets(st.integers(0, 11), min_size=1), st.data())
@settings(max_examples=200, deadline=None)
def test_in_both_rounds_one_unit_moves_the_sums_of_shared_groups_by_its_norm_at_most(
    others: list[set[int]], mine: set[int], data: st.DataObject
) -> None:
    # docs/privacy-proof.md, Selection, 2.
    selection = gaussian_selection(rho_nano=10**7, delta=DELTAS[2])
    first = selection.rounds[0]
    shared = sorted(set().union(*others))
    everything = sorted({*shared, *mine})
    levels = st.sampled_from([0, first.hopeless_below, first.threshold])
    shown = {
        group: data.draw(levels if group in shared else levels.filter(lambda x: x < first.threshold))
        for group in everything
    }
    sums = []
    for units, candidates in ((others, shared), ([*others, mine], everything)):
        noise = Scripted([shown[group] for group in candidates])
        select(sets_of([sorted(own) for own in units], 12), selection, noise, np.random.default_rng(7))
        still_open = [group for group in candidates if shown[group] == first.hopeless_below]
        # Without an open group there is no second round, which is the same as one that adds up nothing.
        first_sums, second_sums = [*noise.sums, []][:2]
        sums.append([dict(zip(candidates, first_sums, strict=True)), dict(zip(still_open, second_sums, strict=True))])
    for without, with_it in zip(*sums, strict=True):
        moved = {group: with_it[group] - without.get(group, 0) for group in with_it}
        assert set(without) <= set(with_it)
        assert all(group in mine for group, change in moved.items() if change)
        assert sum(change**2 for change in moved.values()) <= STEPS**2


@given(st.lists(OWN, min_size=1, max_size=6), st.integers(1, 8), st.data())
@settings(max_examples=200, deadline=None)
def test_sets_are_read_again_where_groups_are_open_or_units_have_too_many_and_select_the_same(
    units: list[set[int]], most: int, data: st.DataObject
) -> None:
    selection = gaussian_selection(rho_nano=10**7, delta=DELTAS[2], most_groups=most)
    first, sets, asked = selection.rounds[0], sets_of([sorted(own) for own in units], 8), []
    levels = st.sampled_from([0, first.hopeless_below, first.threshold])
    shown = data.draw(st.lists(levels, min_size=8, max_size=8))
    fits = max(map(len, units)) <= selection.most_groups
    weighed = sets.totals(selection.weights, np.ones(8, np.bool_)) if fits else None
    lazy = SetsOnDemand(8, lambda: asked.append(1) or sets, selection.weights, weighed)  # type: ignore[func-returns-value]

    class Levels(Scripted):
        def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
            return super().gaussian(values, scale)[: len(values)]

    noises = Levels(shown), Levels(shown)
    one, other = (
        select(held, selection, noise, np.random.default_rng(7))
        for held, noise in zip((sets, lazy), noises, strict=True)
    )
    assert (one, noises[0].sums) == (other, noises[1].sums)
    was_open = len(noises[0].sums) > 1
    assert bool(asked) == (was_open or not fits)
