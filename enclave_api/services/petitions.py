"""Objections, requests for datasets, reports of misuse, spot checks: brought forward, taken on by role, answered.

The tables of states are `policies.petitions`. Whoever brought something forward reads the reply by a code alone; of a
spot check the organization that is asked reads it as its own matter.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave_api.bodies import PetitionActBody, PetitionBody, SpotCheckBody
from enclave_api.front import Front
from enclave_api.services import agreements, codes, entries, matters
from enclave_api.services.accounts import Account
from enclave_api.services.acts import deliver
from enclave_api.store.matter_models import (
    CaseRow,
    DatasetRequestRow,
    MisuseReportRow,
    ObjectionRow,
    PetitionRow,
    SpotCheckRow,
)
from enclave_api.store.models import AccountRow
from policies.agreements import read_agreement
from policies.errors import NotFound, Reason, Refused, RequestRejected, Unavailable
from policies.petitions import MACHINES, needs

Json = dict[str, Any]
MOST_UNREAD: Final = 200
"""Of one kind, on one dataset, that nobody took up yet: anybody may write, so that many can be made."""
_ROWS: Final[Mapping[str, type[PetitionRow]]] = {
    "objection": ObjectionRow,
    "dataset-request": DatasetRequestRow,
    "misuse-report": MisuseReportRow,
}
_SAID: Final = ("statement", "evidence", "contact", "agreement", "feedback")


def bring(front: Front, body: PetitionBody) -> Json:
    """Take what somebody brings forward. The code is told this once. Raises NotFound, RequestRejected, Unavailable."""
    if (body.dataset is None) != (body.kind == "dataset-request"):
        message = "a request for a dataset names none, and everything else names one"
        raise RequestRejected("the body has faults", (Reason("dataset", message, "dataset"),))
    kind = _ROWS[body.kind]
    with front.store.writing() as session:
        provider = "" if body.dataset is None else _provider(session, body.dataset)
        _check_room(session, kind, body.dataset or "")
        row, code = _opened(front, kind, body.dataset or "", provider)
        row.statement, row.evidence, row.contact = body.statement, body.evidence, body.contact
        _kept(front, session, row, matters.PUBLIC)
        identifier = row.id
    deliver(front)
    return {"id": identifier, "code": code}


def check_use(front: Front, account: Account, body: SpotCheckBody) -> Json:
    """Ask an organization about its use under an agreement (Art. 29). Raises NotFound."""
    agreement = read_agreement(agreements.one(front, account, body.agreement))
    with front.store.writing() as session:
        row, _ = _opened(front, SpotCheckRow, agreement.terms.dataset, agreement.assigner)
        row.applicant, row.agreement, row.statement = agreement.assignee, agreement.uid, body.statement
        _kept(front, session, row, account.actor())
        told = _told(row, account)
    deliver(front)
    return told


def act(front: Front, account: Account, identifier: str, body: PetitionActBody) -> Json:
    """Take a matter a step on. Raises NotFound, Refused, WrongState, RequestRejected with every fault."""
    with front.store.writing() as session:
        row = _found(session, account, identifier)
        MACHINES[row.matter].step(row.state, body.act, account.role)
        _check(session, row, account, body)
        if body.provider is not None:
            row.provider = body.provider
        row.feedback = body.feedback or row.feedback
        content = {"provider": body.provider} if body.provider else {}
        matters.take(front, session, row, account, body.act, reason=body.reason, content=content, detail=content)
        told = _told(row, account)
    deliver(front)
    return told


def visible(front: Front, account: Account) -> list[Json]:
    """The matters that the account may see, newest first; infringement cases have a list of their own."""
    with front.store.reading() as session:
        rows = matters.visible(session, PetitionRow, account)
        return [_told(row, account) for row in rows if not isinstance(row, CaseRow)]


def one(front: Front, account: Account, identifier: str) -> Json:
    """One matter with its history. Raises NotFound."""
    with front.store.reading() as session:
        return _told(_found(session, account, identifier), account)


def _found(session: Session, account: Account, identifier: str) -> PetitionRow:
    row = matters.find(session, PetitionRow, account, identifier)
    if isinstance(row, CaseRow):
        raise NotFound("there is no such matter, or not for you")
    return row


def _opened(front: Front, kind: type[PetitionRow], dataset: str, provider: str) -> tuple[PetitionRow, str]:
    identifier = matters.new_id(kind)
    code, kept = codes.new_code(identifier)
    matter = kind.__mapper_args__["polymorphic_identity"]
    row = kind(
        id=identifier,
        code=kept,
        dataset=dataset,
        provider=provider,
        state=MACHINES[matter].initial,
        opened_at=front.now(),
        statement="",
        evidence="",
        contact="",
    )
    return row, code


def _kept(front: Front, session: Session, row: PetitionRow, actor: Mapping[str, Any]) -> None:
    session.add(row)
    session.flush()
    matters.add(front, session, row, actor, "bring", detail={"statement": codes.sealed(row)})


def _check(session: Session, row: PetitionRow, account: Account, body: PetitionActBody) -> None:
    """Every fault of an act at once: what it needs and lacks, and what it has and does not need."""
    if isinstance(row, SpotCheckRow) and account.role == "data-provider" != row.steps[0].role:
        raise Refused("this is not open to you", (Reason("role", "somebody else asks here", "role"),))
    needed, reasons = needs(body.act), []
    if body.provider is not None and not _is_provider(session, body.provider):
        reasons.append(Reason("provider", f"no data provider is called {body.provider}", "provider"))
    if needed.feedback != bool(body.feedback):
        has = "has feedback for whoever asked" if needed.feedback else "has no feedback yet"
        reasons.append(Reason("feedback", f"{body.act} {has}", "feedback"))
    if needed.provider != (body.provider is not None):
        has = "names a provider" if needed.provider else "names no provider"
        reasons.append(Reason("provider", f"{body.act} {has}", "provider"))
    if not body.reason:
        reasons.append(Reason("missing", "an act has its reason", "reason"))
    if reasons:
        raise RequestRejected("the act has faults", tuple(reasons))


def _is_provider(session: Session, organization: str) -> bool:
    wanted = select(AccountRow.name).where(AccountRow.role == "data-provider", AccountRow.organization == organization)
    return session.scalars(wanted.limit(1)).first() is not None


def _provider(session: Session, dataset: str) -> str:
    entry = entries.current(session, dataset)
    if entry is None:
        raise NotFound(f"no dataset {dataset!r} is listed")
    return entry.provider


def _check_room(session: Session, kind: type[PetitionRow], dataset: str) -> None:
    first = MACHINES[kind.__mapper_args__["polymorphic_identity"]].initial
    unread = select(func.count()).select_from(kind).where(kind.dataset == dataset, kind.state == first)
    if (session.scalar(unread) or 0) >= MOST_UNREAD:
        raise Unavailable("very many of these wait to be read; write to the provider, or to the operator")


def _told(row: PetitionRow, account: Account) -> Json:
    return {**matters.told(row, account), **{name: getattr(row, name) for name in _SAID}}
