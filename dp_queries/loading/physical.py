"""From a source's column to the column that is stored: the SQL of reading, clamping, quantizing, coding.

Numbers with bounds are stored as integer steps of their granularity, so that every sum is an integer sum; texts with a
domain as ENUMs in the domain's order.
"""

from dataclasses import dataclass
from fractions import Fraction

from dp_queries.loading.encrypted import literal
from policies.catalogue import Column
from policies.columns import EntryColumn

_INTEGERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
_FLOATS = ("FLOAT", "DOUBLE")
_NUMBERS = (*_INTEGERS, *_FLOATS, "DECIMAL")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")
_TEXTS = ("VARCHAR", "ENUM")

# Card type -> the DuckDB types of a source that may hold it.
READABLE: dict[str, tuple[str, ...]] = {
    "text": (*_TEXTS, *_INTEGERS),
    "integer": (*_NUMBERS, *_TEXTS),
    "number": (*_NUMBERS, *_TEXTS),
    "boolean": ("BOOLEAN", *_TEXTS),
    "date": (*_TIMES, *_TEXTS),
    "timestamp": (*_TIMES, *_TEXTS),
}
_LOGICAL = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


@dataclass(frozen=True)
class Reading:
    """SQL over a row: `value`, total, of the card's type or NULL; `unreadable`, true where a value got lost."""

    value: str
    unreadable: str


def is_readable(column: EntryColumn, source_type: str) -> bool:
    """Whether a source column of this DuckDB type can hold the card's column."""
    return source_type.split("(")[0] in READABLE[column.type]


def reading(column: EntryColumn, raw: str, source_type: str) -> Reading:
    """How the card's column is read from the source's column `raw`. NaN and infinities are NULLs."""
    family = source_type.split("(")[0]
    if family in _FLOATS:
        raw = f"(CASE WHEN isfinite({raw}) THEN {raw} END)"
    if family == _LOGICAL[column.type] and family not in _TIMES:
        return Reading(raw, "false")
    cast = f"TRY_CAST({raw} AS {_LOGICAL[column.type]})"
    value = cast if column.type in ("text", "integer", "boolean") else f"(CASE WHEN isfinite({cast}) THEN {cast} END)"
    lost = f"{cast} IS NULL"
    if column.type == "integer" and family not in _INTEGERS:
        # A cast rounds 1.5 to 2 and reads 0x10; the detour by DOUBLE finds both.
        lost += f" OR CAST({cast} AS DOUBLE) IS DISTINCT FROM TRY_CAST({raw} AS DOUBLE)"
    elif column.type == "date" and family != "DATE":
        # A cast would cut the time of day off silently.
        lost += f" OR CAST({cast} AS TIMESTAMP) IS DISTINCT FROM TRY_CAST({raw} AS TIMESTAMP)"
    return Reading(value, f"({raw} IS NOT NULL AND ({lost}))")


def stored(column: Column, value: str, domain: tuple[str, ...] | None) -> str:
    """The SQL of what is written for the logical `value`; `domain` is what a text's ENUM lists, if it gets one."""
    if column.type == "text" and domain is not None:
        return f"CAST({value} AS ENUM ({', '.join(map(literal, domain))}))"
    clamping = column.clamping()
    if clamping is None:
        return value
    lower, upper = clamping.lower_steps, clamping.upper_steps
    width = "INTEGER" if max(abs(lower), abs(upper)) < 2**31 else "BIGINT"
    # CASE and not least/greatest, which skip NULLs in DuckDB and would turn a NULL into a bound.
    clamped = (
        f"CASE WHEN {value} < {_number(clamping.lower)} THEN {_number(clamping.lower)} "
        f"WHEN {value} > {_number(clamping.upper)} THEN {_number(clamping.upper)} ELSE {value} END"
    )
    if column.type == "integer" and clamping.granularity == 1:
        return f"CAST({clamped} AS {width})"
    # The inner rounding takes binary noise off decimal ties: 0.285 in steps of 0.01 is 28.5 steps, and goes to 29.
    return f"CAST(round(round(CAST({clamped} AS DOUBLE) / {_number(clamping.granularity)}, 6)) AS {width})"


def beyond_bounds(column: Column, value: str) -> str:
    """SQL that is true where the value lies outside the card's bounds (and will be clamped, if it is a number)."""
    if column.bounds is None:
        return "false"
    if (clamping := column.clamping()) is not None:
        return f"({value} < {_number(clamping.lower)} OR {value} > {_number(clamping.upper)})"
    lower, upper = column.bounds
    return f"(CAST({value} AS DATE) < DATE '{lower}' OR CAST({value} AS DATE) > DATE '{upper}')"


def too_long(column: Column, value: str) -> str:
    """SQL that is true where a text has more characters than the card allows."""
    if column.type != "text" or column.domain is not None:
        return "false"
    return f"length({value}) > {column.longest}"


def outside_domain(column: Column, value: str) -> str:
    """SQL that is true where the value is none of the declared domain."""
    if column.domain is None:
        return "false"
    members = ", ".join(literal(member) if isinstance(member, str) else str(member) for member in column.domain)
    return f"{value} NOT IN ({members})"


def _number(value: Fraction) -> str:
    """An exact integer, or the nearest double with its shortest spelling."""
    return str(value.numerator) if value.denominator == 1 else f"CAST('{float(value)!r}' AS DOUBLE)"
