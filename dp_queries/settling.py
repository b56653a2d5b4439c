"""What is decided in the course of a release, from noisy values alone: which groups appear, and which norm clips.

Both are released values, charged for by the plan; what follows of them is post-processing (Dwork, Roth, "The
Algorithmic Foundations of Differential Privacy", 2014, Proposition 2.1). Afterwards an aggregation is like one whose
groups and norms were public from the start. Why the sums may be asked for afterwards: `privacy.selection`,
`privacy.norm_choice` (adaptive composition).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from dp_queries.algebra.expressions import Value
from dp_queries.backends.base import FoundGroups, Sums, key_value
from dp_queries.measures import MOST_LADDER_CELLS
from dp_queries.plan import Aggregation, Key, Measure
from privacy.intervals import standard_deviation
from privacy.mechanisms import Noise
from privacy.norm_choice import Choice, choose
from privacy.parts import Int64s
from privacy.selection import select

_FIXED: Final = Choice(0, None)


def with_shown_groups(aggregation: Aggregation, found: FoundGroups, noise: Noise) -> tuple[Aggregation, Sums | None]:
    """The aggregation with the groups that partition selection shows: its private keys have public domains now. And
    their sums, if these were taken already (`privacy.met_sums` says why they may be); others are dropped unseen.

    Groups are in the order of their keys, never of their codes, which would tell in which order rows lie (ATTACKS 9).
    """
    if aggregation.selection is None:
        raise ValueError("groups of private keys are shown by selection only")
    codes = select(found.sets, aggregation.selection, noise, np.random.default_rng())
    groups = [_named(aggregation.keys, found.keys[code]) for code in codes]
    keys = tuple(
        key if key.domain is not None else replace(key, domain=_ordered({group[place] for group in groups}))
        for place, key in enumerate(aggregation.keys)
    )
    places = [{value: at for at, value in enumerate(key.domain or ())} for key in keys]
    shown = sorted(
        (tuple(at[value] for at, value in zip(places, group, strict=True)), code)
        for group, code in zip(groups, codes, strict=True)
    )
    settled_groups = replace(aggregation, keys=keys, shown=tuple(group for group, _ in shown))
    done = without_large_ladders(settled_groups)
    # With other norms than planned sums are asked for anew.
    is_summed = found.sums is not None and done is settled_groups
    return done, found.sums.of([code for _, code in shown]) if found.sums is not None and is_summed else None


def without_large_ladders(aggregation: Aggregation) -> Aggregation:
    """The aggregation with declared norms where ladders would need too much memory for so many groups."""
    return _declared(aggregation) if aggregation.ladder_cells > MOST_LADDER_CELLS else aggregation


def settled(aggregation: Aggregation, sums: Sums, noise: Noise) -> tuple[Aggregation, list[Int64s]]:
    """The aggregation with the norms that are chosen, and the totals of each measure under its norm.

    Totals under other norms are dropped unseen: each would be another charge.
    """
    rows, norms = iter(sums.totals), iter(sums.norms)
    measures, totals = [], []
    for measure in aggregation.measures:
        rungs = [next(rows) for _ in measure.norms]
        chosen = _FIXED if measure.choice is None else _chosen(measure, next(norms), aggregation.groups, noise)
        measures.append(measure.settled(chosen.rung, chosen.loss_steps))
        totals.append(rungs[chosen.rung])
    return replace(aggregation, measures=tuple(measures)), totals


def without_groups(aggregation: Aggregation) -> Aggregation:
    """The aggregation when no group appears: nothing is asked of its rows any more, so nothing is chosen either."""
    return _declared(aggregation)


def noisy_totals(measure: Measure, totals: Sequence[int], noise: Noise) -> list[int]:
    """The totals of a settled measure with its noise, in grid steps."""
    add = noise.laplace if measure.mechanism == "laplace" else noise.gaussian
    return add(totals, measure.noise_scale)


def _chosen(measure: Measure, counts: Sequence[int], groups: int, noise: Noise) -> Choice:
    choice = measure.choice
    if choice is None:
        raise ValueError("this measure's norm is fixed")
    add = noise.laplace if measure.mechanism == "laplace" else noise.gaussian
    return choose(
        add(counts, choice.histogram_scale),
        choice.ladder,
        histogram_deviation=standard_deviation(measure.mechanism, choice.histogram_scale),
        deviations=[standard_deviation(measure.mechanism, scale) for scale in choice.noise_scales],
        groups=groups,
    )


def _declared(aggregation: Aggregation) -> Aggregation:
    """Every measure at its declared rung."""
    return replace(aggregation, measures=tuple(_at_declared(aggregation.measures)))


def _at_declared(measures: Sequence[Measure]) -> Iterator[Measure]:
    for measure in measures:
        yield measure if measure.choice is None else measure.settled(measure.choice.ladder.declared)


def _named(keys: Sequence[Key], kept: Sequence[int | str | None]) -> tuple[Value, ...]:
    """A group's key values as the query knows them. Of public keys, the place in the domain was kept."""
    return tuple(
        key_value(value, key.type, key.granularity) if key.domain is None else key.domain[int(value or 0)]
        for key, value in zip(keys, kept, strict=True)
    )


def _ordered(values: set[Value]) -> tuple[Value, ...]:
    """Values in ascending order, NULL last."""
    known: Sequence[Value] = sorted(value for value in values if value is not None)
    return (*known, *((None,) if None in values else ()))
