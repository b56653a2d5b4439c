"""A question that can be answered, before anybody decided on it: no permit, no price, no noise yet."""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

from dp_queries.expressions import Expression
from dp_queries.plan import Above, Aggregate, Below, Key, MeasureKind
from policies.authorization import Needs
from privacy.units import ContributionNorm


@dataclass(frozen=True)
class Draft:
    """A measure without its noise; the fields mean what they mean in `Measure`."""

    kind: MeasureKind
    value: Expression | None
    lower_steps: int
    upper_steps: int
    granularity: Fraction
    offset_steps: int
    norm: ContributionNorm


@dataclass(frozen=True)
class Layers:
    """The three layers of a query. `used`: (table, column) of every column that it names."""

    below: Below
    keys: tuple[Key, ...]
    drafts: tuple[Draft, ...]
    aggregates: tuple[Aggregate, ...]
    aggregate_names: frozenset[str]
    above: Above
    used: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Query:
    """What was asked, analysed against the public facts of a dataset; `needs` is what a permit must allow."""

    sql: str
    dataset: str
    version: str
    layers: Layers
    needs: Needs
    query_delta: Fraction
    slot_seconds: Fraction
    needs_sort: bool

    @property
    def groups(self) -> int:
        """How many groups the release has; 1 without keys."""
        return prod(len(key.domain) for key in self.layers.keys)
