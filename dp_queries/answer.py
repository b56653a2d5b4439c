"""What leaves the SQL door: released columns and rows with their intervals, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dp_queries.plan import OutputColumn

LEVELS: Final = (0.5, 0.8, 0.9, 0.95, 0.99)

Cell = None | bool | int | float | str
Bounds = list[float | None]


@dataclass(frozen=True)
class Answer:
    """Released values only. `intervals`: by level and noisy numeric column, [lower, upper] per row."""

    columns: tuple[OutputColumn, ...]
    rows: list[list[Cell]]
    intervals: dict[str, dict[str, list[Bounds]]]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON."""
        columns = [{"name": column.name, "type": column.type, "noisy": column.is_noisy} for column in self.columns]
        return {"columns": columns, "rows": self.rows, "intervals": self.intervals, "notes": list(self.notes)}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Answer":
        """The answer of `to_json`."""
        columns = tuple(OutputColumn(part["name"], part["type"], part["noisy"]) for part in document["columns"])
        return Answer(columns, document["rows"], document["intervals"], tuple(document["notes"]))
