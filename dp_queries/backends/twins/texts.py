"""Texts in plain Python, counted in code points."""

from collections.abc import Callable
from typing import Any

from dp_queries.backends.texts import lowered, uppered
from dp_queries.backends.twins.values import Steps, strict


def _substring(text: str, start: Any, length: Any = len) -> str:
    begin = int(start) - 1
    return text[begin:] if length is len else text[begin : begin + int(length)]


def _right(text: str, count: Any) -> str:
    return text[max(0, len(text) - int(count)) :]


def _split_part(text: str, delimiter: str, number: Any) -> str:
    parts = text.split(delimiter)
    return parts[int(number) - 1] if number <= len(parts) else ""


TEXTS: dict[str, Callable[..., Any]] = {
    "lower": strict(lowered),
    "upper": strict(uppered),
    "length": strict(lambda text: Steps(len(text))),
    "trim": strict(lambda text: text.strip(" ")),
    "ltrim": strict(lambda text: text.lstrip(" ")),
    "rtrim": strict(lambda text: text.rstrip(" ")),
    "substring": strict(_substring),
    "left": strict(lambda text, count: text[: int(count)]),
    "right": strict(_right),
    "concat": strict(lambda *texts: "".join(texts)),
    "replace": strict(lambda text, old, new: text.replace(old, new)),
    "position": strict(lambda text, needle: Steps(text.find(needle) + 1)),
    "starts_with": strict(lambda text, prefix: text.startswith(prefix)),
    "split_part": strict(_split_part),
}
