"""What must be caught: the same release with one thing broken, by what is handed in and by nothing else."""

import dataclasses
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from dp_queries.backends.base import Backend
from dp_queries.plan import Aggregation, Plan
from privacy.ladder import Ladder
from privacy.mechanisms import OpenDPChoice, OpenDPNoise
from privacy.selection import Round
from privacy.units import ContributionNorm

LESS = Fraction(7, 10)


class QuieterNoise:
    """OpenDP's noise at a part of the scale that is asked for."""

    def __init__(self, part: Fraction = LESS) -> None:
        self._noise, self.part = OpenDPNoise(), part

    def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return self._noise.laplace(values, scale * self.part)

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return self._noise.gaussian(values, scale * self.part)


class SharperChoice:
    """OpenDP's choices at a part of the scale that is asked for."""

    def __init__(self, part: Fraction = LESS) -> None:
        self._choice, self.part = OpenDPChoice(), part

    def permute_and_flip(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        return self._choice.permute_and_flip(scores, scale * self.part)

    def exponential(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        return self._choice.exponential(scores, scale * self.part)


class Unclipped:
    """A backend that lets a unit have many times the norm that the plan was made for."""

    def __init__(self, backend: Backend, times: int = 16) -> None:
        self._backend, self._times = backend, times

    def bounded_sums(self, aggregation: Aggregation) -> Any:
        wider = replaced(aggregation, Ladder, self._wider_ladder)
        return self._backend.bounded_sums(replaced(wider, ContributionNorm, self._wider, besides=(Ladder,)))

    def sums_together(self, aggregations: Any) -> Any:
        return [self.bounded_sums(aggregation) for aggregation in aggregations]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def _wider_ladder(self, ladder: Ladder) -> Ladder:
        norms = list(map(self._wider, ladder.norms))
        for place in range(len(norms) - 2, -1, -1):  # where norms end, they still ascend
            norms[place] = ContributionNorm(
                min(norms[place].l2_steps, norms[place + 1].l2_steps - 1), norms[place].grid
            )
        return dataclasses.replace(ladder, norms=tuple(norms))

    def _wider(self, norm: ContributionNorm) -> ContributionNorm:
        return ContributionNorm(min(norm.l2_steps * self._times, 2**30), norm.grid)


def with_lower_thresholds(plan: Plan, part: Fraction = LESS) -> Plan:
    """The plan with partition selection's thresholds lowered to a part."""
    return replaced(plan, Round, lambda look: dataclasses.replace(look, threshold=max(1, int(look.threshold * part))))


def replaced(held: Any, kind: type, change: Any, *, besides: tuple[type, ...] = ()) -> Any:
    """A frozen value in which every part of one kind is changed, but for those within parts of the kinds `besides`."""
    if isinstance(held, kind):
        return change(held)
    if isinstance(held, tuple):
        return tuple(replaced(part, kind, change, besides=besides) for part in held)
    if not dataclasses.is_dataclass(held) or isinstance(held, (type, *besides)):
        return held
    parts = {part.name: getattr(held, part.name) for part in dataclasses.fields(held) if part.init}
    changed = {name: replaced(part, kind, change, besides=besides) for name, part in parts.items()}
    new = {name: part for name, part in changed.items() if part is not parts[name]}
    return dataclasses.replace(held, **new) if new else held
