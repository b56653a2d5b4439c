"""Statements that only pick columns of one released table: the most common ones, which need no engine.

They are told by their own rendered text, so what is not understood whole is left to the engine.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]  # it ships without types

_ITEM: Final = r's0\."(?:a|k)\d+" AS c\d+'
_DIGIT: Final = r"s0\.g // \d{1,18} % [1-9]\d{0,17}, "  # where a key's value lies in its domain
# In the order of groups, after some of their keys: what follows g never decides.
_STATEMENT: Final = re.compile(
    rf"SELECT ({_ITEM}(?:, {_ITEM})*), s0\.g AS h0 FROM released0 AS s0 ORDER BY ((?:{_DIGIT})*)s0\.g(?:, c\d+)*"
    r"(?: LIMIT (\d{1,18}))?(?: OFFSET (\d{1,18}))?"
)
_PLACE: Final = re.compile(r"// (\d+) % (\d+)")
_COLUMN: Final = re.compile(r's0\."((?:a|k)\d+)" AS c(\d+)')
_ONLY: Final = ("released0",)


@dataclass(frozen=True)
class Picked:
    """Columns of the released table, by name and in order, and which of its rows."""

    columns: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    limit: int | None
    offset: int

    def rows(self, table: pa.Table) -> list[tuple[Any, ...]]:
        """The rows as the engine would give them, with g as the last column; groups lie in their order."""
        rows = list(zip(*(_values(table.column(name)) for name in (*self.columns, "g")), strict=True))
        if self.places:
            rows.sort(key=lambda row: [row[-1] // below % size for below, size in self.places])  # stable: g is last
        return rows[self.offset :][: self.limit]


def _values(column: Any) -> list[Any]:
    """As the engine gives them, for which there is one zero."""
    values: list[Any] = column.to_pylist()
    return [value + 0.0 for value in values] if pa.types.is_floating(column.type) and not column.null_count else values


@lru_cache(maxsize=256)
def picked(sql: str, tables: tuple[str, ...]) -> Picked | None:
    """What a statement picks; None for one that does anything else.

    >>> picked('SELECT s0."k0" AS c0, s0."a0" AS c1, s0.g AS h0 FROM released0 AS s0 ORDER BY s0.g, c0', ("released0",))
    Picked(columns=('k0', 'a0'), places=(), limit=None, offset=0)
    """
    found = _STATEMENT.fullmatch(sql)
    if found is None or tables != _ONLY:
        return None
    items = _COLUMN.findall(found[1])
    if [int(place) for _, place in items] != list(range(len(items))):
        return None
    places = tuple((int(below), int(size)) for below, size in _PLACE.findall(found[2]))
    if any(below == 0 for below, _ in places):
        return None
    limit = None if found[3] is None else int(found[3])
    return Picked(tuple(name for name, _ in items), places, limit, int(found[4] or 0))
