"""What awaits an account: every matter in which it is this role's turn, with its deadline, the most urgent first."""

from datetime import datetime, timedelta
from typing import Any, Final

from enclave_api.front import Front
from enclave_api.services import applications, matters
from enclave_api.services.accounts import Account
from enclave_api.store.matter_models import ApplicationRow, MatterRow, ReportRow
from policies.working_days import SHANGHAI

Json = dict[str, Any]
_MAY_BUT_NEED_NOT: Final = frozenset({"withdraw"})
"""What somebody can do at any time, and nobody waits for."""
_NO_DEADLINE: Final = "9999-12-31"


def open_tasks(front: Front, account: Account) -> list[Json]:
    """The matters that wait for the account, those with the nearest deadline first, then the oldest."""
    with front.store.reading() as session:
        found = []
        for row in matters.visible(session, MatterRow, account):
            if isinstance(row, ReportRow) and account.role == "researcher":
                continue  # the room says which reports are to be filed
            acts = [act for act in matters.open_acts(row, account) if act not in _MAY_BUT_NEED_NOT]
            if acts:
                deadline = applications.deadline(session, front, row) if isinstance(row, ApplicationRow) else None
                found.append(_told(row, acts, deadline))
    found += [_awaited(report) for report in _reports(front, account)]
    found += [_nearly_spent(budget) for budget in _budgets(front, account)]
    return sorted(found, key=lambda task: ((task["deadline"] or {}).get("day", _NO_DEADLINE), task["since"]))


def _reports(front: Front, account: Account) -> list[Json]:
    """The reports that the account's organization has to file, and has not yet."""
    if account.role != "researcher":
        return []
    awaited = front.link.awaited_reports(account.organization)
    return [report for report in awaited if report["standing"] in ("due", "overdue")]


def _budgets(front: Front, account: Account) -> list[Json]:
    """The agreements of the account's side that are nearly spent: more is an amendment that both sign (Art. 20)."""
    if account.role == "researcher":
        return front.link.nearly_spent(account.organization)
    if account.role == "data-provider":
        return [budget for budget in front.link.nearly_spent() if budget["provider"] == account.organization]
    return []


def _nearly_spent(budget: Json) -> Json:
    return {
        "matter": "budget",
        "id": budget["agreement"],
        "dataset": budget["dataset"],
        "state": f"epsilon {budget['spent']} of {budget['epsilon']} is spent",
        "acts": ["amend"],
        "since": "",
        "deadline": None,
    }


def _awaited(report: Json) -> Json:
    return {
        "matter": "report",
        "id": f"{report['agreement']}/reports/{report['number']}",
        "dataset": report["dataset"],
        "state": report["standing"],
        "acts": ["file"],
        "since": report["due_at"],
        "deadline": {
            "day": _last_day(report["overdue_at"]),
            "is_provisional": False,
            "is_overdue": report["standing"] == "overdue",
        },
    }


def _last_day(overdue_at: str) -> str:
    """The last whole day in Shanghai on which a report is still in time."""
    return (datetime.fromisoformat(overdue_at).astimezone(SHANGHAI) - timedelta(days=1)).date().isoformat()


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
