"""The SQL door's ticket: what will be computed, what it costs, fixed before a row is read.

A `Plan` is frozen and knows its digest (canonical plan + data version); only `planner.plan` makes one.
Group `g` of an aggregation with public keys is the mixed-radix number of its keys' positions in their domains, first
key slowest; where partition selection has shown which groups appear, it is the g-th of those.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, Final, Literal as OneOf

from dp_queries.algebra.expressions import Expression, Value, literal_json, to_json
from dp_queries.algebra.relations import Below
from dp_queries.measures import MOST_LADDER_CELLS, Measure, MeasureKind, NormChoice, QuantileMeasure
from dp_queries.post_processing import Above, OutputColumn
from policies.canonical import digest
from privacy.loss import Loss
from privacy.selection import Selection

__all__ = [
    "Above",
    "Aggregate",
    "AggregateKind",
    "Aggregation",
    "Key",
    "Measure",
    "MeasureKind",
    "NormChoice",
    "OutputColumn",
    "Plan",
    "QuantileMeasure",
]

MOST_GROUPS_AT_ONCE: Final = 2**16  # of private keys that are read once: more fall out of the processor's caches

AggregateKind = OneOf["count", "sum", "avg", "var_pop", "var_samp", "stddev_pop", "stddev_samp", "quantile"]


@dataclass(frozen=True)
class Key:
    """A group key: its expression and its public domain, in order; None is the NULL group where rows may have it.

    A row whose value is not in the domain belongs to no group. Without a domain (None) the key is private: which of
    its values are shown is decided by partition selection; numbers among them are multiples of `granularity`.
    `is_complete`: the domain is sure to have a place for every row, by the card and the text (`complete_keys`).
    """

    expression: Expression
    domain: tuple[Value, ...] | None
    type: str
    granularity: Fraction = Fraction(1)
    is_complete: bool = False

    def to_json(self) -> Any:
        """The key for the plan's digest."""
        domain = None if self.domain is None else [literal_json(value) for value in self.domain]
        return [to_json(self.expression), domain, self.is_complete]


@dataclass(frozen=True)
class Aggregate:
    """A column of a released table.

    From measures: count = m, sum = m * g, avg = offset + sum/present, var and stddev from sums of deviations, of their
    squares, and a count. A quantile is the quantile measure of that number.
    """

    kind: AggregateKind
    measures: tuple[int, ...]


@dataclass(frozen=True)
class Aggregation:
    """A DP aggregation: rows of units, bounded and summed per group; its noisy columns are a released table.

    A plan's has no `shown`. In the course of its release, partition selection replaces private keys by the values that
    appear, and `shown` lists the groups that do: the place of each key's value in its domain, in ascending order.
    `groups_at_most`: how many groups private keys can have, by the card; None if that is nothing to plan with.
    """

    below: Below
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    quantiles: tuple[QuantileMeasure, ...]
    aggregates: tuple[Aggregate, ...]
    selection: Selection | None
    shown: tuple[tuple[int, ...], ...] | None = None
    groups_at_most: int | None = None

    @property
    def groups(self) -> int:
        """How many groups are released: with public keys all there are, 1 without keys; else those that are shown."""
        if self.shown is not None:
            return len(self.shown)
        return prod(len(key.domain) for key in self.keys if key.domain is not None)

    @property
    def ladder_cells(self) -> int:
        """How many totals the measures have whose norms are to be chosen."""
        return self.groups * sum(len(measure.norms) for measure in self.measures if measure.choice)

    @property
    def is_open(self) -> bool:
        """Whether it has not been decided yet which groups appear."""
        return self.selection is not None and self.shown is None

    @property
    def is_read_once(self) -> bool:
        """Whether sums of private keys are taken while groups are found: where these are few for sure."""
        if self.selection is None or self.groups_at_most is None or not self.measures or self.quantiles:
            return False
        cells = self.groups_at_most * sum(len(measure.norms) for measure in self.measures)
        is_linear = all(measure.kind != "distinct" for measure in self.measures)
        return is_linear and self.groups_at_most <= MOST_GROUPS_AT_ONCE and cells <= MOST_LADDER_CELLS

    def to_json(self) -> Any:
        """The aggregation for the plan's digest."""
        return {
            "below": self.below.to_json(),
            "keys": [key.to_json() for key in self.keys],
            "measures": [measure.to_json() for measure in self.measures],
            "quantiles": [quantile.to_json() for quantile in self.quantiles],
            "aggregates": [[aggregate.kind, *aggregate.measures] for aggregate in self.aggregates],
            "selection": self.selection and [*_selection_json(self.selection), self.is_read_once],
        }


def _selection_json(selection: Selection) -> Any:
    looks = [[str(look.noise_scale), look.threshold, look.hopeless_below] for look in selection.rounds]
    return [selection.mechanism, selection.steps, selection.most_groups, looks]


@dataclass(frozen=True)
class Plan:
    """A priced query: one statement, or several that are answered together from the same released tables.

    `loss` covers every measure; `slot_seconds` is when the answer leaves, from public facts.
    """

    dataset: str
    version: str
    agreement: str
    aggregations: tuple[Aggregation, ...]
    statements: tuple[Above, ...]
    loss: Loss
    epsilon_micro: int
    slot_seconds: Fraction

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures of all aggregations, in order."""
        return tuple(measure for aggregation in self.aggregations for measure in aggregation.measures)

    @property
    def mechanism(self) -> str:
        """The mechanism of the noise; of quantiles, or of selection, where there are no sums."""
        for part in self.aggregations:
            if part.measures or part.quantiles:
                return part.measures[0].mechanism if part.measures else part.quantiles[0].drawing.mechanism
        return next((part.selection.mechanism for part in self.aggregations if part.selection), "none")

    @property
    def groups(self) -> int:
        """How many groups all aggregations release, those of private keys aside."""
        return sum(aggregation.groups for aggregation in self.aggregations)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical plan and the data version; equal for respelled twins of one query."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Everything that decides the answer's distribution, and nothing else (the SQL text is left out).

        Each statement once, in an order of our own: asked in another order they are the same plan (ATTACKS 2).
        """
        told = {part.digest: part.to_json() for part in self.statements}
        return {
            "format": "jali-plan/3",
            "dataset": self.dataset,
            "version": self.version,
            "aggregations": [aggregation.to_json() for aggregation in self.aggregations],
            "statements": [told[name] for name in sorted(told)],
            "loss": self.loss.to_json(),
        }
