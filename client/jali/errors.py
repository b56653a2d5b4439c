"""What can go wrong, as the caller sees it.

    JaliError
    |-- QueryRejected       the SQL can't be answered; each reason has a code and a place in the SQL
    |-- Refused             the agreement, a hold or a term forbids it; each reason names the term
    |-- BudgetExceeded      the charge does not fit: .needed, .remaining
    |-- Withheld            the room's engine failed; the one fixed outcome, charged
    |-- NotAuthenticated    no token, or one that is unknown, revoked or expired
    |-- NotFound            no such thing, or not for you
    |-- Conflict            the idempotency key was used for another request
    |-- WrongState          a matter is in another state: decided already, or not yet
    |-- ApplicationIncomplete  an application lacks something; everything that does is a reason
    |-- AgreementRejected   an agreement, or a signature under it, can't be taken
    |-- RequestRejected     a field of the request is wrong (epsilon of NaN, a missing field)
    |-- Unavailable         the room or the front does not answer now
    `-- VerificationError   a proof does not hold: .flaw says which

The server's side of this table is RFC 9457 problem JSON with a `kind`, `reasons` and `log_index`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, ClassVar


@dataclass(frozen=True)
class Reason:
    """One reason: a stable `code`, a sentence, and where it applies (a place in the SQL, a field, a term)."""

    code: str
    message: str
    where: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        places = (f"line {self.line}" if self.line else "", f"column {self.column}" if self.column else "")
        place = ", ".join(part for part in (self.where or "", *places) if part)
        return f"{self.message} ({place}) [{self.code}]" if place else f"{self.message} [{self.code}]"


class JaliError(Exception):
    """Root of every error; `reasons` in full, `log_position` of a logged refusal, `facts` as the server sent them."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, reasons: tuple[Reason, ...] = (), **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.reasons = reasons
        self.facts = facts

    @property
    def log_position(self) -> int | None:
        """Index of this refusal's entry in the invocation log; None if it was not logged."""
        index = self.facts.get("log_index")
        return index if type(index) is int else None

    def __str__(self) -> str:
        lines = [self.message, *(f"  - {reason}" for reason in self.reasons)]
        if self.log_position is not None:
            lines.append(f"  (log entry {self.log_position})")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The error as the command line prints it with --json."""
        reasons = [{key: value for key, value in vars(r).items() if value is not None} for r in self.reasons]
        facts = {name: getattr(fact, "document", fact) for name, fact in self.facts.items()}  # a pilot is an answer
        return {"kind": self.kind, "message": self.message, "reasons": reasons, **facts}


class QueryRejected(JaliError):
    """The SQL can't be answered; every reason has a stable code, a message and a place in the SQL."""

    kind = "query-rejected"


class Refused(JaliError):
    """The agreement, a hold or a term forbids it; `reasons` lists every term that does."""

    kind = "refused"


class BudgetExceeded(JaliError):
    """The charge does not fit what is left."""

    kind = "budget-exceeded"

    @property
    def needed(self) -> Decimal | None:
        """Epsilon that the query would cost."""
        return _decimal(self.facts.get("needed"))

    @property
    def remaining(self) -> Decimal | None:
        """Epsilon that is left."""
        return _decimal(self.facts.get("remaining"))

    def __str__(self) -> str:
        if self.needed is None or self.remaining is None:
            return super().__str__()
        return f"{super().__str__()}\n  needed: epsilon {self.needed}; remaining: epsilon {self.remaining}"


class Withheld(JaliError):
    """The room's engine failed; the charge stays, nothing about the reason is told."""

    kind = "withheld"


class NotAuthenticated(JaliError):
    """No token, or one that is unknown, revoked or expired."""

    kind = "not-authenticated"


class NotFound(JaliError):
    """No such thing, or not for this caller; the two read alike on purpose."""

    kind = "not-found"


class Conflict(JaliError):
    """The idempotency key was used before for another request."""

    kind = "conflict"


class WrongState(JaliError):
    """A matter is in another state: decided already, or not yet."""

    kind = "wrong-state"


class ApplicationIncomplete(JaliError):
    """An application is not accepted; `reasons` lists everything that is missing."""

    kind = "application-incomplete"


class AgreementRejected(JaliError):
    """An agreement, or a signature under it, can't be taken."""

    kind = "agreement-rejected"


class RequestRejected(JaliError):
    """A field of the request is wrong; found here before sending where that is possible."""

    kind = "request-rejected"


class Unavailable(JaliError):
    """The room or the front does not answer now, also not after trying again."""

    kind = "unavailable"


class Flaw(StrEnum):
    """What exactly does not hold."""

    RECEIPT_MALFORMED = "receipt-malformed"
    ANSWER_DIFFERS = "answer-differs"
    OTHER_AGREEMENT = "other-agreement"
    OTHER_DATASET = "other-dataset"
    OTHER_PLAN = "other-plan"
    OTHER_QUESTION = "other-question"
    NOT_AN_ANSWER = "not-an-answer"
    NOT_IN_LOG = "not-in-log"
    CHECKPOINT_MALFORMED = "checkpoint-malformed"
    OTHER_LOG = "other-log"
    CHECKPOINT_SIGNATURE = "checkpoint-signature"
    ROLLED_BACK = "rolled-back"
    SPLIT_VIEW = "split-view"
    AGREEMENT_MALFORMED = "agreement-malformed"
    AGREEMENT_SIGNATURE = "agreement-signature"
    AGREEMENT_CHANGED = "agreement-changed"


class VerificationError(JaliError):
    """A proof does not hold. Do not use the answer; keep it and tell the data provider or the regulator."""

    kind = "verification-failed"

    def __init__(self, flaw: Flaw, message: str) -> None:
        super().__init__(message, flaw=str(flaw))
        self.flaw = flaw

    def __str__(self) -> str:
        return f"{self.message} [{self.flaw}]"


_BY_KIND: dict[str, type[JaliError]] = {
    error.kind: error
    for error in (
        QueryRejected, Refused, BudgetExceeded, Withheld, NotAuthenticated, NotFound, Conflict, WrongState,
        ApplicationIncomplete, AgreementRejected, RequestRejected, Unavailable,
    )
}  # fmt: skip
# Only for answers that carry no kind of ours, such as those of a proxy in between.
_BY_STATUS: dict[int, type[JaliError]] = {
    400: RequestRejected, 401: NotAuthenticated, 403: Refused, 404: NotFound, 405: RequestRejected, 409: Conflict,
    413: RequestRejected, 415: RequestRejected, 422: RequestRejected,
    429: Unavailable, 502: Unavailable, 503: Unavailable, 504: Unavailable,
}  # fmt: skip
_OWN_NAMES = {"message", "reasons", "self"}


def from_problem(status: int, body: Any) -> JaliError:
    """The error that a problem document (RFC 9457) stands for."""
    problem: Mapping[str, Any] = body if isinstance(body, dict) else {}
    error = _BY_KIND.get(str(problem.get("kind"))) or _BY_STATUS.get(status, JaliError)
    words = (problem.get(word) for word in ("detail", "message", "title"))
    message = next(
        (word for word in words if isinstance(word, str) and word), f"the server answered with HTTP {status}"
    )
    listed = problem.get("reasons")
    reasons = tuple(_reason(entry) for entry in listed if isinstance(entry, dict)) if isinstance(listed, list) else ()
    return error(message, reasons, **_facts(problem))


def _facts(problem: Mapping[str, Any]) -> dict[str, Any]:
    nested = problem.get("facts")
    facts = {name: nested[name] for name in nested if name not in _OWN_NAMES} if isinstance(nested, dict) else {}
    return facts | {name: problem[name] for name in ("log_index", "instance") if name in problem}


def _reason(entry: Mapping[str, Any]) -> Reason:
    number = {name: entry[name] for name in ("line", "column") if type(entry.get(name)) is int}
    where = entry.get("where")
    return Reason(
        str(entry.get("code", "")), str(entry.get("message", "")), None if where is None else str(where), **number
    )


def _decimal(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
