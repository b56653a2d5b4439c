"""Selection's claims on every small world: databases of few units over three groups, by the exact law of `select`.

`select` itself runs, once for every outcome that its noise may have; outcomes get the probabilities of the noise's law.
So what is held against the claims of docs/privacy-proof.md is the code, and no model of it.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement, permutations, product

import numpy as np
import pytest
from scipy.special import logsumexp

from privacy.group_codes import GroupCodes
from privacy.selection import Round, Selection, gaussian_selection, laplace_selection, select
from privacy.unit_sets import UnitSets, UnitSetsBuilder, joined

Unit = tuple[int, ...]  # the keys of its groups
Law = dict[frozenset[int], float]

KEYS = (10, 11, 12)
OWN: list[Unit] = [own for size in (1, 2, 3) for own in permutations(KEYS, size) if own == tuple(sorted(own))]
ALL = [units for size in range(4) for units in combinations_with_replacement(OWN, size)]


def _renamed(units: tuple[Unit, ...], names: Sequence[int]) -> tuple[Unit, ...]:
    named = dict(zip(KEYS, names, strict=True))
    return tuple(sorted(tuple(sorted(named[key] for key in own)) for own in units))


# Of databases that differ in the keys' names alone, one: codes know no names.
DATABASES = sorted({min(_renamed(units, names) for names in permutations(KEYS)) for units in ALL})
ORDERS = (1.25, 2.0, 4.0, 8.0)
DELTA = Fraction(1, 50)
# Noise so small that a few units decide, or nothing would ever be shown.
GAUSSIAN = gaussian_selection(rho_nano=600_000_000, delta=DELTA, most_groups=3)


def met(units: Sequence[Unit]) -> tuple[UnitSets, list[int]]:
    """The units' groups as the door codes them, in the order in which they are met; and the key of each code."""
    codes, builder = GroupCodes(1, np.random.default_rng(7)), UnitSetsBuilder()
    keys = np.array([key for own in units for key in own], np.int64)
    groups = codes.codes([(keys, None)])
    builder.add(np.repeat(np.arange(len(units)), list(map(len, units))).astype(np.int32), groups, len(codes))
    named = codes.keys()
    return joined([builder], [np.arange(len(codes), dtype=np.int32)], len(codes)), [key for (key,) in named]


@dataclass
class Told:
    """Noise of which every outcome is told beforehand, and which keeps what it was added to."""

    outcomes: list[Sequence[int]]

    def __post_init__(self) -> None:
        self.sums: list[list[int]] = []

    @property
    def first_sums(self) -> list[int]:
        """Those of the first round; there is none where there are no groups."""
        return self.sums[0] if self.sums else []

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        self.sums.append(list(values))
        return list(self.outcomes[len(self.sums) - 1])[: len(values)]

    def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
        assert not any(values)
        return [self.outcomes[0][0]] * len(values)


@dataclass
class Ranks:
    """The generator of the ranks by which a unit's groups are dropped: one of all orders."""

    order: Sequence[int]

    def permutation(self, size: int) -> np.ndarray:
        assert size == len(self.order)
        return np.array(self.order)


@lru_cache(maxsize=64)
def noise_law(scale: Fraction) -> tuple[int, np.ndarray]:
    """How far the discrete Gaussian is listed, and P(Z = m) from -reach on."""
    reach = math.ceil(25 * scale)
    mass = np.exp(-((np.arange(-reach, reach + 1) / float(scale)) ** 2) / 2)
    return reach, mass / mass.sum()


@lru_cache(maxsize=4096)
def levels_of(total: int, scale: Fraction, least: int, middle: int) -> tuple[float, float, float]:
    """The chances that total + Z is `least` or more, between `middle` and that, below `middle`: summed, so that none
    loses its digits."""
    reach, law = noise_law(scale)
    high, low = (min(max(edge - total + reach, 0), law.size) for edge in (least, middle))
    return float(law[high:].sum()), float(law[low:high].sum()), float(law[:low].sum())


def ranks_of(groups: int) -> list[tuple[int, ...]]:
    return list(permutations(range(groups)))


@lru_cache(maxsize=4096)
def gaussian_law(units: tuple[Unit, ...], selection: Selection, alone: frozenset[int] = frozenset()) -> Law:
    """The law of the keys that are shown.

    Given that no group of `alone` is found: in the first round by its law, in the second whatever its noise is.
    """
    sets, keys = met(units)
    first, *others = selection.rounds
    levels, law = (first.threshold, first.hopeless_below, first.hopeless_below - 1), defaultdict(float)
    limits = max(map(len, units), default=0) > selection.most_groups
    orders = ranks_of(len(keys)) if limits else [()]
    for order in orders:
        silent = Told([[0] * len(keys), []])
        select(sets, selection, silent, Ranks(order))  # type: ignore[arg-type]  # all that is asked of a generator
        for shown in product(levels, repeat=len(silent.first_sums)):
            for then in product((others[0].threshold, 0), repeat=shown.count(levels[1])) if others else [()]:
                noise = Told([shown, then])
                found = select(sets, selection, noise, Ranks(order))  # type: ignore[arg-type]  # all that is asked of it
                # Where no unit drops a group, each that was met has a sum, so outcomes go by code.
                chance = _chance(noise, selection, [key in alone for key in keys][: len(shown)])
                law[frozenset(keys[code] for code in found)] += chance / len(orders)
    return law


def _chance(noise: Told, selection: Selection, is_alone: list[bool]) -> float:
    """How likely these outcomes are, after the sums that they were added to."""
    first, chance, still = selection.rounds[0], 1.0, []
    for total, shown, alone in zip(noise.first_sums, noise.outcomes[0], is_alone, strict=True):
        chances = levels_of(total, first.noise_scale, first.threshold, first.hopeless_below)
        if alone:
            chances = 0.0, chances[1] / sum(chances[1:]), chances[2] / sum(chances[1:])
        chance *= chances[_level(shown, first)]
        still += [alone] if _level(shown, first) == 1 else []
    for sums, outcomes, look in zip(noise.sums[1:], noise.outcomes[1:], selection.rounds[1:], strict=False):
        for total, shown, alone in zip(sums, outcomes, still, strict=True):
            found, _, not_found = levels_of(total, look.noise_scale, look.threshold, look.threshold)
            chance *= float(not shown) if alone else found if shown else not_found
    return chance


def _level(shown: int, look: Round) -> int:
    return 0 if shown >= look.threshold else 1 if shown >= look.hopeless_below else 2


@lru_cache(maxsize=4096)
def laplace_law(units: tuple[Unit, ...], selection: Selection) -> Law:
    """The law of the keys that are shown, of independent truncated noise in each group."""
    sets, keys = met(units)
    (look,) = selection.rounds
    law: Law = defaultdict(float)
    orders = ranks_of(len(keys)) if max(map(len, units), default=0) > selection.most_groups else [()]
    values = range(1 - look.threshold, look.threshold)
    mass = np.exp(-np.abs(np.array(values)) / float(look.noise_scale))
    mass /= mass.sum()

    def shown_with(value: int, order: Sequence[int]) -> list[int]:
        return select(sets, selection, Told([[value]]), Ranks(order))  # type: ignore[arg-type]  # all that is asked

    for order in orders:
        # The more noise, the more is found: from which value on each code is, by bisection.
        least = [
            bisect_left(values, True, key=lambda value, code=code, order=order: code in shown_with(value, order))
            for code in range(len(keys))
        ]
        chances = [float(mass[place:].sum()) for place in least]
        for shown in product((True, False), repeat=len(keys)):
            chance = math.prod(one if is_shown else 1 - one for one, is_shown in zip(chances, shown, strict=True))
            law[frozenset(key for key, is_shown in zip(keys, shown, strict=True) if is_shown)] += chance / len(orders)
    return law


def neighbours() -> Iterator[tuple[tuple[Unit, ...], tuple[Unit, ...], Unit]]:
    """Every small database with one unit more, and that unit: met first, it moves the codes of all others' groups."""
    return ((others, (mine, *others), mine) for others in DATABASES for mine in OWN)


def renyi(first: Law, second: Law, order: float) -> float:
    likely = [(part, second.get(shown, 0.0)) for shown, part in first.items() if part > 1e-60]
    if not all(other for _, other in likely):
        return math.inf
    return float(logsumexp([order * math.log(one) + (1 - order) * math.log(other) for one, other in likely])) / (
        order - 1
    )


def hockey_stick(first: Law, second: Law, epsilon: float) -> float:
    """The least delta for which the first law is (epsilon, delta)-close to the second."""
    return math.fsum(max(0.0, part - math.exp(epsilon) * second.get(shown, 0.0)) for shown, part in first.items())


def costs(selection: Selection) -> Iterator[float]:
    """The rho of all neighbours, at all orders, given that no group of one unit alone is shown."""
    for others, everyone, mine in neighbours():
        alone = frozenset(mine) - {key for own in others for key in own}
        without, with_it = gaussian_law(others, selection), gaussian_law(everyone, selection, alone)
        for order in ORDERS:
            yield max(renyi(without, with_it, order), renyi(with_it, without, order)) / order


def failures(selection: Selection) -> Iterator[float]:
    """How likely it is that a group of one unit alone is shown, for all neighbours."""
    for others, everyone, _ in neighbours():
        known = {key for own in others for key in own}
        yield sum(chance for shown, chance in gaussian_law(everyone, selection).items() if shown - known)


def test_two_rounds_cost_rho_but_for_groups_of_one_unit_alone() -> None:
    # docs/privacy-proof.md, Selection, 1 and 2: groups of one unit alone steer the second round here too.
    assert 0.3 < max(costs(GAUSSIAN)) <= 0.6


def test_groups_of_one_unit_alone_are_shown_with_delta_at_most() -> None:
    assert DELTA / 2 < max(failures(GAUSSIAN)) <= DELTA


def test_the_twin_that_weighs_units_too_much_fails() -> None:
    heavy = replace(GAUSSIAN, steps=2 * GAUSSIAN.steps)
    assert any(failure > DELTA for failure in failures(heavy))
    assert any(cost > 0.6 for cost in costs(heavy))


@pytest.mark.parametrize("most_groups", [1, 2])
def test_units_of_too_many_groups_cost_no_more_whatever_ranks_say(most_groups: int) -> None:
    selection = gaussian_selection(rho_nano=600_000_000, delta=DELTA, most_groups=most_groups)
    allowed = {epsilon: float(DELTA) + converted(0.6, epsilon) for epsilon in (0.05, 0.5, 2.0)}
    for others, everyone, _ in neighbours():
        if len(others) > 2:  # one order of ranks after the other, these would take long
            continue
        laws = gaussian_law(others, selection), gaussian_law(everyone, selection)
        for epsilon, delta in allowed.items():
            assert max(hockey_stick(*laws, epsilon), hockey_stick(*laws[::-1], epsilon)) <= delta


def converted(rho: float, epsilon: float) -> float:
    """The delta at epsilon of rho-zCDP (Canonne, Kamath, Steinke 2020, Proposition 12)."""
    orders = np.linspace(1.05, 20, 400)
    return float(np.min(np.exp((orders - 1) * (orders * rho - epsilon)) / (orders - 1) * (1 - 1 / orders) ** orders))


@pytest.mark.parametrize("most_groups", [1, 2, 3])
def test_truncated_noise_is_epsilon_delta_private(most_groups: int) -> None:
    selection = laplace_selection(epsilon_micro=1_500_000, delta=DELTA, most_groups=most_groups)
    worst = 0.0
    for others, everyone, _ in neighbours():
        laws = laplace_law(others, selection), laplace_law(everyone, selection)
        worst = max(worst, hockey_stick(*laws, 1.5), hockey_stick(*laws[::-1], 1.5))
    assert DELTA / 4 < worst <= DELTA * (1 + 1e-9)


def test_the_twin_of_a_lower_threshold_is_not() -> None:
    selection = laplace_selection(epsilon_micro=1_500_000, delta=DELTA, most_groups=1)
    (look,) = selection.rounds
    low = replace(selection, rounds=(replace(look, threshold=look.threshold - 1),))
    assert any(
        hockey_stick(laplace_law(everyone, low), laplace_law(others, low), 1.5) > DELTA
        for others, everyone, _ in neighbours()
    )
