"""Rows -> answer: the one function that touches rows, and returns only what is private already.

The order is the argument: no charge, no data; no noise, no answer. What follows the noise is post-processing of
released values, which costs nothing (Dwork, Roth, "The Algorithmic Foundations of Differential Privacy", 2014,
Proposition 2.1).
"""

from collections.abc import Iterator, Sequence
from time import monotonic

import numpy as np

from dp_queries.answers.answer import Answer, Answers, Bounds, Cell, Clipping
from dp_queries.answers.methods import methods_text
from dp_queries.answers.released import Noisy, made_consistent, nothing_shown, post_process
from dp_queries.answers.simulation import Intervals, simulate_intervals
from dp_queries.answers.wording import clipping_of, left_out_notes, too_noisy_note
from dp_queries.backends.base import Backend, Sums
from dp_queries.plan import Above, Aggregation, Plan
from dp_queries.post_processing import SIMULATION_SECONDS, WORKLOAD_SECONDS
from dp_queries.settling import noisy_totals, settled, with_shown_groups, without_groups
from dp_queries.shared_scans import read_together
from privacy import quantiles
from privacy.budget import Charge
from privacy.mechanisms import Choice, Noise

__all__ = ["Answer", "Answers", "methods_text", "release", "released_values", "told"]


def release(plan: Plan, charge: Charge, backend: Backend, *, noise: Noise, choice: Choice) -> Answers:
    """The plan's answers. Raises ValueError, before any row is read, unless the charge is for this very plan."""
    return told(plan, released_values(plan, charge, backend, noise=noise, choice=choice), backend)


def released_values(plan: Plan, charge: Charge, backend: Backend, *, noise: Noise, choice: Choice) -> list[Noisy]:
    """All that touches rows: how long it takes depends on them, so it belongs inside a slot."""
    _check_charge(plan, charge)
    found: dict[int, Noisy] = {}
    for numbers in read_together(plan.aggregations):
        parts = [plan.aggregations[number] for number in numbers]
        found |= zip(numbers, _scanned(parts, backend, noise, choice), strict=True)
    return [found[number] for number in range(len(plan.aggregations))]


def told(plan: Plan, released: Sequence[Noisy], backend: Backend) -> Answers:
    """The answers from released values and public tables: how long it takes is told by these, and may be seen.

    Statements agree with one another: the same released table is the same to the last digit, totals with their parts.
    """
    released = made_consistent(released)
    statements = dict.fromkeys(plan.statements)  # one that was asked twice is told twice, and computed once
    ends, found = monotonic() + WORKLOAD_SECONDS, dict[Above, Answer]()
    for above in statements:
        seconds = (ends - monotonic()) / (len(statements) - len(found))
        found[above] = _told(plan, above, above.own(released), backend, min(SIMULATION_SECONDS, seconds))
    return Answers(tuple(found[above] for above in plan.statements), tuple(_clipping(plan, released)))


def _told(plan: Plan, above: Above, released: Sequence[Noisy], backend: Backend, seconds: float) -> Answer:
    publics = backend.public_tables(above.publics)
    answer = post_process(above, released, publics)
    seed = int(plan.digest, 16)
    simulated = simulate_intervals(above, released, answer, publics, seed=seed, seconds=seconds)
    left_out = (note for part in released for note in left_out_notes(part.aggregation))
    notes = (*_notes(above, answer.rows, simulated.intervals), *simulated.notes, *left_out)
    return Answer(above.columns, answer.rows, simulated.intervals, notes)


def _clipping(plan: Plan, released: Sequence[Noisy]) -> Iterator[Clipping]:
    for planned, noisy in zip(plan.aggregations, released, strict=True):
        for before, measure in zip(planned.measures, noisy.aggregation.measures, strict=True):
            yield clipping_of(noisy.aggregation, measure, is_chosen=before.choice is not None)


def _check_charge(plan: Plan, charge: Charge) -> None:
    if charge.plan_digest != plan.digest or charge.agreement != plan.agreement or charge.loss != plan.loss:
        raise ValueError("the charge is not for this plan")


def _scanned(parts: Sequence[Aggregation], backend: Backend, noise: Noise, choice: Choice) -> list[Noisy]:
    """What leaves of aggregations that share a scan, or of one."""
    if len(parts) == 1:
        return [_released(parts[0], backend, noise, choice)]
    sums = backend.sums_together(parts)
    return [_noised(part, mine, noise, choice) for part, mine in zip(parts, sums, strict=True)]


def _released(aggregation: Aggregation, backend: Backend, noise: Noise, choice: Choice) -> Noisy:
    """One aggregation's noisy measures and quantiles, by group; groups are settled first."""
    aggregation, sums = _summed(aggregation, backend, noise)
    if sums is None:
        return nothing_shown(without_groups(aggregation))
    return _noised(aggregation, sums, noise, choice)


def _noised(aggregation: Aggregation, sums: Sums, noise: Noise, choice: Choice) -> Noisy:
    """Sums with their noise, under norms that are settled first."""
    done, totals = settled(aggregation, sums, noise)
    measures = tuple(
        np.array(noisy_totals(measure, total.tolist(), noise), dtype=np.float64)
        for measure, total in zip(done.measures, totals, strict=True)
    )
    drawn = tuple(
        tuple(quantiles.release(histogram, part.drawing, choice))
        for part, histogram in zip(done.quantiles, sums.histograms, strict=True)
    )
    return Noisy(done, measures, drawn)


def _summed(aggregation: Aggregation, backend: Backend, noise: Noise) -> tuple[Aggregation, Sums | None]:
    """The aggregation with its groups, and their exact sums; None where no group appears."""
    sums = None
    if aggregation.is_open:
        aggregation, sums = with_shown_groups(aggregation, backend.found_groups(aggregation), noise)
    if not aggregation.groups:
        return aggregation, None
    return aggregation, sums or backend.bounded_sums(aggregation)


def _notes(above: Above, rows: list[list[Cell]], intervals: Intervals) -> tuple[str, ...]:
    """Which columns are too noisy to use, told from released values alone."""
    names = [column.name for column in above.columns]
    return tuple(
        too_noisy_note(name)
        for name, bounds in intervals["0.95"].items()
        if _is_too_noisy([row[names.index(name)] for row in rows], bounds)
    )


def _is_too_noisy(values: list[Cell], bounds: list[Bounds]) -> bool:
    """Whether the typical half-width is more than half of the typical value."""
    widths = [(upper - lower) / 2 for lower, upper in bounds if lower is not None and upper is not None]
    sizes = [abs(value) for value in values if isinstance(value, int | float)]
    return bool(widths and sizes) and float(np.median(widths)) > float(np.median(sizes)) / 2
