"""Private group keys: Arrow columns -> dense group codes, discovered as rows come, and back to the values of the keys.

Nothing here is public: neither which keys there are, nor how many, nor in which order they were met. Partition
selection (`privacy.selection`) decides what may be shown of it, and what is shown is ordered by value.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types

from privacy.contributions import NO_GROUP
from privacy.group_codes import MOST_GROUPS, Column, Flags, GroupCodes, Int32s, Int64s

_NUMBERS = (pyarrow.types.is_integer, pyarrow.types.is_boolean, pyarrow.types.is_timestamp, pyarrow.types.is_null)

KeyValue = int | str | None  # a text as it is, dates as days and timestamps as units since 1970, the rest as integers


class PrivateKeys:
    """Codes of groups by one key or several, fed with batches of Arrow columns, a column a key.

    >>> one = PrivateKeys(1, np.random.default_rng())
    >>> one.codes([pyarrow.array(["b", None, "a", "b"])]).tolist(), one.keys()
    ([0, 1, 2, 0], [('b',), (None,), ('a',)])
    """

    def __init__(self, keys: int, generator: np.random.Generator, most: int = MOST_GROUPS) -> None:
        self._groups = GroupCodes(keys, generator, most)
        self._texts = [_Texts() for _ in range(keys)]

    def __len__(self) -> int:
        """How many groups were met."""
        return len(self._groups)

    def codes(self, columns: Sequence[Any]) -> Int32s:
        """The group of each row. Raises TooManyGroups; ValueError for a column that can't be a key."""
        return self._groups.codes([_integers(*each) for each in zip(columns, self._texts, strict=True)])

    def keys(self) -> list[tuple[KeyValue, ...]]:
        """The values of all groups' keys by code."""
        columns = zip(self._texts, self._groups.columns(), strict=True)
        return list(zip(*(texts.named(values, nulls) for texts, (values, nulls) in columns), strict=True))

    def merge(self, other: "PrivateKeys") -> Int32s:
        """Take in the groups of another; the code here of each of its codes."""
        pairs = zip(self._texts, other._texts, other._groups.columns(), strict=True)
        return self._groups.codes([(mine.met(theirs, values), nulls) for mine, theirs, (values, nulls) in pairs])

    def shown(self, found: Sequence[int]) -> tuple[list[tuple[KeyValue, ...]], Int32s]:
        """The keys of the groups that were found, ordered by value, NULL last; and the place there of every code.

        The order of codes would tell in which order rows lie (ATTACKS 9). What was not found has the place NO_GROUP.
        """
        keys = self.keys()
        ordered = sorted(found, key=lambda code: [(value is None, value) for value in keys[code]])
        places = np.full(len(keys), NO_GROUP, np.int32)
        places[ordered] = np.arange(len(ordered), dtype=np.int32)
        return [keys[code] for code in ordered], places


class _Texts:
    """Numbers of texts, per text by Python's own hash, which is seeded against chosen collisions."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []

    def numbers(self, texts: Sequence[str | None]) -> Int64s:
        """The number of each text; 0 for NULL, which the column's flags tell apart."""
        for text in texts:
            if text is not None and text not in self._numbers:
                self._numbers[text] = len(self._texts)
                self._texts.append(text)
        return np.array([0 if text is None else self._numbers[text] for text in texts], np.int64)

    def named(self, numbers: Int64s, nulls: Flags) -> list[KeyValue]:
        """Texts of numbers, or the numbers themselves if there were no texts."""
        values = zip(numbers.tolist(), nulls.tolist(), strict=True)
        return [None if is_null else self._texts[value] if self._texts else value for value, is_null in values]

    def met(self, other: "_Texts", values: Int64s) -> Int64s:
        """Values of another column, whose texts get numbers here."""
        return self.numbers(other._texts)[values] if other._texts else values


def _integers(column: Any, texts: _Texts) -> Column:
    nulls = _nulls(column)
    kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        column = column.dictionary_encode()
    if pyarrow.types.is_dictionary(column.type):
        # A text is looked up once a batch and distinct value; rows are mapped by index.
        if column.dictionary.null_count:
            raise ValueError("NULL is no member of a dictionary")
        numbers = texts.numbers(column.dictionary.to_pylist())
        return (
            numbers[column.indices.fill_null(0).to_numpy()] if numbers.size else np.zeros(len(column), np.int64)
        ), nulls
    if pyarrow.types.is_date32(kind):
        column = column.view(pyarrow.int32())
    elif not any(is_kind(kind) for is_kind in _NUMBERS) or pyarrow.types.is_uint64(kind):
        raise ValueError(f"{kind} can't be a group key")
    column = column.cast(pyarrow.int64())  # no copy where they are such already
    return (column if nulls is None else column.fill_null(0)).to_numpy(), nulls


def _nulls(column: Any) -> Flags | None:
    if not column.null_count:
        return None
    flags: Flags = column.is_null().to_numpy(zero_copy_only=False)
    return flags
