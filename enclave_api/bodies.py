"""A request's JSON body as a typed value: every fault at once, numbers exact, no name twice.

Pure: bytes in, values out. The models are the API's own description of what it takes, too.
"""

import json
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policies.applications import Priority
from policies.card_types import Identifier, Line
from policies.cases import Right
from policies.conditions import Declaration
from policies.errors import Reason, RequestRejected
from policies.work_orders import MOST_REASON, Kind

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reasoned = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_REASON)]
Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=10_000)]
Amount = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,30})?$")]
"""A plain decimal text such as "0.25"."""
Epsilon = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$")]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}\.([a-z][a-z0-9_]{0,62}|\*)$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
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


class WantedBody(Body):
    """What an application asks for; amounts are plain decimal texts, as in an agreement's terms."""

    doors: list[Line] = Field(max_length=3)
    columns: list[ColumnName] = Field(max_length=1000, description='as "table.column", or "table.*" for all of a table')
    aggregates: list[Line] = Field(default=[], max_length=20)
    algorithms: list[Line] | None = Field(default=None, max_length=1000)
    people: list[Name] | None = Field(default=None, max_length=1000, description="accounts; none: all researchers")
    epsilon: Epsilon
    delta: Amount
    epsilon_per_query: Epsilon
    epsilon_per_person: Epsilon | None = None
    queries_per_day: int
    months: int = Field(description="how long the agreement shall hold")


class ApplicationBody(Body):
    """An application for a conditionally open dataset (Art. 18)."""

    dataset: Identifier
    purposes: list[Line] = Field(max_length=100)
    scenario: Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)]
    wanted: WantedBody
    measures: dict[Line, Reasoned] = Field(default={}, description="each security measure and how it is met")
    declarations: list[Declaration] = []
    materials: dict[Identifier, Digest] = Field(default={}, description="each material's uploaded file, by digest")
    priority: Priority | None = None
    priority_reason: Reasoned = ""
    amends: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="uid of the agreement that shall be amended"
    )


class ApplicationActBody(Body):
    """An act on an application, with its reason, and what it brings."""

    act: Line
    reason: Reasoned = ""
    document: Digest | None = Field(default=None, description="digest of an uploaded document: an expert's opinion")
    terms: dict[str, Any] | None = Field(default=None, description="approve: narrower terms, as docs/api.md has them")


class SignatureBody(Body):
    """One party's Ed25519 signature over the canonical JSON of the drafted agreement, in base64."""

    value: Annotated[str, StringConstraints(max_length=100)]


class NarrativeBody(Body):
    """The narrative half of a utilization report; the factual half comes from the log."""

    narrative: dict[str, Any] = Field(description="as docs/api.md has it")


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


class CodeBody(Body):
    """The code that somebody got who brought something forward."""

    code: Annotated[str, StringConstraints(max_length=100)]


class PetitionBody(Body):
    """Something brought forward, by anybody, without an account: about a dataset, or about one that is missing."""

    kind: Literal["objection", "dataset-request", "misuse-report"]
    dataset: Identifier | None = Field(default=None, description="which; none where one is asked for")
    statement: Told = Field(description="what is wrong, needed or misused")
    evidence: Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)] = ""
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class SpotCheckBody(Body):
    """A supervisor's question about the use under an agreement."""

    agreement: Annotated[str, StringConstraints(max_length=200)]
    statement: Told = Field(description="what is asked of the organization")


class PetitionActBody(Body):
    """An act on something that was brought forward."""

    act: Line
    reason: Reasoned = ""
    feedback: Reasoned = Field(default="", description="what whoever asked reads")
    provider: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] | None = Field(
        default=None, description="forward: to which provider"
    )


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
