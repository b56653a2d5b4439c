"""Casts in plain Python."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

from dp_queries.backends.twins.values import Steps, double, exact, finite, made_whole, rounded, strict

_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_nearest = made_whole(rounded)


def _to_integer(value: Any) -> Steps | None:
    if isinstance(value, bool):
        return Steps(int(value))
    if not isinstance(value, str):
        return _nearest(value)
    return Steps(int(value.strip(" "))) if _INTEGER.fullmatch(value.strip(" ")) else None


def _to_number(value: Any) -> float | None:
    if not isinstance(value, str):
        return finite(double(value))
    return float(value.strip(" ")) if _NUMBER.fullmatch(value.strip(" ")) else None


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(exact(value))


def _parse_date(text: str) -> date | None:
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    return None


CASTS: dict[str, Callable[..., Any]] = {
    "to_integer": strict(_to_integer),
    "to_number": strict(_to_number),
    "to_text": strict(_to_text),
    "parse_date": strict(_parse_date),
}
