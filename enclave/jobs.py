"""Rows of jobs, and of the invocations that asked for them, read and written by statements that are made once.

A job is a charged plan (`enclave.ledger` makes it) and goes from *charged* to *answered*,
*stopped* or *withheld*, never back.
Every function works inside the caller's transaction; which one that is, and when it commits, is `invocations`' story.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from enclave.store.base import run
from enclave.store.models import Invocation, Job

_JOBS, _INVOCATIONS = Job.table(), Invocation.table()
_ADD: Final = insert(_INVOCATIONS)
_ASKED: Final = (
    select(
        _INVOCATIONS.c.id,
        _INVOCATIONS.c.job,
        _INVOCATIONS.c.is_charged,
        _INVOCATIONS.c.log_index,
        _JOBS.c.agreement,
        _JOBS.c.plan_digest,
        _JOBS.c.loss,
        _JOBS.c.state,
        _JOBS.c.answer,
        _JOBS.c.intent_index,
        _JOBS.c.outcome_index,
    )
    .join(_JOBS, _INVOCATIONS.c.job == _JOBS.c.id)
    .where(_INVOCATIONS.c.id == bindparam("wanted"))
)
_SAME: Final = select(_INVOCATIONS.c.id, _INVOCATIONS.c.job, _INVOCATIONS.c.request_digest).where(
    _INVOCATIONS.c.agreement == bindparam("under"),
    _INVOCATIONS.c.account == bindparam("of"),
    _INVOCATIONS.c.idempotency_key == bindparam("key"),
)
_SINCE: Final = select(func.count()).where(
    _INVOCATIONS.c.agreement == bindparam("under"), _INVOCATIONS.c.submitted_at >= bindparam("midnight")
)
_DONE: Final = (
    update(_JOBS)
    .where(_JOBS.c.id == bindparam("wanted"), _JOBS.c.state == "charged")
    .values(state=bindparam("outcome"), answer=bindparam("told"), outcome_index=bindparam("position"))
)
_TOLD: Final = (
    update(_INVOCATIONS).where(_INVOCATIONS.c.id == bindparam("wanted")).values(log_index=bindparam("position"))
)


@dataclass(frozen=True)
class Asked:
    """An invocation and the state of its job, as they stood in the transaction in which they were read."""

    id: str
    job: str
    is_charged: bool
    log_index: int | None
    agreement: str
    plan_digest: str
    loss: dict[str, Any]
    state: str
    answer: dict[str, Any] | None
    intent_index: int
    outcome_index: int | None


def add(session: Session, **invocation: Any) -> None:
    """Enter a granted request, which no leaf answers yet."""
    run(session, _ADD, invocation | {"log_index": None})


def asked(session: Session, invocation: str) -> Asked:
    """An invocation with its job."""
    return Asked(*run(session, _ASKED, {"wanted": invocation}).one())


def same_key(session: Session, *, agreement: str, account: str, key: str) -> tuple[str, str, str] | None:
    """The invocation that has this idempotency key already: its id, its job, the digest of its request."""
    row = run(session, _SAME, {"under": agreement, "of": account, "key": key}).one_or_none()
    return row and (row[0], row[1], row[2])


def count_since(session: Session, agreement: str, midnight: datetime) -> int:
    """How many requests under an agreement were granted from then on."""
    count: int = run(session, _SINCE, {"under": agreement, "midnight": midnight}).scalar_one()
    return count


def close(session: Session, job: str, *, state: str, answer: dict[str, Any] | None, outcome_index: int) -> None:
    """End a charged job with its outcome. Raises ValueError when it has one: the first is what was told."""
    given = {"wanted": job, "outcome": state, "told": answer, "position": outcome_index}
    if run(session, _DONE, given).rowcount != 1:
        raise ValueError("only a charged job can be closed")


def note_leaf(session: Session, invocation: str, log_index: int) -> None:
    """Note which leaf says what an invocation was answered with."""
    run(session, _TOLD, {"wanted": invocation, "position": log_index})
