"""A question that can be answered, before anybody decided on it: no permit, no price, no noise yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Final

from dp_queries.algebra.expressions import Expression
from dp_queries.algebra.relations import Below
from dp_queries.plan import Aggregate, Key, MeasureKind
from dp_queries.post_processing import Above
from policies.authorization import Needs
from privacy.quantiles import Mechanism, Rank
from privacy.units import ClampingBounds, ContributionNorm

UNITS_OF_A_GROUP: Final = 16  # no selection shows a group of fewer with a usual epsilon


@dataclass(frozen=True)
class Climb:
    """What the card says of a norm that may be chosen: how long a unit's vector can be at all, in steps of the value,
    and how many units there are at most.
    """

    most_steps: int
    units_at_most: int


@dataclass(frozen=True)
class Draft:
    """A measure without its noise; the fields mean what they mean in `Measure`. Without a climb its norm is fixed."""

    kind: MeasureKind
    value: Expression | None
    lower_steps: int
    upper_steps: int
    granularity: Fraction
    offset_steps: int
    norm: ContributionNorm
    climb: Climb | None = None


@dataclass(frozen=True)
class QuantileDraft:
    """A quantile without its noise; `bounds` are of the value."""

    value: Expression
    bounds: ClampingBounds
    rank: Rank
    norm: ContributionNorm


@dataclass(frozen=True)
class AggregationDraft:
    """A DP aggregation without its noise.

    `groups_at_most`: how many groups rows can have, by the card's caps; `groups_per_unit` likewise for one unit.
    """

    below: Below
    keys: tuple[Key, ...]
    drafts: tuple[Draft, ...]
    quantiles: tuple[QuantileDraft, ...]
    aggregates: tuple[Aggregate, ...]
    groups_at_most: int
    groups_per_unit: int

    @property
    def groups(self) -> int:
        """How many groups the release has with public keys; 1 without keys."""
        return prod(len(key.domain) for key in self.keys if key.domain is not None)

    @property
    def likely_groups(self) -> int:
        """How many groups may well be released: of private keys, no more than the units that each of them needs."""
        if not self.has_private_keys:
            return self.groups
        units = (part.climb.units_at_most for part in self.drafts if part.climb)
        return max(1, min([self.groups_at_most, *(most // UNITS_OF_A_GROUP for most in units)]))

    @property
    def has_private_keys(self) -> bool:
        """Whether which groups appear is decided by partition selection."""
        return any(key.domain is None for key in self.keys)


@dataclass(frozen=True)
class Layers:
    """The layers of a query: its aggregations, and each of its statements over what they release.

    `used`: (table, column) of every column that it names.
    """

    aggregations: tuple[AggregationDraft, ...]
    aggregate_names: frozenset[str]
    statements: tuple[Above, ...]
    used: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Query:
    """What was asked, analysed against the public facts of a dataset; `needs` is what a permit must allow.

    With `has_fixed_norms` clipping norms are the card's, so that the noise is known before rows are read. `slots` are
    the release slots in seconds, by the mechanism that its quantiles may come to be drawn with.
    """

    dataset: str
    version: str
    layers: Layers
    needs: Needs
    query_delta: Fraction
    slots: Mapping[Mechanism, Fraction]
    has_fixed_norms: bool = False

    @property
    def slot_seconds(self) -> Fraction:
        """The longest of its release slots."""
        return max(self.slots.values())
