"""What a backend is: the one place where rows become exact, bounded aggregates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types

from dp_queries.algebra.expressions import Value
from dp_queries.plan import Aggregation, Measure, QuantileMeasure
from privacy.contributions import SATURATED, Contribution, Tally
from privacy.parts import Int64s
from privacy.selection import Sets

_EPOCH_DAY = date(1970, 1, 1)
_EPOCH = datetime.fromisoformat("1970-01-01")


@dataclass(frozen=True)
class Sums:
    """Exact, bounded aggregates of one aggregation. They are **not** private: noise must follow.

    `totals` has a row of groups per measure, in grid steps; of a measure whose norm is to be chosen, one for each norm
    of its ladder. `norms` tells for each of these measures how many units need which norm (`privacy.ladder`).
    `histograms` holds one array (groups, bins) per quantile, in grid steps of weight.
    """

    totals: Int64s
    histograms: tuple[Int64s, ...] = ()
    norms: tuple[tuple[int, ...], ...] = ()

    def of(self, groups: Sequence[int]) -> "Sums":
        """The sums of these groups, in this order."""
        return replace(
            self, totals=self.totals[:, list(groups)], histograms=tuple(held[list(groups)] for held in self.histograms)
        )


@dataclass(frozen=True)
class FoundGroups:
    """The groups of private keys that rows have, by code, and which of them each unit is in. Nothing here is public.

    `keys` holds a value per key: integers count the key's granularity, dates and timestamps days and microseconds
    since 1970, booleans are 0 and 1. `sums` are over all these groups where the aggregation `is_read_once`: each unit's
    vector is clipped over all groups that it is in, and it is counted in `norms` if it is in any.
    """

    keys: Sequence[tuple[int | str | None, ...]]
    sets: Sets
    sums: Sums | None = None


class Backend(Protocol):
    """Holds the rows of one dataset version and gives out bounded sums only."""

    def found_groups(self, aggregation: Aggregation) -> FoundGroups:
        """The groups of private keys that rows have. They are **not** private: only partition selection may follow."""
        ...

    def bounded_sums(self, aggregation: Aggregation) -> Sums:
        """Exact sums in grid steps (`norm.grid` of them are one quantized step), for groups that are settled.

        All rows of one unit move a row of `totals` by at most the `l2_steps` of its norm in L2, and an entry of `norms`
        by 1. They are **not** private: only `release` may ask, and only noise may follow. Every backend gives the very
        same integers.
        """
        ...

    def sums_together(self, aggregations: Sequence[Aggregation]) -> list[Sums]:
        """The `bounded_sums` of each of several aggregations, which `shared_scans` reads together."""
        ...

    def public_tables(self, names: Sequence[str]) -> dict[str, pyarrow.Table]:
        """Public tables whole, by their names on the card, as `released.public_table` types them."""
        ...


def contributions(measures: Sequence[Measure]) -> list[Contribution]:
    """How much a row and a unit may add to each measure, as the kernel wants it."""
    return [_contribution(measure) for measure in measures]


def tally(quantile: QuantileMeasure) -> Tally:
    """Into which bins a quantile's values fall, and how much a unit may weigh, as the kernel wants it."""
    step = quantile.granularity
    return Tally(quantile.drawing.bins, quantile.norm, step.numerator, step.denominator)


def _contribution(measure: Measure) -> Contribution:
    if measure.kind != "sum":
        # A row counts 1, and so does any value that is not NULL: clamped to [1, 1]. A unit in a group counts 1 at most.
        return Contribution(1, 1, 0, 1 if measure.kind == "units" else SATURATED, measure.norm)
    granularity: Fraction = measure.granularity
    return Contribution(
        measure.lower_steps,
        measure.upper_steps,
        measure.offset_steps,
        SATURATED,
        measure.norm,
        granularity.numerator,
        granularity.denominator,
    )


def key_value(kept: int | str | None, kind: str, granularity: Fraction) -> Value:
    """A private key's value as the query knows it. `kind` is the key's type."""
    if kept is None or isinstance(kept, str):
        return kept
    match kind:
        case "boolean":
            return bool(kept)
        case "date":
            return _EPOCH_DAY + timedelta(days=kept)
        case "timestamp":
            return _EPOCH + timedelta(microseconds=kept)
        case "integer":
            return kept if granularity == 1 else int(kept * granularity)
    value = kept * granularity
    return Decimal(value.numerator) / Decimal(value.denominator)
