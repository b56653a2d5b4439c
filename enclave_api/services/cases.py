"""Infringement cases: reported by anybody, suspended at once, verified, concluded, told to the reporter (Art. 31).

The table of states is `policies.cases`. What the room must do (hold, lift, withdraw) comes as a signed order, which
this carries first and notes after: a case never says more than the room did. An order that was carried before a crash
is told again when it is brought again.
"""

from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave.link import RoomSaid
from enclave_api.bodies import CaseActBody, ReportBody
from enclave_api.front import Front
from enclave_api.services import codes, downloads, entries, matters
from enclave_api.services.accounts import Account
from enclave_api.services.acts import deliver
from enclave_api.store.matter_models import CaseRow
from policies.cases import MACHINE, STEPS
from policies.errors import NotFound, Reason, RequestRejected, Unavailable
from policies.orders import read_order

Json = dict[str, Any]
MOST_UNREAD: Final = 200
"""Reports on one dataset that nobody took up yet: anybody may report, so that many can be made."""


def report(front: Front, body: ReportBody) -> Json:
    """Take a report. The code is told this once, and is all that its reporter needs. Raises NotFound, Unavailable."""
    provider = _provider(front, body.dataset)
    identifier = matters.new_id(CaseRow)
    code, kept = codes.new_code(identifier)
    with front.store.writing() as session:
        _check_room(session, body.dataset)
        row = CaseRow(
            id=identifier,
            code=kept,
            provider=provider,
            state=MACHINE.initial,
            opened_at=front.now(),
            **body.model_dump(),
        )
        session.add(row)
        session.flush()
        matters.add(front, session, row, matters.PUBLIC, "report", detail={"statement": codes.sealed(row, row.right)})
    deliver(front)
    return {"id": identifier, "code": code}


def act(front: Front, account: Account, identifier: str, body: CaseActBody) -> Json:
    """Take a case a step on. Raises NotFound, Refused, WrongState, RequestRejected, and what the room raises."""
    with front.store.reading() as session:
        row = matters.find(session, CaseRow, account, identifier)
        MACHINE.step(row.state, body.act, account.role)
        _check(row, body)
        dataset = row.dataset
    if body.order is not None:
        read_order(body.order)
    index = front.link.order(body.order)["log_index"] if body.order is not None else None
    version = _version(front, dataset) if body.act in ("suspend", "process") else None
    with front.store.writing() as session:
        row = matters.find(session, CaseRow, account, identifier)
        order = {"order_at": index}
        matters.take(front, session, row, account, body.act, reason=body.reason, log_index=index, detail=order)
        _note(row, body, version, index)
        told = _told(row, account)
    deliver(front)
    return told


def visible(front: Front, account: Account) -> list[Json]:
    """The cases that the account may see, newest first: a provider's own, all for those who supervise."""
    with front.store.reading() as session:
        return [_told(row, account) for row in matters.visible(session, CaseRow, account)]


def one(front: Front, account: Account, identifier: str) -> Json:
    """One case with its history. Raises NotFound."""
    with front.store.reading() as session:
        return _told(matters.find(session, CaseRow, account, identifier), account)


def _note(row: CaseRow, body: CaseActBody, version: str | None, index: int | None) -> None:
    """What an act leaves on the case. Raises RequestRejected where nothing was processed."""
    if body.act == "process" and version == row.version:
        message = f"the data are still version {version}, which was suspended"
        raise RequestRejected("nothing was processed", (Reason("not-processed", message, "act"),))
    if body.act == "suspend":
        row.version, row.hold = version, index
    row.feedback = body.feedback or row.feedback


def _check(row: CaseRow, body: CaseActBody) -> None:
    """Every fault of an act at once: what it needs and lacks, and an order that says something else."""
    step = STEPS[body.act]
    reasons = []
    if not body.reason:
        reasons.append(Reason("missing", "an act has its reason", "reason"))
    if step.gives_feedback != bool(body.feedback):
        needs = "has feedback for the reporter" if step.gives_feedback else "has no feedback yet"
        reasons.append(Reason("feedback", f"{body.act} {needs}", "feedback"))
    said = body.order or {}
    expected = (
        {} if step.order is None else {"order": step.order, "target": row.dataset, "detail": _detail(row, step.order)}
    )
    if (body.order is None) != (step.order is None) or any(said.get(part) != value for part, value in expected.items()):
        wanted = f"a signed order {expected}" if expected else "no order"
        reasons.append(Reason("order", f"{body.act} needs {wanted}", "order"))
    if reasons:
        raise RequestRejected("the act has faults", tuple(reasons))


def _detail(row: CaseRow, order: str) -> Json:
    return {"holds": [row.hold]} if order == "lift" else {}


def _provider(front: Front, dataset: str) -> str:
    """Who provides a dataset: one that can be asked, or one whose files are open."""
    with front.store.reading() as session:
        entry = entries.current(session, dataset)
    try:
        return str(front.link.dataset(dataset)["card"]["provider"])
    except RoomSaid as said:
        if said.body["kind"] != NotFound.kind:
            raise
        if entry is None:
            raise NotFound("there is no such dataset") from None
        return entry.provider


def _version(front: Front, dataset: str) -> str:
    try:
        return str(front.link.dataset(dataset)["version"])
    except RoomSaid as said:
        if said.body["kind"] != NotFound.kind:
            raise
        return downloads.version(front, dataset)


def _check_room(session: Session, dataset: str) -> None:
    unread = select(func.count()).where(CaseRow.dataset == dataset, CaseRow.state == MACHINE.initial)
    if (session.scalar(unread) or 0) >= MOST_UNREAD:
        raise Unavailable("very many reports on this dataset wait to be read; write to its provider")


def _told(row: CaseRow, account: Account) -> Json:
    said = {name: getattr(row, name) for name in ("right", "statement", "evidence", "contact", "hold", "feedback")}
    return {**matters.told(row, account), **said}
