"""Work orders on the open list (Art. 10, 11): submitted by providers, accepted or returned by the operator.

The rules are `policies.work_orders`; an order is examined when it is submitted and again when it is accepted, because
the list may have changed in between.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave_api.bodies import DecisionBody, ResubmissionBody, WorkOrderBody
from enclave_api.front import Front
from enclave_api.services import entries, files
from enclave_api.services.accounts import Account
from enclave_api.services.acts import deliver, note
from enclave_api.store.catalogue_models import WorkOrderRow, WorkOrderStepRow
from policies.entries import Entry
from policies.errors import NotFound, Reason, RequestRejected, WorkOrderReturned
from policies.work_orders import MACHINE, Kind, WorkOrder, examine

Json = dict[str, Any]
_READERS: Final = ("operator", "regulator", "security-officer")
_DECISIONS: Final = ("accept", "return", "withdraw")


def submit(front: Front, account: Account, body: WorkOrderBody) -> Json:
    """Hand in an order. Raises WorkOrderReturned with every reason; then nothing is kept."""
    order = WorkOrder(body.kind, body.dataset, account.organization, body.reason, body.card, body.document)
    with front.store.writing() as session:
        entry = _examined(session, account, order)
        row = WorkOrderRow(
            id=f"wo-{secrets.token_hex(8)}",
            kind=order.kind,
            dataset=order.dataset,
            provider=order.provider,
            state=MACHINE.initial,
            submitted_at=front.now(),
        )
        session.add(row)
        session.flush()
        _add_step(front, session, row, account, "submit", body.reason, entry, body.document)
        told = _shown(row)
    deliver(front)
    return told


def resubmit(front: Front, account: Account, identifier: str, body: ResubmissionBody) -> Json:
    """Hand in a returned order again, mended. Raises NotFound, WrongState, WorkOrderReturned."""
    with front.store.writing() as session:
        row = _visible(session, account, identifier)
        row.state = MACHINE.step(row.state, "resubmit", account.role)
        order = WorkOrder(_kind(row), row.dataset, row.provider, body.reason, body.card, body.document)
        entry = _examined(session, account, order)
        _add_step(front, session, row, account, "resubmit", body.reason, entry, body.document)
        told = _shown(row)
    deliver(front)
    return told


def decide(front: Front, account: Account, identifier: str, body: DecisionBody) -> Json:
    """Accept, return or withdraw an order; what is accepted is listed in the same transaction.

    Raises NotFound, Refused, WrongState, RequestRejected for a return without its reason, WorkOrderReturned when the
    list changed so that the order can't stand any more.
    """
    if body.act not in _DECISIONS:
        wanted = ", ".join(_DECISIONS)
        raise RequestRejected("there is no such act", (Reason("wrong-value", f"one of {wanted}", "act"),))
    with front.store.writing() as session:
        row = _visible(session, account, identifier)
        row.state = MACHINE.step(row.state, body.act, account.role)
        if body.act == "return" and not body.reason:
            raise RequestRejected("say why it is returned", (Reason("missing", "a return has its reason", "reason"),))
        if body.act == "accept":
            entries.publish(session, _accepted(session, row), work_order=row.id, front=front)
        _add_step(front, session, row, account, body.act, body.reason)
        told = _shown(row)
    deliver(front)
    return told


def visible(front: Front, account: Account) -> list[Json]:
    """The orders that the account may see, newest first: a provider's own, all for those who check and supervise."""
    wanted = select(WorkOrderRow).order_by(WorkOrderRow.submitted_at.desc(), WorkOrderRow.id)
    if account.role not in _READERS:
        wanted = wanted.where(WorkOrderRow.provider == account.organization)
    with front.store.reading() as session:
        return [_shown(row) for row in session.scalars(wanted)]


def one(front: Front, account: Account, identifier: str) -> Json:
    """One order with its whole history. Raises NotFound."""
    with front.store.reading() as session:
        return _shown(_visible(session, account, identifier))


def _visible(session: Session, account: Account, identifier: str) -> WorkOrderRow:
    row = session.get(WorkOrderRow, identifier)
    if row is None or not (account.role in _READERS or _is_own(row, account)):
        raise NotFound("there is no such work order, or not for you")
    return row


def _is_own(row: WorkOrderRow, account: Account) -> bool:
    return account.role == "data-provider" and row.provider == account.organization


def _examined(session: Session, account: Account, order: WorkOrder) -> Entry:
    unknown = files.check_own(session, account, order.document)
    try:
        entry = examine(order, entries.current(session, order.dataset))
    except WorkOrderReturned as returned:
        raise WorkOrderReturned(returned.message, (*returned.reasons, *unknown)) from None
    if unknown:
        raise WorkOrderReturned("the work order is returned", unknown)
    return entry


def _accepted(session: Session, row: WorkOrderRow) -> Entry:
    """The entry that the newest submission asks for, held against the list of now."""
    asked = [step for step in row.steps if step.act in ("submit", "resubmit")][-1]
    card = None if row.kind == "make-static" else asked.card
    order = WorkOrder(_kind(row), row.dataset, row.provider, asked.reason, card, asked.document)
    return examine(order, entries.current(session, row.dataset))


def _kind(row: WorkOrderRow) -> Kind:
    return cast(Kind, row.kind)  # submitted as one of them


def _add_step(
    front: Front,
    session: Session,
    row: WorkOrderRow,
    account: Account,
    act: str,
    reason: str,
    entry: Entry | None = None,
    document: str | None = None,
) -> None:
    """Note an act in the order's history and for the room's log; the log gets digests, not texts."""
    row.steps.append(
        WorkOrderStepRow(
            act=act,
            account=account.name,
            role=account.role,
            reason=reason,
            card=entry.model_dump(mode="json") if entry else None,
            document=document,
            done_at=front.now(),
        )
    )
    detail: Mapping[str, Any] = {
        "work_order": row.id,
        "kind": row.kind,
        "dataset": row.dataset,
        "state": row.state,
        **({"card": entry.digest()} if entry else {}),
        **({"document": document} if document else {}),
    }
    note(session, actor=account.actor(), act=f"work-order-{act}", detail=detail, now=front.now())


def _shown(row: WorkOrderRow) -> Json:
    return {
        "id": row.id,
        "kind": row.kind,
        "dataset": row.dataset,
        "provider": row.provider,
        "state": row.state,
        "submitted_at": row.submitted_at.isoformat(timespec="seconds"),
        "history": [
            {
                "act": step.act,
                "by": step.account,
                "role": step.role,
                "reason": step.reason,
                "document": step.document,
                "card": step.card,
                "done_at": step.done_at.isoformat(timespec="seconds"),
            }
            for step in row.steps
        ],
    }
