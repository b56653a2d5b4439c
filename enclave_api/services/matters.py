"""Matters as all of them are kept: found by those who may see them, taken a step on, told with their history.

Each kind has its machine (`policies.states`), which says who may do what in which state. Every step is noted for the
room's log in the same transaction; the log gets digests and states, not what people wrote.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave_api.front import Front
from enclave_api.services.accounts import Account
from enclave_api.services.acts import note
from enclave_api.store.matter_models import (
    ApplicationRow,
    CaseRow,
    DatasetRequestRow,
    MatterRow,
    MisuseReportRow,
    ObjectionRow,
    ReportRow,
    SpotCheckRow,
    StepRow,
    WorkOrderRow,
)
from policies import applications, cases, petitions, reports, work_orders
from policies.agreements import signers
from policies.errors import NotFound, Reason, Refused
from policies.states import Machine

Json = dict[str, Any]
M = TypeVar("M", bound=MatterRow)
READERS: Final = ("operator", "regulator", "security-officer")
"""Who may see every matter, because they check or supervise."""
MACHINES: Final[Mapping[str, Machine]] = {
    "application": applications.MACHINE,
    "case": cases.MACHINE,
    "report": reports.MACHINE,
    **petitions.MACHINES,
    "work-order": work_orders.MACHINE,
}
PREFIXES: Final[Mapping[type[MatterRow], str]] = {
    ApplicationRow: "app",
    CaseRow: "case",
    DatasetRequestRow: "ask",
    MisuseReportRow: "mis",
    ObjectionRow: "obj",
    SpotCheckRow: "spot",
    ReportRow: "rep",
    WorkOrderRow: "wo",
}
PUBLIC: Final = {"account": "public", "role": "public", "organization": "public", "vouched_by": "front"}
"""Somebody without an account, as the room's log names them."""


def new_id(kind: type[MatterRow]) -> str:
    """A name for a new matter."""
    return f"{PREFIXES[kind]}-{secrets.token_hex(8)}"


def find(session: Session, kind: type[M], account: Account, identifier: str) -> M:
    """A matter that the account may see. Raises NotFound, in the same words where there is none and for others."""
    row = session.get(kind, identifier)
    if row is None or not _may_see(row, account):
        raise NotFound(f"there is no such {_name(kind)}, or not for you")
    return row


def _name(kind: type[MatterRow]) -> str:
    machine = MACHINES.get(kind.__mapper_args__.get("polymorphic_identity", ""))
    return machine.matter if machine else "matter"


def visible(session: Session, kind: type[M], account: Account) -> list[M]:
    """The matters of a kind that the account may see, newest first."""
    rows = session.scalars(select(kind).order_by(kind.opened_at.desc(), kind.id))
    return [row for row in rows if _may_see(row, account)]


def _may_see(row: MatterRow, account: Account) -> bool:
    is_ours = {"data-provider": row.provider, "researcher": row.applicant}.get(account.role) == account.organization
    return is_ours or account.role in READERS


def add(
    front: Front,
    session: Session,
    row: MatterRow,
    actor: Mapping[str, Any],
    act: str,
    *,
    reason: str = "",
    content: Mapping[str, Any] | None = None,
    log_index: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note a step that is taken: in the matter's history, and with `detail` for the room's log."""
    row.steps.append(
        StepRow(
            act=act,
            account=actor["account"],
            role=actor["role"],
            reason=reason,
            content=dict(content or {}),
            log_index=log_index,
            done_at=front.now(),
        )
    )
    told = {"matter": row.id, "dataset": row.dataset, "state": row.state, **(detail or {})}
    note(session, actor=actor, act=f"{row.matter}-{act}", detail=told, now=front.now())


def take(
    front: Front,
    session: Session,
    row: MatterRow,
    account: Account,
    act: str,
    *,
    reason: str = "",
    content: Mapping[str, Any] | None = None,
    log_index: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Take a matter a step on. Raises Refused for another role or one's own matter, WrongState for another state."""
    check_not_own(row, account)
    row.state = MACHINES[row.matter].step(row.state, act, account.role)
    add(
        front,
        session,
        row,
        account.actor(),
        act,
        reason=reason,
        content=content,
        log_index=log_index,
        detail=detail,
    )


def check_not_own(row: MatterRow, account: Account) -> None:
    """Raise Refused where somebody would decide on what their own organization asks for, in whichever role."""
    if row.applicant == account.organization and account.role != "researcher":
        reason = Reason("own-matter", "nobody decides on what their own organization asks for", "organization")
        raise Refused("this is not open to you", (reason,))


def told(row: MatterRow, account: Account) -> Json:
    """What every matter shows: its state, the acts that are open to the account now, its history."""
    return {
        "id": row.id,
        "matter": row.matter,
        "dataset": row.dataset,
        "provider": row.provider,
        **({"applicant": row.applicant} if row.applicant else {}),
        "state": row.state,
        "open_acts": open_acts(row, account),
        "opened_at": row.opened_at.isoformat(timespec="seconds"),
        "history": [_step(step) for step in row.steps],
    }


def open_acts(row: MatterRow, account: Account) -> list[str]:
    """The acts that the account can take on a matter now; nobody signs twice."""
    acts = MACHINES[row.matter].open_acts(row.state, account.role)
    is_signed = isinstance(row, ApplicationRow) and account.organization in signers(row.document or {})
    return [act for act in acts if not (act == "sign" and is_signed)]


def _step(step: StepRow) -> Json:
    return {
        "act": step.act,
        "by": step.account,
        "role": step.role,
        "reason": step.reason,
        **step.content,
        **({} if step.log_index is None else {"log_index": step.log_index}),
        "done_at": step.done_at.isoformat(timespec="seconds"),
    }
