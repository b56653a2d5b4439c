"""Walking an answer's way once before it counts, so that the first query finds everything warm and keeps its slot.

What a rehearsal computes is thrown away; nothing of it is released, so it is not charged.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from dp_queries.backends.base import Backend
from dp_queries.expressions import ColumnRef
from dp_queries.plan import Above, Aggregate, Below, Measure, OutputColumn, Plan, Relation
from dp_queries.released import aggregate_values, post_process
from dp_queries.simulation import simulate_intervals
from policies.catalogue import LoadedDataset, Table
from privacy.loss import Loss
from privacy.mechanisms import Noise
from privacy.units import ContributionNorm


def rehearse(backend: Backend, dataset: LoadedDataset, noise: Noise) -> None:
    """Count the rows of each private table and throw the count away; then walk noise and post-processing on zeros."""
    for table in dataset.card.tables:
        if table.is_private:
            plan = _plan(dataset, table)
            backend.bounded_sums(plan)
            _post_process_zeros(plan, noise)


def _post_process_zeros(plan: Plan, noise: Noise) -> None:
    scale = plan.measures[0].noise_scale
    noise.gaussian([0], scale)
    zeros = [np.array(noise.laplace([0], scale), dtype=np.float64) for _ in plan.measures]
    _, groups = post_process(plan, aggregate_values(plan, zeros))
    simulate_intervals(plan, zeros, groups)


def _plan(dataset: LoadedDataset, table: Table) -> Plan:
    measures = tuple(_measures(table))
    return Plan(
        dataset=dataset.card.name,
        version=dataset.version,
        agreement="",
        below=Below((Relation(table.name, table.name, True),), (), None),
        keys=(),
        measures=measures,
        aggregates=(Aggregate("count", (0,)),),
        above=Above((OutputColumn("n", "integer", True),), ('"a0" + 1',), None, None, None, None),
        loss=Loss(()),
        epsilon_micro=0,
        slot_seconds=Fraction(0),
        needs_sort=False,
        sql="",
    )


def _measures(table: Table) -> Iterator[Measure]:
    norm = ContributionNorm(l2_steps=1024, grid=1024)
    yield Measure("rows", None, 0, 1, Fraction(1), 0, norm, "laplace", Fraction(1024))
    for column in table.columns:
        bounds = column.clamping()
        if bounds is not None:
            reference = ColumnRef(0, column.name, column.type)
            lower, upper = bounds.lower_steps, bounds.upper_steps
            yield Measure("sum", reference, lower, upper, bounds.granularity, 0, norm, "laplace", Fraction(1024))
            return
