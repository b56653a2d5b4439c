"""How wide the texts are that operators make: public facts, from declared widths and the constants of the query.

They bound the work on a row, so they hold for every admissible row (ATTACKS 8, 32).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from dp_queries.facts.ranges import Range

_LONGEST_INTEGER: Final = 20  # characters of any 64-bit integer with its sign


class Part(Protocol):
    """What is asked of an argument's facts."""

    @property
    def type(self) -> str:
        """The type's name."""

    @property
    def longest(self) -> int:
        """Characters of a text at most."""

    @property
    def range(self) -> Range | None:
        """Bounds of a number; of a literal its one value."""


Parts = Sequence[Part]


def longest_after(operator: str, parts: Parts) -> int:
    """Characters of an operator's text at most: as many as of the widest argument, where nothing else is said."""
    return _WIDTHS.get(operator, _widest)(parts)


def _widest(parts: Parts) -> int:
    return max((part.longest for part in parts), default=0)


def _taken(parts: Parts) -> int:
    return min(parts[0].longest, _number(parts[1]))


def _substring(parts: Parts) -> int:
    left_over = max(parts[0].longest - _number(parts[1]) + 1, 0)
    return min(left_over, _number(parts[2])) if len(parts) == 3 else left_over


def _replaced(parts: Parts) -> int:
    """Each occurrence of a text that is replaced by a longer one widens by the difference."""
    whole_text, needle, replacement = (part.longest for part in parts)
    return whole_text + (whole_text // max(needle, 1)) * max(replacement - needle, 0)


def _as_text(parts: Parts) -> int:
    part = parts[0]
    if part.type == "integer":
        found = part.range
        return _LONGEST_INTEGER if found is None else max(len(str(int(end))) for end in (found.lower, found.upper))
    return {"boolean": len("false"), "date": len("9999-12-31")}.get(part.type, part.longest)


def _number(part: Part) -> int:
    """The whole number of a literal argument."""
    return int(part.range.upper) if part.range else 0


_WIDTHS: Final[Mapping[str, Callable[[Parts], int]]] = {
    "substring": _substring,
    "left": _taken,
    "right": _taken,
    "concat": lambda parts: sum(part.longest for part in parts),
    "replace": _replaced,
    "to_text": _as_text,
    "split_part": lambda parts: parts[0].longest,
}
