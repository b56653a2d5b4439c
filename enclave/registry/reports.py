"""Utilization reports as the room knows them (Art. 29): where each stands, and which are overdue; each step is a leaf.

The text of a report is the front's; here is its digest, so that the log shows what was filed and when.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from enclave.audit.log import Log
from enclave.registry.acts import append_act
from enclave.store.base import run
from enclave.store.models import AgreementVersionRow
from enclave.store.sanction_models import ReportRow
from policies.agreements import Agreement, read_agreement
from policies.authorization import Actor
from policies.reports import MACHINE, Period, Recorded, overdue, owed
from policies.terms import Terms, write_time

_REPORTS = ReportRow.table()
_OF_AGREEMENT: Final = select(_REPORTS.c.due_at, _REPORTS.c.state, _REPORTS.c.changed_at).where(
    _REPORTS.c.agreement == bindparam("wanted")
)
_LEADS_TO: Final = {transition.act: transition.target for transition in MACHINE.transitions}


class Reports:
    """The reports that came in, by agreement and by when they were due."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def take(
        self,
        session: Session,
        agreement: Agreement,
        period: Period,
        *,
        act: str,
        digest: str,
        actor: Actor,
        now: datetime,
    ) -> int:
        """Take a report a step on; where the log has it. Raises Refused for another role, WrongState."""
        known = session.get(ReportRow, (agreement.uid, period.due_at))
        if known is not None and (known.state, known.digest) == (_LEADS_TO.get(act), digest):
            return known.log_index  # the same step again, from a front that died before it had noted it
        state = MACHINE.step(known.state if known else MACHINE.initial, act, actor.role)
        facts = {"due_at": write_time(period.due_at), "state": state, "report": digest}
        index = append_act(
            self._log, session, f"report-{act}", by=actor.account, now=now, vouched_by=actor.vouched_by,
            agreement=agreement.uid, dataset=agreement.terms.dataset, **facts,
        )  # fmt: skip
        session.merge(
            ReportRow(
                agreement=agreement.uid,
                due_at=period.due_at,
                state=state,
                digest=digest,
                changed_at=now,
                log_index=index,
            )
        )
        session.flush()  # what is asked by statement sees only what was sent
        return index

    def recorded(self, session: Session, uid: str) -> dict[datetime, Recorded]:
        """What came in under an agreement, by when it was due."""
        rows = run(session, _OF_AGREEMENT, {"wanted": uid})
        return {due_at: Recorded(state, since) for due_at, state, since in rows}

    def versions(self, session: Session, agreement: Agreement) -> tuple[tuple[Terms, datetime], ...]:
        """The terms of every version of an agreement with when each was issued, oldest first."""
        if agreement.version == 1:
            return ((agreement.terms, agreement.issued),)
        rows = select(AgreementVersionRow.document).where(AgreementVersionRow.uid == agreement.uid)
        found = map(read_agreement, session.scalars(rows.order_by(AgreementVersionRow.version)))
        return tuple((each.terms, each.issued) for each in found)

    def overdue(self, session: Session, agreement: Agreement, now: datetime) -> tuple[Period, ...]:
        """The periods whose reports are overdue now. Asked at every invocation: the store only where some could be."""
        versions = self.versions(session, agreement)
        if not any(period.overdue_at <= now for period, _ in owed(versions)):
            return ()
        return overdue(versions, self.recorded(session, agreement.uid), now)
