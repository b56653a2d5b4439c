"""Rows -> answer: the one function that touches rows, and returns only what is private already.

The order is the argument: no charge, no data; no noise, no answer. What follows the noise is post-processing of
released values, which costs nothing (Dwork, Roth, "The Algorithmic Foundations of Differential Privacy", 2014,
Proposition 2.1).
"""

from collections.abc import Sequence

import numpy as np

from dp_queries.answer import Answer, Bounds, Cell
from dp_queries.backends.base import Backend
from dp_queries.methods import methods_text
from dp_queries.plan import Measure, Plan
from dp_queries.released import Floats, aggregate_values, post_process, rounded_values
from dp_queries.simulation import Intervals, simulate_intervals
from privacy.budget import Charge
from privacy.mechanisms import Noise

__all__ = ["Answer", "methods_text", "release"]


def release(plan: Plan, charge: Charge, backend: Backend, *, noise: Noise) -> Answer:
    """The plan's answer. Raises ValueError, before any row is read, unless the charge is for this very plan."""
    _check_charge(plan, charge)
    exact = backend.bounded_sums(plan)
    measures = [_noisy(measure, sums.tolist(), noise) for measure, sums in zip(plan.measures, exact, strict=True)]
    del exact  # from here on there are released values only
    rows, groups = post_process(plan, rounded_values(plan, aggregate_values(plan, measures)))
    intervals = simulate_intervals(plan, measures, groups)
    return Answer(plan.above.columns, rows, intervals, _notes(plan, rows, intervals))


def _check_charge(plan: Plan, charge: Charge) -> None:
    if charge.plan_digest != plan.digest or charge.agreement != plan.agreement or charge.loss != plan.loss:
        raise ValueError("the charge is not for this plan")


def _noisy(measure: Measure, sums: Sequence[int], noise: Noise) -> Floats:
    add = noise.laplace if measure.mechanism == "laplace" else noise.gaussian
    return np.array(add(sums, measure.noise_scale), dtype=np.float64)


def _notes(plan: Plan, rows: list[list[Cell]], intervals: Intervals) -> tuple[str, ...]:
    """Which columns are too noisy to use, told from released values alone."""
    names = [column.name for column in plan.above.columns]
    return tuple(
        f"{name} is too noisy to use: raise epsilon or use fewer groups"
        for name, bounds in intervals["0.95"].items()
        if _is_too_noisy([row[names.index(name)] for row in rows], bounds)
    )


def _is_too_noisy(values: list[Cell], bounds: list[Bounds]) -> bool:
    """Whether the typical half-width is more than half of the typical value."""
    widths = [(upper - lower) / 2 for lower, upper in bounds if lower is not None and upper is not None]
    sizes = [abs(value) for value in values if isinstance(value, int | float)]
    return bool(widths and sizes) and float(np.median(widths)) > float(np.median(sizes)) / 2
