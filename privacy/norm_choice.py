"""Choosing a measure's clipping norm from a noisy histogram of the units' norms, for a share of the query's budget.

**What is charged.** A unit moves one entry of a histogram over a ladder's rungs by 1 (`ladder_sums`), so its L1 and its
L2 sensitivity under add-or-remove of one unit are 1. It is released by the discrete Gaussian for a rho (or the discrete
Laplace for an epsilon) of its own; see `histogram_scale`.

**Why the choice is free.** The rung is a function of that release and of public facts: post-processing (Dwork, Roth,
"The Algorithmic Foundations of Differential Privacy", 2014, Proposition 2.1).

**Why the totals may be released at the chosen norm.** Whatever rung k was chosen, the totals of rung k move by at most
C_k in L2, and get noise of scale C_k / sqrt(2 rho) for a rho that the plan fixed. So for every outcome of the histogram
the second release is rho-zCDP in its rows, and adaptive composition adds the two (Bun, Steinke, "Concentrated
Differential Privacy", TCC 2016, Lemma 2.3; for pure DP: Dwork, Roth 2014, Theorem B.1; in Renyi's currency: Mironov,
"Renyi Differential Privacy", CSF 2017, Proposition 1). The charge does not depend on k, so it is fixed before a row is
read. Only **one** rung's totals may ever be released: another rung's would be another charge.

**What the choice makes small.** The root mean square error of a group: clipping and noise. For the L2 norm of what
clipping takes from the totals there is a bound that the histogram knows: by the triangle inequality it is at most the
sum of max(0, norm - C) over units, with equality when all units spread over the groups in the same way. The noise has
the L2 norm sqrt(groups) * deviation(C). Source of the trade: Amin, Kulesza, Munoz Medina, Vassilvitskii, "Bounding
User Contributions: A Bias-Variance Trade-off in Differential Privacy", ICML 2019. Any rung is private; a bad one is
only less accurate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal

from privacy.ladder import Ladder
from privacy.mechanisms import gaussian_scale, laplace_scale
from privacy.units import ContributionNorm

# Of a query's budget. It makes the other noise 2 % (Gaussian) or 4 % (Laplace) larger. On the benchmark's trips and on
# flights, shares of 2 % to 10 % gave much the same error at epsilon 1; at epsilon 0.1, 1 % often told nothing.
CHOICE_SHARE: Final = Fraction(1, 25)

# In standard deviations of the histogram's noise. Beyond `_SURE` an entry is there, whatever the others say (the
# Laplace exceeds it once in 160,000); beyond `_KNOWN` it is after its neighbours were asked.
_SURE: Final = 8.0
_KNOWN: Final = 3.0

# Where noise hides the histogram, entries are taken to fall by this from rung to rung, as they do when norms follow a
# power law of exponent 1.5, and to be at most half a standard deviation. Without any tail the few largest units would
# be cut in every long-tailed table; with a heavier one, short-tailed tables get more noise than they need.
_FALL: Final = 0.35
_HIDDEN: Final = 0.5


# The rungs below and above the likely best one. Cards name more units than there are, so more of them are below.
_BELOW: Final = 4
_ABOVE: Final = 3
_LOWEST: Final = -8
_HIGHEST: Final = 8


@dataclass(frozen=True)
class Choice:
    """The chosen rung of a ladder.

    `loss_steps` estimates the largest L2 norm, in grid steps, of what clipping at it takes from the totals: made of
    released values, so it may be shown. None where the histogram shows no units.
    """

    rung: int
    loss_steps: float | None


def histogram_scale(mechanism: Literal["laplace", "gaussian"], amount: int) -> Fraction:
    """The noise scale of a histogram in which a unit moves one entry by 1, for `amount` micro-epsilon or nano-rho.

    >>> histogram_scale("gaussian", 500_000_000), histogram_scale("laplace", 1_000_000)
    (Fraction(1, 1), Fraction(1, 1))
    """
    if mechanism == "laplace":
        return laplace_scale(l1_steps=1, epsilon_micro=amount)
    return gaussian_scale(l2_steps=1, rho_nano=amount)


def can_tell(histogram_deviation: float, *, units_at_most: int) -> bool:
    """Whether a histogram of so much noise may move the choice at all; if not, it should not be charged for.

    `units_at_most` is what the card declares, never a count.
    """
    return units_at_most > _SURE * histogram_deviation


def likely_ladder(declared: ContributionNorm, *, noise: float, groups: int, units: int, most_steps: int) -> Ladder:
    """Norms around the declared one, among which the best one likely is, from public numbers alone.

    `noise` is the standard deviation in one of `groups` groups relative to the norm, `units` how many there are at
    most, `most_steps` how long a vector can be at all, in steps of the value. Where many units meet little noise, what
    clipping takes is all the error, and the best norm is far above what is usual; where few meet much, far below. Over
    the benchmark's queries the best rung follows the logarithm of units / (groups * noise^2), within two rungs. A rung
    costs time for every unit that is above it, so no more are tried than that; another ladder is as private.
    """
    ratio = max(1e-9, units / (groups * noise * noise))
    best = round(0.9 * math.log2(ratio) - 5.5)
    below, above = min(-_LOWEST, max(0, _BELOW - best)), min(_HIGHEST, max(0, _ABOVE + best))
    return Ladder.around(declared, below=below, above=above, most_steps=most_steps)


def choose(
    released: Sequence[int], ladder: Ladder, *, histogram_deviation: float, deviations: Sequence[float], groups: int
) -> Choice:
    """The rung that makes the expected error of a group least, as far as the released histogram tells.

    `histogram_deviation` is the standard deviation of the noise in `released`; `deviations` per rung that of the
    totals' noise, in grid steps, in each of `groups` groups.

    The card's norm is left upwards only for what the histogram shows; the tail that it may hide then says how far. And
    where it shows nothing, the card's norm stays.
    """
    shown = _shown(released, histogram_deviation)
    if not any(shown):
        return Choice(ladder.declared, None)
    tailed = _with_tail(shown, histogram_deviation)
    shown_best, tailed_best = (_best(counts, ladder, deviations, groups) for counts in (shown, tailed))
    rung = tailed_best if shown_best > ladder.declared else min(tailed_best, ladder.declared)
    return Choice(rung, _loss(tailed, ladder, rung))


def _shown(released: Sequence[int], deviation: float) -> list[float]:
    """The entries that noise can't have made, all others 0; empty entries would otherwise weigh as their noise does.

    Above the last entry that is beyond doubt, the histogram is taken to fall: averaging what rises (Barlow,
    Bartholomew, Bremner, Brunk, "Statistical Inference under Order Restrictions", 1972) keeps lonely noise from looking
    like units.
    """
    sure = max((place for place, count in enumerate(released) if count > _SURE * deviation), default=-1)
    if sure < 0:
        return [0.0] * len(released)
    fitted = [max(0.0, float(count)) for count in released[: sure + 1]] + _falling(released[sure + 1 :])
    known = max((place for place, count in enumerate(fitted) if count > _KNOWN * deviation), default=-1)
    return [count if place <= known else 0.0 for place, count in enumerate(fitted)]


def _falling(counts: Sequence[int]) -> list[float]:
    """The falling sequence that is nearest to `counts` in squares, by pooling adjacent violators."""
    pools: list[tuple[float, int]] = []
    for count in counts:
        mean, size = float(count), 1
        while pools and pools[-1][0] < mean:
            before, more = pools.pop()
            mean, size = (before * more + mean * size) / (more + size), more + size
        pools.append((mean, size))
    return [mean for mean, size in pools for _ in range(size)]


def _with_tail(shown: Sequence[float], deviation: float) -> list[float]:
    """The histogram with what noise may hide: entries above the last that is shown."""
    last = max(place for place, count in enumerate(shown) if count)
    tailed = list(shown[: last + 1])
    while len(tailed) < len(shown):
        tailed.append(min(tailed[-1] * _FALL, deviation * _HIDDEN))
    return tailed


def _best(counts: Sequence[float], ladder: Ladder, deviations: Sequence[float], groups: int) -> int:
    def square_error(rung: int) -> float:
        return _loss(counts, ladder, rung) ** 2 + groups * deviations[rung] ** 2

    return min(range(len(ladder.norms)), key=square_error)


def _loss(counts: Sequence[float], ladder: Ladder, rung: int) -> float:
    """The sum of max(0, norm - C) over units, each a third of the way up its entry: more of them are low in it."""
    edges = [0, *(norm.l2_steps for norm in ladder.norms), 2 * ladder.norms[-1].l2_steps]
    typical = [low + (high - low) / 3 for low, high in pairwise(edges)]
    return sum(count * max(0.0, size - edges[rung + 1]) for count, size in zip(counts, typical, strict=True))
