"""Slow, obvious twins of the histograms of quantiles and of the claims of COUNT(DISTINCT x), in plain Python.

A unit is the list of its rows that have a group and a value: pairs of a group's place and a whole number. Tests demand
that the kernels of `privacy.histograms` and `privacy.distinct` agree with these to the last integer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import isqrt

from privacy.quantiles import Bins
from privacy.units import ContributionNorm

Unit = Sequence[tuple[int, int]]


def histogram(units: Iterable[Unit], groups: int, bins: Bins, norm: ContributionNorm) -> list[list[int]]:
    """Weights by group and bin: all rows of a unit weigh the same, so little that their vector is within the norm."""
    weights = [[0] * bins.count for _ in range(groups)]
    for unit in units:
        rows = Counter(group for group, _ in unit)
        square = sum(count * count for count in rows.values())
        weight = min(norm.grid, isqrt(norm.l2_steps**2 // max(square, 1)))
        for group, steps in unit:
            place = (min(max(steps, bins.lower_steps), bins.upper_steps) - bins.lower_steps) // bins.width
            weights[group][place] += weight
    return weights


def claims(units: Iterable[Unit], groups: int, norm: ContributionNorm) -> list[int]:
    """Claimed values by group, in grid steps; units must come in their order."""
    claimed: list[set[int]] = [set() for _ in range(groups)]
    for unit in units:
        wishes = {group: sorted({value for at, value in unit if at == group}) for group, _ in unit}
        most = allowance([len(values) for values in wishes.values()], norm)
        for group, values in wishes.items():
            free = [value for value in values if value not in claimed[group]]
            claimed[group].update(free[:most])
    return [len(values) * norm.grid for values in claimed]


def allowance(distinct: Sequence[int], norm: ContributionNorm) -> int:
    """The most values of a group that a unit may claim, so that over its groups their squares fit under the norm's."""
    most = 0
    while most < max(distinct, default=0):
        if sum(min(each, most + 1) ** 2 for each in distinct) * norm.grid**2 > norm.l2_steps**2:
            break
        most += 1
    return most
