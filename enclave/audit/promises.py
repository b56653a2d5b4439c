"""What the log says about holds, held against what was granted and released: from its leaves alone (Art. 26, 31, 32).

A hold takes effect at its leaf's index. After it, and until the leaf that lifts it, no leaf may say that something it
touches was charged or answered. Anybody who holds the leaves can check this; nothing of the store is asked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policies.errors import Reason

RELEASING: Final = frozenset({"answered", "repeated"})


@dataclass
class Promises:
    """The holds in force, and the agreements' providers, as the leaves that were seen say them."""

    _held: dict[int, str] = field(default_factory=dict)
    _withdrawn: dict[str, int] = field(default_factory=dict)
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
        elif act == "agreement":
            self._providers[str(leaf.get("agreement"))] = str(leaf.get("by"))

    def _forbidden_by(self, leaf: Mapping[str, Any]) -> list[int]:
        agreement = str(leaf.get("agreement"))
        touched = {agreement, agreement.removeprefix("urn:jali:agreement:"), self._providers.get(agreement)}
        touched |= {leaf.get(part) for part in ("dataset", "organization", "account")}
        held = [position for position, target in self._held.items() if target in touched]
        withdrawn = self._withdrawn.get(str(leaf.get("dataset")))
        return held if withdrawn is None else [*held, withdrawn]
