"""What awaits an account: every matter in which it is this role's turn, with its deadline, the most urgent first."""

from typing import Any, Final

from enclave_api.front import Front
from enclave_api.services import applications, matters
from enclave_api.services.accounts import Account
from enclave_api.store.matter_models import ApplicationRow, MatterRow

Json = dict[str, Any]
_MAY_BUT_NEED_NOT: Final = frozenset({"withdraw"})
_NO_DEADLINE: Final = "9999-12-31"


def open_tasks(front: Front, account: Account) -> list[Json]:
    """The matters that wait for the account, those with the nearest deadline first, then the oldest."""
    with front.store.reading() as session:
        found = []
        for row in matters.visible(session, MatterRow, account):
            acts = [act for act in matters.open_acts(row, account) if act not in _MAY_BUT_NEED_NOT]
            if acts:
                deadline = applications.deadline(session, front, row) if isinstance(row, ApplicationRow) else None
                found.append(_told(row, acts, deadline))
    return sorted(found, key=lambda task: ((task["deadline"] or {}).get("day", _NO_DEADLINE), task["since"]))


def _told(row: MatterRow, acts: list[str], deadline: Json | None) -> Json:
    return {
        "matter": row.matter,
        "id": row.id,
        "dataset": row.dataset,
        "state": row.state,
        "acts": acts,
        "since": row.steps[-1].done_at.isoformat(timespec="seconds"),
        "deadline": deadline,
    }
