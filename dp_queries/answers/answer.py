"""What leaves the SQL door: released columns and rows with their intervals, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dp_queries.plan import OutputColumn

LEVELS: Final = (0.5, 0.8, 0.9, 0.95, 0.99)

Cell = None | bool | int | float | str
Bounds = list[float | None]


@dataclass(frozen=True)
class Clipping:
    """How one measure was bounded and noised, in its column's unit; `is_chosen`: privately, by the query itself.

    `left_out`: what that took away at most, over all groups (L2), estimated from the noisy histogram that chose the
    norm; None where no histogram was released, or it shows nothing. The intervals don't cover it.
    """

    of: str
    norm: float
    noise_scale: float
    is_chosen: bool
    left_out: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The clipping as JSON."""
        return {
            "of": self.of,
            "l2_norm_per_unit": self.norm,
            "noise_scale": self.noise_scale,
            "is_chosen": self.is_chosen,
            "left_out": self.left_out,
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Clipping":
        """The clipping of `to_json`."""
        return Clipping(
            document["of"],
            document["l2_norm_per_unit"],
            document["noise_scale"],
            document["is_chosen"],
            document["left_out"],
        )


@dataclass(frozen=True)
class Answer:
    """What one statement gives. `intervals`: by level and noisy numeric column, [lower, upper] per row."""

    columns: tuple[OutputColumn, ...]
    rows: list[list[Cell]]
    intervals: dict[str, dict[str, list[Bounds]]]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON."""
        columns = [{"name": column.name, "type": column.type, "noisy": column.is_noisy} for column in self.columns]
        return {
            "columns": columns,
            "rows": self.rows,
            "intervals": self.intervals,
            "notes": list(self.notes),
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Answer":
        """The answer of `to_json`."""
        columns = tuple(OutputColumn(part["name"], part["type"], part["noisy"]) for part in document["columns"])
        return Answer(columns, document["rows"], document["intervals"], tuple(document["notes"]))


@dataclass(frozen=True)
class Answers:
    """Released values only: what each statement of a plan gives, and how the plan's measures were bounded."""

    statements: tuple[Answer, ...]
    clipping: tuple[Clipping, ...]
