"""Equal treatment as statistics (Art. 19): what became of the applications that an account may see."""

from typing import Any

from sqlalchemy.orm import Session

from enclave_api.front import Front
from enclave_api.services import applications, matters
from enclave_api.services.accounts import Account
from enclave_api.store.matter_models import ApplicationRow
from policies.treatment import Treated, treatment

Json = dict[str, Any]


def statistics(front: Front, account: Account) -> list[Json]:
    """The figures of each dataset and organization: a provider's own datasets, all for those who supervise."""
    with front.store.reading() as session:
        rows = matters.visible(session, ApplicationRow, account)
        return [vars(figures) for figures in treatment(_treated(front, session, row) for row in rows)]


def _treated(front: Front, session: Session, row: ApplicationRow) -> Treated:
    deadline = applications.deadline(session, front, row)
    return Treated(
        dataset=row.dataset,
        organization=str(row.applicant),
        state=row.state,
        returns=sum(step.act == "return" for step in row.steps),
        accepted_at=row.accepted_at,
        decided_at=row.decided_at,
        is_late=deadline is not None and bool(deadline["is_overdue"]),
    )
