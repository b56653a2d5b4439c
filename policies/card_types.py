"""The plain types that cards are made of, and how a card's parts tell their faults (Art. 9).

A text, a number or a bound is what its form says: no boolean passes for a number, no number for a day.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)

Place = tuple[str | int, ...]
Fault = tuple[Place, str]


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _bound(value: Any) -> Any:
    """A number or a day, decided by its form alone: a number must never be read as a day."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return _NUMBER.validate_python(value)
    except ValidationError:
        raise ValueError("must be a number, or a day as YYYY-MM-DD") from None


def _values(value: Any) -> Any:
    """Texts or integers. YAML reads a bare NO or ON as a boolean, so that a country's code gets lost unquoted."""
    listed = isinstance(value, list | tuple) and value
    if not listed or not (all_of(value, str) or all_of(value, int)):
        raise ValueError("must list texts (in quotes where YAML would read NO or 1 otherwise), or integers")
    return tuple(value)


def all_of(values: Any, kind: type) -> bool:
    """Whether each value is of exactly this type: a boolean is no integer."""
    return all(type(value) is kind for value in values)


PartyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
# One line: what becomes a term of an agreement or a heading can't forge a second line of it.
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
# 36 digits bound the work that exact fractions make; 1e999999999 would fill the memory.
Number = Annotated[Decimal, BeforeValidator(_no_boolean), Field(allow_inf_nan=False, max_digits=36, decimal_places=18)]
_NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)
Count = Annotated[int, Field(strict=True, gt=0)]
Bound = Annotated[Decimal | date, Field(union_mode="left_to_right"), BeforeValidator(_bound)]
Domain = Annotated[tuple[str, ...] | tuple[int, ...], BeforeValidator(_values)]
ColumnType = Literal["text", "integer", "number", "boolean", "date", "timestamp"]


class Frozen(BaseModel):
    """Frozen and without unknown fields. `faults` are contradictions between fields; construction raises on any.

    Within `read_card` they are collected instead, so that a card's author sees all of them at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def faults(self) -> Iterator[Fault]:
        """Every contradiction, with its place from here."""
        yield from ()

    @model_validator(mode="after")
    def _without_faults(self, info: ValidationInfo) -> Self:
        faults = [] if info.context == "collect" else list(self.faults())
        if faults:
            raise ValueError("; ".join(message for _, message in faults))
        return self
