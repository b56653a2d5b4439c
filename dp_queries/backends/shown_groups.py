"""Groups that partition selection has shown, as some of the combinations of their keys' values.

Rows come with a place per key; a combination is looked up key by key, like a path in a tree whose every level has as
many nodes as groups at most. So nothing here grows with the product of the keys' domains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.contributions import NO_GROUP

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

_WIDEST_TABLE: Final = 2**20


@dataclass(frozen=True)
class _Level:
    """A level of the tree: the codes `node * size + place` that go on, ascending, and a table of them if it is small.

    The n-th of them is node n of the next level.
    """

    size: int
    codes: Int64s
    table: Int32s | None

    def below(self, nodes: Int32s, places: Int32s) -> Int32s:
        """The next level's node of each row; NO_GROUP where there is none."""
        wanted = nodes.astype(np.int64) * self.size + places
        wanted = np.where((nodes < 0) | (places < 0), np.int64(-1), wanted)
        if self.table is not None:
            return np.take(self.table, wanted)  # the last entry, that of -1, is none
        at = np.minimum(np.searchsorted(self.codes, wanted), self.codes.size - 1)
        return np.where(self.codes[at] == wanted, at.astype(np.int32), np.int32(NO_GROUP))


class ShownGroups:
    """The groups by their places, one after the other, ascending; `sizes` are those of the keys' domains.

    >>> ShownGroups([(0, 1), (2, 0)], [3, 2]).codes([np.array([0, 0, 2], np.int32), np.array([0, 1, 0], np.int32)])
    array([-1,  0,  1], dtype=int32)
    """

    def __init__(self, groups: Sequence[tuple[int, ...]], sizes: Sequence[int]) -> None:
        if not groups or any(len(group) != len(sizes) for group in groups):
            raise ValueError("there must be a group, and a place of each for every key")
        places = np.array(groups, np.int64).T
        nodes = np.zeros(len(groups), np.int64)
        self._levels = []
        for size, column in zip(sizes, places, strict=True):
            width = (int(nodes.max()) + 1) * size
            codes, nodes = np.unique(nodes * size + column, return_inverse=True)
            self._levels.append(_Level(size, codes, _table(codes, width)))
        if not np.array_equal(nodes, np.arange(len(groups))):
            raise ValueError("the groups must ascend")

    def codes(self, places: Sequence[Int32s]) -> Int32s:
        """The group of each row, from its place per key; NO_GROUP where it is in none that is shown."""
        nodes = np.zeros(places[0].size, np.int32)
        for level, column in zip(self._levels, places, strict=True):
            nodes = level.below(nodes, column)
        return nodes


def _table(codes: Int64s, width: int) -> Int32s | None:
    """The node of each code below `width`, and after them an entry for what has none; None where it would be large."""
    if width > _WIDEST_TABLE:
        return None
    table = np.full(width + 1, NO_GROUP, np.int32)
    table[codes] = np.arange(codes.size, dtype=np.int32)
    return table
