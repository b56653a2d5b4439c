"""Work orders on the open list (Art. 10, 11): submitted by providers, accepted or returned by the operator.

The rules are `policies.work_orders`; an order is examined when it is submitted and again when it is accepted, because
the list may have changed in between.
"""

from typing import Any, Final, cast

from sqlalchemy.orm import Session

from enclave_api.bodies import DecisionBody, ResubmissionBody, WorkOrderBody
from enclave_api.front import Front
from enclave_api.services import entries, files, matters, revisions
from enclave_api.services.accounts import Account
from enclave_api.services.acts import deliver
from enclave_api.store.matter_models import WorkOrderRow
from policies.entries import Entry
from policies.errors import Reason, RequestRejected, WorkOrderReturned
from policies.work_orders import MACHINE, Kind, WorkOrder, examine

Json = dict[str, Any]
_DECISIONS: Final = ("accept", "return", "withdraw")


def submit(front: Front, account: Account, body: WorkOrderBody) -> Json:
    """Hand in an order. Raises WorkOrderReturned with every reason; then nothing is kept."""
    order = WorkOrder(body.kind, body.dataset, account.organization, body.reason, body.card, body.document)
    with front.store.writing() as session:
        entry = _examined(session, account, order)
        row = WorkOrderRow(
            id=matters.new_id(WorkOrderRow),
            kind=order.kind,
            dataset=order.dataset,
            provider=order.provider,
            state=MACHINE.initial,
            opened_at=front.now(),
        )
        session.add(row)
        session.flush()
        facts = _facts(row, entry, body.document)
        matters.add(front, session, row, account.actor(), "submit", reason=body.reason, **facts)
        told = _told(row, account)
    deliver(front)
    return told


def resubmit(front: Front, account: Account, identifier: str, body: ResubmissionBody) -> Json:
    """Hand in a returned order again, mended. Raises NotFound, WrongState, WorkOrderReturned."""
    with front.store.writing() as session:
        row = matters.find(session, WorkOrderRow, account, identifier)
        order = WorkOrder(_kind(row), row.dataset, row.provider, body.reason, body.card, body.document)
        MACHINE.step(row.state, "resubmit", account.role)  # before the reasons: who may not act learns none
        entry = _examined(session, account, order)
        facts = _facts(row, entry, body.document)
        matters.take(front, session, row, account, "resubmit", reason=body.reason, **facts)
        told = _told(row, account)
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
        row = matters.find(session, WorkOrderRow, account, identifier)
        MACHINE.step(row.state, body.act, account.role)
        if body.act == "return" and not body.reason:
            raise RequestRejected("say why it is returned", (Reason("missing", "a return has its reason", "reason"),))
        if body.act == "accept":
            _list(front, session, row)
        matters.take(front, session, row, account, body.act, reason=body.reason, detail={"kind": row.kind})
        told = _told(row, account)
    deliver(front)
    return told


def visible(front: Front, account: Account) -> list[Json]:
    """The orders that the account may see, newest first: a provider's own, all for those who check and supervise."""
    with front.store.reading() as session:
        return [_told(row, account) for row in matters.visible(session, WorkOrderRow, account)]


def one(front: Front, account: Account, identifier: str) -> Json:
    """One order with its whole history. Raises NotFound."""
    with front.store.reading() as session:
        return _told(matters.find(session, WorkOrderRow, account, identifier), account)


def _list(front: Front, session: Session, row: WorkOrderRow) -> None:
    """List what the newest submission asks for, held against the list of now; tell those whom a revision concerns."""
    listed = entries.current(session, row.dataset)
    asked = row.last("submit", "resubmit")
    assert asked is not None
    card = None if row.kind == "make-static" else asked.content.get("card")
    order = WorkOrder(_kind(row), row.dataset, row.provider, asked.reason, card, asked.content.get("document"))
    entry = examine(order, listed)
    version = entries.publish(session, entry, work_order=row.id, front=front)
    if listed is not None:
        revisions.tell(front, session, listed, entry, version)


def _examined(session: Session, account: Account, order: WorkOrder) -> Entry:
    unknown = files.check_own(session, account, order.document)
    try:
        entry = examine(order, entries.current(session, order.dataset))
    except WorkOrderReturned as returned:
        raise WorkOrderReturned(returned.message, (*returned.reasons, *unknown)) from None
    if unknown:
        raise WorkOrderReturned("the work order is returned", unknown)
    return entry


def _facts(row: WorkOrderRow, entry: Entry, document: str | None) -> dict[str, Any]:
    """What a submission keeps, and what of it goes into the log."""
    detail = {"kind": row.kind, "card": entry.digest(), **({"document": document} if document else {})}
    return {"content": {"card": entry.model_dump(mode="json"), "document": document}, "detail": detail}


def _kind(row: WorkOrderRow) -> Kind:
    return cast(Kind, row.kind)  # submitted as one of them


def _told(row: WorkOrderRow, account: Account) -> Json:
    return {**matters.told(row, account), "kind": row.kind}
