"""What one release lost, exactly: all that entered its noise, on two neighbouring databases, given the same answers.

A release's noisy values are noted down with what they were made of. The neighbour's release then gets these very values
from its noise, so that it takes the same turns (norms that are chosen, groups that are found), and what it would have
made them of is noted as well. From the two the loss follows without a sample; whatever a release does between the rows
and the noise, and in which order, is in it.

Source: the privacy loss of adaptive composition: Dwork, Rothblum, Vadhan, "Boosting and Differential Privacy", FOCS
2010.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from dp_queries.answers.answer import Answer
from dp_queries.plan import Plan
from privacy.loss import SelectionEvent, ZCDPEvent
from privacy.mechanisms import Choice, Noise, OpenDPChoice, OpenDPNoise
from tests.privacy.choice_laws import permute_and_flip
from tests.statistics.shops import answer

Law = Literal["laplace", "gaussian", "permute_and_flip", "exponential"]


@dataclass(frozen=True)
class Entry:
    """One draw: by which law and scale, of which exact values or scores, and what came out."""

    law: Law
    scale: Fraction
    exact: tuple[int, ...]
    drawn: tuple[int, ...]


class Witness:
    """Noise and choices that are noted down."""

    def __init__(self, noise: Noise | None = None, choice: Choice | None = None) -> None:
        self._noise, self._choice = noise or OpenDPNoise(), choice or OpenDPChoice()
        self.entries: list[Entry] = []

    def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return self._noted("laplace", scale, values, self._noise.laplace(values, scale))

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return self._noted("gaussian", scale, values, self._noise.gaussian(values, scale))

    def permute_and_flip(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        each = list(scores)
        drawn = self._choice.permute_and_flip(each, scale)
        for one, place in zip(each, drawn, strict=True):
            self._noted("permute_and_flip", scale, one, [place])
        return drawn

    def exponential(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        each = list(scores)
        drawn = self._choice.exponential(each, scale)
        for one, place in zip(each, drawn, strict=True):
            self._noted("exponential", scale, one, [place])
        return drawn

    def _noted(self, law: Law, scale: Fraction, exact: Sequence[int], drawn: list[int]) -> list[int]:
        self.entries.append(Entry(law, scale, tuple(exact), tuple(drawn)))
        return drawn


class Replayed:
    """Noise and choices that give again what was noted; with `exact_after`, the exact values from that entry on."""

    def __init__(self, entries: Sequence[Entry], exact_after: int | None = None) -> None:
        self._entries = list(entries)
        self._turn = 0
        self._exact_after = len(self._entries) if exact_after is None else exact_after

    def laplace(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return self._next("laplace", scale, values)

    def gaussian(self, values: Sequence[int], scale: Fraction) -> list[int]:
        return self._next("gaussian", scale, values)

    def permute_and_flip(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        return [self._next("permute_and_flip", scale, one)[0] for one in scores]

    def exponential(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        return [self._next("exponential", scale, one)[0] for one in scores]

    def _next(self, law: Law, scale: Fraction, values: Sequence[int]) -> list[int]:
        noted, turn = self._entries[self._turn], self._turn
        self._turn += 1
        if (noted.law, noted.scale, len(noted.exact)) != (law, scale, len(values)):
            raise AssertionError("a neighbour's release took another turn after the same noisy values")
        if turn >= self._exact_after:
            return list(values) if law in ("laplace", "gaussian") else [int(np.argmax(values))]
        return list(noted.drawn)


@dataclass(frozen=True)
class Lost:
    """What a release lost: `epsilon` of its pure draws, and `rho` of the others; each the most for any outcome."""

    epsilon: float
    rho: float

    def fraction_of(self, plan: Plan) -> float:
        """The part of the charge that it is: more than 1 is a violation."""
        costs = [event.cost if isinstance(event, SelectionEvent) else event for event in plan.loss.events]
        rho = sum(cost.rho_nano for cost in costs if isinstance(cost, ZCDPEvent)) / 1e9
        epsilon = sum(cost.epsilon_micro for cost in costs if not isinstance(cost, ZCDPEvent)) / 1e6
        # What is charged in rho may be pure too (zCDP: epsilon^2 / 2), but no plan mixes the two.
        if (self.epsilon and not epsilon) or (self.rho and not rho):
            return float("inf")
        return max(self.epsilon / epsilon if epsilon else 0.0, self.rho / rho if rho else 0.0)


def transcribed(plan: Plan, mine: object, theirs: object, noise: Noise | None = None) -> Lost:
    """What the plan's release on `mine` lost about who is not in `theirs`; both are backends."""
    first, second = Witness(noise), _Second()
    answer(plan, mine, first, first)  # type: ignore[arg-type]  # backends
    second.follow(first.entries)
    answer(plan, theirs, second, second)  # type: ignore[arg-type]  # backends
    return lost(first.entries, second.entries, scaled=getattr(noise, "part", Fraction(1)))


def bounded_truth(plan: Plan, backend: object, entries: Sequence[Entry]) -> Answer:
    """What an answer would have shown without noise, after the turns that its noise took: the bounded values.

    A release settles groups and norms first; its last draws, one a measure, then the choices, are what it shows.
    """
    choices = sum(entry.law in ("permute_and_flip", "exponential") for entry in entries)
    exact = Replayed(entries, len(entries) - choices - len(plan.measures))
    return answer(plan, backend, exact, exact)  # type: ignore[arg-type]  # a backend


class _Second(Witness):
    """A witness of the neighbour's release, whose draws are those of the first."""

    def follow(self, entries: Sequence[Entry]) -> None:
        replayed = Replayed(entries)
        self._noise, self._choice = replayed, replayed


def lost(mine: Sequence[Entry], theirs: Sequence[Entry], *, scaled: Fraction) -> Lost:
    """The most that two lists of entries can tell apart. `scaled`: the part of each scale that noise really has."""
    epsilon = rho = 0.0
    for left, right in zip(mine, theirs, strict=True):
        moved = np.array(left.exact, float) - np.array(right.exact, float)
        scale = float(left.scale * scaled)
        match left.law:
            case "laplace":
                epsilon += float(np.abs(moved).sum()) / scale
            case "gaussian":
                rho += float((moved**2).sum()) / (2 * scale**2)
            case "exponential":  # bounded range, see privacy.quantiles
                rho += (float(np.ptp(moved)) / scale) ** 2 / 8
            case "permute_and_flip":
                odds = permute_and_flip(left.exact, scale) - permute_and_flip(right.exact, scale)
                epsilon += float(np.abs(odds).max())
    return Lost(epsilon, rho)
