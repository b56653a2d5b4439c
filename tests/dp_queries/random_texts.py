"""Random expressions as SQL text, by a grammar of types: every operator and function, of rows and of released values.

A template's holes name what stands there: {i} an integer, {n} any number, {t} a text, {b} a boolean, {d} a date, {s} a
timestamp, {m} either; {same} what the template gives, {any} anything. Capitals are constants: {I} {N} {T} {B} {D} {S},
{P} a pattern, {L} a length, {U} a unit of time.
"""

import re
from collections.abc import Mapping, Sequence
from random import Random

HOLE = re.compile(r"\{(\w+)\}")
KINDS = ("integer", "number", "text", "boolean", "date", "timestamp")
_HOLES = {"i": ("integer",), "t": ("text",), "b": ("boolean",), "d": ("date",), "s": ("timestamp",)}
_HOLES |= {"n": ("integer", "number", "number"), "m": ("date", "timestamp"), "any": KINDS}
CONSTANTS: Mapping[str, Sequence[str]] = {
    "I": ("0", "1", "2", "3", "-1", "7", "40"),
    "N": ("0", "1", "2.5", "-3", "0.01", "1e3", "100", ".5"),
    "T": ("'a'", "'b'", "''", "'é_'", "'a '", "'A%'", "'12'", "'2025-01-02'", "'ab'", "' x'"),
    "B": ("TRUE", "FALSE"),
    "D": ("DATE '2025-01-02'", "DATE '2025-01-01'", "CAST('2024-02-29' AS DATE)"),
    "S": ("TIMESTAMP '2025-01-01 07:00:00'", "TIMESTAMP '2025-01-02'", "CAST('2025-01-02 23:59:59' AS TIMESTAMP)"),
    "P": ("'a%'", "'%_'", "'é%'", "''", "'A\\%'", "'_'", "'%%'"),
    "L": ("1", "2", "5", "9"),
    "U": ("year", "quarter", "month", "week", "day"),
    "C": ("hour", "minute"),
    "E": ("second", "minute", "hour", "day", "week", "month", "quarter", "year", "days", "hours"),
    "F": ("YEAR", "MONTH", "DAY", "DOW", "ISODOW", "DOY", "QUARTER", "WEEK"),
    "G": ("HOUR", "MINUTE", "SECOND", "EPOCH"),
    "cmp": ("=", "<>", "!=", "<", "<=", ">", ">="),
    "not": ("", "NOT "),
}
_OF_KIND = {"integer": "I", "number": "N", "text": "T", "boolean": "B", "date": "D", "timestamp": "S"}

_ANY_KIND = (
    "CASE WHEN {b} THEN {same} ELSE {same} END",
    "CASE WHEN {b} THEN {same} WHEN {b} THEN {same} END",
    "CASE {i} WHEN {I} THEN {same} WHEN {I} THEN {same} ELSE {same} END",
    "COALESCE({same}, {same})",
    "NULLIF({same}, {same})",
    "GREATEST({same}, {same})",
    "LEAST({same}, {same})",
    "({same})",
)
_CONDITIONS = (
    "({b} AND {b})",
    "({b} OR {b})",
    "NOT {b}",
    "{n} {cmp} {n}",
    "{t} {cmp} {t}",
    "{d} {cmp} {d}",
    "{s} {cmp} {s}",
    "{d} {cmp} '2025-01-02'",
    "{s} {cmp} '2025-01-01 07:00:00'",
    "{b} = {b}",
    "{n} {not}IN ({N}, {N})",
    "{t} {not}IN ({T}, {T}, {T})",
    "{i} IN ({i}, {I})",
    "{d} IN ({D}, {D})",
    "{n} {not}BETWEEN {N} AND {n}",
    "{d} BETWEEN {D} AND {d}",
    "{any} IS NULL",
    "{any} IS NOT NULL",
    "({b}) IS TRUE",
    "({b}) IS NOT FALSE",
    "({n} IS NOT DISTINCT FROM {n})",
    "({t} IS DISTINCT FROM {t})",
    "{t} LIKE {P}",
    "{t} NOT LIKE {P}",
    "{t} ILIKE {P}",
    "STARTS_WITH({t}, 'a')",
    "ENDS_WITH({t}, 'b')",
    "CONTAINS({t}, 'a')",
)
_INTEGERS = (
    "({i} + {i})",
    "({i} - {i})",
    "({i} * {i})",
    "(- {i})",
    "ABS({i})",
    "SIGN({n})",
    "FLOOR({n})",
    "CEIL({n})",
    "TRUNC({n})",
    "ROUND({n})",
    "MOD({i}, {i})",
    "({i} % {I})",
    "WIDTH_BUCKET({n}, 0, 40, 4)",
    "CAST({n} AS INTEGER)",
    "CAST({b} AS INTEGER)",
    "{t}::BIGINT",
    "LENGTH({t})",
    "CHAR_LENGTH({t})",
    "POSITION('a' IN {t})",
    "STRPOS({t}, 'b')",
    "EXTRACT({F} FROM {m})",
    "EXTRACT({G} FROM {s})",
    "YEAR({m})",
    "QUARTER({m})",
    "MONTH({m})",
    "WEEK({m})",
    "WEEKOFYEAR({m})",
    "DAY({m})",
    "DAYOFMONTH({m})",
    "DAYOFWEEK({m})",
    "ISODOW({m})",
    "DAYOFYEAR({m})",
    "HOUR({s})",
    "MINUTE({s})",
    "SECOND({s})",
    "DATE_PART('month', {m})",
    "({d} - {d})",
)
_NUMBERS = (
    "({n} + {n})",
    "({n} - {n})",
    "({n} * {n})",
    "({n} / {n})",
    "(- {n})",
    "ABS({n})",
    "SQRT({n})",
    "LN({n})",
    "LOG({n})",
    "LOG(10, {n})",
    "EXP({n})",
    "POWER({n}, {N})",
    "{n} ^ 2",
    "ROUND({n}, 2)",
    "CAST({n} AS DOUBLE PRECISION)",
    "TRY_CAST({t} AS DOUBLE PRECISION)",
    "IF({b}, {n}, {n})",
)
_TEXTS = (
    "LOWER({t})",
    "UPPER({t})",
    "TRIM({t})",
    "LTRIM({t})",
    "TRIM(TRAILING FROM {t})",
    "SUBSTRING({t}, {L}, {L})",
    "SUBSTRING({t} FROM {L})",
    "LEFT({t}, {L})",
    "RIGHT({t}, {L})",
    "({t} || {t})",
    "CONCAT({t}, {t})",
    "REPLACE({t}, 'a', 'xy')",
    "SPLIT_PART({t}, ' ', {L})",
    "CAST({i} AS TEXT)",
    "CAST({b} AS VARCHAR)",
    "{d}::TEXT",
)
_DATES = (
    "CAST({s} AS DATE)",
    "DATE({m})",
    "CAST(DATE_TRUNC('{U}', {d}) AS DATE)",
    "CAST({d} + INTERVAL '{L} months' AS DATE)",
    "({d} + {L})",
    "({d} - 3)",
    "CAST({t} AS DATE)",
    "TO_DATE({t}, 'YYYY-MM-DD')",
)
_TIMESTAMPS = (
    "DATE_TRUNC('{U}', {s})",
    "DATE_TRUNC('{C}', {s})",
    "({s} + INTERVAL '{L} {E}')",
    "({s} - INTERVAL '{L}' {E})",
    "CAST({d} AS TIMESTAMP)",
    "DATE_ADD({s}, INTERVAL '1 day')",
    "DATE_SUB({s}, INTERVAL '2' hour)",
)
ON_ROWS: Mapping[str, Sequence[str]] = {
    "boolean": (*_CONDITIONS, *_ANY_KIND, "CAST({i} AS BOOLEAN)"),
    "integer": (
        *_INTEGERS,
        *_ANY_KIND,
        "DATE_DIFF('{U}', {m}, {m})",
        "DATE_DIFF('{C}', {s}, {s})",
        "EXTRACT(EPOCH FROM ({s} - {s}))",
    ),
    "number": (*_NUMBERS, *_ANY_KIND),
    "text": (*_TEXTS, *_ANY_KIND),
    "date": (*_DATES, *_ANY_KIND),
    "timestamp": (*_TIMESTAMPS, *_ANY_KIND),
}
_ANGLES = tuple(
    f"{name}({{n}})"
    for name in ("CBRT", "SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "DEGREES", "RADIANS")
)  # fmt: skip
ON_RELEASED: Mapping[str, Sequence[str]] = {
    **ON_ROWS,
    "boolean": (*_CONDITIONS, *_ANY_KIND),
    "integer": (*_INTEGERS, *_ANY_KIND, "EXTRACT({G} FROM {s})"),
    "number": (*_NUMBERS, *_ANY_KIND, *_ANGLES, "ATAN2({n}, {n})", "PI()", "TRUNC({n}, 2)", "LOG({n}, {n})"),
    "text": (*_TEXTS, *_ANY_KIND, "REVERSE({t})", "TRIM(BOTH 'a' FROM {t})"),
}


class Texts:
    """Grows expressions over columns: name -> type. `templates`: what may be grown, by type."""

    def __init__(self, random: Random, templates: Mapping[str, Sequence[str]], columns: Mapping[str, str]) -> None:
        self.random = random
        self.templates = templates
        self.columns = columns

    def grow(self, kind: str, depth: int) -> str:
        """An expression of this type."""
        if depth <= 0 or self.random.random() < 0.15:
            return self.leaf(kind)
        return self.fill(self.random.choice(self.templates[kind]), kind, depth - 1)

    def fill(self, template: str, kind: str = "", depth: int = 0) -> str:
        """A template that gives this type, with something in each hole."""
        return HOLE.sub(lambda hole: self._filled(hole.group(1), kind, depth), template)

    def _filled(self, hole: str, kind: str, depth: int) -> str:
        if hole in CONSTANTS:
            return self.random.choice(CONSTANTS[hole])
        return self.grow(kind if hole == "same" else self.random.choice(_HOLES[hole]), depth)

    def leaf(self, kind: str) -> str:
        """A column of this type, or a constant; integers are numbers too."""
        kinds = ("integer", "number") if kind == "number" else (kind,)
        among = [name for name, held in self.columns.items() if held in kinds]
        if among and self.random.random() < 0.85:
            return self.random.choice(among)
        return self.random.choice(CONSTANTS[_OF_KIND[kind]])

    def anything(self, depth: int) -> tuple[str, str]:
        """An expression of some type that there are columns of, and the type."""
        kind = self.random.choice(sorted(set(self.columns.values())))
        return self.grow(kind, depth), kind
