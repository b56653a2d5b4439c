"""What a block over released tables is: its SQL in parts, its columns, and how many rows it can have at most."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from dp_queries.layers.above.fragments import Fragment
from dp_queries.post_processing import Rowwise

MOST_ROWS: Final = 10**7  # of one block, joined


@dataclass(frozen=True)
class Column:
    """A column of a source: what the query calls it, and its name in the SQL."""

    name: str
    sql: str
    type: str
    is_noisy: bool


@dataclass(frozen=True)
class Source:
    """What may stand in FROM: a released table, a public table, or a block in brackets.

    `unique` holds sets of columns (by their SQL names) of which no two rows have the same values: {} for one row at
    most. `has_noisy_rows`: which rows there are depends on noise. `work`: rows that were touched to make it.
    """

    sql: str
    columns: tuple[Column, ...]
    most_rows: int
    unique: frozenset[frozenset[str]] = frozenset()
    has_noisy_rows: bool = False
    tables: frozenset[str] = frozenset()
    work: int = 0


@dataclass(frozen=True)
class Select:
    """One SELECT in parts, each of them rendered SQL."""

    items: tuple[str, ...]
    source: str = ""
    where: str | None = None
    group: str | None = None
    having: str | None = None
    qualify: str | None = None
    distinct: str = ""
    order: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()
    limit: int | None = None
    offset: int | None = None
    identity: tuple[str, ...] = ()

    def inner(self) -> str:
        """The text inside another SELECT, where order matters for LIMIT and DISTINCT ON only."""
        is_cut = self.limit is not None or self.offset is not None or self.distinct.startswith("DISTINCT ON")
        return self._text(self.items, self._ordered() if is_cut else ())

    def outermost(self) -> str:
        """The text of the answer: in a complete order, with the hidden columns h0, h1, ... that say which row it is."""
        return self._text((*self.items, *self._hidden()), self._ordered())

    def _hidden(self) -> Iterable[str]:
        return (f"{sql} AS h{index}" for index, sql in enumerate(self.identity))

    def _ordered(self) -> tuple[str, ...]:
        return (*self.order, *self.ties)

    def _text(self, items: tuple[str, ...], order: tuple[str, ...]) -> str:
        clauses = (
            ("SELECT " + self.distinct, ", ".join(items)),
            (" FROM ", self.source),
            (" WHERE ", self.where),
            (" GROUP BY ", self.group),
            (" HAVING ", self.having),
            (" QUALIFY ", self.qualify),
            (" ORDER BY ", ", ".join(order)),
            (" LIMIT ", self.limit),
            (" OFFSET ", self.offset),
        )
        return "".join(f"{keyword}{text}" for keyword, text in clauses if text not in (None, ""))


@dataclass(frozen=True)
class AboveQuery:
    """A whole query over released and public tables.

    `loose` is the SELECT without what cuts its rows at the end (ORDER BY, LIMIT, noisy conditions on finished rows):
    error bars are computed on it, where every row of the answer is found again. `rowwise`: see `Above`.
    """

    select: Select
    loose: Select
    columns: tuple[Column, ...]
    most_rows: int
    unique: frozenset[frozenset[str]]
    has_noisy_rows: bool
    tables: frozenset[str]
    work: int
    is_correlated: bool = False
    rowwise: Rowwise | None = None

    def as_source(self) -> Source:
        """The query as something that FROM may name."""
        return Source(
            sql=f"({self.select.inner()})",
            columns=self.columns,
            most_rows=self.most_rows,
            unique=self.unique,
            has_noisy_rows=self.has_noisy_rows,
            tables=self.tables,
            work=self.work,
        )

    def named(self, names: Iterable[str]) -> "AboveQuery":
        """The query with other column names, as AS t(a, b) gives them; the last columns keep theirs."""
        given = list(names)
        columns = [
            replace(column, name=given[index]) if index < len(given) else column
            for index, column in enumerate(self.columns)
        ]
        return replace(self, columns=tuple(columns))


def released_source(table: str, columns: Iterable[Column], most_rows: int, unique: Iterable[str]) -> Source:
    """A table that the engine holds, by its name in the SQL; `unique` is its key."""
    return Source(
        sql=table,
        columns=tuple(columns),
        most_rows=most_rows,
        unique=frozenset({frozenset(unique)}) if most_rows > 1 else frozenset({frozenset[str]()}),
        tables=frozenset({table}),
        work=most_rows,
    )


def item(index: int, fragment: Fragment) -> str:
    """A selected expression under the name that it has in the SQL."""
    return f"{fragment.sql} AS c{index}"
