"""Group codes: the engine streams each key as a plain integer, and here its place in the domain is looked up.

The code of a row is the mixed-radix number of its keys' places, first key slowest. Done outside SQL because guards in
SQL cost more than all the rest of a query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from dp_queries.backends.terms import Term, as_text, constant_term
from dp_queries.plan import Key
from privacy.bounding import NO_GROUP

_WIDEST_TABLE = 10**6
_EPOCH = date(1970, 1, 1)  # Arrow's day 0

Int32s = NDArray[np.int32]


@dataclass(frozen=True)
class KeyColumn:
    """A key as the engine gives it: `sql` is an integer or a date; `places[value - first]` its place or NO_GROUP."""

    sql: str
    first: int
    places: tuple[int, ...]
    null_place: int
    domain_size: int

    def places_of(self, column: Any) -> Int32s:
        """The place of each row's value; NO_GROUP where it is in no group."""
        if pyarrow.types.is_date32(column.type):
            column = column.view(pyarrow.int32())
        nulls = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        values = (column.fill_null(0) if column.null_count else column).to_numpy()
        found = self._looked_up(values)
        return found if nulls is None else np.where(nulls, np.int32(self.null_place), found)

    def _looked_up(self, values: NDArray[Any]) -> Int32s:
        # Shifted in unsigned arithmetic that wraps: what lies below the first place gets above the last one.
        is_narrow = values.dtype.itemsize <= 4 and -(2**31) <= self.first < 2**31
        signed, unsigned = (np.int32, np.uint32) if is_narrow else (np.int64, np.uint64)
        shifted: NDArray[Any] = values.astype(signed, copy=False).view(unsigned)
        if self.first:
            shifted = shifted - unsigned(self.first % 2 ** (32 if is_narrow else 64))
        if not shifted.size or int(shifted.max()) < len(self.places):  # one pass; what follows takes several
            return self._placed(shifted)
        known = shifted < len(self.places)
        return np.where(known, self._placed(np.where(known, shifted, 0)), np.int32(NO_GROUP))

    def _placed(self, shifted: NDArray[Any]) -> Int32s:
        return shifted.astype(np.int32, copy=False) if self._is_run else self._table[shifted]

    @cached_property
    def _is_run(self) -> bool:
        return self.places == tuple(range(len(self.places)))

    @cached_property
    def _table(self) -> Int32s:
        return np.array(self.places, np.int32)


def group_codes(keys: Sequence[KeyColumn], columns: Sequence[Any]) -> Int32s | None:
    """The code of each row; NO_GROUP where a key has no place. None without keys."""
    if not keys:
        return None
    code = keys[0].places_of(columns[0])
    is_lost = _lost(code)
    for key, column in zip(keys[1:], columns[1:], strict=True):
        place = key.places_of(column)
        is_lost |= _lost(place)
        code = code * np.int32(key.domain_size) + place
    return np.where(is_lost, np.int32(NO_GROUP), code) if np.any(is_lost) else code


def _lost(places: Int32s) -> Any:
    """Which rows are in no group: an array, or False if none is, which takes one pass."""
    return places < 0 if places.size and int(places.min()) < 0 else False


def key_column(key: Key, term: Term) -> KeyColumn:
    """How a key is streamed. Raises ValueError for what can't be a key."""
    known = {value: place for place, value in enumerate(key.domain) if value is not None}
    null_place = key.domain.index(None) if None in key.domain else NO_GROUP
    sql, numbers = _numbered(term, known)
    first = min(numbers, default=0)
    count = max(numbers, default=-1) - first + 1
    places = [NO_GROUP] * count
    for number, place in numbers.items():
        places[number - first] = place
    return KeyColumn(sql, first, tuple(places), null_place, len(key.domain))


def _numbered(term: Term, known: dict[Any, int]) -> tuple[str, dict[int, int]]:
    """SQL of an integer or a date, and which place each of its values has."""
    match term.kind:
        case "enum":
            codes = {member: code for code, member in enumerate(term.domain)}
            return f"enum_code({term.sql})", {codes[text]: place for text, place in known.items() if text in codes}
        case "steps":
            steps = {Fraction(value) / term.granularity: place for value, place in known.items()}
            return _compact(term, {int(step): place for step, place in steps.items() if step.denominator == 1})
        case "date":
            return term.sql, {(day - _EPOCH).days: place for day, place in known.items()}
        case "boolean":
            return f"CAST({term.sql} AS INTEGER)", {int(value): place for value, place in known.items()}
        case "text":
            return _searched(as_text(term), [(constant_term(value).sql, place) for value, place in known.items()])
        case "null":
            return "CAST(NULL AS INTEGER)", {}
        case _:
            raise ValueError(f"{term.kind} can't be a group key")


def _compact(term: Term, numbers: dict[int, int]) -> tuple[str, dict[int, int]]:
    """Integers as they are, unless a table from the first to the last would be too wide."""
    if numbers and max(numbers) - min(numbers) >= _WIDEST_TABLE:
        return _searched(term.sql, [(str(number), place) for number, place in numbers.items()])
    return term.sql, numbers


def _searched(sql: str, members: Sequence[tuple[str, int]]) -> tuple[str, dict[int, int]]:
    """A value searched one by one: its place, NULL for NULL, and NO_GROUP for what is not in the domain."""
    if not members:
        return f"(CASE WHEN {sql} IS NOT NULL THEN {NO_GROUP} END)", {}
    cases = " ".join(f"WHEN {sql} = {member} THEN {place}" for member, place in members)
    return f"(CASE {cases} WHEN {sql} IS NOT NULL THEN {NO_GROUP} END)", {place: place for _, place in members}
