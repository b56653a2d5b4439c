"""A rendered expression: its SQL, and what is known about it, so that comparisons of numbers stay exact."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal as OneOf

from dp_queries.algebra.expressions import Value
from dp_queries.backends import guards
from dp_queries.backends.storage import Storage
from dp_queries.loading.encrypted import literal

TermKind = OneOf["null", "enum", "text", "steps", "double", "number", "boolean", "date", "timestamp"]


@dataclass(frozen=True)
class Term:
    """SQL of a value. `steps` are integers that count `granularity`; `number` is a constant, its exact `constant`.

    `is_bounded` says that no row holds an extreme value: steps lie within +-2^53, doubles are finite, dates and
    timestamps lie in the years 1 to 9999.
    """

    kind: TermKind
    sql: str
    granularity: Fraction = Fraction(1)
    domain: tuple[str, ...] = ()
    constant: Fraction | str | None = None
    is_bounded: bool = False

    @property
    def is_number(self) -> bool:
        """Whether arithmetic takes it."""
        return self.kind in ("steps", "double", "number")


def column_term(sql: str, kept: Storage) -> Term:
    """The term of a stored column."""
    match kept.kind:
        case "steps":
            return Term("steps", sql, granularity=kept.granularity, is_bounded=True)
        case "integer":
            return Term("steps", sql)
        case kind:
            return Term(kind, sql, domain=kept.domain)


def constant_term(value: Value) -> Term:
    """The term of a constant of the query; texts are quoted here and only here."""
    match value:
        case None:
            return Term("null", "NULL")
        case bool():
            return Term("boolean", "TRUE" if value else "FALSE")
        case int() | Decimal():
            return Term("number", double_literal(nearest_double(value)), constant=Fraction(value))
        case str():
            return Term("text", text_literal(value), constant=value)
        case datetime():
            return Term("timestamp", f"TIMESTAMP '{value.isoformat(sep=' ')}'", is_bounded=True)
        case date():
            return Term("date", f"DATE '{value.isoformat()}'", is_bounded=True)


def nearest_double(value: int | Decimal) -> float:
    """The nearest IEEE double, infinite where there is none."""
    return float(Decimal(value))


def double_literal(value: float) -> str:
    """A double by its shortest spelling, which reads back exactly."""
    return f"CAST('{value!r}' AS DOUBLE)"


def text_literal(text: str) -> str:
    """A text quoted for SQL. Raises ValueError for NUL, which engines cut texts at."""
    if "\0" in text:
        raise ValueError("a text may not hold the character NUL")
    return literal(text)


def as_double(term: Term) -> str:
    """A number as IEEE double: steps * numerator / denominator, in this order, where either is not 1."""
    if term.kind != "steps":
        return term.sql
    sql = f"CAST({term.sql} AS DOUBLE)"
    if term.granularity.numerator != 1:
        sql = f"({sql} * {double_literal(float(term.granularity.numerator))})"
    if term.granularity.denominator != 1:
        sql = f"({sql} / {double_literal(float(term.granularity.denominator))})"
    return sql


def without_nan(term: Term) -> str:
    """A double in which NaN is NULL."""
    return guards.without_nan(term.sql) if term.kind == "double" and not term.is_bounded else term.sql


def as_text(term: Term) -> str:
    """A text as VARCHAR."""
    return f"CAST({term.sql} AS VARCHAR)" if term.kind == "enum" else term.sql
