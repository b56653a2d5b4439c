"""A ladder of clipping norms, of which a query may choose one: plain data, which plans hold.

Totals under each of them are made by `ladder_sums`, and the choice by `norm_choice`.

Source: rungs that grow by a factor: Andrew, Thakkar, McMahan, Ramaswamy, "Differentially Private Learning with Adaptive
Clipping", NeurIPS 2021 (the quantile of norms as the thing to learn).
"""

from dataclasses import dataclass
from itertools import pairwise

from privacy.units import ContributionNorm

MOST_L2_STEPS = 2**30


@dataclass(frozen=True)
class Ladder:
    """Clipping norms to choose from, ascending, on one grid; `norms[declared]` is the dataset card's, or close to it.

    A ladder of one rung leaves nothing to choose.
    """

    norms: tuple[ContributionNorm, ...]
    declared: int

    def __post_init__(self) -> None:
        if not all(low.l2_steps < high.l2_steps and low.grid == high.grid for low, high in pairwise(self.norms)):
            raise ValueError("the norms of a ladder must ascend, on one grid")
        if not 0 <= self.declared < len(self.norms):
            raise ValueError("the declared norm must be one of the ladder's")

    @staticmethod
    def around(declared: ContributionNorm, *, below: int, above: int, most_steps: int) -> "Ladder":
        """The declared norm, `below` halvings and `above` doublings of it, on a grid that holds them all.

        No rung is more than the first that reaches `most_steps` (in steps of the value, not of the grid): the longest
        vector that a unit can have at all. Everything here is public.

        >>> [norm.l2_steps for norm in Ladder.around(ContributionNorm(12, 4), below=2, above=5, most_steps=20).norms]
        [3, 6, 12, 24, 48, 96]
        """
        top = declared.l2_steps << above
        grid = declared.grid
        while grid > 1 and top * grid // declared.grid > MOST_L2_STEPS:
            grid //= 2
        middle = max(1, declared.l2_steps * grid // declared.grid)
        lower = [middle >> halvings for halvings in range(below, 0, -1) if middle >> halvings]
        rungs = [*lower, middle, *(middle << doublings for doublings in range(1, above + 1))]
        enough = sum(rung < most_steps * grid for rung in rungs)
        held = [rung for rung in rungs[: enough + 1] if rung <= MOST_L2_STEPS]
        return Ladder(tuple(ContributionNorm(rung, grid) for rung in held), min(len(lower), len(held) - 1))
