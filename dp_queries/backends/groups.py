"""Group codes: the engine streams each key as a plain integer, and here its place in the domain is looked up.

The code of a row is the mixed-radix number of its keys' places, first key slowest. Done outside SQL because guards in
SQL cost more than all the rest of a query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from dp_queries.backends.shown_groups import ShownGroups
from dp_queries.backends.terms import Term, as_text, without_nan
from dp_queries.plan import Key
from privacy.columns import Bitmap, joined, places, without_nulls
from privacy.contributions import NO_GROUP

_WIDEST_TABLE = 10**6
_TAKEN = (np.uint8, np.int32, np.int64)  # what kernels take; others are made wide
_EPOCH = date(1970, 1, 1)  # Arrow's day 0
_EPOCH_MOMENT = datetime.fromisoformat("1970-01-01")

Int32s = NDArray[np.int32]


class KeyColumn(Protocol):
    """A key with public groups, as the engine gives it."""

    @property
    def sql(self) -> str:
        """The column in the engine's SELECT."""
        ...

    @property
    def domain_size(self) -> int:
        """How many groups the key has."""
        ...

    def places_of(self, column: Any) -> Int32s:
        """The place of each row's value; NO_GROUP where it is in no group."""
        ...


@dataclass(frozen=True)
class TextKey:
    """A text, looked up once for each different one of a batch."""

    sql: str
    places: Mapping[str, int]
    null_place: int
    domain_size: int

    def places_of(self, column: Any) -> Int32s:
        """The place of each row's value; NO_GROUP where it is in no group."""
        encoded = column.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        found = np.array([self.null_place, *(self.places.get(text, NO_GROUP) for text in texts)], np.int32)
        at: NDArray[np.intp] = encoded.indices.fill_null(-1).to_numpy() + 1
        return np.take(found, at)


@dataclass(frozen=True)
class SearchedKey:
    """Numbers far apart, in ascending order with the place of each; anything else is in no group."""

    sql: str
    numbers: tuple[int, ...] | tuple[float, ...]
    places: tuple[int, ...]
    null_place: int
    domain_size: int

    def places_of(self, column: Any) -> Int32s:
        """The place of each row's value; NO_GROUP where it is in no group."""
        known, places = self._table
        if pyarrow.types.is_date32(column.type):
            column = column.view(pyarrow.int32())
        if not known.size:
            found = np.full(len(column), NO_GROUP, np.int32)
        else:
            values = column.fill_null(0).to_numpy().astype(known.dtype, copy=False)
            at = np.minimum(np.searchsorted(known, values), known.size - 1)
            found = np.where(known[at] == values, places[at], np.int32(NO_GROUP))
        if column.null_count:
            found = np.where(column.is_null().to_numpy(zero_copy_only=False), np.int32(self.null_place), found)
        return found

    @cached_property
    def _table(self) -> tuple[NDArray[Any], Int32s]:
        is_whole = all(isinstance(number, int) for number in self.numbers)
        return np.array(self.numbers, np.int64 if is_whole else np.float64), np.array(self.places, np.int32)


@dataclass(frozen=True)
class NumberedKey:
    """A key that is an integer or a date; `places[value - first]` its place or NO_GROUP."""

    sql: str
    first: int
    places: tuple[int, ...]
    null_place: int
    domain_size: int

    def places_of(self, column: Any) -> Int32s:
        """The place of each row's value; NO_GROUP where it is in no group."""
        values, bitmap = buffers(column.view(pyarrow.int32()) if pyarrow.types.is_date32(column.type) else column)
        narrow = values if values.dtype in _TAKEN else values.astype(np.int64)
        found = places(narrow, self.first, self._table, is_run=self._is_run)
        return found if bitmap is None else without_nulls(found, bitmap, np.int32(self.null_place))

    @cached_property
    def _is_run(self) -> bool:
        return self.places == tuple(range(len(self.places)))

    @cached_property
    def _table(self) -> Int32s:
        return np.array(self.places, np.int32)


def group_codes(keys: Sequence[KeyColumn], columns: Sequence[Any], shown: ShownGroups | None = None) -> Int32s | None:
    """The code of each row; NO_GROUP where a key has no place. None without keys."""
    if not keys:
        return None
    if shown is not None:
        return shown.codes([key.places_of(column) for key, column in zip(keys, columns, strict=True)])
    found = [key.places_of(column) for key, column in zip(keys, columns, strict=True)]
    return combined(found, [key.domain_size for key in keys])


def combined(columns: Sequence[Int32s], sizes: Sequence[int]) -> Int32s:
    """The code of each row from its place per key; NO_GROUP where a key has no place."""
    codes = columns[0]
    for more, size in zip(columns[1:], sizes[1:], strict=True):
        codes = joined(codes, more, size)
    return codes


def buffers(column: Any) -> tuple[NDArray[Any], Bitmap | None]:
    """The numbers of an Arrow column, what lies under NULL too, and the bitmap that tells which are there."""
    if not (pyarrow.types.is_integer(column.type) or pyarrow.types.is_floating(column.type)):
        column = column.cast(pyarrow.int64())
    if not column.null_count:
        return column.to_numpy(), None
    if column.offset:
        column = pyarrow.concat_arrays([column, column[:0]])  # starts anew, so that its bits do
    bitmap, values = column.buffers()
    kind = column.type.to_pandas_dtype()
    return np.frombuffer(values, kind, len(column)), np.frombuffer(bitmap, np.uint8)


def key_column(key: Key, term: Term) -> KeyColumn:
    """How a key is streamed. Raises ValueError for what can't be a key."""
    known = {value: place for place, value in enumerate(key.domain or ()) if value is not None}
    null_place = key.domain.index(None) if key.domain and None in key.domain else NO_GROUP
    size = len(key.domain or ())
    if term.kind == "text":
        return TextKey(as_text(term), {str(text): place for text, place in known.items()}, null_place, size)
    sql, numbers = _numbered(term, known)
    if term.kind not in ("double", "number"):
        numbers = {
            number: place for number, place in numbers.items() if -(2**63) <= number < 2**63
        }  # no row has others
    first, last = min(numbers, default=0), max(numbers, default=-1)
    if term.kind in ("double", "number") or last - first >= _WIDEST_TABLE:
        ordered = sorted(numbers)
        return SearchedKey(sql, tuple(ordered), tuple(numbers[number] for number in ordered), null_place, size)
    places = [NO_GROUP] * (int(last - first) + 1)
    for number, place in numbers.items():
        places[int(number - first)] = place
    return NumberedKey(sql, int(first), tuple(places), null_place, size)


def _numbered(term: Term, known: Mapping[Any, int]) -> tuple[str, dict[Any, int]]:
    """SQL of an integer, a date or a double, and which place each of its values has."""
    match term.kind:
        case "enum":
            codes = {member: code for code, member in enumerate(term.domain)}
            return f"enum_code({term.sql})", {codes[text]: place for text, place in known.items() if text in codes}
        case "steps":
            steps = {Fraction(value) / term.granularity: place for value, place in known.items()}
            return term.sql, {int(step): place for step, place in steps.items() if step.denominator == 1}
        case "date":
            return term.sql, {(day - _EPOCH).days: place for day, place in known.items()}
        case "timestamp":
            return f"epoch_us({term.sql})", {_microseconds(moment): place for moment, place in known.items()}
        case "boolean":
            return f"CAST({term.sql} AS INTEGER)", {int(value): place for value, place in known.items()}
        case "double" | "number":
            return without_nan(term), {float(value): place for value, place in known.items()}
        case "null":
            return "CAST(NULL AS INTEGER)", {}
        case _:
            raise ValueError(f"{term.kind} can't be a group key")


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH_MOMENT) // timedelta(microseconds=1)


def private_key(term: Term) -> str:
    """A private key as the engine gives it: a text, an integer, a boolean, a date or a timestamp.

    Raises ValueError for doubles, which are no names of groups.
    """
    if term.kind in ("double", "number"):
        raise ValueError("a double can't be a group key")
    return (
        as_text(term) if term.kind in ("enum", "text") else "CAST(NULL AS INTEGER)" if term.kind == "null" else term.sql
    )
