"""A table as its card describes it: where its rows come from, whose they are, and the caps that the engines rely on."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from policies.card_types import Count, Fault, Frozen, Identifier, Number, Text
from policies.columns import LARGEST_NORM, Column
from policies.entries import EntryTable

LEAST_UNIT_LEVEL: Final = 3
"""The guide's level of a pseudonym: what tells one person or organization from another."""


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


class Table(EntryTable):
    """A table: private when `unit_column` names the column of the privacy unit, public otherwise.

    Caps (`rows_at_most`, `rows_per_unit_at_most`) are declared upper bounds, public; rows beyond them fail the load.
    `rows_norm` is the default L2 clipping norm of one unit's counts over all groups of a release.
    """

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
        yield from super().faults()
        yield from ((("source", *where), message) for where, message in self.source.faults())
        yield from self._private_faults() if self.is_private else self._public_faults()
        names = {column.name for column in self.columns}
        for key in self.unique:
            if not key or not set(key) <= names:
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
        elif self.level_of(unit) < LEAST_UNIT_LEVEL:
            yield ("unit_column",), f"the unit column tells units apart: its level is at least {LEAST_UNIT_LEVEL}"

    def _public_faults(self) -> Iterator[Fault]:
        if not self.independent:
            message = "a table without unit_column is public and must be attested independent of the private ones"
            yield ("independent",), message + " (independent: true)"
        if self.rows_per_unit_at_most or self.rows_norm or self.groups_norm:
            yield (), "a public table has no privacy units, hence neither their caps nor their norms"
