"""Rows -> answer: the one function that touches rows, and returns only what is private already.

The order is the argument: no charge, no data; no noise, no answer. What follows the noise is post-processing of
released values, which costs nothing (Dwork, Roth, "The Algorithmic Foundations of Differential Privacy", 2014,
Proposition 2.1).
"""

from collections.abc import Sequence

import numpy as np

from dp_queries.answer import Answer, Bounds, Cell
from dp_queries.backends.base import Backend, FoundGroups, Sums, key_value
from dp_queries.expressions import Value
from dp_queries.methods import methods_text
from dp_queries.plan import Aggregation, Measure, Plan
from dp_queries.released import Floats, Noisy, found_keys, post_process, public_keys
from dp_queries.simulation import Intervals, simulate_intervals
from privacy import quantiles
from privacy.budget import Charge
from privacy.mechanisms import Choice, Noise
from privacy.selection import select

__all__ = ["Answer", "methods_text", "release"]


def release(plan: Plan, charge: Charge, backend: Backend, *, noise: Noise, choice: Choice) -> Answer:
    """The plan's answer. Raises ValueError, before any row is read, unless the charge is for this very plan."""
    _check_charge(plan, charge)
    released = [_released(part, backend.bounded_sums(part), noise, choice) for part in plan.aggregations]
    # From here on there are released values and public tables only.
    publics = backend.public_tables(plan.above.publics)
    answer = post_process(plan, released, publics)
    simulated = simulate_intervals(plan, released, answer, publics)
    notes = (*_notes(plan, answer.rows, simulated.intervals), *simulated.notes)
    return Answer(plan.above.columns, answer.rows, simulated.intervals, notes)


def _check_charge(plan: Plan, charge: Charge) -> None:
    if charge.plan_digest != plan.digest or charge.agreement != plan.agreement or charge.loss != plan.loss:
        raise ValueError("the charge is not for this plan")


def _released(aggregation: Aggregation, sums: Sums, noise: Noise, choice: Choice) -> Noisy:
    """One aggregation's noisy measures and quantiles, by group."""
    if sums.found is not None:
        return _selected(aggregation, sums, sums.found, noise)
    measures = tuple(
        _noisy(measure, total.tolist(), noise) for measure, total in zip(aggregation.measures, sums.totals, strict=True)
    )
    drawn = tuple(
        tuple(quantiles.release(histogram, part.drawing, choice))
        for part, histogram in zip(aggregation.quantiles, sums.histograms, strict=True)
    )
    return Noisy(public_keys(aggregation), measures, drawn)


def _selected(aggregation: Aggregation, sums: Sums, found: FoundGroups, noise: Noise) -> Noisy:
    """The groups that partition selection shows, in the order of their keys, never of their codes.

    The sums of the others are dropped unseen.
    """
    if aggregation.selection is None:
        raise ValueError("groups of private keys are shown by selection only")
    codes = select(found.sets, aggregation.selection, noise, np.random.default_rng())
    groups = sorted(((_named(aggregation, found.keys[code]), code) for code in codes), key=lambda pair: _order(pair[0]))
    shown = [code for _, code in groups]
    measures = tuple(
        _noisy(measure, total[shown].tolist(), noise)
        for measure, total in zip(aggregation.measures, sums.totals, strict=True)
    )
    return Noisy(found_keys(aggregation, [key for key, _ in groups]), measures)


def _named(aggregation: Aggregation, kept: Sequence[int | str | None]) -> tuple[Value, ...]:
    """A group's key values as the query knows them. Of public keys, the place in the domain was kept."""
    return tuple(
        key_value(value, key.type, key.granularity) if key.domain is None else key.domain[int(value or 0)]
        for key, value in zip(aggregation.keys, kept, strict=True)
    )


def _order(key: Sequence[Value]) -> list[tuple[bool, Value]]:
    """Keys in ascending order, NULL last."""
    return [(value is None, False if value is None else value) for value in key]


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
