"""The noise of one measure for its share of a query's budget; a small part of it may choose the clipping norm.

The share pays for both: the histogram of norms and the totals under whichever norm was chosen (adaptive composition;
`privacy.norm_choice` has the argument). So the charge is fixed here, before a row is read.
"""

from fractions import Fraction
from typing import Literal

from dp_queries.measures import Measure, NormChoice
from dp_queries.query import Draft
from privacy.intervals import standard_deviation
from privacy.mechanisms import gaussian_scale, laplace_scale
from privacy.norm_choice import CHOICE_SHARE, can_tell, histogram_scale, likely_ladder
from privacy.units import ContributionNorm

Mechanism = Literal["laplace", "gaussian"]


def noisy_measure(
    draft: Draft, mechanism: Mechanism, *, groups: int | None, likely_groups: int, share: int, may_choose: bool
) -> Measure:
    """The measure with noise for `share` micro-epsilon (Laplace) or nano-rho (Gaussian).

    `groups` bounds the length of a unit's vector, where it is known; `likely_groups` only says where to look for a good
    norm. Raises ValueError for a Laplace over an unknown number of groups, and for a share that is too small.
    """
    choice = _choice(draft, mechanism, groups, likely_groups, share) if may_choose else None
    norm = draft.norm if choice is None else choice.ladder.norms[choice.ladder.declared]
    scale = _scale(mechanism, norm, groups, share) if choice is None else choice.noise_scales[choice.ladder.declared]
    return Measure(
        kind=draft.kind,
        value=draft.value,
        lower_steps=draft.lower_steps,
        upper_steps=draft.upper_steps,
        granularity=draft.granularity,
        offset_steps=draft.offset_steps,
        norm=norm,
        mechanism=mechanism,
        noise_scale=scale,
        choice=choice,
    )


def _choice(
    draft: Draft, mechanism: Mechanism, groups: int | None, likely_groups: int, share: int
) -> NormChoice | None:
    """How the norm is chosen; None where there is nothing to choose, or where noise would hide which is best."""
    told = int(share * CHOICE_SHARE)
    if draft.climb is None or not told:
        return None
    scale = histogram_scale(mechanism, told)
    units = draft.climb.units_at_most
    if not can_tell(standard_deviation(mechanism, scale), units_at_most=units):
        return None
    noise = standard_deviation(mechanism, _scale(mechanism, draft.norm, groups, share)) / draft.norm.l2_steps
    ladder = likely_ladder(
        draft.norm, noise=noise, groups=likely_groups, units=units, most_steps=draft.climb.most_steps
    )
    if len(ladder.norms) == 1:
        return None
    return NormChoice(ladder, scale, tuple(_scale(mechanism, norm, groups, share - told) for norm in ladder.norms))


def _scale(mechanism: Mechanism, norm: ContributionNorm, groups: int | None, share: int) -> Fraction:
    if mechanism == "laplace":
        if groups is None:
            raise ValueError("Laplace noise is for a known number of groups")
        return laplace_scale(l1_steps=norm.l1_steps(groups), epsilon_micro=share)
    return gaussian_scale(l2_steps=norm.l2_steps, rho_nano=share)
