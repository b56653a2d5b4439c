"""Partition selection: deciding which groups may appear, when their keys are nobody's public list.

A group appears when the noisy sum of its units' weights reaches a threshold that the groups which one unit has alone
reach with probability delta at most. Units count, never rows (ATTACKS 4). Only keys leave; sums, candidates and their
number don't.

Two families, both planned from public numbers alone:

- `gaussian_selection`: weights 1 / sqrt(groups of the unit), so a unit's vector has L2 norm 1, and Gaussian noise:
  Gopi, Gulhane, Kulkarni, Shen, Shokouhi, Yekhanin, "Differentially Private Set Union", ICML 2020; Wilkins, Kifer,
  Zhang, Karrer, "Exact Privacy Analysis of the Gaussian Sparse Histogram Mechanism", 2024. In two rounds: what the
  first finds, and what it sees to be hopeless, takes no weight in the second: Swanberg, Desfontaines, Haney, "DP-SIPS",
  2023; Chen, Cohen-Addad, Epasto, Zadimoghaddam, "Scalable Private Partition Selection via Adaptive Weighting", 2025.
- `laplace_selection`: weights 1 / groups and truncated geometric noise, which for one group a unit is the best
  of all selectors that cost (epsilon, delta): Desfontaines, Voss, Gipson, Mandayam, "Differentially Private Partition
  Selection", PoPETs 2022. Per unit of Renyi divergence, which budgets sum, the Gaussian finds more.

Why it is private: docs/privacy-proof.md, Selection.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from privacy.loss import Loss, PureEvent, SelectionEvent, ZCDPEvent, checked_delta
from privacy.mechanisms import Noise, gaussian_scale, laplace_scale
from privacy.parts import Int64s

Mechanism = Literal["gaussian", "laplace"]

# One unit's norm in grid steps. It reaches 32^2 groups at most with a whole step; a finer grid would round weights down
# by less, but let one unit reach more groups, and each of them wants its share of delta. Measured best from 16 to 64.
STEPS: Final = 32

# The first round's part of rho and of delta. It only has to find the large groups and to drop the small ones; from a
# tenth to a third of rho was measured to be as good, on groups of like size and on power laws.
_FIRST_RHO: Final = Fraction(1, 5)
_FIRST_DELTA: Final = Fraction(1, 10)

# The finest grid of weights for which a threshold is sought, weight by weight.
_HEAVIEST: Final = 4096

# Added to logarithms of tails. They are made of a few double operations on magnitudes below 1e4: errors below 1e-11.
_SLACK: Final = 1e-9


class Sets(Protocol):
    """Which groups units are in, as selection asks for it."""

    @property
    def groups(self) -> int:
        """How many groups there are."""
        ...

    def limited(self, most: int, generator: np.random.Generator) -> "Sets":
        """The same with `most` groups of each unit that has more."""
        ...

    def totals(self, weights: Int64s, open_groups: NDArray[np.bool_]) -> Int64s:
        """Sums per group, where a unit with n open groups adds weights[n] to each of them."""
        ...


@dataclass(frozen=True)
class Round:
    """One noisy look at the groups. Thresholds are in grid steps, as the sums are.

    A group with `threshold` steps or more is found; one with less than `hopeless_below` is dropped from later rounds.
    """

    noise_scale: Fraction
    threshold: int
    hopeless_below: int


@dataclass(frozen=True)
class Selection:
    """How groups will be selected: fixed before a row is read, from public numbers. Made by the functions below."""

    mechanism: Mechanism
    steps: int
    most_groups: int
    rounds: tuple[Round, ...]
    loss: Loss

    def weight(self, groups: int) -> int:
        """What a unit adds to each of its groups, in grid steps, so that its vector keeps to the norm."""
        return _weight(self.mechanism, self.steps, groups)

    @cached_property
    def weights(self) -> Int64s:
        """The weight for every number of groups, from 0 to the most."""
        return np.array([0, *map(self.weight, range(1, self.most_groups + 1))], np.int64)

    def units_at_half(self, groups: int = 1) -> int:
        """About how many units, with `groups` groups each, a group needs to appear with an even chance. For *explain*
        and to compare selections: the least is the best. What the first round finds or drops makes it fewer.
        """
        return -(-self.rounds[-1].threshold // self.weight(min(groups, self.most_groups)))


def gaussian_selection(*, rho_nano: int, delta: Fraction, most_groups: int | None = None) -> Selection:
    """Selection that is delta-approximate rho-zCDP. `most_groups` is a public bound on the groups of one unit.

    A unit with more groups takes part with some of them. Raises ValueError where rho or delta is too small to be split.

    >>> gaussian_selection(rho_nano=2_000_000, delta=Fraction(1, 10**9)).units_at_half()
    125
    """
    steps = 1 if most_groups == 1 else STEPS
    most = _checked_most(most_groups, steps * steps)
    looks = [(rho_nano, delta)]
    if most > 1:
        first = math.floor(rho_nano * _FIRST_RHO)
        looks = [(first, delta * _FIRST_DELTA), (rho_nano - first, delta * (1 - _FIRST_DELTA))]
    rounds = tuple(_gaussian_round(steps, most, *look) for look in looks)
    return Selection("gaussian", steps, most, rounds, Loss((SelectionEvent(ZCDPEvent(rho_nano), delta),)))


def laplace_selection(*, epsilon_micro: int, delta: Fraction, most_groups: int) -> Selection:
    """Selection that is (epsilon, delta)-DP: truncated geometric noise, one round.

    >>> laplace_selection(epsilon_micro=1_000_000, delta=Fraction(1, 10**9), most_groups=1).units_at_half()
    21
    """
    steps = 1 if most_groups == 1 else STEPS
    most = _checked_most(most_groups, steps)
    scale = laplace_scale(l1_steps=steps, epsilon_micro=epsilon_micro)
    found = threshold("laplace", steps=steps, heaviest=steps, most_groups=most, noise_scale=scale, delta=delta)
    loss = Loss((SelectionEvent(PureEvent(epsilon_micro), delta),))
    return Selection("laplace", steps, most, (Round(scale, found, 0),), loss)


@lru_cache(maxsize=256)
def threshold(
    mechanism: Mechanism, *, steps: int, heaviest: int, most_groups: int, noise_scale: Fraction, delta: Fraction
) -> int:
    """Least threshold in grid steps that the groups of a unit alone reach with probability delta at most, together.

    The unit's vector has norm `steps` (L2 for the Gaussian, L1 for Laplace), adds the same to each of its groups,
    `heaviest` at most, and reaches `most_groups` at most. With t groups that is t * P(weight(t) + noise >= threshold)
    (union bound), and of the t with one weight the largest is the worst. Laplace noise is cut off below the threshold:
    `_truncated_tail`.

    Noisy unit counts that were clipped by `privacy.bounding` obey it as well, with `heaviest` their grid, where only
    groups whose exact count is at least one step are candidates. Then the counts that pass may be shown for free.
    """
    if not checked_delta(delta):
        raise ValueError("a selection needs a delta above 0")
    if not 1 <= heaviest <= min(steps, _HEAVIEST) or steps > 2**30 or most_groups < 1:
        raise ValueError("a unit adds between 1 and all of its steps, 4096 at most, to one group at least")
    tail, power, scale, most = _TAILS[mechanism], _POWERS[mechanism], float(noise_scale), 0
    lightest = max(1, min(heaviest, _weight(mechanism, steps, most_groups)))
    for weight in range(lightest, heaviest + 1):
        groups = min(most_groups, steps**power // weight**power)
        allowed = math.log(delta.numerator) - math.log(delta.denominator) - math.log(groups) - _SLACK
        most = max(most, _least(partial(_is_rare, tail, weight, scale, allowed), weight))
    return most


def select(sets: Sets, selection: Selection, noise: Noise, generator: np.random.Generator) -> list[int]:
    """Codes of the groups that appear.

    Codes tell in which order groups were met, which is private: whoever releases the groups orders them by their keys.
    `noise` protects; `generator` only picks some of the groups of a unit that has too many.
    """
    bounded = sets.limited(selection.most_groups, generator)
    open_groups, found = np.ones(sets.groups, np.bool_), np.zeros(sets.groups, np.bool_)
    for look in selection.rounds:
        if not open_groups.any():
            break  # nothing would be a candidate; what is open is told by noisy sums alone
        totals = bounded.totals(selection.weights, open_groups)
        # What nobody adds a step to is no candidate: only a unit that had to leave it out knows of it.
        candidates = np.flatnonzero(totals)
        noisy = np.array(_noisy(selection.mechanism, totals[candidates].tolist(), look, noise), np.int64)
        found[candidates[noisy >= look.threshold]] = True
        open_groups[:] = False
        open_groups[candidates[(noisy < look.threshold) & (noisy >= look.hopeless_below)]] = True
    codes: list[int] = np.flatnonzero(found).tolist()
    return codes


def _checked_most(most_groups: int | None, reach: int) -> int:
    """How many groups of a unit count: no more than its norm reaches with a whole step each."""
    if most_groups is not None and (type(most_groups) is not int or most_groups < 1):
        raise ValueError("a unit has at least one group")
    return reach if most_groups is None else min(most_groups, reach)


def _weight(mechanism: Mechanism, steps: int, groups: int) -> int:
    """The largest whole weight that keeps `groups` equal ones within the norm."""
    return math.isqrt(steps * steps // groups) if mechanism == "gaussian" else steps // groups


def _is_rare(tail: Callable[[int, int, float], float], weight: int, scale: float, allowed: float, at: int) -> bool:
    return tail(at, weight, scale) <= allowed


def _least(holds: Callable[[int], bool], above: int) -> int:
    """The least integer over `above` for which `holds`, which then holds for all larger ones."""
    width = 1
    while not holds(above + width):
        width *= 2
    low, high = above + width // 2, above + width
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _noisy(mechanism: Mechanism, totals: list[int], look: Round, noise: Noise) -> list[int]:
    if mechanism == "gaussian":
        return noise.gaussian(totals, look.noise_scale)
    return [total + part for total, part in zip(totals, _truncated(len(totals), look, noise), strict=True)]


def _truncated(count: int, look: Round, noise: Noise) -> list[int]:
    """Discrete Laplace noise, drawn again while it is not below the threshold in size: truncated, exactly.

    Drawn on zeros, so how often it is drawn again tells nothing about rows.
    """
    drawn = noise.laplace([0] * count, look.noise_scale)
    while again := [place for place, part in enumerate(drawn) if abs(part) >= look.threshold]:
        for place, part in zip(again, noise.laplace([0] * len(again), look.noise_scale), strict=True):
            drawn[place] = part
    return drawn


def _gaussian_round(steps: int, most: int, rho_nano: int, delta: Fraction) -> Round:
    scale = gaussian_scale(l2_steps=steps, rho_nano=rho_nano)
    found = threshold("gaussian", steps=steps, heaviest=steps, most_groups=most, noise_scale=scale, delta=delta)
    # One standard deviation above nothing: a group that would be found has several.
    return Round(scale, found, math.ceil(scale))


def _gaussian_tail(at: int, weight: int, scale: float) -> float:
    """Upper bound on log P(weight + Z >= at) for the discrete Gaussian Z, at > weight; the better of two.

    All terms exp(-k^2 / (2 scale^2)) together are at least sqrt(2 pi) scale, by Poisson summation (Canonne, Kamath,
    Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020), and at least 1. Those from m = at - weight
    on are at most a geometric series, since (m + j)^2 >= m^2 + (2m + 1) j. From one standard deviation on they are
    convex in k, so each is at most its integral from k - 1/2 to k + 1/2, and the tail at most the normal one.
    """
    m, square = at - weight, 2 * scale * scale
    series = -m * m / square - math.log(-math.expm1(-(2 * m + 1) / square))
    bound = series - math.log(max(1.0, math.sqrt(math.pi * square)))
    normal = math.erfc((m - 0.5) / math.sqrt(square)) / 2 if m - 0.5 >= scale else 0.0
    return min(bound, math.log(normal)) if normal > 0 else bound


def _truncated_tail(at: int, weight: int, scale: float) -> float:
    """log P(weight + Z >= at) for discrete Laplace Z given |Z| < at; with q = exp(-1 / scale) and k = at - 1 it is
    q^(k + 1 - weight) (1 - q^weight) / (1 + q - 2 q^(k + 1)).
    """
    whole = math.log1p(math.exp(-1 / scale) - 2 * math.exp(-at / scale))
    return (weight - at) / scale + math.log(-math.expm1(-weight / scale)) - whole


_TAILS: Final = {"gaussian": _gaussian_tail, "laplace": _truncated_tail}
_POWERS: Final = {"gaussian": 2, "laplace": 1}
