"""What is wrong with a card, in words for whoever wrote it: by name of table and column, every fault at once.

Pure functions over what a YAML reader gave and what pydantic said; no value of the card's text is repeated.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from policies.errors import Reason

# Where a required field is wrong, this stands in for it while the rest of the card is checked.
_STAND_INS: dict[str, Any] = {
    "name": "stand_in",
    "type": "text",
    "title": "-",
    "description": "-",
    "provider": "stand-in",
    "licence": "-",
    "citation": "-",
    "key_fields": ["stand_in.stand_in"],
    "time_range": {"start": "2000-01-01"},
    "geographic_range": "-",
    "formats": ["csv"],
    "update_frequency": "static",
    "relations": [],
    "openness": "conditional",
    "unit": {"noun": "-", "population": "stand_in", "at_most": 1},
    "budget": {"epsilon": 1, "delta": "0.0001", "query_delta": "0.000001"},
    "source": {"csv": "-"},
    "rows_at_most": 1,
    "rows_per_unit_at_most": 1,
    "rows_norm": 1,
}
_HELD_AGAINST = frozenset({"name", "type", "unit_column", "level", "grounds"})
# What a field of the dataset is held against, beside itself.
_CAUSES: dict[tuple[str | int, ...], tuple[tuple[str | int, ...], ...]] = {
    ("openness",): (("requirements",),),
    ("conditions",): (("openness",), ("requirements",)),
    ("materials",): (("openness",), ("conditions",)),
}
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of a card",
    "model_type": "must be a mapping of fields",
    "model_attributes_type": "must be a mapping of fields",
    "tuple_type": "must be a list",
    "string_pattern_mismatch": "must be a plain name: letters (small ones in a card's own names), digits and _",
    "too_short": "must have at least one entry",
    "string_too_short": "must not be empty",
}


def field_reasons(error: ValidationError, document: Any) -> list[Reason]:
    """pydantic's findings as reasons, places named by table and column."""
    faults = error.errors(include_url=False, include_input=False)
    return [
        Reason("card-field", _words(fault), place(fault["loc"], document) or None)
        for fault in faults
        if not _is_echo(fault, faults)
    ]


def _is_echo(fault: Mapping[str, Any], faults: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a list is only found too short because its faulty entries aren't counted."""
    loc = fault["loc"]
    return fault["type"] == "too_short" and any(
        other["loc"][: len(loc)] == loc and len(other["loc"]) > len(loc) for other in faults
    )


def place(loc: Iterable[str | int], document: Any) -> str:
    """A place in the card as dots, list entries by their name where they have one.

    >>> place(("tables", 0, "columns"), {"tables": [{"name": "trips"}]})
    'tables.trips.columns'
    """
    parts, here = [], document
    for step in loc:
        here = _inside(here, step)
        name = here.get("name") if isinstance(here, Mapping) and isinstance(step, int) else None
        parts.append(name if isinstance(name, str) and name.isidentifier() else str(step))
    return ".".join(parts)


def without_faulty_fields(error: ValidationError, document: Any) -> Any:
    """A copy in which every field that pydantic found fault with is left out, or replaced where it is required."""
    copy = deepcopy(document)
    for fault in error.errors(include_url=False, include_input=False):
        parent, key = _field(copy, fault["loc"])
        if isinstance(parent, dict):
            parent.pop(key, None)
            if key in _STAND_INS:
                parent[key] = deepcopy(_STAND_INS[key])
    return copy


def is_caused(place: tuple[str | int, ...], faulty: Iterable[tuple[str | int, ...]]) -> bool:
    """Whether a contradiction at a place may come from one of the faulty fields alone.

    A column's or a table's come from any of its own fields, the dataset's from the field itself; names, types and
    levels are what everything else is held against.
    """
    faults, here = list(faulty), owner(place)
    if any(set(fault) & _HELD_AGAINST and owner(fault)[: len(here)] == here for fault in faults):
        return True
    if here:
        return any(owner(fault) == here for fault in faults)
    return any(fault[:1] == place[:1] or fault[:1] in _CAUSES.get(place[:1], ()) for fault in faults)


def owner(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The column, table or (empty) dataset to which a place belongs."""
    depth = 0
    while depth + 1 < len(loc) and loc[depth] in ("tables", "columns") and isinstance(loc[depth + 1], int):
        depth += 2
    return loc[:depth]


def _field(document: Any, loc: tuple[str | int, ...]) -> tuple[Any, Any]:
    """The column, table or dataset that holds the place, and the name of its field."""
    depth = len(owner(loc))
    here = document
    for step in loc[:depth]:
        here = _inside(here, step)
    return here, loc[depth] if depth < len(loc) else None


def _inside(here: Any, step: str | int) -> Any:
    try:
        return here[step]
    except (KeyError, IndexError, TypeError):
        return None


def _words(fault: Mapping[str, Any]) -> str:
    said = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return _WORDS.get(fault["type"], said)
