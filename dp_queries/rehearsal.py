"""Walking an answer's way once before it counts, so that the first query finds everything warm and keeps its slot.

What a rehearsal computes is thrown away; nothing of it is released, so it is not charged.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from dp_queries.algebra.expressions import ColumnRef
from dp_queries.algebra.relations import Below, Scan
from dp_queries.answers.released import Noisy, post_process
from dp_queries.answers.simulation import simulate_intervals
from dp_queries.backends.base import Backend
from dp_queries.plan import Aggregate, Aggregation, Measure, Plan
from dp_queries.post_processing import Above, OutputColumn, Rowwise
from policies.catalogue import LoadedDataset, Table
from privacy.loss import Loss
from privacy.mechanisms import Noise
from privacy.units import ContributionNorm

_ABOVE = Above(
    columns=(OutputColumn("n", "number", True),),
    sql='SELECT s0."a0" + 1 AS c0, s0.g AS h0 FROM released0 AS s0 ORDER BY s0.g',
    loose='SELECT s0."a0" + 1 AS c0, s0.g AS h0 FROM released0 AS s0',
    tables=("released0",),
    rowwise=Rowwise("released0 AS s0", ('s0."a0" + 1',)),
    hidden=1,
    work=1,
)


def rehearse(backend: Backend, dataset: LoadedDataset, noise: Noise) -> None:
    """Count the rows of each private table and throw the count away; then walk noise and post-processing on zeros."""
    for table in dataset.card.tables:
        if table.is_private:
            plan = _plan(dataset, table)
            for aggregation in plan.aggregations:
                backend.bounded_sums(aggregation)
                _post_process_zeros(aggregation, noise)


def _post_process_zeros(aggregation: Aggregation, noise: Noise) -> None:
    scale = aggregation.measures[0].noise_scale
    noise.gaussian([0], scale)
    zeros = tuple(np.array(noise.laplace([0], scale), dtype=np.float64) for _ in aggregation.measures)
    noisy = Noisy(aggregation, zeros)
    simulate_intervals(_ABOVE, [noisy], post_process(_ABOVE, [noisy]), seed=0)


def _plan(dataset: LoadedDataset, table: Table) -> Plan:
    return Plan(
        dataset=dataset.card.name,
        version=dataset.version,
        agreement="",
        aggregations=(
            Aggregation(
                below=Below((Scan(table.name, True),)),
                keys=(),
                measures=tuple(_measures(table)),
                quantiles=(),
                aggregates=(Aggregate("count", (0,)),),
                selection=None,
            ),
        ),
        statements=(_ABOVE,),
        loss=Loss(()),
        epsilon_micro=0,
        slot_seconds=Fraction(0),
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
