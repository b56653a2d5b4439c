"""What a dataset *is*: its card as typed, frozen values (Art. 9, 13, 15), valid by construction.

A card is public in full: schema, bounds, domains, granularity, upper bounds on units and rows are what a provider
declares, never what was measured on the rows. `read_card` names every fault at once.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from policies.canonical import digest
from policies.card_faults import field_reasons, owner, place, without_faulty_fields
from policies.columns import (
    LARGEST_NORM,
    Clipping,
    Column,
    ColumnType,
    Count,
    Domain,
    Fault,
    Frozen,
    Identifier,
    Number,
    PartyName,
    Place,
    Text,
)
from policies.errors import CardRejected, Reason
from privacy.units import PrivacyUnit

__all__ = [
    "Clipping",
    "Column",
    "ColumnType",
    "Dataset",
    "LifetimeBudget",
    "LoadedDataset",
    "Source",
    "Table",
    "Unit",
    "read_card",
]


class Source(Frozen):
    """Where the rows come from: a Parquet or CSV file beside the card, or a data file of an installed package.

    `nulls` are the texts that mean NULL in a CSV.
    """

    parquet: Text | None = None
    csv: Text | None = None
    package: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$")] | None = None
    frame: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,100}$")] | None = None
    nulls: tuple[str, ...] = ("",)

    def faults(self) -> Iterator[Fault]:
        """A source is one thing."""
        if sum(part is not None for part in (self.parquet, self.csv, self.package)) != 1:
            yield (), "a source is exactly one of parquet, csv, package"
        if (self.package is None) != (self.frame is None):
            yield (), "a package source names its frame, and nothing else does"
        if any("\0" in part for part in (self.parquet or "", self.csv or "", *self.nulls)):
            yield (), "a source holds no NUL character"


class Table(Frozen):
    """A table: private when `unit_column` names the column of the privacy unit, public otherwise.

    Caps (`rows_at_most`, `rows_per_unit_at_most`) are declared upper bounds, public; rows beyond them fail the load.
    `rows_norm` is the default L2 clipping norm of one unit's counts over all groups of a release.
    """

    name: Identifier
    description: Text
    source: Source
    columns: tuple[Column, ...] = Field(min_length=1)
    unit_column: Identifier | None = None
    independent: bool = False
    rows_at_most: Count = Field(le=10**10)
    rows_per_unit_at_most: Count | None = Field(default=None, le=10**9)
    rows_norm: Number | None = Field(default=None, ge=1, le=LARGEST_NORM)
    groups_norm: Number | None = Field(default=None, ge=1, le=LARGEST_NORM)
    unique: tuple[tuple[Identifier, ...], ...] = ()

    @property
    def is_private(self) -> bool:
        """Whether rows of this table belong to privacy units."""
        return self.unit_column is not None

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def faults(self) -> Iterator[Fault]:
        """Faults of the columns and the source, and contradictions between them and the table."""
        for index, column in enumerate(self.columns):
            yield from ((("columns", index, *where), message) for where, message in column.faults())
        yield from ((("source", *where), message) for where, message in self.source.faults())
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            yield ("columns",), "two columns have one name"
        yield from self._private_faults() if self.is_private else self._public_faults()
        for key in self.unique:
            if not key or not set(key) <= set(names):
                yield ("unique",), "a unique key lists columns of the table"

    def _private_faults(self) -> Iterator[Fault]:
        if self.rows_per_unit_at_most is None:
            yield ("rows_per_unit_at_most",), "a private table declares how many rows a unit has at most"
        if self.rows_norm is None:
            yield ("rows_norm",), "a private table declares the default clipping norm of a unit's counts"
        if self.independent:
            yield ("independent",), "a private table is not independent of the private ones"
        unit = self.column(self.unit_column or "")
        if unit is None:
            yield ("unit_column",), "the unit column is not among the columns"
        elif unit.type not in ("text", "integer"):
            yield ("unit_column",), "the unit column must be text or integer"
        elif unit.bounds or unit.domain:
            # Clamping would melt units into one; a domain would publish who is in the data.
            yield ("unit_column",), "the unit column has no bounds and no domain"

    def _public_faults(self) -> Iterator[Fault]:
        if not self.independent:
            message = "a table without unit_column is public and must be attested independent of the private ones"
            yield ("independent",), message + " (independent: true)"
        if self.rows_per_unit_at_most or self.rows_norm or self.groups_norm:
            yield (), "a public table has no privacy units, hence neither their caps nor their norms"


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


class Dataset(Frozen):
    """One dataset's catalogue entry and card: what Art. 9 lists, and what the DP engines need to know."""

    name: Identifier
    title: Text
    description: Text
    provider: PartyName
    publisher: Text | None = None
    licence: Text
    citation: Text
    time_range: Text
    geographic_range: Text
    update_frequency: Text
    openness: Literal["conditional"]
    conditions: tuple[Text, ...] = Field(min_length=1)
    glossary: dict[Text, Text] = Field(default_factory=dict)
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

    def digest(self) -> str:
        """SHA-256 of the card's canonical JSON; part of a data version."""
        return digest(self.model_dump(mode="json"))

    def faults(self) -> Iterator[Fault]:
        """Faults of all parts, and contradictions between the tables."""
        for index, table in enumerate(self.tables):
            yield from ((("tables", index, *where), message) for where, message in table.faults())
        yield from ((("budget", *where), message) for where, message in self.budget.faults())
        names = [table.name for table in self.tables]
        if len(set(names)) != len(names):
            yield ("tables",), "two tables have one name"
        private = [table for table in self.tables if table.is_private]
        if not private:
            yield ("tables",), "a conditional dataset has at least one private table (unit_column)"
        units = [table.column(table.unit_column or "") for table in private]
        if len({unit.type for unit in units if unit}) > 1:
            yield ("tables",), "the unit columns of the private tables must have one type"


def read_card(document: Any) -> Dataset:
    """The card as a Dataset. Raises CardRejected with every fault at once, never with a value of the data.

    `document` is what a YAML or JSON reader gives back. Source: Art. 9 of the rules.
    """
    try:
        card = Dataset.model_validate(document, context="collect")
    except ValidationError as error:
        raise _rejected(field_reasons(error, document) + _further_reasons(error, document)) from None
    reasons = [_reason(fault, document) for fault in card.faults()]
    if reasons:
        raise _rejected(reasons)
    return card


def _rejected(reasons: list[Reason]) -> CardRejected:
    return CardRejected(f"the dataset card has {len(reasons)} fault(s)", tuple(reasons))


def _reason(fault: Fault, document: Any) -> Reason:
    return Reason("card-field", fault[1], place(fault[0], document) or None)


def _further_reasons(error: ValidationError, document: Any) -> list[Reason]:
    """Contradictions in what is left when the faulty fields are put aside; none that those could have caused."""
    try:
        rest = Dataset.model_validate(without_faulty_fields(error, document), context="collect")
    except ValidationError:
        return []
    tainted: set[Place] = set()
    for fault in error.errors(include_url=False, include_input=False):
        held_by = owner(fault["loc"])
        tainted |= {held_by, held_by[:-2]} if set(fault["loc"]) & {"name", "type", "unit_column"} else {held_by}
    return [_reason(fault, document) for fault in rest.faults() if owner(fault[0]) not in tainted]


class LoadedDataset(Frozen):
    """A dataset in one version: the card plus the public facts that a load adds.

    `domains` are the distinct values of public tables' columns (public by attestation), by "table.column", for
    columns that have few enough to be group keys. Nothing here depends on private rows.
    """

    card: Dataset
    version: str
    loaded_at: datetime
    domains: dict[str, Domain] = Field(default_factory=dict)
