"""The noise of a query's measures for an epsilon, and the privacy loss of all of them.

A query's parts (measures, quantiles, selections of groups) share its epsilon or its rho as `splitting` says. Two offers
are made, one in pure epsilon and one in rho, and the one with less noise is taken. Both make the query alone
(epsilon, query_delta)-DP: pure losses add (basic composition: Dwork, McSherry, Nissim, Smith, TCC 2006), as rho does
(Bun, Steinke, TCC 2016, Lemma 1.7); where groups are selected, a part of query_delta is theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import hypot, isqrt
from typing import Final

from dp_queries.answers.families import Families
from dp_queries.measures import MOST_LADDER_CELLS, Measure
from dp_queries.plan import Aggregation, QuantileMeasure
from dp_queries.pricing.measure_noise import Mechanism, noisy_measure
from dp_queries.pricing.splitting import GAUSSIAN_DEGREE, LAPLACE_DEGREE, measure_weights, split
from dp_queries.query import AggregationDraft, QuantileDraft, Query
from policies.errors import Reason, RequestRejected
from privacy.intervals import standard_deviation
from privacy.loss import Loss, pure_loss, rho_nano_for, zcdp_loss
from privacy.quantiles import Bins, pure_drawing, zcdp_drawing
from privacy.selection import Selection, gaussian_selection, laplace_selection

# Selections get half of the query's delta: the conversion of rho hardly feels it, and thresholds fall by its logarithm.
SELECTION_DELTA: Final = Fraction(1, 2)
# Of rho, what finds all of a thousand groups of a thousand rows; of a pure epsilon, which buys less, twice as much.
SELECTION_SHARE: Final = {GAUSSIAN_DEGREE: Fraction(3, 20), LAPLACE_DEGREE: Fraction(3, 10)}


@dataclass(frozen=True)
class Offer:
    """Aggregations with their noise, what they cost, and how noisy they are (the less, the better)."""

    aggregations: tuple[Aggregation, ...]
    loss: Loss
    noise: float


@dataclass(frozen=True)
class _Makers:
    """How one mechanism makes the noise of each kind of part from its share of the loss, and what a share costs.

    Of quantiles: the draft, how many groups there are if that is public, how many there likely are, the share. Of
    selections: the share, delta, how many groups a unit may be in.
    """

    mechanism: Mechanism
    drawn: Callable[[QuantileDraft, int | None, int, int], QuantileMeasure]
    selected: Callable[[int, Fraction, int], Selection]
    loss: Callable[[int], Loss]


def priced(query: Query, epsilon_micro: int) -> tuple[tuple[Aggregation, ...], Loss]:
    """The aggregations with their noise, by the mechanism that makes it smaller, and the loss of all of them.

    Raises RequestRejected where epsilon is too small to be split over so many parts.
    """
    rho_nano = rho_nano_for(epsilon_micro, query.query_delta - _selection_delta(query))
    both = (_offer(query, epsilon_micro, LAPLACE_DEGREE, _PURE), _offer(query, rho_nano, GAUSSIAN_DEGREE, _ZCDP))
    offers = [offer for offer in both if offer]
    if not offers:
        message = "this epsilon is too small for so many aggregates; raise it or ask for fewer"
        raise RequestRejected(message, (Reason("epsilon", message, where="epsilon"),))
    best = min(offers, key=lambda offer: offer.noise)
    return best.aggregations, best.loss


def _selections(query: Query) -> int:
    return sum(draft.has_private_keys for draft in query.layers.aggregations)


def _selection_delta(query: Query) -> Fraction:
    return query.query_delta * SELECTION_DELTA if _selections(query) else Fraction(0)


def _offer(query: Query, total: int, degree: int, makers: _Makers) -> Offer | None:
    """The query with a mechanism's noise for `total`; None where that is too little to be split."""
    drafts, selections = query.layers.aggregations, _selections(query)
    weights = [weight for draft in drafts for weight in _weights(draft)]
    for_selections = (int(total * SELECTION_SHARE[degree]) if weights else total) if selections else 0
    shares = split(total - for_selections, weights, degree=degree)
    if len(shares) < len(weights) or for_selections < selections:
        return None
    selecting, delta = for_selections // max(1, selections), _selection_delta(query) / max(1, selections)
    rest, aggregations = iter(shares), []
    try:
        for draft in drafts:
            mine = [next(rest) for _ in _weights(draft)]
            aggregation = _aggregation(draft, mine, makers, selecting, delta, not query.has_fixed_norms)
            if aggregation.ladder_cells > MOST_LADDER_CELLS:
                aggregation = _aggregation(draft, mine, makers, selecting, delta, False)
            aggregations.append(aggregation)
    except ValueError:  # too little to be split further, or noise wider than what can be counted
        return None
    aggregations = list(Families(aggregations).settled())
    losses = [makers.loss(share) for share in shares]
    losses += [aggregation.selection.loss for aggregation in aggregations if aggregation.selection]
    return Offer(tuple(aggregations), sum(losses, Loss()), sum(map(_noise, aggregations)))


def _weights(draft: AggregationDraft) -> list[Fraction]:
    """What each measure weighs, then each quantile."""
    return measure_weights(draft.aggregates, len(draft.drafts)) + [Fraction(1)] * len(draft.quantiles)


def _aggregation(
    draft: AggregationDraft, shares: list[int], makers: _Makers, selecting: int, delta: Fraction, may_choose: bool
) -> Aggregation:
    # Laplace wants to know how many groups a unit's vector has: the kernel bounds that by public groups, and by nothing
    # where groups are discovered. There this offer ends.
    groups = None if draft.has_private_keys else draft.groups
    drafts, quantiles = shares[: len(draft.drafts)], shares[len(draft.drafts) :]
    return Aggregation(
        below=draft.below,
        keys=draft.keys,
        measures=tuple(
            noisy_measure(
                part,
                makers.mechanism,
                groups=groups,
                likely_groups=draft.likely_groups,
                share=share,
                may_choose=may_choose,
            )
            for part, share in zip(draft.drafts, drafts, strict=True)
        ),
        quantiles=tuple(
            makers.drawn(part, groups, draft.likely_groups, share)
            for part, share in zip(draft.quantiles, quantiles, strict=True)
        ),
        aggregates=draft.aggregates,
        selection=makers.selected(selecting, delta, draft.groups_per_unit) if draft.has_private_keys else None,
        groups_at_most=draft.groups_at_most if draft.has_private_keys else None,
    )


def _noise(aggregation: Aggregation) -> float:
    """Variances relative to the squared norms, by which mechanisms are compared."""
    linear = ((_deviation(measure) / measure.norm.l2_steps) ** 2 for measure in aggregation.measures)
    # A draw errs by its scale times a few.
    drawn = ((float(quantile.drawing.value_scale) / quantile.norm.l2_steps) ** 2 for quantile in aggregation.quantiles)
    return sum(linear) + sum(drawn) + _selection_noise(aggregation.selection)


def _deviation(measure: Measure) -> float:
    own = standard_deviation(measure.mechanism, measure.noise_scale) * measure.spread.own
    return hypot(own, measure.spread.rest)


def _selection_noise(selection: Selection | None) -> float:
    return 0.0 if selection is None else (selection.units_at_half(isqrt(selection.most_groups)) / 8) ** 2


def _pure_quantile(draft: QuantileDraft, groups: int | None, likely_groups: int, share: int) -> QuantileMeasure:
    if groups is None:
        raise ValueError("pure quantiles are for a known number of groups")
    bins = Bins.over(draft.bounds, groups)
    drawing = pure_drawing(draft.rank, bins, draft.norm, groups=groups, epsilon_micro=share)
    return QuantileMeasure(draft.value, draft.bounds.granularity, draft.norm, drawing)


def _zcdp_quantile(draft: QuantileDraft, groups: int | None, likely_groups: int, share: int) -> QuantileMeasure:
    # How fine the bins are is for time and memory; the bound on a unit's weights holds for any number of groups.
    bins = Bins.over(draft.bounds, likely_groups)
    drawing = zcdp_drawing(draft.rank, bins, draft.norm, rho_nano=share)
    return QuantileMeasure(draft.value, draft.bounds.granularity, draft.norm, drawing)


_PURE: Final = _Makers(
    "laplace",
    _pure_quantile,
    lambda share, delta, groups: laplace_selection(epsilon_micro=share, delta=delta, most_groups=groups),
    pure_loss,
)
_ZCDP: Final = _Makers(
    "gaussian",
    _zcdp_quantile,
    lambda share, delta, groups: gaussian_selection(rho_nano=share, delta=delta, most_groups=groups),
    zcdp_loss,
)
