"""The SQL door's ticket: what will be computed, what it costs, fixed before a row is read.

A `Plan` is frozen and knows its digest (canonical plan + data version); only `planner.plan` makes one.
Group `g` of a plan is the mixed-radix number of its keys' positions in their domains, first key slowest.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, Literal as OneOf

from dp_queries.expressions import Expression, Value, literal_json, to_json
from policies.canonical import digest
from privacy.loss import Loss
from privacy.units import ContributionNorm

MeasureKind = OneOf["rows", "present", "units", "sum"]


@dataclass(frozen=True)
class Relation:
    """A table under an alias. The first relation is private; a private one that follows is joined on the unit."""

    alias: str
    table: str
    is_private: bool


@dataclass(frozen=True)
class Join:
    """How `relations[relation]` joins what stands before it.

    `on_unit`: equality of the privacy unit (both private). `condition`: further conjuncts over the relations so far
    and this one, or None. `kind` "left" keeps unmatched rows of the relations so far.
    """

    relation: int
    kind: OneOf["inner", "left"]
    on_unit: bool
    condition: Expression | None


@dataclass(frozen=True)
class Below:
    """Rows of a unit: relations, joins, and the filter. Every row has exactly one privacy unit, relation 0's."""

    relations: tuple[Relation, ...]
    joins: tuple[Join, ...]
    where: Expression | None


@dataclass(frozen=True)
class Key:
    """A public group key: its expression and its domain, in order; None is the NULL group where rows may have it.

    A row whose value is not in the domain belongs to no group.
    """

    expression: Expression
    domain: tuple[Value, ...]
    type: str


@dataclass(frozen=True)
class Measure:
    """One bounded integer vector over the groups.

    rows: how many rows; present: rows whose `value` is not NULL; units: 1 if the unit has a row in the group;
    sum: the sum of quantized values minus `offset_steps`, NULLs left out.
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


@dataclass(frozen=True)
class Aggregate:
    """A column of the released table, made from measures: count = m, sum = m * g, avg = offset + sum/present."""

    kind: OneOf["count", "sum", "avg"]
    measures: tuple[int, ...]


@dataclass(frozen=True)
class OutputColumn:
    """A column of the answer; `is_noisy` when it depends on an aggregate."""

    name: str
    type: str
    is_noisy: bool


@dataclass(frozen=True)
class Above:
    """Post-processing: SQL over the one table `released` (columns k0.., a0..), rendered from the checked tree.

    `select` holds one SQL expression per output column; `tail` the HAVING-as-WHERE, ORDER BY and LIMIT text.
    """

    columns: tuple[OutputColumn, ...]
    select: tuple[str, ...]
    where: str | None
    order_by: str | None
    limit: int | None
    offset: int | None


@dataclass(frozen=True)
class Plan:
    """A priced query. `loss` covers every measure; `slot_seconds` is when the answer leaves, from public facts."""

    dataset: str
    version: str
    agreement: str
    below: Below
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    aggregates: tuple[Aggregate, ...]
    above: Above
    loss: Loss
    epsilon_micro: int
    slot_seconds: Fraction
    needs_sort: bool
    sql: str = field(compare=False)

    @property
    def groups(self) -> int:
        """How many groups the release has; 1 without keys."""
        return prod(len(key.domain) for key in self.keys)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical plan and the data version; equal for respelled twins of one query."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Everything that decides the answer's distribution, and nothing else (the SQL text is left out)."""
        return {
            "format": "jali-plan/1",
            "dataset": self.dataset,
            "version": self.version,
            "relations": [[relation.table, relation.is_private] for relation in self.below.relations],
            "joins": [
                [join.relation, join.kind, join.on_unit, join.condition and to_json(join.condition)]
                for join in self.below.joins
            ],
            "where": self.below.where and to_json(self.below.where),
            "keys": [[to_json(key.expression), [literal_json(value) for value in key.domain]] for key in self.keys],
            "measures": [
                {
                    "kind": measure.kind,
                    "value": measure.value and to_json(measure.value),
                    "bounds": [str(measure.lower_steps), str(measure.upper_steps), str(measure.offset_steps)],
                    "granularity": str(measure.granularity),
                    "norm": [measure.norm.l2_steps, measure.norm.grid],
                    "noise": [measure.mechanism, str(measure.noise_scale)],
                }
                for measure in self.measures
            ],
            "aggregates": [[aggregate.kind, *aggregate.measures] for aggregate in self.aggregates],
            "above": [
                list(self.above.select),
                self.above.where,
                self.above.order_by,
                self.above.limit,
                self.above.offset,
            ],
            "loss": self.loss.to_json(),
        }
