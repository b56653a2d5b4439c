"""The noise of a query's measures for an epsilon, and the privacy loss of all of them."""

from fractions import Fraction

from dp_queries.plan import Measure
from dp_queries.query import Draft, Query
from policies.errors import Reason, RequestRejected
from privacy.intervals import standard_deviation
from privacy.loss import Loss, pure_loss, rho_nano_for, zcdp_loss
from privacy.mechanisms import gaussian_scale, laplace_scale


def priced(query: Query, epsilon_micro: int) -> tuple[tuple[Measure, ...], Loss]:
    """The measures with their noise, by the mechanism that makes it smaller, and the loss of all of them.

    Both mechanisms make the query alone (epsilon, query_delta)-DP: Laplace splits epsilon over the measures (basic
    composition: Dwork, McSherry, Nissim, Smith, TCC 2006), the Gaussian splits rho (Bun, Steinke, TCC 2016, Lemma 1.7).
    """
    offers = [offer for offer in (_laplace(query, epsilon_micro), _gaussian(query, epsilon_micro)) if offer]
    if not offers:
        message = f"this epsilon is too small for {len(query.layers.drafts)} measures; raise it or ask for fewer"
        raise RequestRejected(message, (Reason("epsilon", message, where="epsilon"),))
    return min(offers, key=lambda offer: _noise(offer[0]))


def _noise(measures: tuple[Measure, ...]) -> float:
    """Mean variance relative to the squared norms, by which mechanisms are compared."""
    return sum(
        (standard_deviation(measure.mechanism, measure.noise_scale) / measure.norm.l2_steps) ** 2
        for measure in measures
    )


def _laplace(query: Query, epsilon_micro: int) -> tuple[tuple[Measure, ...], Loss] | None:
    share = epsilon_micro // len(query.layers.drafts)
    if not share:
        return None
    groups = query.groups
    measures = tuple(
        _measure(draft, "laplace", laplace_scale(l1_steps=draft.norm.l1_steps(groups), epsilon_micro=share))
        for draft in query.layers.drafts
    )
    return measures, sum((pure_loss(share) for _ in measures), Loss())


def _gaussian(query: Query, epsilon_micro: int) -> tuple[tuple[Measure, ...], Loss] | None:
    share = rho_nano_for(epsilon_micro, query.query_delta) // len(query.layers.drafts)
    if not share:
        return None
    measures = tuple(
        _measure(draft, "gaussian", gaussian_scale(l2_steps=draft.norm.l2_steps, rho_nano=share))
        for draft in query.layers.drafts
    )
    return measures, sum((zcdp_loss(share) for _ in measures), Loss())


def _measure(draft: Draft, mechanism: str, scale: Fraction) -> Measure:
    return Measure(**vars(draft), mechanism=mechanism, noise_scale=scale)  # type: ignore[arg-type]  # a name of two
