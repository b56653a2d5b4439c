"""A figure: one measured value with its name, or the plain word that there is none and why. One JSON object a line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

UNITS = {
    "ratio_to_raw": "x",
    "raw_ms": "ms",
    "ms": "ms",
    "release_ms": "ms",
    "ms_above_raw": "ms",
    "error": "share",
    "keys": "groups",
    "memory_mb": "MB",
    "raw_memory_mb": "MB",
    "memory_ratio_to_raw": "x",
}


@dataclass(frozen=True)
class Figure:
    """A measured value, e.g. cat10_10m_ratio_to_raw, and how many runs are behind it.

    `whose` stands before the query's name: empty for our SQL door, `trip` for the whole way through client and front,
    `peer_...` for others. Without a value, `notice` says why there is none.
    """

    query: str
    size: str
    what: str
    value: float | None
    n: int
    whose: str = ""
    notice: str = ""

    @property
    def name(self) -> str:
        """The figure's name, as acceptance reads it."""
        return "_".join(part for part in (self.whose, self.query, self.size, self.what) if part)

    def line(self) -> str:
        """The figure as one JSON object."""
        value = None if self.value is None else float(f"{self.value:.4g}")
        told = {"bench": "sql", "figure": self.name, "value": value, "unit": UNITS[self.what], "n": self.n}
        return json.dumps(told | ({"notice": self.notice} if self.notice else {}))


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


class Refusal(Protocol):
    """A refused query, the room's own or the client's: it has reasons with stable codes."""

    @property
    def reasons(self) -> Sequence[_Coded]:
        """Why it was refused."""


def not_answered(refusal: Refusal) -> str:
    """The notice of a query that the SQL door refuses."""
    return f"not answered yet: {', '.join(sorted({reason.code for reason in refusal.reasons}))}"


def table(figures: Sequence[Figure]) -> str:
    """The figures for eyes: a row per query and size, a column per kind of figure; notices below."""
    rows: dict[str, dict[str, float]] = {}
    for figure in figures:
        title = " ".join(part for part in (figure.whose, figure.query, figure.size) if part)
        rows.setdefault(title, {}).update({} if figure.value is None else {figure.what: figure.value})
    shown = [what for what in UNITS if any(what in values for values in rows.values())]
    lines = [f"{'':>26}" + "".join(f"{title:>21}" for title in shown)]
    for title, values in rows.items():
        cells = (f"{values[what]:.4g}" if what in values else "" for what in shown)
        lines.append(f"{title:>26}" + "".join(f"{cell:>21}" for cell in cells))
    return "\n".join([*lines, *(f"{figure.name}: {figure.notice}" for figure in figures if figure.notice)])
