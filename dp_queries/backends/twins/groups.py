"""Groups of rows in plain Python: of public keys by their places in the domains, of private ones as rows come."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from struct import pack
from typing import Any

import numpy as np

from dp_queries.backends.base import FoundGroups
from dp_queries.backends.evaluate import Row, Steps, double, evaluate, known
from dp_queries.plan import Aggregation
from privacy.distinct import text_number
from privacy.unit_sets import UnitSets

_EPOCH = datetime.fromisoformat("1970-01-01")


class Groups:
    """The groups of an aggregation: of public keys by their places, first key slowest; of private ones as rows come."""

    def __init__(self, aggregation: Aggregation, by_unit: Mapping[Any, Sequence[Row]]) -> None:
        self._keys = aggregation.keys
        self._is_private = aggregation.selection is not None
        self._codes: dict[tuple[Any, ...], int] = {}
        if self._is_private:
            for rows in by_unit.values():
                for row in rows:
                    self._discover(row)
        self.count = len(self._codes) if self._is_private else aggregation.groups

    def of(self, row: Row) -> int | None:
        """The row's group; None if a value is in no domain."""
        if self._is_private:
            places = self._places(row)
            return None if places is None else self._codes[places]
        group = 0
        for key in self._keys:
            place = _place(known(evaluate(key.expression, row)), key.domain or ())
            if place is None:
                return None
            group = group * len(key.domain or ()) + place
        return group

    def found(self, by_unit: Mapping[Any, Sequence[Row]]) -> FoundGroups | None:
        """What selection is asked about; None where all groups are public."""
        if not self._is_private:
            return None
        members = [sorted({group for row in rows if (group := self.of(row)) is not None}) for rows in by_unit.values()]
        firsts = np.cumsum([0, *map(len, members)], dtype=np.int64)
        flat = np.array([group for mine in members for group in mine], np.int32)
        return FoundGroups(list(self._codes), UnitSets(self.count, flat, firsts))

    def _discover(self, row: Row) -> None:
        places = self._places(row)
        if places is not None:
            self._codes.setdefault(places, len(self._codes))

    def _places(self, row: Row) -> tuple[Any, ...] | None:
        """The values of private keys and the places of public ones; None if a value is in no domain."""
        places: list[Any] = []
        for key in self._keys:
            value = known(evaluate(key.expression, row))
            place = _place(value, key.domain) if key.domain is not None else None
            if key.domain is not None and place is None:
                return None
            places.append(_kept(value) if key.domain is None else place)
        return tuple(places)


def _place(value: Any, domain: Sequence[Any]) -> int | None:
    """The place of a value in a domain; doubles are compared as doubles."""
    if isinstance(value, float):
        domain = [None if member is None else float(member) for member in domain]
    logical = value.exact if isinstance(value, Steps) else value
    return domain.index(logical) if logical in domain else None


def _kept(value: Any) -> int | str | None:
    """A private key's value as backends keep it."""
    return value if value is None or isinstance(value, str) else value_number(value)


def value_number(value: Any) -> int:
    """A whole number that is made of the value alone, the same for equal values."""
    match value:
        case Steps(count, _):
            return count
        case str():
            return text_number(value)
        case bool():
            return int(value)
        case datetime():
            return (value - _EPOCH) // timedelta(microseconds=1)
        case date():
            return (value - date(1970, 1, 1)).days
    return int.from_bytes(pack("<d", double(value) + 0.0), "little", signed=True)
