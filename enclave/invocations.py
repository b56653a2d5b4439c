"""ONE story for an invocation: submit, admit, perform, answer. LAYOUT's walk, step by step.

Order is safety here. The charge and the intent leaf commit in one transaction **before** a row is read; the answer
and the outcome leaf commit in one transaction **before** a byte of it leaves. So whatever dies in between, nothing
was released uncharged, and a plan that is asked again is performed under the charge it has.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from dp_queries import planner
from dp_queries.errors import QueryRejected
from dp_queries.pricing.comparison import explain_workload
from enclave import answers, jobs, ledger, standing, traces
from enclave.child import Breach
from enclave.jobs import Asked
from enclave.line import Stopped
from enclave.requests import Ask
from enclave.room import Room
from enclave.traces import Question
from policies.agreements import Agreement
from policies.authorization import Act, Actor, Permit
from policies.errors import BudgetExceeded, Conflict, JaliError, NotFound, Reason, Refused, Unavailable, Withheld

LOGGED = (Refused, QueryRejected, BudgetExceeded, Conflict, NotFound)
STOPPED = {
    False: "this was stopped before it was performed; asked again, it is performed under the charge that it has",
    True: "this was stopped while it was performed; its charge stays, and asking again costs a new one",
}
"""What an asker is told, by whether a worker had been asked."""
_USED_UP = Reason("stopped", "its charge is used up; ask again with a new Idempotency-Key, at a new charge")


@dataclass(frozen=True)
class _Admitted:
    """A granted request: its invocation, and the job that it asks for."""

    invocation: str
    job: str


@dataclass(frozen=True)
class _Reply:
    """What an asker gets, and the leaf that their receipt is of."""

    body: dict[str, Any]
    log_index: int


def explain(room: Room, actor: Actor, ask: Ask) -> dict[str, Any]:
    """Price, expected error and bounds of a query: free, and without touching a row."""
    try:
        question = _question(room, actor, ask)
    except LOGGED as refusal:
        raise _logged(room, actor, ask, refusal) from None
    plan, dataset = question.plan, question.dataset
    norms = dict(ask.clipping or ())
    told = explain_workload(ask.statements, plan, dataset, norms) if ask.is_list else planner.explain(plan, dataset)
    return told | {"plan": {"digest": plan.digest}}


def submit(room: Room, actor: Actor, ask: Ask) -> dict[str, Any]:
    """The answer with its receipt, or a JaliError. Every refusal is a leaf, and carries its position."""
    try:
        question = _question(room, actor, ask)
        admitted = _admit(room, question)
        reply = _perform(room, question, admitted) or _stored(room, question, admitted)
    except LOGGED as refusal:
        raise _logged(room, actor, ask, refusal) from None
    # Signed after the commit of what it covers.
    return reply.body | {"receipt": room.receipt(reply.log_index)}


def _question(room: Room, actor: Actor, ask: Ask) -> Question:
    with room.database.reading() as session:
        agreement = _agreement(room, session, actor, ask.agreement)
        dataset = room.datasets.get(session, agreement.terms.dataset)
        most = ask.epsilon_micro or standing.most_epsilon_micro(room, session, agreement)
        query = planner.analyse(ask.statements, dataset, room.pace, clipping=dict(ask.clipping or ()))
        act = Act(door="sql", needs=query.needs, epsilon_micro=most, purpose=ask.purpose)
        permit = standing.permit(room, session, agreement, act, actor)
    if ask.accuracy is None:
        plan = planner.plan(query, dataset, permit, epsilon_micro=most)
    else:
        plan = planner.plan_for_accuracy(query, dataset, permit, accuracy=dict(ask.accuracy), most_epsilon_micro=most)
    return Question(actor, ask, agreement, dataset, plan, act, permit)


def _agreement(room: Room, session: Session, actor: Actor, uid: str) -> Agreement:
    """The agreement. Raises NotFound in the same words when there is none, and when it is not the asker's.

    Before anything else is looked at: a refusal of the SQL would tell that there is such an agreement (ATTACKS 28).
    """
    try:
        agreement = room.agreements.get(session, uid)
    except NotFound:
        agreement = None
    if agreement is None or agreement.assignee != actor.organization:
        raise NotFound("there is no such agreement, or not for you")
    return agreement


def _admit(room: Room, question: Question) -> _Admitted:
    """One durable transaction: decide with exact counters, charge, intent leaf. Nothing was read before it commits."""
    agreement, ask = question.agreement, question.ask
    with room.database.writing() as session:
        known = _same_request(session, question)
        if known is not None:
            return known
        permit = standing.permit(room, session, agreement, question.act, question.actor)
        found = ledger.find(session, agreement.uid, question.plan.digest)
        admitted = _Admitted(f"inv-{uuid4().hex}", found or _charge(room, session, question, permit))
        jobs.add(
            session,
            id=admitted.invocation,
            job=admitted.job,
            agreement=agreement.uid,
            account=question.actor.account,
            idempotency_key=ask.idempotency_key or f"none-{uuid4().hex}",
            request_digest=ask.digest,
            is_charged=found is None,
            submitted_at=room.clock(),
            sql="\n;\n".join(ask.statements),
        )
    return admitted


def _same_request(session: Session, question: Question) -> _Admitted | None:
    ask = question.ask
    if ask.idempotency_key is None:
        return None
    agreement, account = question.agreement.uid, question.actor.account
    known = jobs.same_key(session, agreement=agreement, account=account, key=ask.idempotency_key)
    if known is None:
        return None
    invocation, job, request_digest = known
    if request_digest != ask.digest:
        raise Conflict("this Idempotency-Key was used for another request")
    return _Admitted(invocation, job)


def _charge(room: Room, session: Session, question: Question, permit: Permit) -> str:
    plan, agreement, now = question.plan, question.agreement, room.clock()
    population = question.dataset.card.unit.population
    charge = ledger.charge(
        session, agreement=agreement.uid, budgets=(agreement.uid, population), plan_digest=plan.digest, loss=plan.loss
    )
    leaf = traces.intent(question, permit, now) | {"charge": charge.id, "loss": plan.loss.to_json()}
    ledger.record(session, charge, intent_index=room.log.append(session, leaf), now=now)
    return charge.id


def _perform(room: Room, question: Question, admitted: _Admitted) -> _Reply | None:
    """Perform a charged job unless it is done (None). Decides again, before and all the while: a hold may come in.

    Whatever goes wrong once the worker was asked closes the job: one that stayed open would be performed again with
    fresh noise under one charge, as often as somebody asked.
    """
    with room.jobs.of(admitted.job):
        with room.database.reading() as session:
            asked = jobs.asked(session, admitted.invocation)
            if asked.state != "charged":
                return None
            if asked.plan_digest != question.plan.digest:
                raise Conflict("the data or the terms changed since this was asked; ask again with a new key")
            standing.permit(room, session, question.agreement, question.act, question.actor, admitted.job)
            request = room.open_request(session, question.plan.dataset, question.plan.version)
            charge = ledger.charge_of(asked)
        if room.lanes is None:
            raise Unavailable("this process performs nothing")
        try:
            released = room.lanes.perform(question.plan, charge, request, look=partial(_look, room, question, admitted))
            kept = answers.kept(released, question.plan, question.dataset)
            digest = answers.digest_of(answers.asked_for(kept, question.plan, is_list=question.ask.is_list))
        except Stopped as stop:
            raise _stopped(room, question, admitted, stop) from None
        except Exception as failure:
            _withhold(room, question, admitted, failure)
            return None
        return _keep(room, question, admitted, kept, digest)


def _look(room: Room, question: Question, admitted: _Admitted) -> None:
    """Raise Stopped when what was permitted no longer is."""
    with room.database.reading() as session:
        refusal = _objection(room, session, question, admitted)
    if refusal is not None:
        raise Stopped from refusal


def _objection(room: Room, session: Session, question: Question, admitted: _Admitted) -> Refused | None:
    uid = question.agreement.uid
    return standing.objection(room, session, uid, question.act, question.actor, admitted.job)


def _keep(room: Room, question: Question, admitted: _Admitted, answer: dict[str, Any], digest: str) -> _Reply:
    """One durable transaction: decided again, the answer, its outcome leaf, and that this asking was answered by it.

    In this order and in one transaction, so that a hold's leaf stands after the answer's, or the answer has none.
    """
    with room.database.writing() as session:
        asked = jobs.asked(session, admitted.invocation)
        refusal = _objection(room, session, question, admitted)
        if refusal is None:
            asked = replace(asked, answer=answer)
            leaf = traces.outcome(question, asked, "answered", now=room.clock(), answer=digest)
            index = room.log.append(session, leaf)
            jobs.close(session, asked.job, state="answered", answer=answer, outcome_index=index)
            mine = index if asked.log_index is None else asked.log_index
            return _told(session, question, replace(asked, outcome_index=index), mine)
        stopped = _close(room, session, question, asked, refusal, was_begun=True)
    raise stopped


def _stopped(room: Room, question: Question, admitted: _Admitted, stop: Stopped) -> Refused:
    """What the asker is told of a stop, after it was noted."""
    assert isinstance(stop.__cause__, Refused)
    with room.database.writing() as session:
        asked = jobs.asked(session, admitted.invocation)
        return _close(room, session, question, asked, stop.__cause__, was_begun=stop.was_begun)


def _close(
    room: Room, session: Session, question: Question, asked: Asked, refusal: Refused, *, was_begun: bool
) -> Refused:
    """Note that a job was stopped, with a leaf of its own; its charge stays, and no door is shut.

    One that had begun is closed for ever, and the same plan costs a new charge: its noise may have been drawn, and
    whoever can place holds could else have it drawn as often as they like under one charge, and keep the draw of which
    some sign suits them (ATTACKS 2, 25). One that had not begun has drawn nothing, and is performed when it is asked
    for again, under the charge that it has: once, as if it had waited.
    """
    facts = {"begun": was_begun, "codes": traces.codes(refusal), "holds": refusal.facts.get("holds", [])}
    index = room.log.append(session, traces.outcome(question, asked, "stopped", now=room.clock()) | facts)
    if was_begun:
        jobs.close(session, asked.job, state="stopped", answer=None, outcome_index=index)
    return Refused(STOPPED[was_begun], refusal.reasons, **{**refusal.facts, "log_index": index})


def _withhold(room: Room, question: Question, admitted: _Admitted, failure: Exception) -> None:
    """A breach: charged, one fixed outcome, and the agreement's door shut until an officer opens it (DESIGN 3)."""
    # Only a Breach's text is ours; another's may hold values.
    what = str(failure) if isinstance(failure, Breach) else type(failure).__name__
    room.tell_operator("withheld", job=admitted.job, agreement=question.agreement.uid, breach=what)
    with room.database.writing() as session:
        asked = jobs.asked(session, admitted.invocation)
        index = room.log.append(session, traces.outcome(question, asked, "withheld", now=room.clock()))
        jobs.close(session, asked.job, state="withheld", answer=None, outcome_index=index)
        room.holds.place(
            session, target=question.agreement.uid, reason="an answer was withheld", by="room", now=room.clock()
        )


def _stored(room: Room, question: Question, admitted: _Admitted) -> _Reply:
    """The answer of a job that was done before, with a leaf that names this asking. Decided again, as in `_keep`."""
    with room.database.writing() as session:
        asked = jobs.asked(session, admitted.invocation)
        if asked.state == "stopped":
            raise Refused("this was stopped", (_USED_UP,), log_index=asked.outcome_index)
        if asked.answer is None:
            raise Withheld("the answer is withheld; an officer has been told", log_index=asked.outcome_index)
        refusal = _objection(room, session, question, admitted)
        if refusal is not None:
            raise refusal
        index = asked.log_index
        if index is None:
            digest = answers.digest_of(_asked_for(question, asked))
            leaf = traces.outcome(question, asked, "repeated", now=room.clock(), answer=digest)
            index = room.log.append(session, leaf)
        return _told(session, question, asked, index)


def _told(session: Session, question: Question, asked: Asked, index: int) -> _Reply:
    """The reply to an asking that leaf `index` answers, which is noted."""
    if asked.log_index is None:
        jobs.note_leaf(session, asked.id, index)
    body = _asked_for(question, replace(asked, log_index=index))
    statement = ledger.statement(session, question.agreement.uid)
    return _Reply({"id": asked.id, **answers.told(body, is_charged=asked.is_charged, statement=statement)}, index)


def _asked_for(question: Question, asked: Asked) -> dict[str, Any]:
    was_performed = asked.log_index is not None and asked.log_index == asked.outcome_index
    return answers.asked_for(asked.answer or {}, question.plan, is_list=question.ask.is_list, as_stored=was_performed)


def _logged(room: Room, actor: Actor, ask: Ask, refusal: JaliError) -> JaliError:
    if "log_index" not in refusal.facts:  # one that was stopped has its leaf
        with room.database.writing() as session:
            leaf = traces.refusal(actor, ask, refusal, room.clock())
            refusal.facts["log_index"] = room.log.append(session, leaf)
    return refusal
