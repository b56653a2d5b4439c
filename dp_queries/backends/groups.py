"""The group code of a row as SQL: the mixed-radix number of its keys' positions, NULL where it belongs to no group."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from dp_queries.backends.render import Renderer
from dp_queries.backends.terms import Term, as_text, constant_term
from dp_queries.plan import Key

_WIDEST_LOOKUP = 10**6


def group_code(keys: Sequence[Key], renderer: Renderer) -> str | None:
    """The code of all keys, the first key slowest; None without keys."""
    code: str | None = None
    for key in keys:
        position = f"CAST({_position(key, renderer.term(key.expression))} AS INTEGER)"
        code = position if code is None else f"({code} * {len(key.domain)} + {position})"
    return code


def _position(key: Key, term: Term) -> str:
    """Where the key's value stands in the domain; NULL where it does not."""
    known = {value: place for place, value in enumerate(key.domain) if value is not None}
    code = _known(term, known) if known else "CAST(NULL AS INTEGER)"
    if None not in key.domain:
        return code
    null = key.domain.index(None)
    return f"(CASE WHEN {term.sql} IS NULL THEN {null} ELSE {code} END)"


def _known(term: Term, known: dict[Any, int]) -> str:
    match term.kind:
        case "enum":
            return _texts(term, known)
        case "steps":
            return _integers(term, known)
        case "date":
            return _dates(term, known)
        case "boolean" | "text":
            return _searched(as_text(term), [(constant_term(value).sql, place) for value, place in known.items()])
        case "null":
            return "NULL"
        case _:
            raise ValueError(f"{term.kind} can't be a group key")


def _texts(term: Term, known: dict[Any, int]) -> str:
    places = [known.get(member) for member in term.domain]
    code = f"enum_code({term.sql})"
    return code if places == list(range(len(places))) else _lookup(places, f"CAST({code} AS INTEGER)")


def _integers(term: Term, known: dict[Any, int]) -> str:
    """Integers, or steps that stand for them: by subtraction, by a table, or one by one."""
    steps = {Fraction(value) / term.granularity: place for value, place in known.items()}
    whole = {int(step): place for step, place in steps.items() if step.denominator == 1}
    if not whole:
        return "CAST(NULL AS INTEGER)"
    first, last = min(whole), max(whole)
    if last - first >= _WIDEST_LOOKUP:
        return _searched(term.sql, [(str(step), place) for step, place in whole.items()])
    places = [whole.get(step) for step in range(first, last + 1)]
    within = f"{term.sql} BETWEEN {first} AND {last}"
    shifted = term.sql if first == 0 else f"{term.sql} - {first}"
    code = shifted if _run(places) else _lookup(places, shifted)
    return f"(CASE WHEN {within} THEN {code}{_plus(places)} END)"


def _dates(term: Term, known: dict[Any, int]) -> str:
    """Days that follow each other by subtraction, others one by one."""
    days: list[tuple[date, int]] = sorted(known.items())
    places = [place for _, place in days]
    if not _run(places) or any(after - before != timedelta(1) for (before, _), (after, _) in pairwise(days)):
        return _searched(term.sql, [(constant_term(day).sql, place) for day, place in days])
    first, last = constant_term(days[0][0]).sql, constant_term(days[-1][0]).sql
    return f"(CASE WHEN {term.sql} BETWEEN {first} AND {last} THEN {term.sql} - {first}{_plus(places)} END)"


def _run(places: Sequence[int | None]) -> bool:
    return all(place is not None and place - (places[0] or 0) == at for at, place in enumerate(places))


def _plus(places: Sequence[int | None]) -> str:
    return f" + {places[0]}" if _run(places) and places[0] else ""


def _lookup(places: Sequence[int | None], index: str) -> str:
    """A constant list, read at an index known to lie inside (lists count from 1)."""
    return f"[{', '.join('NULL' if place is None else str(place) for place in places)}][{index} + 1]"


def _searched(sql: str, members: Sequence[tuple[str, int]]) -> str:
    cases = " ".join(f"WHEN {member} THEN {place}" for member, place in members)
    return f"(CASE {sql} {cases} END)"
