"""Utilization reports at the room (Art. 29): what is due, what the log says of a period, and the steps of a report."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave import ledger
from enclave.room import Room
from enclave.store.models import AgreementVersionRow
from policies.agreements import Agreement, read_agreement
from policies.authorization import Actor
from policies.errors import NotFound, Reason, RequestRejected
from policies.report_facts import report_facts
from policies.reports import Period, owed, standing
from policies.terms import MICRO, Terms, read_decimal, write_time

_NEARLY: Final = Fraction(4, 5)
_AWAITED: Final = ("due", "overdue", "filed")
_SIDE: Final = {"researcher": "assignee", "data-provider": "assigner"}


def calendar(room: Room, uid: str) -> list[dict[str, Any]]:
    """The reports that an agreement asks for, and where each stands now. Raises NotFound."""
    with room.database.reading() as session:
        return _lines(room, session, room.agreements.get(session, uid))


def awaited(room: Room, organization: str | None) -> list[dict[str, Any]]:
    """Every report that somebody waits for, to be filed or to be read: of one organization's agreements, or of all.

    Also of those whose party has another key by now: what was due stays due.
    """
    found = []
    with room.database.reading() as session:
        for document in room.agreements.documents(session, organization):
            agreement = read_agreement(document)
            whose = {"agreement": agreement.uid, "dataset": agreement.terms.dataset}
            sides = {"provider": agreement.assigner, "organization": agreement.assignee}
            lines = _lines(room, session, agreement)
            found += [{**whose, **sides, **line} for line in lines if line["standing"] in _AWAITED]
    return found


def _lines(room: Room, session: Session, agreement: Agreement) -> list[dict[str, Any]]:
    recorded, now = room.reports.recorded(session, agreement.uid), room.clock()
    return [
        _told(period) | {"standing": standing(period, recorded.get(period.due_at), terms, now)}
        for period, terms in owed(room.reports.versions(session, agreement))
    ]


def nearly_spent(room: Room, organization: str | None) -> list[dict[str, Any]]:
    """The agreements of an organization, or all, of whose budget four fifths are spent: both sides are told."""
    with room.database.reading() as session:
        agreements = [read_agreement(document) for document in room.agreements.documents(session, organization)]
        statements = {agreement.uid: ledger.statement(session, agreement.uid) for agreement in agreements}
    return [
        {
            "agreement": agreement.uid,
            "dataset": agreement.terms.dataset,
            "provider": agreement.assigner,
            "organization": agreement.assignee,
            **statements[agreement.uid],
        }
        for agreement in agreements
        if read_decimal(statements[agreement.uid]["spent"]) * MICRO >= _NEARLY * agreement.terms.epsilon_micro
    ]


def usage(room: Room, uid: str, *, number: int) -> dict[str, Any]:
    """The factual half of the report on a period, from the log alone. Raises NotFound."""
    with room.database.reading() as session:
        agreement = room.agreements.get(session, uid)
        period, _ = _period(room, session, agreement, number)
        budget = ledger.budget_of(session, agreement.uid)
        facts = report_facts(
            _leaves(room, session, agreement.uid), agreement=agreement.uid, period=period, budget=budget
        )
    return {**_told(period), **asdict(facts)}


def take(room: Room, actor: Actor, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take a report a step on: file, accept, return. Raises NotFound, Refused, WrongState, RequestRejected."""
    number, act, digest = body.get("number"), body.get("act"), body.get("digest")
    if type(number) is not int or not isinstance(act, str) or not isinstance(digest, str):
        reason = Reason("wrong-value", "a step of a report has number, act and digest")
        raise RequestRejected("the step has faults", (reason,))
    now = room.clock()
    with room.database.writing() as session:
        agreement = room.agreements.get(session, str(body.get("agreement")))
        if not _is_side(actor, agreement):
            raise NotFound("there is no such agreement, or not for you")
        period, terms = _period(room, session, agreement, number)
        # It may be filed when the use is over; whether it was over shows when the period is.
        earliest = {"file": period.begins, "accept": period.due_at}.get(act, now)
        if now < earliest:
            message = f"the period runs from {write_time(period.begins)} until {write_time(period.due_at)}"
            raise RequestRejected("the period is another one", (Reason("running", message, "number"),))
        index = room.reports.take(session, agreement, period, act=act, digest=digest, actor=actor, now=now)
        recorded = room.reports.recorded(session, agreement.uid)[period.due_at]
    return {"log_index": index, "standing": standing(period, recorded, terms, now)}


def _is_side(actor: Actor, agreement: Agreement) -> bool:
    """Whether somebody is of one of the two parties, or supervises."""
    side = _SIDE.get(actor.role)
    return side is None or bool(getattr(agreement, side) == actor.organization)


def _period(room: Room, session: Session, agreement: Agreement, number: int) -> tuple[Period, Terms]:
    """A period by its number, and the terms that ask for its report. Raises NotFound."""
    versions = room.reports.versions(session, agreement)
    found = next(((period, terms) for period, terms in owed(versions) if period.number == number), None)
    if found is None:
        raise NotFound(f"the agreement has no period {number}")
    return found


def _told(period: Period) -> dict[str, Any]:
    return {
        "number": period.number,
        "begins": write_time(period.begins),
        "due_at": write_time(period.due_at),
        "overdue_at": write_time(period.overdue_at),
    }


def _leaves(room: Room, session: Session, uid: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The leaves that name an agreement, with their indices; none can lie before the leaf of its registration."""
    registered = select(func.min(AgreementVersionRow.log_index)).where(AgreementVersionRow.uid == uid)
    name = uid.encode()
    for index, body in room.log.bodies(session, first=session.scalar(registered) or 0):
        if name in body:
            yield index, json.loads(body)
