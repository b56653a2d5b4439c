"""What the log says about holds and sanctions, held against what was released: from its leaves alone (Art. 26, 31, 32).

A hold takes effect at its leaf's index. After it, and until the leaf that lifts it, no leaf may say that something it
touches was charged or answered. The same is true of a dataset after its withdrawal, and of an organization whose access
is closed or restricted after a violation, as far as the restriction goes. Anybody who holds the leaves can check this;
nothing of the store is asked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policies.errors import Reason
from policies.terms import MICRO, read_decimal

RELEASING: Final = frozenset({"answered", "repeated"})


@dataclass
class Promises:
    """The holds in force, and the agreements' providers, as the leaves that were seen say them."""

    _held: dict[int, str] = field(default_factory=dict)
    _withdrawn: dict[str, int] = field(default_factory=dict)
    _violations: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _providers: dict[str, str] = field(default_factory=dict)

    def see(self, index: int, leaf: Mapping[str, Any]) -> Iterator[Reason]:
        """Take the next leaf in; what is wrong with it after those that came before."""
        if leaf.get("kind") == "act":
            self._note(index, leaf)
        elif leaf.get("kind") == "intent" or (leaf.get("kind") == "outcome" and leaf.get("outcome") in RELEASING):
            said = leaf.get("outcome", "charged")
            for position in self._forbidden_by(leaf):
                yield Reason(
                    "released-under-hold", f"entry {index} says {said}, which entry {position} forbids", "leaves"
                )

    def _note(self, index: int, leaf: Mapping[str, Any]) -> None:
        act, target = leaf.get("act"), str(leaf.get("target"))
        if act == "hold":
            self._held[index] = target
        elif act == "lift":
            for position in leaf.get("holds") or ():
                self._held.pop(position, None)
        elif act == "withdrawal":
            self._withdrawn.setdefault(target, index)
        elif act == "violation":
            self._violations[index] = leaf
        elif act == "end-violation":
            for position in leaf.get("violations") or ():
                self._violations.pop(position, None)
        elif act == "agreement":
            self._providers[str(leaf.get("agreement"))] = str(leaf.get("by"))

    def _forbidden_by(self, leaf: Mapping[str, Any]) -> list[int]:
        agreement = str(leaf.get("agreement"))
        touched = {agreement, agreement.removeprefix("urn:jali:agreement:"), self._providers.get(agreement)}
        touched |= {leaf.get(part) for part in ("dataset", "organization", "account")}
        held = [position for position, target in self._held.items() if target in touched]
        held += [position for position, violation in self._violations.items() if _is_closed_by(violation, leaf)]
        withdrawn = self._withdrawn.get(str(leaf.get("dataset")))
        return held if withdrawn is None else [*held, withdrawn]


def _is_closed_by(violation: Mapping[str, Any], leaf: Mapping[str, Any]) -> bool:
    """Whether the measure against an organization forbids what the leaf says of it."""
    if violation.get("target") != leaf.get("organization"):
        return False
    doors, most = violation.get("doors"), violation.get("most_epsilon")
    is_dear = most is not None and int(leaf.get("epsilon_micro") or 0) > read_decimal(most) * MICRO
    is_shut = doors is not None and leaf.get("door") not in doors
    return violation.get("measure") == "close" or is_dear or is_shut
