"""A request's JSON body as a typed value: every fault at once, numbers exact, no name twice.

Pure: bytes in, values out. The models are the API's own description of what it takes, too.
"""

import json
from decimal import Decimal
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policies.card_types import Identifier, Line
from policies.cases import Right
from policies.errors import Reason, RequestRejected
from policies.work_orders import MOST_REASON, Kind

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reasoned = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_REASON)]
Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=10_000)]
MOST_DIGITS = 40


class Body(BaseModel):
    """A body of known fields only."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WorkOrderBody(Body):
    """A change of the open list: its kind, the dataset, the reason, the proposed card, a supporting document."""

    kind: Kind
    dataset: Identifier
    reason: Reasoned
    card: dict[str, Any] | None = Field(default=None, description="the dataset's whole card, as docs/cards.md has it")
    document: Digest | None = Field(default=None, description="digest of an uploaded supporting document")


class ResubmissionBody(Body):
    """A returned work order, mended."""

    reason: Reasoned
    card: dict[str, Any] | None = None
    document: Digest | None = None


class DecisionBody(Body):
    """An act on a matter, with its reason where one is asked for."""

    act: Line
    reason: Reasoned = ""


class ReportBody(Body):
    """A report that opening a dataset infringes somebody's rights; anybody may send it, without an account."""

    dataset: Identifier
    right: Right
    statement: Told = Field(description="what is infringed, and how")
    evidence: Told = Field(description="what shows it")
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class CaseActBody(Body):
    """An act on a case; some carry a signed order to the room, and those that end it tell the reporter."""

    act: Line
    reason: Reasoned = ""
    feedback: Reasoned = Field(default="", description="what the reporter reads")
    order: dict[str, Any] | None = Field(default=None, description="a signed order, as docs/api.md has it")


class CaseCodeBody(Body):
    """A reporter's code."""

    code: Annotated[str, StringConstraints(max_length=100)]


class OrderBody(Body):
    """A signed order for the room."""

    document: dict[str, Any]


B = TypeVar("B", bound=Body)


def read_body(kind: type[B], raw: bytes) -> B:
    """The body as its type. Raises RequestRejected with every fault."""
    try:
        return kind.model_validate(read_json(raw))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        reasons = (
            Reason("wrong-value", str(fault["msg"]), ".".join(map(str, fault["loc"]))[:100] or None) for fault in faults
        )
        raise RequestRejected("the request's body has faults", tuple(reasons)) from None


def read_json(raw: bytes) -> Any:
    """JSON with exact numbers: whole ones as int, others as Decimal. Raises RequestRejected."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_int=_whole,
            parse_float=_decimal,
            parse_constant=_no_number,
            object_pairs_hook=_without_repetition,
        )
        # Half a surrogate pair is text that can't be written again: not into the store, not into the log.
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except (ValueError, ArithmeticError, RecursionError):
        reason = Reason("not-json", "the body must be JSON in UTF-8, without repeated names, with finite numbers")
        raise RequestRejected("the request's body can't be read", (reason,)) from None
    return value


def _whole(text: str) -> int:
    return int(_short(text))


def _decimal(text: str) -> Decimal:
    return Decimal(_short(text))


def _short(text: str) -> str:
    # A number of a million digits takes minutes to read.
    if len(text) > MOST_DIGITS:
        raise ValueError("the number has too many digits")
    return text


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two members with one name parsers keep different ones; then the one who checks and the one who acts disagree.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found
