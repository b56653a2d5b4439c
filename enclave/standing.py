"""Whether an act is allowed as things stand now: what is in force is read in the caller's transaction, and decided on.

Asked when a request comes, when it is charged, while it waits and is performed, and in the very transaction that lets
its answer out. Holds, answers and their leaves are written one transaction at a time; so no answer's leaf comes after
the leaf of a hold that forbids it (Art. 31).
"""

from sqlalchemy.orm import Session

from enclave import jobs, ledger
from enclave.room import Room
from policies import violations
from policies.agreements import Agreement
from policies.authorization import Act, Actor, Permit, decide
from policies.cases import names_touched
from policies.errors import AgreementRejected, Reason, Refused
from policies.terms import write_time


def permit(
    room: Room, session: Session, agreement: Agreement, act: Act, actor: Actor, admitted: str | None = None
) -> Permit:
    """The decision on an act under an agreement. Raises Refused; its fact `holds`: where the log has those that forbid.

    `admitted` is the job of a request that was admitted already, so that it isn't counted once more.
    """
    now = room.clock()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    acts_today = jobs.count_since(session, agreement.uid, midnight) - (admitted is not None)
    reasons = _forbidding(room, session, agreement, act)
    try:
        made = decide(
            agreement,
            act,
            actor=actor,
            holds=room.holds.in_force(session),
            acts_today=acts_today,
            now=now,
            spent_by_person_micro=_spent_by(session, agreement, actor, admitted),
        )
    except Refused as refusal:
        holds = room.holds.positions(session, names_touched(agreement, actor.account))
        facts = {"holds": holds} if holds else {}
        raise Refused(refusal.message, (*refusal.reasons, *reasons), **refusal.facts, **facts) from None
    if reasons:
        raise Refused("this is not allowed now", reasons)
    return made


def _forbidding(room: Room, session: Session, agreement: Agreement, act: Act) -> tuple[Reason, ...]:
    """What no term says and still forbids: violations (Art. 32), a withdrawal (Art. 31), overdue reports (Art. 29)."""
    dataset = agreement.terms.dataset
    reasons = list(violations.forbidden_by(room.violations.in_force(session, agreement.assignee), act))
    if room.withdrawals.position(session, dataset) is not None:
        reasons.append(Reason("withdrawn", f"the dataset {dataset} was withdrawn", "target"))
    for period in room.reports.overdue(session, agreement, room.clock()):
        message = f"the report on the use until {write_time(period.due_at)} is overdue; file it, and this goes on"
        reasons.append(Reason("report-overdue", message, "reports_every_months"))
    return tuple(reasons)


def most_epsilon_micro(room: Room, session: Session, agreement: Agreement) -> int:
    """The most that one invocation may cost: as agreed, or less after a violation."""
    in_force = room.violations.in_force(session, agreement.assignee)
    return violations.most_epsilon_micro(in_force, agreement.terms.epsilon_per_query_micro)


def _spent_by(session: Session, agreement: Agreement, actor: Actor, admitted: str | None) -> int | None:
    """What the account spent under the agreement; counted only where a term asks for it."""
    if agreement.terms.epsilon_per_person_micro is None:
        return None
    return ledger.spent_by(session, agreement.uid, actor.account, but=admitted)


def objection(room: Room, session: Session, agreement: str, act: Act, actor: Actor, admitted: str) -> Refused | None:
    """What forbids an act that was permitted when it was charged; None where it may go on.

    The agreement is read anew: a party's key that was replaced since ends what was signed with it.
    """
    try:
        permit(room, session, room.agreements.get(session, agreement), act, actor, admitted)
    except Refused as refusal:
        return refusal
    except AgreementRejected as rejected:
        return Refused("the agreement no longer holds", rejected.reasons)
    return None
