"""ONE story for an invocation: submit, admit, perform, answer. LAYOUT's walk, step by step.

Order is safety here. The charge and the intent leaf commit in one transaction **before** a row is read; the answer
and the outcome leaf commit in one transaction **before** a byte of it leaves. So whatever dies in between, nothing
was released uncharged, and a plan that is asked again is performed under the charge it has.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from dp_queries import planner
from dp_queries.errors import QueryRejected
from dp_queries.plan import Plan
from dp_queries.pricing.comparison import explain_workload
from enclave import answers, jobs, ledger
from enclave.jobs import Asked
from enclave.lanes import Breach
from enclave.requests import Ask
from enclave.room import Room
from policies.agreements import Agreement
from policies.authorization import Act, Actor, Permit, decide
from policies.catalogue import LoadedDataset
from policies.errors import BudgetExceeded, Conflict, JaliError, NotFound, Refused, Unavailable, Withheld

LOGGED = (Refused, QueryRejected, BudgetExceeded, Conflict, NotFound)


@dataclass(frozen=True)
class _Question:
    """What `submit` knows before it charges: who asks, under what, and the priced plan."""

    actor: Actor
    ask: Ask
    agreement: Agreement
    dataset: LoadedDataset
    plan: Plan
    act: Act
    permit: Permit


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


def _question(room: Room, actor: Actor, ask: Ask) -> _Question:
    with room.database.reading() as session:
        agreement = _agreement(room, session, actor, ask.agreement)
        dataset = room.datasets.get(session, agreement.terms.dataset)
        most = ask.epsilon_micro or agreement.terms.epsilon_per_query_micro
        query = planner.analyse(ask.statements, dataset, room.pace, clipping=dict(ask.clipping or ()))
        act = Act(door="sql", needs=query.needs, epsilon_micro=most, purpose=ask.purpose)
        permit = _decide(room, session, agreement, act, actor)
    if ask.accuracy is None:
        plan = planner.plan(query, dataset, permit, epsilon_micro=most)
    else:
        plan = planner.plan_for_accuracy(query, dataset, permit, accuracy=dict(ask.accuracy), most_epsilon_micro=most)
    return _Question(actor, ask, agreement, dataset, plan, act, permit)


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


def _decide(
    room: Room, session: Session, agreement: Agreement, act: Act, actor: Actor, admitted: _Admitted | None = None
) -> Permit:
    """The permit of an act; of one that is admitted already, without counting it once more."""
    now = room.clock()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return decide(
        agreement,
        act,
        actor=actor,
        holds=room.holds.in_force(session),
        acts_today=jobs.count_since(session, agreement.uid, midnight) - (admitted is not None),
        now=now,
        spent_by_person_micro=_spent_by(session, agreement, actor, admitted),
    )


def _spent_by(session: Session, agreement: Agreement, actor: Actor, admitted: _Admitted | None) -> int | None:
    """What the account spent under the agreement; counted only where a term asks for it."""
    if agreement.terms.epsilon_per_person_micro is None:
        return None
    return ledger.spent_by(session, agreement.uid, actor.account, but=None if admitted is None else admitted.job)


def _admit(room: Room, question: _Question) -> _Admitted:
    """One durable transaction: decide with exact counters, charge, intent leaf. Nothing was read before it commits."""
    agreement, ask = question.agreement, question.ask
    with room.database.writing() as session:
        known = _same_request(session, question)
        if known is not None:
            return known
        permit = _decide(room, session, agreement, question.act, question.actor)
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


def _same_request(session: Session, question: _Question) -> _Admitted | None:
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


def _charge(room: Room, session: Session, question: _Question, permit: Permit) -> str:
    plan, agreement, now = question.plan, question.agreement, room.clock()
    population = question.dataset.card.unit.population
    charge = ledger.charge(
        session, agreement=agreement.uid, budgets=(agreement.uid, population), plan_digest=plan.digest, loss=plan.loss
    )
    decided = {"policies": list(permit.policies), "terms": permit.digest, "terms_version": permit.version}
    leaf = _leaf(question, "intent", now) | {"charge": charge.id, "loss": plan.loss.to_json()} | decided
    leaf |= {"columns": _names(question.act.needs.columns), "aggregates": sorted(question.act.needs.aggregates)}
    ledger.record(session, charge, intent_index=room.log.append(session, leaf), now=now)
    return charge.id


def _names(columns: frozenset[tuple[str, str]]) -> list[str]:
    return sorted(f"{table}.{column}" for table, column in columns)


def _perform(room: Room, question: _Question, admitted: _Admitted) -> _Reply | None:
    """Perform a charged job unless it is done (None). Asks `decide` again: a hold may have come in.

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
            _decide(room, session, question.agreement, question.act, question.actor, admitted)
            request = room.open_request(session, question.plan.dataset, question.plan.version)
            charge = ledger.charge_of(asked)
        if room.lanes is None:
            raise Unavailable("this process performs nothing")
        try:
            released = room.lanes.perform(question.plan, charge, request)
            kept = answers.kept(released, question.plan, question.dataset)
            digest = answers.digest_of(answers.asked_for(kept, question.plan, is_list=question.ask.is_list))
        except Exception as failure:
            _withhold(room, question, admitted, failure)
            return None
        return _keep(room, question, admitted, kept, digest)


def _keep(room: Room, question: _Question, admitted: _Admitted, answer: dict[str, Any], digest: str) -> _Reply:
    """One durable transaction: the answer, its outcome leaf, and that this asking was answered by it."""
    with room.database.writing() as session:
        asked = replace(jobs.asked(session, admitted.invocation), answer=answer)
        index = room.log.append(session, _outcome(question, asked, "answered", digest, room.clock()))
        jobs.close(session, asked.job, state="answered", answer=answer, outcome_index=index)
        mine = index if asked.log_index is None else asked.log_index
        return _told(session, question, replace(asked, outcome_index=index), mine)


def _withhold(room: Room, question: _Question, admitted: _Admitted, failure: Exception) -> None:
    """A breach: charged, one fixed outcome, and the agreement's door shut until an officer opens it (DESIGN 3)."""
    # Only a Breach's text is ours; another's may hold values.
    what = str(failure) if isinstance(failure, Breach) else type(failure).__name__
    room.tell_operator("withheld", job=admitted.job, agreement=question.agreement.uid, breach=what)
    with room.database.writing() as session:
        asked = jobs.asked(session, admitted.invocation)
        index = room.log.append(session, _outcome(question, asked, "withheld", None, room.clock()))
        jobs.close(session, asked.job, state="withheld", answer=None, outcome_index=index)
        room.holds.place(
            session, target=question.agreement.uid, reason="an answer was withheld", by="room", now=room.clock()
        )


def _stored(room: Room, question: _Question, admitted: _Admitted) -> _Reply:
    """The answer of a job that was done before, with a leaf that names this asking."""
    with room.database.writing() as session:
        asked = jobs.asked(session, admitted.invocation)
        if asked.answer is None:
            raise Withheld("the answer is withheld; an officer has been told", log_index=asked.outcome_index)
        index = asked.log_index
        if index is None:
            digest = answers.digest_of(_asked_for(question, asked))
            index = room.log.append(session, _outcome(question, asked, "repeated", digest, room.clock()))
        return _told(session, question, asked, index)


def _told(session: Session, question: _Question, asked: Asked, index: int) -> _Reply:
    """The reply to an asking that leaf `index` answers, which is noted."""
    if asked.log_index is None:
        jobs.note_leaf(session, asked.id, index)
    body = _asked_for(question, replace(asked, log_index=index))
    statement = ledger.statement(session, question.agreement.uid)
    return _Reply({"id": asked.id, **answers.told(body, is_charged=asked.is_charged, statement=statement)}, index)


def _asked_for(question: _Question, asked: Asked) -> dict[str, Any]:
    was_performed = asked.log_index is not None and asked.log_index == asked.outcome_index
    return answers.asked_for(asked.answer or {}, question.plan, is_list=question.ask.is_list, as_stored=was_performed)


def _outcome(question: _Question, asked: Asked, outcome: str, answer: str | None, now: datetime) -> dict[str, Any]:
    # An old answer is of an old plan: the leaf names the one that was performed, not the one it would be today.
    performed = {"plan": asked.plan_digest, "version": (asked.answer or {}).get("version", question.plan.version)}
    bound = {"intent": asked.intent_index, "outcome": outcome, "answer": answer}
    return _leaf(question, "outcome", now) | performed | bound


def _leaf(question: _Question, kind: str, now: datetime) -> dict[str, Any]:
    actor = question.actor
    return {
        "kind": kind,
        "time": now.isoformat(),
        "door": "sql",
        "agreement": question.agreement.uid,
        "dataset": question.plan.dataset,
        "version": question.plan.version,
        "plan": question.plan.digest,
        "account": actor.account,
        "organization": actor.organization,
        "vouched_by": actor.vouched_by,
        "purpose": question.permit.purpose,
        "request": question.ask.digest,
    }


def _logged(room: Room, actor: Actor, ask: Ask, refusal: JaliError) -> JaliError:
    leaf = {
        "kind": "refusal",
        "time": room.clock().isoformat(),
        "door": "sql",
        "agreement": ask.agreement,
        "account": actor.account,
        "organization": actor.organization,
        "refused": refusal.kind,
        "codes": sorted({reason.code for reason in refusal.reasons}),
        "policies": refusal.facts.get("policies", []),
        "request": ask.digest,
    }
    with room.database.writing() as session:
        refusal.facts["log_index"] = room.log.append(session, leaf)
    return refusal
