"""What was asked under an agreement, for the researcher's own page and `room.invocations()`."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave.store.models import Invocation, Job
from privacy.loss import Loss

MOST_SHOWN = 1000


def invocations(session: Session, agreement: str) -> list[dict[str, Any]]:
    """The newest invocations under an agreement, newest first; values are never part of it."""
    rows = session.execute(
        select(Invocation, Job)
        .join(Job, Invocation.job == Job.id)
        .where(Invocation.agreement == agreement)
        .order_by(Invocation.submitted_at.desc())
        .limit(MOST_SHOWN)
    )
    return [_line(invocation, job) for invocation, job in rows]


def _line(invocation: Invocation, job: Job) -> dict[str, Any]:
    return {
        "id": invocation.id,
        "account": invocation.account,
        "submitted_at": invocation.submitted_at.isoformat(),
        "sql": invocation.sql,
        "plan": job.plan_digest,
        "outcome": job.state,
        "charged": invocation.is_charged,
        "loss": Loss.from_json(job.loss).to_json() if invocation.is_charged else None,
        "log_index": invocation.log_index,
    }
