"""Quantiles, least and greatest values: drawn from a bounded histogram by a private choice among its bins.

A histogram of weights comes from `histograms`; here each bin gets an integer score, and the mechanism of the plan draws
a bin by its scores. For a quantile, two more draws at neighbouring ranks are the ends of its 95 % interval. Everything
in this module but the scores is public, and known before a row is read.

**Scores.** A group's bins hold weights; W(v) is what lies in bins up to v, T all of it. Asked is the rank
t = (a / b) T + s of weight, a / b the fraction and s a public shift. A bin v scores

    u(v) = -max(0, b (W(v-1) - t), b (t - W(v)))        (the first bin has no second term, the last one no third)

so exactly the bins that hold rank t score 0, however many rows share a value, and there always is one. All integers.

**Sensitivity.** Adding a unit of weight w in this group, spread over bins as it may, moves W(v) by x in [0, w] and t by
(a / b) w, so each of the two differences, times b, moves within [-a w, (b - a) w] or its mirror; u moves by at most
m w, m = max(a, b - a). Removing is the mirror image. (Score and its bound: Smith, "Privacy-Preserving Statistical
Estimation with Optimal Convergence Rates", STOC 2011, with a fraction in place of the middle.)

**Loss.** With scale c, P(v) proportional to exp(u(v) / c) is the exponential mechanism (McSherry, Talwar, "Mechanism
Design via Differential Privacy", FOCS 2007). A unit of weight w_g in group g changes the log-probabilities of that
group's bins by amounts that lie in an interval of length e_g = 2 m w_g / c: bounded range (Dong, Durfee, Rogers,
"Optimal Differential Privacy Composition for Exponential Mechanisms", ICML 2020), which is (e_g^2 / 8)-zCDP (Cesar,
Rogers, "Bounding, Concentrating, and Truncating", ALT 2021). Groups are drawn independently, so their Renyi divergences
add (Bun, Steinke, TCC 2016): for the whole vector of quantiles rho = sum e_g^2 / 8 = m^2 |w|_2^2 / (2 c^2), the very
formula of the Gaussian with sensitivity m l2. Permute-and-flip (McKenna, Sheldon, NeurIPS 2020) is e_g-DP and never
errs more; its losses add to 2 m |w|_1 / c, the formula of Laplace with sensitivity 2 m l1. One group at epsilon 1 wants
the pure one (its scale is a third of the other's at delta 1e-9); many groups, or a budget kept in rho, the other.

**The interval** is two draws more, which take the first one's answer v as public (adaptive composition): its low end is
drawn among the bins up to v, at the rank s = -k, its high end among those from v on, at s = k. Scores are the same, of
fewer bins, so nothing above changes. k is made so that, where rows are spread evenly about the rank, 95 % of the
intervals hold: `quantile_intervals` has the law. Where the draws are lost among bins without rows, since there is less
weight than noise, the ends lie far apart: an interval wider than an eighth of the range goes on to both ends of it.

What holds for any data would hold too often on most: that was tried, with an end found by scores of its margin, and
intervals were twice as wide and held in 99.9 %. `docs/known-limitations.md` says for which data these hold less often.

What the interval is about: the quantile of the weighted, clamped rows. That a heavy unit's rows weigh less, and that
values are clamped, is bounding, as everywhere here, and not in the interval.

**Least and greatest** are ranks too: s of weight from the end, with s = k what a draw falls short by in 5 % at most. A
drawn bin beyond which (it included) no row lies scores at most -k, so with 95 % there truly are rows at or beyond what
is released, for any data. It errs inwards, by about s of weight, and that bias can't be avoided: whether one single row
lies beyond is what must not be told. The interval therefore goes on to the declared bound, which a lone row may reach,
and holds more often than it says: one that ends before the bound in p of the releases misses in p / e^epsilon of them
at least, once one unit more has a row at the bound.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np

from privacy.intervals import choice_shortfall
from privacy.mechanisms import Choice, gaussian_scale, laplace_scale
from privacy.parts import Int64s
from privacy.quantile_intervals import end_shift
from privacy.units import ClampingBounds, ContributionNorm

Mechanism = Literal["permute_and_flip", "exponential"]

# A draw takes up to 8 microseconds for each bin, an interval as much again (see `choice_flips`): a quarter of a second
# in one group, a few seconds in all, as long as there are so few groups that each gets more than LEAST_BINS.
MOST_BINS: Final = 2**14
LEAST_BINS: Final = 16
MOST_CELLS: Final = 2**16
MOST_DENOMINATOR: Final = 10_000
LEVEL: Final = 0.95
# An interval over more than this part of the bins, and more than so many, goes on to the ends of the range.
_WIDE: Final = 8
_WIDE_BINS: Final = 2
_MOST_SCORE: Final = 2**61  # scores beyond it are cut off, which moves no two neighbours apart


@dataclass(frozen=True)
class Bins:
    """Neighbouring bins of `width` steps each over the steps `lower_steps`..`upper_steps`; the last may be narrower."""

    lower_steps: int
    upper_steps: int
    width: int

    def __post_init__(self) -> None:
        if self.lower_steps > self.upper_steps or self.width < 1:
            raise ValueError("bins need a range from below to above, and a width of at least one step")
        if max(abs(self.lower_steps), abs(self.upper_steps)) > 2**53:
            raise ValueError("the range of bins must lie within 2^53 steps")

    @staticmethod
    def over(bounds: ClampingBounds, groups: int) -> "Bins":
        """The finest bins over a column's bounds that can be drawn from in time, for so many groups.

        >>> Bins.over(ClampingBounds(Fraction(0), Fraction(100), Fraction(1, 100)), 1)
        Bins(lower_steps=0, upper_steps=10000, width=1)
        """
        most = max(LEAST_BINS, min(MOST_BINS, MOST_CELLS // groups))
        lower, upper = bounds.lower_steps, bounds.upper_steps
        return Bins(lower, upper, -(-(upper - lower + 1) // most))

    @property
    def count(self) -> int:
        """How many bins there are."""
        return (self.upper_steps - self.lower_steps) // self.width + 1

    def first(self, place: int) -> int:
        """The least value of a bin, in steps."""
        return self.lower_steps + place * self.width

    def last(self, place: int) -> int:
        """The greatest value of a bin, in steps."""
        return min(self.first(place) + self.width - 1, self.upper_steps)


@dataclass(frozen=True)
class Rank:
    """Which rank of the weights is asked: a fraction of them, or for 0 and 1 the least and the greatest value.

    `fraction` is a / b of the module's head.
    """

    fraction: Fraction

    def __post_init__(self) -> None:
        if not 0 <= self.fraction <= 1 or self.fraction.denominator > MOST_DENOMINATOR:
            raise ValueError("a quantile's fraction lies in [0, 1], with a denominator of at most 10,000")

    @property
    def is_end(self) -> bool:
        """Whether the least or the greatest value is asked."""
        return self.fraction in (0, 1)

    @property
    def slope(self) -> int:
        """By how much one unit of weight moves a score at most: m = max(a, b - a)."""
        return max(self.fraction.numerator, self.fraction.denominator - self.fraction.numerator)


@dataclass(frozen=True)
class Drawing:
    """How quantiles are drawn: everything about it is public, and made before a row is read.

    `value_scale` is of the draw of the value, `interval_scale` of each end of its interval, None for a least or a
    greatest value; in score steps, which are `rank.fraction.denominator` to the grid step of weight.
    """

    rank: Rank
    bins: Bins
    mechanism: Mechanism
    value_scale: Fraction
    interval_scale: Fraction | None

    def __post_init__(self) -> None:
        if self.rank.is_end != (self.interval_scale is None):
            raise ValueError("the ends of an interval are drawn for a quantile, and only for one")
        if self.margin > _MOST_SCORE:
            raise ValueError("the noise would be wider than what can be counted")

    @property
    def margin(self) -> int:
        """k of the module's head, in score steps: how far from the rank asked for an interval's ends are drawn; or how
        far a least or a greatest value errs with 95 % at most.
        """
        if self.interval_scale is None:
            return choice_shortfall(self.mechanism, self.value_scale, self.bins.count - 1, LEVEL)
        return math.ceil(float(self.interval_scale) * end_shift(self.scale_ratio, LEVEL))

    @property
    def scale_ratio(self) -> float:
        """How much noisier the ends of the interval are than the value."""
        return float((self.interval_scale or self.value_scale) / self.value_scale)

    @property
    def shift(self) -> int:
        """s of the module's head, in score steps: how far inside of an end to look."""
        if not self.rank.is_end:
            return 0
        return -self.margin if self.rank.fraction else self.margin

    def rank_error(self, norm: ContributionNorm) -> Fraction:
        """How many rows' weight lie between what is asked and what is drawn, with 95 % at most; for any data."""
        shortfall = choice_shortfall(self.mechanism, self.value_scale, self.bins.count - 1, LEVEL)
        return Fraction(shortfall + abs(self.shift), self.rank.fraction.denominator * norm.grid)


@dataclass(frozen=True)
class Quantile:
    """A released quantile and its interval, in steps of the value. All three lie within the declared bounds."""

    value_steps: int
    low_steps: int
    high_steps: int


def pure_drawing(rank: Rank, bins: Bins, norm: ContributionNorm, *, groups: int, epsilon_micro: int) -> Drawing:
    """Quantiles of all groups for epsilon in all: half of it for the value, a quarter for each end of its interval."""
    shares = _shares(rank, epsilon_micro)
    l1_steps = 2 * rank.slope * norm.l1_steps(groups)
    scales = [laplace_scale(l1_steps=l1_steps, epsilon_micro=share) for share in shares]
    return Drawing(rank, bins, "permute_and_flip", scales[0], scales[1] if scales[1:] else None)


def zcdp_drawing(rank: Rank, bins: Bins, norm: ContributionNorm, *, rho_nano: int) -> Drawing:
    """Quantiles of all groups for rho in all: half of it for the value, a quarter for each end of its interval."""
    l2_steps = rank.slope * norm.l2_steps
    scales = [gaussian_scale(l2_steps=l2_steps, rho_nano=share) for share in _shares(rank, rho_nano)]
    return Drawing(rank, bins, "exponential", scales[0], scales[1] if scales[1:] else None)


def release(histogram: Int64s, drawing: Drawing, choice: Choice) -> list[Quantile]:
    """A quantile for every group of a histogram of shape (groups, bins)."""
    draw = choice.exponential if drawing.mechanism == "exponential" else choice.permute_and_flip
    values = draw((value_scores(weights, drawing) for weights in histogram), drawing.value_scale)
    if drawing.interval_scale is None:
        return [_end(value, drawing) for value in values]
    both = list(zip(histogram, values, strict=True))
    lows = draw((low_scores(weights, value, drawing) for weights, value in both), drawing.interval_scale)
    highs = draw((high_scores(weights, value, drawing) for weights, value in both), drawing.interval_scale)
    found = zip(values, lows, highs, strict=True)
    return [_between(low, value, value + more, drawing.bins) for value, low, more in found]


def value_scores(weights: Int64s, drawing: Drawing) -> list[int]:
    """The score of every bin of a group."""
    scores: list[int] = _scores(weights, drawing, drawing.shift).tolist()
    return scores


def low_scores(weights: Int64s, value: int, drawing: Drawing) -> list[int]:
    """For the interval's low end: the score of every bin up to the bin `value`."""
    scores: list[int] = _scores(weights, drawing, -drawing.margin)[: value + 1].tolist()
    return scores


def high_scores(weights: Int64s, value: int, drawing: Drawing) -> list[int]:
    """For the interval's high end: the score of every bin from the bin `value` on."""
    scores: list[int] = _scores(weights, drawing, drawing.margin)[value:].tolist()
    return scores


def _shares(rank: Rank, loss: int) -> list[int]:
    """Of the value; and of each end of its interval."""
    return [loss] if rank.is_end else [loss - 2 * (loss // 4), loss // 4]


def _scores(weights: Int64s, drawing: Drawing, shift: int) -> Int64s:
    """u of the module's head, for a rank that is shifted by so many score steps."""
    below, up_to = _above_the_rank(weights, drawing)
    too_high, too_low = below - shift, shift - up_to
    too_high[0] = too_low[-1] = 0
    scores: Int64s = -np.maximum(np.maximum(too_high, too_low), 0)
    return scores


def _above_the_rank(weights: Int64s, drawing: Drawing) -> tuple[Int64s, Int64s]:
    """Per bin b W(v - 1) - a T and b W(v) - a T: by how much what is below it, and up to it, exceeds the fraction.

    As (b - a) times the weights on one side less a times those on the other, each cut off so that nothing wraps: then
    too a unit moves them by no more than its weight times m.
    """
    a, b = drawing.rank.fraction.numerator, drawing.rank.fraction.denominator
    below = np.concatenate([[0], np.cumsum(weights)])
    left, right = (np.minimum(side, _MOST_SCORE // b) for side in (below, below[-1] - below))
    exceeding: Int64s = (b - a) * left - a * right
    return exceeding[:-1], exceeding[1:]


def _between(low: int, value: int, high: int, bins: Bins) -> Quantile:
    """The bin's middle, and the bins from `low` to `high`; or all bins, where the draws are lost."""
    if high - low > max(_WIDE_BINS, bins.count // _WIDE):
        low, high = 0, bins.count - 1
    return Quantile((bins.first(value) + bins.last(value)) // 2, bins.first(low), bins.last(high))


def _end(value: int, drawing: Drawing) -> Quantile:
    """The bin's inner edge, and all from there to the declared bound."""
    bins = drawing.bins
    if drawing.rank.fraction:
        return Quantile(bins.first(value), bins.first(value), bins.upper_steps)
    return Quantile(bins.last(value), bins.lower_steps, bins.last(value))
