"""The tree of what can go wrong, without status codes and without anything that depends on rows.

    JaliError
    |-- Refused            the agreement, a hold or a term forbids it
    |-- BudgetExceeded     the charge does not fit
    |-- NotAuthenticated   nobody we know asks
    |-- Withheld           an engine failed; the one fixed outcome of a breach
    |-- Unavailable        the room or a part of it does not answer
    |-- Conflict           an idempotency key was used for another request
    |-- WrongState         a matter is not in a state in which this act exists (decided already)
    |-- NotFound           no such dataset, agreement or entry, or not for this caller
    |-- CardRejected       a dataset card or a load has faults
    |-- AgreementRejected  an agreement's form or signature is wrong
    |-- WorkOrderReturned  a change of the open list can't stand
    |-- ApplicationIncomplete  an application lacks something, so it is not accepted
    |-- OrderRejected      an officer's order is not signed, not for this room, or not fresh
    |-- RequestRejected    a request's fields are wrong (epsilon of NaN, missing field)
    `-- QueryRejected      (dp_queries.errors) SQL that can't be answered

What an error says may depend on the request and on public facts, never on rows.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Reason:
    """One reason: a stable `code`, a sentence, and where it applies (a place in the SQL, a field, a term)."""

    code: str
    message: str
    where: str | None = None
    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The reason as JSON, absent parts left out."""
        return {name: value for name, value in vars(self).items() if value is not None}


class JaliError(Exception):
    """Root of every error that may be told to a caller; `kind` is its stable name across processes."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, reasons: tuple[Reason, ...] = (), **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.reasons = reasons
        self.facts = facts

    def to_json(self) -> dict[str, Any]:
        """The error as it crosses the socket: kind, message, reasons, public facts."""
        return {
            "kind": self.kind,
            "message": self.message,
            "reasons": [reason.to_json() for reason in self.reasons],
            **self.facts,
        }


class Refused(JaliError):
    """The agreement, a hold or a term forbids it; `reasons` lists every term that does."""

    kind = "refused"


class BudgetExceeded(JaliError):
    """The charge does not fit; facts: `needed` and `remaining` (epsilon), `which` budget."""

    kind = "budget-exceeded"


class NotAuthenticated(JaliError):
    """No valid token, or one that is revoked or expired."""

    kind = "not-authenticated"


class Withheld(JaliError):
    """The one fixed outcome of an engine's breach; it says nothing about why."""

    kind = "withheld"


class Unavailable(JaliError):
    """The room, or a door of it, does not answer now."""

    kind = "unavailable"


class Conflict(JaliError):
    """An idempotency key was used before for another request."""

    kind = "conflict"


class WrongState(JaliError):
    """The matter is not in a state in which this act exists: it was decided already, or not yet."""

    kind = "wrong-state"


class NotFound(JaliError):
    """No such thing, or not for this caller; the two read alike on purpose."""

    kind = "not-found"


class CardRejected(JaliError):
    """A dataset card or a load has faults; every fault is a reason."""

    kind = "card-rejected"


class AgreementRejected(JaliError):
    """An agreement's form, key or signature is wrong."""

    kind = "agreement-rejected"


class WorkOrderReturned(JaliError):
    """A work order on the open list is returned; every cause is a reason (Art. 11)."""

    kind = "work-order-returned"


class ApplicationIncomplete(JaliError):
    """An application is not accepted; everything that is missing is a reason (Art. 19)."""

    kind = "application-incomplete"


class OrderRejected(JaliError):
    """An order's form, signature, room or time is wrong."""

    kind = "order-rejected"


class RequestRejected(JaliError):
    """A request's fields are wrong; every field is a reason."""

    kind = "request-rejected"
