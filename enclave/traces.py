"""What an invocation leaves in the log (Art. 26): its intent, its outcome, or its refusal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dp_queries.plan import Plan
from enclave.jobs import Asked
from enclave.requests import Ask
from policies.agreements import Agreement
from policies.authorization import Act, Actor, Permit
from policies.catalogue import LoadedDataset
from policies.errors import JaliError


@dataclass(frozen=True)
class Question:
    """What is known of a request before it is charged: who asks, under what, and the priced plan."""

    actor: Actor
    ask: Ask
    agreement: Agreement
    dataset: LoadedDataset
    plan: Plan
    act: Act
    permit: Permit


def intent(question: Question, permit: Permit, now: datetime) -> dict[str, Any]:
    """A plan is charged and will be performed, by this permit; its charge and loss are the caller's to add."""
    decided = {"policies": list(permit.policies), "terms": permit.digest, "terms_version": permit.version}
    needs = question.act.needs
    columns = sorted(f"{table}.{column}" for table, column in needs.columns)
    return _leaf(question, "intent", now) | decided | {"columns": columns, "aggregates": sorted(needs.aggregates)}


def outcome(
    question: Question, asked: Asked, outcome: str, *, now: datetime, answer: str | None = None
) -> dict[str, Any]:
    """What became of a charged plan; `answer` is the digest of what was told."""
    # An old answer is of an old plan: the leaf names the one that was performed, not the one it would be today.
    performed = {"plan": asked.plan_digest, "version": (asked.answer or {}).get("version", question.plan.version)}
    bound = {"intent": asked.intent_index, "outcome": outcome, "answer": answer}
    return _leaf(question, "outcome", now) | performed | bound


def refusal(actor: Actor, ask: Ask, refused: JaliError, now: datetime) -> dict[str, Any]:
    """A request that was refused, whatever it asked for."""
    return {
        "kind": "refusal",
        "time": now.isoformat(),
        "door": "sql",
        "agreement": ask.agreement,
        "account": actor.account,
        "organization": actor.organization,
        "refused": refused.kind,
        "codes": codes(refused),
        "policies": refused.facts.get("policies", []),
        "request": ask.digest,
    }


def codes(refused: JaliError) -> list[str]:
    """The codes of a refusal's reasons, each once, in order."""
    return sorted({reason.code for reason in refused.reasons})


def _leaf(question: Question, kind: str, now: datetime) -> dict[str, Any]:
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
        "epsilon_micro": question.plan.epsilon_micro,
        "request": question.ask.digest,
    }
