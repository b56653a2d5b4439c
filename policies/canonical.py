"""Canonical bytes of a JSON value and their digest (RFC 8785, JSON Canonicalization Scheme).

Only here do we turn values into bytes that are signed or hashed. Numbers that matter are integers or strings,
so that no float formatting can make two digests of one value.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785


def canonical_bytes(value: Any) -> bytes:
    """The canonical UTF-8 bytes of a JSON value. Raises rfc8785.CanonicalizationError for what JSON can't hold.

    >>> canonical_bytes({"b": 1, "a": "é"})
    b'{"a":"\\xc3\\xa9","b":1}'
    """
    return rfc8785.dumps(value)


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical bytes, as lower-case hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
