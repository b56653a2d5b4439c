"""Utilization reports (Art. 29): the facts from the room's log, the narrative from the researcher, read and accepted.

The room keeps the calendar: it is told of each step first, and what is overdue there stops what its agreement allows.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave_api.bodies import DecisionBody, NarrativeBody
from enclave_api.front import Front
from enclave_api.services import agreements, matters
from enclave_api.services.accounts import Account
from enclave_api.services.acts import deliver, record
from enclave_api.store.matter_models import ReportRow
from policies.agreements import Agreement, read_agreement
from policies.canonical import digest
from policies.errors import NotFound, Reason, RequestRejected, WrongState
from policies.reports import MACHINE, read_narrative

Json = dict[str, Any]
_DECISIONS: Final = ("accept", "return")


def calendar(front: Front, account: Account, uid: str) -> list[Json]:
    """Every period of an agreement: where its report stands, what it must speak of, what was filed. Raises NotFound."""
    agreement = read_agreement(agreements.one(front, account, uid))
    lines = front.link.reports(agreement.uid)
    asks = {"measures": sorted(agreement.terms.measures), "source": _source(front, agreement)}
    with front.store.reading() as session:
        filed = {_text(row.due_at): _told(row, account) for row in _of(session, agreement.uid)}
    return [{**line, **asks, "report": filed.get(line["due_at"])} for line in lines]


def usage(front: Front, account: Account, uid: str, number: int) -> Json:
    """What the log says of a period. That somebody besides the asker looks is a spot check, and leaves a trace."""
    agreement = agreements.one(front, account, uid)["uid"]
    facts = front.link.usage(agreement, number)
    if account.role != "researcher":
        record(front, actor=account.actor(), act="spot-check", detail={"agreement": agreement, "number": number})
    return facts


def file(front: Front, account: Account, uid: str, number: int, body: NarrativeBody) -> Json:
    """File a period's report, or file it again after a return. Raises NotFound, WrongState, RequestRejected."""
    agreement = read_agreement(agreements.one(front, account, uid))
    read_narrative(body.narrative, agreement.terms, source=_source(front, agreement))
    facts = front.link.usage(agreement.uid, number)
    report = {"narrative": body.narrative, "facts": facts}
    told = front.link.take_report(
        actor=account.actor(), agreement=agreement.uid, number=number, act="file", digest=digest(report)
    )
    due_at = datetime.fromisoformat(facts["due_at"])
    with front.store.writing() as session:
        row = next((each for each in _of(session, agreement.uid) if each.due_at == due_at), None)
        if row is None:
            row = ReportRow(
                id=matters.new_id(ReportRow),
                dataset=agreement.terms.dataset,
                provider=agreement.assigner,
                applicant=agreement.assignee,
                state=MACHINE.initial,
                opened_at=front.now(),
                agreement=agreement.uid,
                due_at=due_at,
            )
            session.add(row)
            session.flush()
        detail = {"agreement": agreement.uid, "report": digest(report)}
        matters.take(front, session, row, account, "file", content=report, log_index=told["log_index"], detail=detail)
        shown = _told(row, account)
    deliver(front)
    return shown


def decide(front: Front, account: Account, identifier: str, body: DecisionBody) -> Json:
    """Accept a report, or return it with the reason. Raises NotFound, Refused, WrongState, RequestRejected."""
    with front.store.reading() as session:
        row = matters.find(session, ReportRow, account, identifier)
        MACHINE.step(row.state, body.act, account.role)
        matters.check_not_own(row, account)
        agreement, due_at, filed = row.agreement, row.due_at, _filed(row)
    if body.act not in _DECISIONS or (body.act == "return" and not body.reason):
        raise RequestRejected("say why it is returned", (Reason("missing", "a return has its reason", "reason"),))
    number = _number(front, agreement, due_at)
    if body.act == "accept" and front.link.usage(agreement, number) != filed["facts"]:
        reason = Reason("facts-changed", "the log says more of the period by now; return it, to be filed anew", "act")
        raise RequestRejected("this can't be accepted", (reason,))
    told = front.link.take_report(
        actor=account.actor(), agreement=agreement, number=number, act=body.act, digest=digest(filed)
    )
    with front.store.writing() as session:
        row = matters.find(session, ReportRow, account, identifier)
        if _filed(row) != filed:
            raise WrongState("it was filed anew meanwhile; look at it again")
        matters.take(front, session, row, account, body.act, reason=body.reason, log_index=told["log_index"])
        shown = _told(row, account)
    deliver(front)
    return shown


def one(front: Front, account: Account, identifier: str) -> Json:
    """One report with its history. Raises NotFound."""
    with front.store.reading() as session:
        return _told(matters.find(session, ReportRow, account, identifier), account)


def visible(front: Front, account: Account) -> list[Json]:
    """The reports that the account may see, newest first."""
    with front.store.reading() as session:
        return [_told(row, account) for row in matters.visible(session, ReportRow, account)]


def uses(front: Front) -> list[Json]:
    """What was made of the data, as accepted reports name it, each with its citation (Art. 28, 33)."""
    with front.store.reading() as session:
        rows = session.scalars(select(ReportRow).where(ReportRow.state == "accepted").order_by(ReportRow.due_at.desc()))
        return [
            {**result, "dataset": row.dataset, "organization": row.applicant}
            for row in rows
            if (filed := row.last("file"))
            for result in filed.content["narrative"]["results"]
        ]


def _source(front: Front, agreement: Agreement) -> str:
    """What the dataset is cited as: every result names it."""
    return str(front.link.dataset(agreement.terms.dataset)["card"]["citation"])


def _of(session: Session, agreement: str) -> list[ReportRow]:
    return list(session.scalars(select(ReportRow).where(ReportRow.agreement == agreement)))


def _filed(row: ReportRow) -> Json:
    """What was filed last."""
    filed = row.last("file")
    assert filed is not None
    return filed.content


def _number(front: Front, agreement: str, due_at: datetime) -> int:
    found = next((line["number"] for line in front.link.reports(agreement) if line["due_at"] == _text(due_at)), None)
    if found is None:
        raise NotFound("the agreement asks for no report on this period")
    return int(found)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(row: ReportRow, account: Account) -> Json:
    return {**matters.told(row, account), "agreement": row.agreement, "due_at": _text(row.due_at)}
