"""The noise of one measure for its share of a query's budget; a small part of it may choose the clipping norm.

The share pays for both: the histogram of norms and the totals under whichever norm was chosen (adaptive composition;
`privacy.norm_choice` has the argument). So the charge is fixed here, before a row is read.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Literal

from dp_queries.measures import Measure, NormChoice
from dp_queries.query import Climb, Draft
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
    climb = draft.climb if may_choose else None
    choice = None if climb is None else _choice(draft.norm, climb, mechanism, groups, likely_groups, share)
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


@lru_cache(maxsize=1024)
def _choice(
    norm: ContributionNorm, climb: Climb, mechanism: Mechanism, groups: int | None, likely_groups: int, share: int
) -> NormChoice | None:
    """How the norm is chosen; None where there is nothing to choose, or where noise would hide which is best.

    Of public values alone, and most questions have a norm and a share that another one had: remembered.
    """
    told = int(share * CHOICE_SHARE)
    if not told:
        return None
    scale = histogram_scale(mechanism, told)
    units = climb.units_at_most
    if not can_tell(standard_deviation(mechanism, scale), units_at_most=units):
        return None
    noise = standard_deviation(mechanism, _scale(mechanism, norm, groups, share)) / norm.l2_steps
    ladder = likely_ladder(norm, noise=noise, groups=likely_groups, units=units, most_steps=climb.most_steps)
    if len(ladder.norms) == 1:
        return None
    return NormChoice(ladder, scale, tuple(_scale(mechanism, step, groups, share - told) for step in ladder.norms))


def _scale(mechanism: Mechanism, norm: ContributionNorm, groups: int | None, share: int) -> Fraction:
    if mechanism == "laplace":
        if groups is None:
            raise ValueError("Laplace noise is for a known number of groups")
        return laplace_scale(l1_steps=norm.l1_steps(groups), epsilon_micro=share)
    return gaussian_scale(l2_steps=norm.l2_steps, rho_nano=share)
