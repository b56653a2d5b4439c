"""Canonical bytes of a JSON value and their digest (RFC 8785, JSON Canonicalization Scheme).

Only here do we turn values into bytes that are signed or hashed. Numbers that matter are integers or strings,
so that no float formatting can make two digests of one value.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

_LARGEST_INTEGER: Final = 2**53 - 1  # RFC 8785, 3.2.2.3 (I-JSON): beyond it a number is not exact
_ALIKE: Final = frozenset({str, bool, type(None)})
_write: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode


def canonical_bytes(value: Any) -> bytes:
    """The canonical UTF-8 bytes of a JSON value. Raises rfc8785.CanonicalizationError for what JSON can't hold.

    >>> canonical_bytes({"b": 1, "a": "é"})
    b'{"a":"\\xc3\\xa9","b":1}'
    """
    try:
        # The standard library writes these very bytes 10 times as fast; whatever it may write otherwise is rare.
        return _write(_plain(value)).encode("utf-8")
    except (_Rare, UnicodeEncodeError, RecursionError):
        return rfc8785.dumps(value)


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical bytes, as lower-case hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


class _Rare(Exception):
    """Something that the standard library writes in another form than RFC 8785, or that no JSON can hold."""


def _plain(value: Any) -> Any:
    """The value in such parts as the standard library writes canonically. Raises _Rare for any other.

    Source: RFC 8785, 3.2.2.2 (texts are escaped as the library does), 3.2.2.3 (ECMAScript's numbers: without ".0",
    and positional between 1e-6 and 1e21, where Python's repr is from 1e-4 to 1e16), 3.2.3 (names in the order of
    their UTF-16 code units, which for ASCII is every order).
    """
    kind = type(value)
    if kind is float:
        if 1e-4 <= abs(value) <= _LARGEST_INTEGER:
            return int(value) if value.is_integer() else value
        if value == 0:
            return 0
    elif kind in _ALIKE or (kind is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER):
        return value
    elif kind is list or kind is tuple:
        return [_plain(part) for part in value]
    elif kind is dict and all(type(name) is str and name.isascii() for name in value):
        return {name: _plain(part) for name, part in value.items()}
    raise _Rare
