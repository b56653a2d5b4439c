"""Groups of rows in plain Python: settled ones by the places of their keys, those of private keys as rows come."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import product
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
    """The groups of an aggregation that are settled: by their keys' places, first key slowest, or those shown."""

    def __init__(self, aggregation: Aggregation) -> None:
        self._keys = aggregation.keys
        every = product(*(range(len(key.domain or ())) for key in aggregation.keys))
        shown = every if aggregation.shown is None else aggregation.shown
        self._codes = {places: code for code, places in enumerate(shown)}
        self.count = len(self._codes)

    def of(self, row: Row) -> int | None:
        """The row's group; None if it is in none."""
        places = [_place(known(evaluate(key.expression, row)), key.domain or ()) for key in self._keys]
        return None if None in places else self._codes.get(tuple(place for place in places if place is not None))


class MetGroups:
    """The groups that rows have, in the order in which they are met."""

    def __init__(self, aggregation: Aggregation, by_unit: Mapping[Any, Sequence[Row]]) -> None:
        self._aggregation = aggregation
        met = (_places(aggregation, row) for rows in by_unit.values() for row in rows)
        self.keys = [places for places in dict.fromkeys(met) if places is not None]
        self._codes = {places: code for code, places in enumerate(self.keys)}
        self.count = len(self.keys)

    def of(self, row: Row) -> int | None:
        """The row's group; None if it is in none."""
        places = _places(self._aggregation, row)
        return None if places is None else self._codes[places]


def groups_found(aggregation: Aggregation, by_unit: Mapping[Any, Sequence[Row]]) -> FoundGroups:
    """What selection is asked about: the groups that rows have, in the order in which they are met."""
    groups = MetGroups(aggregation, by_unit)
    members = [sorted({code for row in rows if (code := groups.of(row)) is not None}) for rows in by_unit.values()]
    firsts = np.cumsum([0, *map(len, members)], dtype=np.int64)
    flat = np.array([group for mine in members for group in mine], np.int32)
    return FoundGroups(groups.keys, UnitSets(groups.count, flat, firsts))


def _places(aggregation: Aggregation, row: Row) -> tuple[Any, ...] | None:
    """The values of private keys and the places of public ones; None if a value is in no domain."""
    places: list[Any] = []
    for key in aggregation.keys:
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
