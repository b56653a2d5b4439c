"""Which aggregations read their rows together: over the same rows, by public keys, in so many cells that memory holds.

Told by what is public of a draft or of a plan's aggregation, the same of both: the slot is for what the release does.
"""

from collections.abc import Sequence
from typing import Any, Final

from dp_queries.plan import Aggregation
from dp_queries.query import AggregationDraft

_LONGEST_LADDER: Final = 17  # norms that a measure's totals may be wanted under
MOST_CELLS: Final = 2**22  # of all aggregations that are read together

_ADDED_UP: Final = frozenset({"rows", "present", "units", "sum"})


def read_together(parts: Sequence[AggregationDraft | Aggregation]) -> list[tuple[int, ...]]:
    """The numbers of all aggregations, those together that read their rows at once, by the first of each."""
    found: dict[Any, list[int]] = {}
    for number, part in enumerate(parts):
        found.setdefault(part.below if _is_shareable(part) else number, []).append(number)
    scans: list[tuple[int, ...]] = []
    for numbers in found.values():
        fits = sum(_cells(parts[number]) for number in numbers) <= MOST_CELLS
        scans += [tuple(numbers)] if fits else [(number,) for number in numbers]
    return sorted(scans)


def _is_shareable(part: AggregationDraft | Aggregation) -> bool:
    """Whether its sums are added up unit by unit, in groups that are known beforehand."""
    is_public = all(key.domain is not None for key in part.keys)
    return is_public and not part.quantiles and all(measure.kind in _ADDED_UP for measure in _measured(part))


def _measured(part: AggregationDraft | Aggregation) -> Sequence[Any]:
    return part.drafts if isinstance(part, AggregationDraft) else part.measures


def _cells(part: AggregationDraft | Aggregation) -> int:
    return part.groups * len(_measured(part)) * _LONGEST_LADDER
