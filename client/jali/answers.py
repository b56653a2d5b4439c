"""An answer as the researcher holds it: rows with intervals, what it cost, how to cite it, and its receipt."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]  # ships no types

from jali import tables
from jali.amounts import PrivacyLoss
from jali.errors import RequestRejected
from jali.verify import Verified

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]  # only when the caller has it

Interval = tuple[float, float]


@dataclass(frozen=True)
class Column:
    """A column of the answer; `is_noisy` when it came out of a mechanism."""

    name: str
    type: str
    is_noisy: bool


class Receipt:
    """The room's signed proof that it logged this answer; nothing is believed until `verify` has passed."""

    def __init__(self, answer: Mapping[str, Any], check: Callable[[Mapping[str, Any]], Verified]) -> None:
        """The receipt that came with an answer, and how that answer is checked."""
        self.document: Mapping[str, Any] = answer.get("receipt") or {}
        self.verified: Verified | None = None
        self._answer = answer
        self._check = check

    def verify(self) -> Verified:
        """Check the receipt against this answer, the pinned agreement and the log. Raises VerificationError."""
        self.verified = None
        self.verified = self._check(self._answer)
        return self.verified

    @property
    def index(self) -> int:
        """The log entry that the receipt claims."""
        return int(self.document["index"])

    def __repr__(self) -> str:
        return str(self.verified) if self.verified else "receipt not verified yet: call answer.receipt.verify()"


class Released:
    """What one call gave back, of one statement or of several. `document` is what the room signed and the server sent.

    `receipt` covers all of it, and `spent` is what all of it cost.
    """

    def __init__(self, document: Mapping[str, Any], receipt: Receipt) -> None:
        self.document = document
        self.receipt = receipt

    @property
    def id(self) -> str:
        """The invocation's name."""
        return str(self.document["id"])

    @property
    def dataset(self) -> str:
        """The dataset that was asked."""
        return str(self.document["dataset"])

    @property
    def version(self) -> str:
        """The data version that was asked."""
        return str(self.document["version"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know besides (rows without a unit, periods)."""
        return tuple(self.document.get("notes", ()))

    @cached_property
    def spent(self) -> PrivacyLoss:
        """What this answer cost: 0 if it was stored from an earlier asking."""
        return PrivacyLoss.from_json(self.document["spent"])

    @cached_property
    def remaining(self) -> PrivacyLoss:
        """What is left of the agreement's budget."""
        return PrivacyLoss.from_json(self.document["remaining"])

    @property
    def citation(self) -> str:
        """How to cite the data (Art. 29)."""
        return str(self.document["citation"])

    def methods(self) -> str:
        """A paragraph for the methods section of a paper."""
        return str(self.document["methods"])

    def save(self, path: str | Path) -> None:
        """Write the answer with its receipt, for `jali verify`."""
        Path(path).write_text(json.dumps(self.document, ensure_ascii=False, indent=1), encoding="utf-8")

    @property
    def _price(self) -> str:
        return f"± at 95 %; spent {self.spent}; remaining {self.remaining}"


class Answer(Released):
    """A released table: the answer to one statement. What it cost and its receipt may be shared with others."""

    def __init__(self, document: Mapping[str, Any], receipt: Receipt, part: Mapping[str, Any] | None = None) -> None:
        """`part`: where the document holds the answers of several statements, the one that this is."""
        super().__init__(document, receipt)
        self._released = document if part is None else part
        self.columns = tuple(Column(c["name"], c["type"], bool(c["noisy"])) for c in self._released["columns"])
        self.rows: list[list[Any]] = self._released["rows"]
        self.pilot: Released | None = None  # the answer before, for a relative accuracy; it was paid for, too

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know besides (rows without a unit, periods)."""
        return tuple(self._released.get("notes", ()))

    def interval(self, name: str, level: float = 0.95) -> list[Interval | None]:
        """Lower and upper end for each row of a noisy column; None where the answer has no number."""
        column = next((column for column in self.columns if column.name == name), None)
        if column is None or not column.is_noisy:
            known = ", ".join(column.name for column in self.columns if column.is_noisy)
            raise RequestRejected(f"{name!r} has no interval; columns with one: {known or 'none'}")
        levels = self._released["intervals"]
        found = next((levels[text] for text in levels if abs(float(text) - level) < 1e-9), None)
        if found is None:
            raise RequestRejected(f"no intervals at level {level}; there are {', '.join(sorted(levels))}")
        return [_interval(ends) for ends in found[name]]

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return table_of(self._released)

    def to_pandas(self) -> "pandas.DataFrame":
        """The rows as a data frame; its `attrs` keep what the answer cost and how to cite it."""
        frame = self.to_arrow().to_pandas()
        frame.attrs |= {"citation": self.citation, "spent": str(self.spent), "answer": self.id}
        return frame

    def plot(self, column: str | None = None, *, level: float = 0.95, ax: Any = None) -> Any:
        """Bars of a noisy column (the first, if none is named) over the keys, with intervals. Needs matplotlib."""
        noisy = [each.name for each in self.columns if each.is_noisy]
        name = column or (noisy[0] if noisy else "")
        intervals = self.interval(name, level)
        axes = ax if ax is not None else _new_axes()
        index = [each.name for each in self.columns].index(name)
        shown = [(row, ends) for row, ends in zip(self.rows, intervals, strict=True) if ends is not None]
        heights = [float(row[index]) for row, _ in shown]
        reach = [[height - ends[0] for height, (_, ends) in zip(heights, shown, strict=True)],
                 [ends[1] - height for height, (_, ends) in zip(heights, shown, strict=True)]]  # fmt: skip
        axes.bar([self._label(row) for row, _ in shown], heights, yerr=reach, capsize=3)
        axes.set_ylabel(f"{name} (± {level:.0%})")
        return axes

    def _label(self, row: list[Any]) -> str:
        keys = [str(value) for value, column in zip(row, self.columns, strict=True) if not column.is_noisy]
        return ", ".join(keys) or self.dataset

    def sheet(self, title: str = "", footer: Sequence[str] = ()) -> tables.Sheet:
        """The answer as text cells, noisy ones as `a ± b`."""
        bounds = {column.name: self.interval(column.name) for column in self.columns if column.is_noisy}
        cells = [
            [tables.with_interval(value, bounds[column.name][i] if column.is_noisy else None)
             for value, column in zip(row, self.columns, strict=True)]
            for i, row in enumerate(self.rows)
        ]  # fmt: skip
        return tables.Sheet(
            headers=[column.name for column in self.columns],
            rows=cells,
            is_number=[column.is_noisy or column.type in ("integer", "number") for column in self.columns],
            footer=[*footer, *self.notes],
            title=title,
        )

    def _sheet(self) -> tables.Sheet:
        return self.sheet(footer=[self._price, repr(self.receipt)])

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return tables.as_text(self._sheet())

    def _repr_html_(self) -> str:
        return tables.as_html(self._sheet())

    def __rich__(self) -> Any:
        return tables.as_rich(self._sheet())


def table_of(document: Mapping[str, Any]) -> pa.Table:
    """Columns and rows, as an answer or a sample holds them, as an Arrow table."""
    columns, rows = document["columns"], document["rows"]
    arrays = [_array([row[i] for row in rows], column["type"]) for i, column in enumerate(columns)]
    return pa.Table.from_arrays(arrays, names=[column["name"] for column in columns])


_TYPES: dict[str, tuple[pa.DataType, Callable[[Any], Any]]] = {
    "text": (pa.string(), str),
    "integer": (pa.int64(), int),
    "number": (pa.float64(), float),
    "boolean": (pa.bool_(), bool),
    "date": (pa.date32(), lambda value: date.fromisoformat(value)),
    "timestamp": (pa.timestamp("us"), lambda value: datetime.fromisoformat(value)),
}


def _array(values: list[Any], type_: str) -> pa.Array:
    if type_ not in _TYPES:
        return pa.array(values)
    kind, read = _TYPES[type_]
    return pa.array([None if value is None else read(value) for value in values], type=kind)


def _interval(ends: Any) -> Interval | None:
    if ends is None or None in ends:
        return None
    return float(ends[0]), float(ends[1])


def _new_axes() -> Any:
    try:
        # An optional dependency: only who plots needs it.
        from matplotlib import pyplot  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise RequestRejected("plot() needs matplotlib: pip install matplotlib") from None
    return pyplot.subplots()[1]
