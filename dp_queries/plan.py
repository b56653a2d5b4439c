"""The SQL door's ticket: what will be computed, what it costs, fixed before a row is read.

A `Plan` is frozen and knows its digest (canonical plan + data version); only `planner.plan` makes one.
Group `g` of an aggregation with public keys is the mixed-radix number of its keys' positions in their domains, first
key slowest.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, Literal as OneOf

from dp_queries.expressions import Expression, Value, literal_json, to_json
from dp_queries.post_processing import Above, OutputColumn
from dp_queries.relations import Below
from policies.canonical import digest
from privacy.loss import Loss
from privacy.quantiles import Drawing
from privacy.selection import Selection
from privacy.units import ContributionNorm

__all__ = [
    "Above",
    "Aggregate",
    "AggregateKind",
    "Aggregation",
    "Key",
    "Measure",
    "MeasureKind",
    "OutputColumn",
    "Plan",
    "QuantileMeasure",
]

MeasureKind = OneOf["rows", "present", "units", "sum", "distinct"]
AggregateKind = OneOf["count", "sum", "avg", "var_pop", "var_samp", "stddev_pop", "stddev_samp", "quantile"]


@dataclass(frozen=True)
class Key:
    """A group key: its expression and its public domain, in order; None is the NULL group where rows may have it.

    A row whose value is not in the domain belongs to no group. Without a domain (None) the key is private: which of
    its values are shown is decided by partition selection; numbers among them are multiples of `granularity`.
    """

    expression: Expression
    domain: tuple[Value, ...] | None
    type: str
    granularity: Fraction = Fraction(1)

    def to_json(self) -> Any:
        """The key for the plan's digest."""
        domain = None if self.domain is None else [literal_json(value) for value in self.domain]
        return [to_json(self.expression), domain]


@dataclass(frozen=True)
class Measure:
    """One bounded integer vector over the groups.

    rows: how many rows; present: rows whose `value` is not NULL; units: 1 if the unit has a row in the group (with a
    `value`: a row where it is not NULL); sum: the sum of quantized values minus `offset_steps`, NULLs left out;
    distinct: how many values the units claim, each at most so many that its norm holds.
    `value` is clamped to [lower_steps, upper_steps] and quantized to `granularity` (steps are integers) before the
    offset is taken away. `noise_scale` is in grid steps: Laplace scale or Gaussian standard deviation.
    """

    kind: MeasureKind
    value: Expression | None
    lower_steps: int
    upper_steps: int
    granularity: Fraction
    offset_steps: int
    norm: ContributionNorm
    mechanism: OneOf["laplace", "gaussian"]
    noise_scale: Fraction

    def to_json(self) -> Any:
        """The measure for the plan's digest."""
        return {
            "kind": self.kind,
            "value": self.value and to_json(self.value),
            "bounds": [str(self.lower_steps), str(self.upper_steps), str(self.offset_steps)],
            "granularity": str(self.granularity),
            "norm": [self.norm.l2_steps, self.norm.grid],
            "noise": [self.mechanism, str(self.noise_scale)],
        }


@dataclass(frozen=True)
class QuantileMeasure:
    """A value per group at a rank of its rows, drawn from a histogram in which a unit's rows weigh what `norm` allows.

    Steps of `drawing.bins` count `granularity`.
    """

    value: Expression
    granularity: Fraction
    norm: ContributionNorm
    drawing: Drawing

    def to_json(self) -> Any:
        """The measure for the plan's digest."""
        drawing, bins = self.drawing, self.drawing.bins
        return {
            "kind": "quantile",
            "value": to_json(self.value),
            "fraction": str(drawing.rank.fraction),
            "bins": [str(bins.lower_steps), str(bins.upper_steps), str(bins.width)],
            "granularity": str(self.granularity),
            "norm": [self.norm.l2_steps, self.norm.grid],
            "noise": [drawing.mechanism, str(drawing.value_scale), drawing.reach_scale and str(drawing.reach_scale)],
        }


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
    """A DP aggregation: rows of units, bounded and summed per group; its noisy columns are a released table."""

    below: Below
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    quantiles: tuple[QuantileMeasure, ...]
    aggregates: tuple[Aggregate, ...]
    selection: Selection | None

    @property
    def groups(self) -> int:
        """How many groups the release has with public keys; 1 without keys."""
        return prod(len(key.domain) for key in self.keys if key.domain is not None)

    def to_json(self) -> Any:
        """The aggregation for the plan's digest."""
        return {
            "below": self.below.to_json(),
            "keys": [key.to_json() for key in self.keys],
            "measures": [measure.to_json() for measure in self.measures],
            "quantiles": [quantile.to_json() for quantile in self.quantiles],
            "aggregates": [[aggregate.kind, *aggregate.measures] for aggregate in self.aggregates],
            "selection": self.selection and _selection_json(self.selection),
        }


def _selection_json(selection: Selection) -> Any:
    looks = [[str(look.noise_scale), look.threshold, look.hopeless_below] for look in selection.rounds]
    return [selection.mechanism, selection.steps, selection.most_groups, looks]


@dataclass(frozen=True)
class Plan:
    """A priced query. `loss` covers every measure; `slot_seconds` is when the answer leaves, from public facts."""

    dataset: str
    version: str
    agreement: str
    aggregations: tuple[Aggregation, ...]
    above: Above
    loss: Loss
    epsilon_micro: int
    slot_seconds: Fraction
    sql: str = field(compare=False)

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
        """Everything that decides the answer's distribution, and nothing else (the SQL text is left out)."""
        return {
            "format": "jali-plan/2",
            "dataset": self.dataset,
            "version": self.version,
            "aggregations": [aggregation.to_json() for aggregation in self.aggregations],
            "above": self.above.to_json(),
            "loss": self.loss.to_json(),
        }
