"""What a researcher does through the SQL door: a dry run, a submit, the budget, what was asked before."""

from typing import Any

from enclave.link import Json
from enclave_api.front import Front
from enclave_api.questions import Question
from enclave_api.services import agreements
from enclave_api.services.accounts import Account
from enclave_api.services.acts import record


def explain(front: Front, account: Account, question: Question) -> Json:
    """What the question would cost and how exact its answer would be; free, and no row is touched."""
    return front.link.explain(_request(account, question))


def submit(front: Front, account: Account, question: Question, idempotency_key: str | None) -> bytes:
    """The answer with its receipt, as the room wrote it. With the same Idempotency-Key it is never charged twice."""
    return front.link.submit({**_request(account, question), "idempotency_key": idempotency_key})


def budget(front: Front, account: Account, agreement: str) -> Json:
    """What the agreement has spent and what is left."""
    agreements.one(front, account, agreement)
    return front.link.budget(agreement)


def invocations(front: Front, account: Account, agreement: str) -> list[Json]:
    """What was asked under the agreement. Who reads it without having asked leaves a trace (Art. 26)."""
    agreements.one(front, account, agreement)
    if account.role != "researcher":
        record(front, actor=account.actor(), act="invocations-read", detail={"agreement": agreement})
    return front.link.invocations(agreement)


def _request(account: Account, question: Question) -> dict[str, Any]:
    # Other organizations' agreements read like those that are not there: that is the room's word, which it also logs.
    return {"actor": account.actor(), "door": "sql", **question.to_json()}
