"""What the server tells before and after asking: datasets and their schema, the plan of a query, the budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jali.amounts import PrivacyLoss
from jali.tables import Sheet, as_html, as_rich, as_text, with_width

ExpectedError = float | dict[str, float] | None


@dataclass(frozen=True)
class SchemaColumn:
    """A described column; bounds and domain are what the provider declared, never what is in the rows."""

    table: str
    name: str
    type: str
    description: str
    unit: str | None
    bounds: tuple[Any, Any] | None
    domain: tuple[Any, ...] | None
    is_private: bool


class Schema:
    """Tables and columns of a dataset; iterates over its columns, `schema["table"]` gives a table's."""

    def __init__(self, card: Mapping[str, Any]) -> None:
        self.columns = tuple(
            _column(table, column) for table in card.get("tables", ()) for column in table.get("columns", ())
        )

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables' names."""
        return tuple(dict.fromkeys(column.table for column in self.columns))

    def __getitem__(self, table: str) -> tuple[SchemaColumn, ...]:
        if table not in self.tables:
            raise KeyError(table)
        return tuple(column for column in self.columns if column.table == table)

    def __iter__(self) -> Any:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def _sheet(self) -> Sheet:
        rows = [[c.table, c.name, c.type, _range(c), c.unit or "", c.description] for c in self.columns]
        return Sheet(["table", "column", "type", "declared values", "unit", "description"], rows)

    def __repr__(self) -> str:
        return as_text(self._sheet())

    def _repr_html_(self) -> str:
        return as_html(self._sheet())


class PlanView:
    """What a query would cost and how exact it would be; free, and independent of the rows."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    @cached_property
    def cost(self) -> PrivacyLoss:
        """What asking would charge."""
        return PrivacyLoss.from_json(self.document["cost"])

    @property
    def expected_error(self) -> dict[str, ExpectedError]:
        """Expected half-width at 95 % of each noisy column; that of an average depends on the answer, so of its parts
        (sum and count); None where it depends on the released values altogether."""
        return dict(self.document["expected_error"])

    @property
    def digest(self) -> str:
        """The plan's digest, as the receipt of its answer will name it."""
        return str(self.document["plan"]["digest"])

    def _sheet(self) -> Sheet:
        return errors_sheet(self.expected_error, price_lines(self))

    def __repr__(self) -> str:
        return as_text(self._sheet())

    def _repr_html_(self) -> str:
        return as_html(self._sheet())

    def __rich__(self) -> Any:
        return as_rich(self._sheet())


def price_lines(plan: Any) -> list[str]:
    """What a plan would cost, and its notes."""
    return [f"would cost {plan.cost}", *(str(note) for note in plan.document.get("notes", ()))]


def errors_sheet(expected: Mapping[str, ExpectedError], footer: Sequence[str] = (), title: str = "") -> Sheet:
    """Expected errors by column."""
    rows = [[name, _width(error)] for name, error in expected.items()]
    return Sheet(["column", "expected error at 95 %"], rows, [False, True], footer, title)


@dataclass(frozen=True)
class Budget:
    """The agreement's budget: what it allows, what is spent, what is left, in how many charges."""

    total: PrivacyLoss
    spent: PrivacyLoss
    remaining: PrivacyLoss
    charges: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Budget":
        """Read the room's statement."""
        delta = str(body["delta"])
        total, spent, remaining = (PrivacyLoss(str(body[name]), delta) for name in ("epsilon", "spent", "remaining"))
        return cls(total, spent, remaining, int(body["charges"]))

    def __str__(self) -> str:
        return (
            f"epsilon {self.remaining.epsilon} left of {self.total.epsilon} ({self.spent.epsilon} spent in "
            f"{self.charges} charges), delta {self.total.delta:g}"
        )


def _width(expected: ExpectedError) -> str:
    if expected is None:
        return "depends on the answer"
    if isinstance(expected, dict):
        return ", ".join(f"{part} {with_width(width)}" for part, width in expected.items())
    return with_width(expected)


def _column(table: Mapping[str, Any], column: Mapping[str, Any]) -> SchemaColumn:
    bounds, domain = column.get("bounds"), column.get("domain")
    return SchemaColumn(
        table=str(table["name"]),
        name=str(column["name"]),
        type=str(column["type"]),
        description=str(column.get("description", "")),
        unit=column.get("unit"),
        bounds=None if bounds is None else (bounds[0], bounds[1]),
        domain=None if domain is None else tuple(domain),
        is_private=table.get("unit_column") is not None,
    )


def _range(column: SchemaColumn) -> str:
    if column.bounds is not None:
        return f"{column.bounds[0]} .. {column.bounds[1]}"
    shown = [str(value) for value in (column.domain or ())[:6]]
    return ", ".join(shown) + (", ..." if column.domain and len(column.domain) > 6 else "")
