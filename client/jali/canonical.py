"""Canonical JSON bytes (RFC 8785), written here so that the client depends on none of the room's code.

The tricky part is numbers: RFC 8785, section 3.2.2.3 asks for ECMAScript's shortest form, which Python's repr
finds the digits of but lays out differently.
"""

import hashlib
import json
import math
from decimal import Decimal
from typing import Any

_LARGEST_EXACT = 2**53 - 1


def canonical_bytes(value: Any) -> bytes:
    """The canonical UTF-8 bytes of a JSON value. Raises ValueError for what I-JSON can't hold.

    >>> canonical_bytes({"b": 1e21, "a": [0.000001, 1e-7, -0.0, "é"]})
    b'{"a":[0.000001,1e-7,0,"\\xc3\\xa9"],"b":1e+21}'
    """
    return _text(value).encode("utf-8")


def digest(value: Any) -> str:
    """SHA-256 over the canonical bytes, as lower-case hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text(item) for item in value) + "]"
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        # Section 3.2.3 sorts names by UTF-16 code units, which differs from Python's order beyond U+FFFF.
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(name)}:{_text(value[name])}" for name in names) + "}"
    raise ValueError(f"JSON can't hold a {type(value).__name__}")


def _integer(value: int) -> str:
    if abs(value) > _LARGEST_EXACT:
        raise ValueError("an integer beyond 2^53 - 1 has no canonical form")
    return str(value)


def _number(value: float) -> str:
    """ECMAScript's Number::toString (ECMA-262, 6.1.6.1.20): `digits` with the decimal point after `point` of them."""
    if not math.isfinite(value):
        raise ValueError("JSON can't hold NaN or infinity")
    if value == 0:
        return "0"
    _, found, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    digits = "".join(map(str, found))
    return ("-" if value < 0 else "") + _laid_out(digits, len(digits) + int(exponent))


def _laid_out(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
