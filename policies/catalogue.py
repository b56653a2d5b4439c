"""What a dataset *is*: its card as typed, frozen values (Art. 9, 13, 15), valid by construction.

A card is public in full: schema, bounds, domains, granularity, upper bounds on units and rows are what a provider
declares, never what was measured on the rows. `read_card` names every fault at once.
"""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from policies.canonical import digest
from policies.errors import CardRejected, Reason
from privacy.units import ClampingBounds, PrivacyUnit

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
ColumnType = Literal["text", "integer", "number", "boolean", "date", "timestamp"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Clipping(_Frozen):
    """Default clipping norms (L2, in the column's unit) of one unit's sums of this column, over all groups."""

    sum: Decimal | None = Field(default=None, gt=0)
    deviation: Decimal | None = Field(default=None, gt=0)


class Column(_Frozen):
    """A described field (Art. 9). Numbers that are summed need bounds; group keys need a domain or date bounds."""

    name: Identifier
    type: ColumnType
    description: Text
    unit: str | None = None
    level: int = Field(default=1, ge=1, le=4)
    nullable: bool = False
    bounds: tuple[Decimal, Decimal] | tuple[date, date] | None = None
    granularity: Decimal | None = Field(default=None, gt=0)
    domain: tuple[str, ...] | tuple[int, ...] | None = None
    clipping: Clipping = Clipping()

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        numeric = self.type in ("integer", "number")
        if self.bounds is not None:
            dated = not isinstance(self.bounds[0], Decimal)
            if dated != (self.type in ("date", "timestamp")) or (not dated and not numeric):
                raise ValueError("bounds must be numbers for numeric columns, dates for dates and timestamps")
            if self.bounds[0] > self.bounds[1]:  # type: ignore[operator]  # both are of one type
                raise ValueError("the lower bound is above the upper bound")
        if self.granularity is not None and not numeric:
            raise ValueError("granularity is for numeric columns")
        if self.type == "number" and self.bounds is not None and self.granularity is None:
            raise ValueError("a bounded number needs a granularity")
        if numeric and self.bounds is not None:
            self.clamping()
        if self.domain is not None:
            wanted = {"text": str, "integer": int}.get(self.type)
            if wanted is None or not all(type(value) is wanted for value in self.domain):
                raise ValueError("a domain lists texts of a text column, or integers of an integer column")
            if len(set(self.domain)) != len(self.domain) or not self.domain:
                raise ValueError("a domain is a non-empty list without repetition")
        return self

    def clamping(self) -> ClampingBounds | None:
        """Clamping bounds with the granularity (1 for integers), or None where the card declares none."""
        if self.bounds is None or not isinstance(self.bounds[0], Decimal):
            return None
        lower, upper = self.bounds
        return ClampingBounds(Fraction(lower), Fraction(upper), Fraction(self.granularity or 1))  # type: ignore[arg-type]  # narrowed above


class Source(_Frozen):
    """Where the rows come from: a Parquet or CSV file beside the card, or a data frame of an installed package.

    `nulls` are the texts that mean NULL in a CSV.
    """

    parquet: str | None = None
    csv: str | None = None
    package: str | None = None
    frame: str | None = None
    nulls: tuple[str, ...] = ("",)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(part is not None for part in (self.parquet, self.csv, self.package)) != 1:
            raise ValueError("a source is exactly one of parquet, csv, package")
        if (self.package is None) != (self.frame is None):
            raise ValueError("a package source names its frame, and nothing else does")
        return self


class Table(_Frozen):
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
    rows_at_most: int = Field(gt=0, le=10**10)
    rows_per_unit_at_most: int | None = Field(default=None, gt=0, le=10**9)
    rows_norm: Decimal | None = Field(default=None, ge=1)
    groups_norm: Decimal | None = Field(default=None, ge=1)
    unique: tuple[tuple[Identifier, ...], ...] = ()

    @property
    def is_private(self) -> bool:
        """Whether rows of this table belong to privacy units."""
        return self.unit_column is not None

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("two columns have one name")
        if self.is_private:
            if self.unit_column not in names:
                raise ValueError(f"the unit column {self.unit_column!r} is not among the columns")
            if self.rows_per_unit_at_most is None or self.rows_norm is None:
                raise ValueError("a private table declares rows_per_unit_at_most and rows_norm")
        elif not self.independent:
            raise ValueError("a public table must be attested independent of the private ones (independent: true)")
        for key in self.unique:
            if not set(key) <= set(names):
                raise ValueError(f"unique names columns that the table lacks: {', '.join(key)}")
        return self


class Unit(_Frozen):
    """The privacy unit: a noun for people, its population, and a declared upper bound on how many there are."""

    noun: Text
    population: Identifier
    at_most: int = Field(gt=0, le=2**31 - 1)
    period: Text | None = None


class LifetimeBudget(_Frozen):
    """The population's budget for life, over all agreements (never refreshed). `query_delta`: delta of one query."""

    epsilon: Decimal = Field(gt=0, le=1000)
    delta: Decimal = Field(gt=0, le=Decimal("0.001"))
    query_delta: Decimal = Field(gt=0, le=Decimal("0.001"))


class Dataset(_Frozen):
    """One dataset's catalogue entry and card: what Art. 9 lists, and what the DP engines need to know."""

    name: Identifier
    title: Text
    description: Text
    provider: Text
    licence: Text
    citation: Text
    time_range: Text
    geographic_range: Text
    update_frequency: Text
    openness: Literal["conditional"]
    conditions: tuple[Text, ...] = Field(min_length=1)
    glossary: dict[str, str] = {}
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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [table.name for table in self.tables]
        if len(set(names)) != len(names):
            raise ValueError("two tables have one name")
        private = [table for table in self.tables if table.is_private]
        if not private:
            raise ValueError("a conditional dataset has at least one private table (unit_column)")
        types = {table.column(table.unit_column or "").type for table in private}  # type: ignore[union-attr]  # checked by Table
        if len(types) != 1:
            raise ValueError("the unit columns of the private tables must have one type")
        return self


def read_card(document: Any) -> Dataset:
    """The card as a Dataset. Raises CardRejected with every fault at once, never with a value of the data.

    `document` is what a YAML or JSON reader gives back. Source: Art. 9 of the rules.
    """
    try:
        return Dataset.model_validate(document)
    except ValidationError as error:
        reasons = tuple(
            Reason("card-field", fault["msg"].removeprefix("Value error, "), where=".".join(map(str, fault["loc"])) or None)
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise CardRejected("the dataset card has faults", reasons) from None


class LoadedDataset(_Frozen):
    """A dataset in one version: the card plus the public facts that a load adds.

    `domains` are the distinct values of public tables' columns (public by attestation), by "table.column", for
    columns that have few enough to be group keys. Nothing here depends on private rows.
    """

    card: Dataset
    version: str
    loaded_at: datetime
    domains: dict[str, tuple[str, ...] | tuple[int, ...]] = {}
