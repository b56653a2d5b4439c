"""Readers of a signed document's parts: each has one accepted form, and raises ValueError saying which."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

PARTY_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)


def exactly(expected: Any) -> Callable[[Any], Any]:
    """A reader of this one value."""

    def read(value: Any) -> Any:
        if value != expected:
            raise ValueError(f"must be {expected!r}")
        return value

    return read


def read_uid(value: Any, kind: str) -> str:
    """The name in a uid of an agreement or a party."""
    prefix = f"urn:jali:{kind}:"
    if (
        not isinstance(value, str)
        or not value.startswith(prefix)
        or not PARTY_NAME.fullmatch(value.removeprefix(prefix))
    ):
        raise ValueError(f"must be a uid {prefix}<name>")
    return value.removeprefix(prefix)


def read_object(value: Any, *names: str) -> Mapping[str, Any]:
    """An object with exactly these parts."""
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise ValueError(f"must be an object with exactly {', '.join(names)}")
    return value


def base64_bytes(value: Any) -> bytes:
    """Bytes from base64 in its canonical form."""
    if not isinstance(value, str):
        raise ValueError("must be base64 text")
    try:
        decoded = b64decode(value, validate=True)
    except ValueError:
        raise ValueError("must be base64 text") from None
    if b64encode(decoded).decode() != value:  # a second spelling of the same bytes
        raise ValueError("must be base64 text in its canonical form")
    return decoded
