"""Pieces of SQL with their types, written anew from checked nodes; and how a piece is used twice without being copied.

Nothing of the query's text passes: constants are written here, quotes doubled, so no name, comment or string can carry
syntax.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from dp_queries.algebra.expressions import Value
from dp_queries.algebra.types import type_of_value

# Texts that functions make are cut here: else REPLACE in REPLACE doubles a text with every bracket.
MOST_CHARACTERS: Final = 1_000
_FIELD: Final = re.compile(r"\bv\.([a-f])\b")


@dataclass(frozen=True)
class Fragment:
    """SQL text with its type; `is_noisy` when it depends on an aggregate, `value` for constants."""

    sql: str
    type: str
    is_noisy: bool = False
    is_constant: bool = False
    value: Value = None


def constant(value: Value) -> Fragment:
    """A constant as SQL; numbers are doubles."""
    return Fragment(_literal(value), type_of_value(value), is_constant=True, value=value)


def combined(sql: str, kind: str, *parts: Fragment) -> Fragment:
    """A fragment made of others; noisy if one of them is."""
    return Fragment(sql, kind, is_noisy=any(part.is_noisy for part in parts))


def double(fragment: Fragment) -> str:
    """A number as a double: all arithmetic is in doubles, so that no width can be exceeded."""
    return f"CAST({fragment.sql} AS DOUBLE)"


def let(body: str, *values: str) -> str:
    """SQL in which `v.a`, `v.b`, ... of the body stand for the values, each written once.

    The engine copies what stands twice in NULLIF or CASE, so that n of them in each other grow like 2^n (ATTACKS 22).
    It is told `v['a']`, because in HAVING it takes v.a for a column that is no group key.

    >>> let("CASE WHEN v.a > 0 THEN LN(v.a) END", "x")
    "list_transform([{'a': x}], LAMBDA v: CASE WHEN v['a'] > 0 THEN LN(v['a']) END)[1]"
    """
    fields = ", ".join(f"'{name}': {value}" for name, value in zip("abcdef", values, strict=False))
    body = _FIELD.sub(r"v['\1']", body)
    return f"list_transform([{{{fields}}}], LAMBDA v: {body})[1]"


def typed(fragment: Fragment) -> Fragment:
    """The fragment as a column: NULL alone has no type, it becomes a text."""
    if fragment.type != "null":
        return fragment
    return Fragment(f"CAST({fragment.sql} AS VARCHAR)", "text", fragment.is_noisy, fragment.is_constant, fragment.value)


def joined(parts: Sequence[Fragment]) -> str:
    """The parts as a list."""
    return ", ".join(part.sql for part in parts)


def _literal(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    if isinstance(value, int | Decimal):
        text = repr(float(value))
        return f"({text})" if "e" in text else f"({text}e0)"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"
