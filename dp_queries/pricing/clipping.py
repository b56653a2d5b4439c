"""Clipping norms that the caller names, by output column, instead of the card's and of a choice by the query.

Any norm is private: noise is calibrated to it (`privacy.bounding`). One that does not follow from public knowledge only
makes the answer worse, so nothing about it must be checked but that it is a positive number.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

from dp_queries.layers.value_steps import norm
from dp_queries.pricing.accuracy import bare_columns
from dp_queries.query import AggregationDraft, Draft, Layers
from policies.errors import Reason, RequestRejected
from privacy.units import ContributionNorm

_CLIPPED: Final = frozenset({"count", "sum", "avg"})


def with_clipping(layers: Layers, clipping: Mapping[str, Fraction]) -> Layers:
    """The layers with these L2 norms of one unit over all groups, in the unit of each column: rows for a count, what is
    summed for a sum, deviations from the middle of the bounds for an average.

    A name means that column of every statement that has it. Raises RequestRejected for a column that is none of these
    as it is, for a norm that is not above 0, and for two norms of one measure.
    """
    found = dict[tuple[int, int], Fraction]()
    for column, limit in clipping.items():
        if not isinstance(limit, Fraction) or limit <= 0:
            raise _rejected("a clipping norm is a positive number")
        for place in _measures(layers, column):
            if found.setdefault(place, limit) != limit:
                raise _rejected("two columns that show the same aggregate have the same clipping norm")
    drafts = list(layers.aggregations)
    for (aggregation, measure), limit in found.items():
        drafts[aggregation] = _clipped(drafts[aggregation], measure, limit)
    return replace(layers, aggregations=tuple(drafts))


def _measures(layers: Layers, column: str) -> list[tuple[int, int]]:
    """The aggregation and the measure that a norm of this column means, in each statement that has such a column."""
    found = []
    for above in layers.statements:
        if any(part.name == column and part.is_noisy for part in above.columns):
            number = bare_columns(above).get(column)
            aggregate = None if number is None else layers.aggregations[above.reads[0]].aggregates[number]
            if aggregate is None or aggregate.kind not in _CLIPPED:
                raise _not_clipped()
            found.append((above.reads[0], aggregate.measures[0]))
    if not found:
        raise _not_clipped()
    return found


def _not_clipped() -> RequestRejected:
    return _rejected("clipping is for selected counts, sums and averages, by column name")


def _clipped(draft: AggregationDraft, measure: int, limit: Fraction) -> AggregationDraft:
    drafts = list(draft.drafts)
    drafts[measure] = replace(drafts[measure], norm=_norm(drafts[measure], limit), climb=None)
    return replace(draft, drafts=tuple(drafts))


def _norm(draft: Draft, limit: Fraction) -> ContributionNorm:
    if draft.kind == "distinct":
        return ContributionNorm(max(1, min(2**30, int(limit))), 1)  # values are claimed whole
    return norm(limit / draft.granularity)


def _rejected(message: str) -> RequestRejected:
    return RequestRejected(message, (Reason("clipping", message, where="clipping"),))
