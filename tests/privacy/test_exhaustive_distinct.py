"""COUNT(DISTINCT x) on every small world: what one unit adds to the claims of all databases of a few units."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest

from privacy.distinct import Claims
from privacy.units import ContributionNorm

Unit = tuple[tuple[int, int], ...]  # its pairs of a group and a value
Database = tuple[Unit, ...]

# Two groups with two values, and one group with four. Values lie apart, so that their order is not that of a hash.
WORLDS = (((0, 5), (0, -3), (1, 5), (1, 70)), ((0, 5), (0, -3), (0, 70), (0, 2**40)))
# With the longest vector that a unit can add to each world.
NORMS = {ContributionNorm(1, 1): (1, 1), ContributionNorm(3, 2): (2, 1), ContributionNorm(2, 1): (4, 4)}
NORMS |= {ContributionNorm(9, 4): (5, 4)}


def units_of(pairs: Sequence[tuple[int, int]]) -> list[Unit]:
    flags = product((False, True), repeat=len(pairs))
    own = (tuple(pair for pair, is_in in zip(pairs, mine, strict=True) if is_in) for mine in flags)
    return [mine for mine in own if mine]


@cache
def claimed(database: Database, norm: ContributionNorm) -> tuple[int, ...]:
    """The claims per group."""
    rows = [(unit, group, value) for unit, own in enumerate(database) for group, value in own]
    units, groups, values = (
        (np.array(column, np.int64) for column in zip(*rows, strict=True)) if rows else [np.zeros(0)] * 3
    )
    claims = Claims(2, norm)
    claims.add(units.astype(np.int32), groups.astype(np.int32), values.astype(np.int64))
    return tuple((claims.finish() // norm.grid).tolist())


def moves(pairs: Sequence[tuple[int, int]], norm: ContributionNorm, most: int) -> Iterator[tuple[Unit, list[int]]]:
    """By how much each unit moves the claims of every database of up to `most` units, wherever it comes in order."""
    for size in range(1, most + 1):
        for database in product(units_of(pairs), repeat=size):
            for place, mine in enumerate(database):
                others = database[:place] + database[place + 1 :]
                both = zip(claimed(database, norm), claimed(others, norm), strict=True)
                yield mine, [after - before for after, before in both]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("world", [0, 1])
def test_a_unit_adds_no_more_than_its_allowance_and_no_group_loses(world: int, norm: ContributionNorm) -> None:
    # privacy.distinct, Sensitivity: others' claims shift along a path, and their number by one an arrival at most.
    longest = 0
    for mine, moved in moves(WORLDS[world], norm, 3):
        has = [sum(group == place for group, _ in mine) for place in (0, 1)]
        assert all(0 <= step <= held for step, held in zip(moved, has, strict=True))
        longest = max(longest, sum(step * step for step in moved))
    assert longest == NORMS[norm][world] <= Fraction(norm.l2_steps, norm.grid) ** 2


def test_one_arrival_may_move_every_claim_and_still_adds_one() -> None:
    # The cascade: with the first unit each claims another value than without it, and one more is claimed.
    wishes = (((0, 1), (0, 2)), ((0, 2), (0, 3)), ((0, 3), (0, 4)))
    first = ((0, 1),)
    one = ContributionNorm(1, 1)
    assert claimed(wishes, one) == (3, 0)
    assert claimed((first, *wishes), one) == (4, 0)


def test_the_twin_without_allowances_moves_by_more() -> None:
    wide = ContributionNorm(4, 1)
    assert max(sum(step * step for step in moved) for _, moved in moves(WORLDS[1], wide, 1)) > 4
