"""The entry of a dataset in the open list, of whichever class; refused when a part of it is missing (Art. 9).

An entry has tables with described fields; what is delivered, and how, is the card's further half (`catalogue.py`).
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from policies.abbreviations import unexplained
from policies.canonical import digest
from policies.card_types import Fault, Frozen, Identifier, Line, PartyName, Text
from policies.classification import (
    Classification,
    GradedField,
    LevelNumber,
    Openness,
    Requirement,
    classify,
)
from policies.columns import EntryColumn
from policies.conditions import MOST_MATERIALS, Condition, Material, condition_faults

Frequency = Literal[
    "static", "irregular", "real-time", "hourly", "daily", "weekly", "monthly", "quarterly", "half-yearly", "yearly"
]
OpenFormat = Literal["csv", "parquet", "json", "arrow"]
RelationKind = Literal["same-units", "same-time", "same-place", "part-of", "explains", "derived-from"]
ColumnPlace = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$")]


class TimeRange(Frozen):
    """Which time the rows cover, first and last day; without an end it still grows."""

    start: date
    end: date | None = None

    def faults(self) -> Iterator[Fault]:
        """Time runs forward."""
        if self.end is not None and self.end < self.start:
            yield ("end",), "the end lies before the start"

    def __str__(self) -> str:
        return f"{self.start} to {self.end}" if self.end else f"since {self.start}"


class Relation(Frozen):
    """How the dataset is associated with another one, in time, place or by what it is about (Art. 9, item 6)."""

    dataset: Identifier
    kind: RelationKind
    joined_on: tuple[ColumnPlace, ...] = ()
    description: Text


class EntryTable(Frozen):
    """A table as the catalogue describes it. `level` and `directory` hold for the columns that don't state their own.

    `directory` is where the fields come from in the public data directory (Art. 9).
    """

    name: Identifier
    description: Text
    directory: Text | None = None
    level: LevelNumber | None = None
    columns: tuple[EntryColumn, ...] = Field(min_length=1)

    def column(self, name: str) -> EntryColumn | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def level_of(self, column: EntryColumn) -> LevelNumber:
        """The column's own level, else its table's; an ungraded field counts as the most closed one."""
        return column.level or self.level or 4

    def directory_of(self, column: EntryColumn) -> str:
        """Where the column comes from in the public data directory."""
        return column.directory or self.directory or ""

    def faults(self) -> Iterator[Fault]:
        """Faults of the columns, and what neither they nor the table state."""
        for index, column in enumerate(self.columns):
            here: tuple[str | int, ...] = ("columns", index)
            yield from (((*here, *where), message) for where, message in column.faults())
            if column.grounds and self.level_of(column) < 4:
                yield (*here, "grounds"), "grounds are for fields of level 4, which nobody could open without"
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            yield ("columns",), "two columns have one name"
        if ungraded := self.ungraded():
            yield ("level",), f"neither the table states a level, nor {_listed(ungraded)}"
        if nowhere := tuple(column.name for column in self.columns if not self.directory_of(column)):
            yield ("directory",), f"neither the table names its source in the data directory, nor {_listed(nowhere)}"

    def ungraded(self) -> tuple[str, ...]:
        """Columns of which nothing states a level."""
        return tuple(column.name for column in self.columns if not (column.level or self.level))


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"the column{'s' * (len(names) > 1)} {', '.join(names[:3])}{more}"


class Entry(Frozen):
    """One dataset in the open list (Art. 9). A `non-open` dataset has nothing beside it; others have a card."""

    name: Identifier
    title: Line
    description: Text
    provider: PartyName
    publisher: Text | None = None
    licence: Text
    citation: Text
    keywords: tuple[Line, ...] = Field(default=(), max_length=50)
    key_fields: tuple[ColumnPlace, ...] = Field(min_length=1)
    time_range: TimeRange
    geographic_range: Text
    formats: tuple[OpenFormat, ...] = Field(min_length=1)
    update_frequency: Frequency
    relations: tuple[Relation, ...]
    openness: Openness
    requirements: tuple[Requirement, ...] = ()
    conditions: tuple[Condition, ...] = ()
    materials: tuple[Material, ...] = Field(default=(), max_length=MOST_MATERIALS)
    glossary: dict[Text, Text] = Field(default_factory=dict)
    tables: tuple[EntryTable, ...] = Field(min_length=1)

    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest(self.model_dump(mode="json"))

    def classification(self) -> Classification:
        """The class that follows from the fields' levels (Art. 14)."""
        graded = (
            GradedField(f"{table.name}.{column.name}", table.level_of(column), column.grounds)
            for table in self.tables
            for column in table.columns
        )
        return classify(graded, self.requirements)

    def faults(self) -> Iterator[Fault]:
        """Faults of all parts, and contradictions between them."""
        for index, table in enumerate(self.tables):
            yield from ((("tables", index, *where), message) for where, message in table.faults())
        yield from ((("time_range", *where), message) for where, message in self.time_range.faults())
        names = [table.name for table in self.tables]
        if len(set(names)) != len(names):
            yield ("tables",), "two tables have one name"
        yield from self._column_faults()
        yield from self._class_faults()
        yield from condition_faults(self.conditions, self.materials)
        for index, condition in enumerate(self.conditions):
            yield from ((("conditions", index, *where), message) for where, message in condition.faults())
        yield from self._abbreviation_faults()

    def _column_faults(self) -> Iterator[Fault]:
        known = {f"{table.name}.{column.name}" for table in self.tables for column in table.columns}
        for index, field in enumerate(self.key_fields):
            if field not in known:
                yield ("key_fields", index), f"there is no column {field}"
        for index, relation in enumerate(self.relations):
            if relation.dataset == self.name:
                yield ("relations", index, "dataset"), "a relation is with another dataset"
            for field in relation.joined_on:
                if field not in known:
                    yield ("relations", index, "joined_on"), f"there is no column {field}"

    def _class_faults(self) -> Iterator[Fault]:
        if any(table.ungraded() for table in self.tables):
            return  # told already; a class that follows from nothing would be noise
        derived = self.classification()
        if derived.openness != self.openness:
            because = "; ".join(derived.causes[:3])
            yield ("openness",), f"by the classification guide it is {derived.openness}: {because}"
        stated = {condition.kind for condition in self.conditions}
        for kind in derived.conditions:
            if kind not in stated:
                yield ("conditions",), f"data of these levels need a condition of the kind {kind}"
        if self.openness == "conditional" and not self.conditions:
            yield ("conditions",), "conditionally open data state their opening conditions"
        if self.openness == "conditional" and not any(material.is_required for material in self.materials):
            yield ("materials",), "conditionally open data list the materials of an application"
        if self.openness != "conditional" and (self.conditions or self.materials):
            yield ("conditions",), "only conditionally open data have conditions and materials"

    def _abbreviation_faults(self) -> Iterator[Fault]:
        first: dict[str, str] = {}
        for where, text in self._texts():
            for word in unexplained(text, self.glossary):
                first.setdefault(word, where)
        for word, where in first.items():
            yield ("glossary", word), f"{word}, used in {where}, is not explained in the glossary"

    def _texts(self) -> Iterator[tuple[str, str]]:
        """What describes the data in the provider's own words, and where it stands."""
        yield "title", self.title
        yield "description", self.description
        yield "geographic_range", self.geographic_range
        for condition in self.conditions:
            yield f"the condition {condition.kind}", condition.text
        for material in self.materials:
            yield f"the material {material.name}", f"{material.title} {material.text}"
        for table in self.tables:
            yield table.name, table.description
            for column in table.columns:
                yield f"{table.name}.{column.name}", f"{column.description} {column.unit or ''}"

    def as_static(self) -> Self:
        """The entry when its dataset no longer updates: what was opened stays open, as static data (Art. 10)."""
        return self.model_copy(update={"update_frequency": "static"})
