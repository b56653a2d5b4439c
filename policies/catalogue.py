"""What a dataset *is*: its card as typed, frozen values (Art. 9, 13, 15), valid by construction.

A card is public in full: schema, bounds, domains, granularity, upper bounds on units and rows are what a provider
declares, never what was measured on the rows. `read_card` names every fault at once.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from policies.card_faults import field_reasons, is_caused, place, without_faulty_fields
from policies.card_types import ColumnType, Count, Domain, Fault, Frozen, Identifier, Number, Text
from policies.columns import Clipping, Column, EntryColumn
from policies.entries import Entry, EntryTable
from policies.errors import CardRejected, Reason
from policies.tables import Source, Table
from privacy.units import PrivacyUnit

__all__ = [
    "Clipping",
    "Column",
    "ColumnType",
    "Dataset",
    "LifetimeBudget",
    "LoadedDataset",
    "OpenDataset",
    "Source",
    "Table",
    "Unit",
    "read_card",
    "read_entry",
]


class Unit(Frozen):
    """The privacy unit: a noun for people, its population, and a declared upper bound on how many there are."""

    noun: Text
    population: Identifier
    at_most: Count = Field(le=2**31 - 1)
    period: Text | None = None


class LifetimeBudget(Frozen):
    """The population's budget for life, over all agreements (never refreshed). `query_delta`: delta of one query."""

    epsilon: Number = Field(gt=0, le=1000)
    delta: Number = Field(gt=0, le=Decimal("0.001"))
    query_delta: Number = Field(gt=0, le=Decimal("0.001"))

    def faults(self) -> Iterator[Fault]:
        """One query can't take more than there is."""
        if self.query_delta > self.delta:
            yield ("query_delta",), "the delta of one query is above the delta of the whole budget"


class Dataset(Entry):
    """A conditionally open dataset: its entry, and what the doors need to know in order to protect people."""

    openness: Literal["conditional"]
    unit: Unit
    budget: LifetimeBudget
    tables: tuple[Table, ...] = Field(min_length=1)

    def table(self, name: str) -> Table | None:
        """The table of that name, or None."""
        return next((table for table in self.tables if table.name == name), None)

    def privacy_unit(self, table: Table) -> PrivacyUnit:
        """The privacy unit as seen in a private table."""
        if table.unit_column is None:
            raise ValueError(f"{table.name} is public")
        return PrivacyUnit(noun=self.unit.noun, column=table.unit_column, population=self.unit.population)

    def faults(self) -> Iterator[Fault]:
        """Faults of the entry, and of what protects the units."""
        yield from super().faults()
        yield from ((("budget", *where), message) for where, message in self.budget.faults())
        private = [table for table in self.tables if table.is_private]
        if not private:
            yield ("tables",), "a conditional dataset has at least one private table (unit_column)"
        units = [table.column(table.unit_column or "") for table in private]
        if len({unit.type for unit in units if unit}) > 1:
            yield ("tables",), "the unit columns of the private tables must have one type"


class OpenTable(EntryTable):
    """A table that anyone may download (Art. 17)."""

    source: Source
    columns: tuple[EntryColumn, ...] = Field(min_length=1)

    def faults(self) -> Iterator[Fault]:
        """Faults of the columns and of the source."""
        yield from super().faults()
        yield from ((("source", *where), message) for where, message in self.source.faults())


class OpenDataset(Entry):
    """An unconditionally open dataset: its entry, and where its rows come from."""

    openness: Literal["unconditional"]
    tables: tuple[OpenTable, ...] = Field(min_length=1)


class LoadedDataset(Frozen):
    """A dataset in one version: the card plus the public facts that a load adds.

    `domains` are the distinct values of public tables' columns (public by attestation), by "table.column", for
    columns that have few enough to be group keys. Nothing here depends on private rows.
    """

    card: Dataset
    version: str
    loaded_at: datetime
    domains: dict[str, Domain] = Field(default_factory=dict)


CARDS: Final = MappingProxyType[str, type[Entry]](
    {"conditional": Dataset, "unconditional": OpenDataset, "non-open": Entry}
)
"""What a card of each class is read as; a non-open dataset has nothing but its entry."""


def read_entry(document: Any) -> Entry:
    """A card of any class. Raises CardRejected with every fault at once, never with a value of the data.

    `document` is what a YAML or JSON reader gives back. Source: Art. 9 of the rules.
    """
    openness = document.get("openness") if isinstance(document, Mapping) else None
    return _read(document, CARDS.get(openness, Entry) if isinstance(openness, str) else Entry)


def read_card(document: Any) -> Dataset:
    """The card of a conditionally open dataset, the only ones that the room loads. Raises as `read_entry` does."""
    card = _read(document, Dataset)
    assert isinstance(card, Dataset)
    return card


def _read(document: Any, kind: type[Entry]) -> Entry:
    try:
        card = kind.model_validate(document, context="collect")
    except ValidationError as error:
        raise _rejected(field_reasons(error, document) + _further_reasons(error, document, kind)) from None
    reasons = [_reason(fault, document) for fault in card.faults()]
    if reasons:
        raise _rejected(reasons)
    return card


def _rejected(reasons: list[Reason]) -> CardRejected:
    return CardRejected(f"the dataset card has {len(reasons)} fault(s)", tuple(reasons))


def _reason(fault: Fault, document: Any) -> Reason:
    return Reason("card-field", fault[1], place(fault[0], document) or None)


def _further_reasons(error: ValidationError, document: Any, kind: type[Entry]) -> list[Reason]:
    """Contradictions in what is left when the faulty fields are put aside; none that those could have caused."""
    try:
        rest = kind.model_validate(without_faulty_fields(error, document), context="collect")
    except ValidationError:
        return []
    faulty = [fault["loc"] for fault in error.errors(include_url=False, include_input=False)]
    return [_reason(fault, document) for fault in rest.faults() if not is_caused(fault[0], faulty)]
