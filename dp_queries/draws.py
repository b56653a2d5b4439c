"""How long the noise of an aggregation takes to draw, at most, by its mechanism: exact samplers take their time."""

from fractions import Fraction
from typing import Final

from dp_queries.query import AggregationDraft
from privacy.choice_flips import most_flips
from privacy.quantiles import Bins, Mechanism

_CELL_SECONDS: Final = Fraction(30, 10**6)  # the exact sampler takes most of it
_CLIMB_CELLS: Final = 24  # norms that are counted, with noise
# A coin that shows tails nearly always, which most do where many are flipped, and bringing its score to the sampler.
_FLIP_SECONDS: Final = Fraction(8, 10**6)
_THREADS: Final = 2  # that draw at the same time, for a half of the groups each


def drawing_seconds(draft: AggregationDraft, choice: Mechanism) -> Fraction:
    """Seconds of all draws, where quantiles are chosen by this mechanism."""
    cells = draft.groups_at_most * (len(draft.drafts) + 2 * draft.has_private_keys)
    cells += _CLIMB_CELLS * sum(part.climb is not None for part in draft.drafts)
    return cells * _CELL_SECONDS + _flips(draft, choice) * _FLIP_SECONDS


def _flips(draft: AggregationDraft, choice: Mechanism) -> int:
    """Of the thread that has more of them."""
    groups = -(-draft.groups_at_most // _THREADS)
    bins = [Bins.over(part.bounds, draft.likely_groups).count for part in draft.quantiles]
    intervals = [not part.rank.is_end for part in draft.quantiles]
    each = zip(bins, intervals, strict=True)
    return sum(most_flips(choice, count, groups, has_interval=has_interval) for count, has_interval in each)
