"""The SQL door: a dry run and a submit, for researchers."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from enclave_api.api import reading
from enclave_api.api.description import IDEMPOTENCY_KEY, QUESTION, described
from enclave_api.auth import front, signed_in
from enclave_api.services import queries as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("queries", __name__)

_READING = ("request-rejected", "too-large", "wrong-media-type", "not-found", "query-rejected", "unavailable")


@bp.post("/explain")
@described(asks=QUESTION, problems=_READING)
@signed_in("researcher")
def explain(account: Account) -> Any:
    """What a question would cost and how exact its answer would be; free, and no row is touched."""
    return stories.explain(front(), account, reading.question())


@bp.post("/sql")
@described(
    asks=QUESTION,
    parameters=(IDEMPOTENCY_KEY,),
    problems=(*_READING, "budget-exceeded", "conflict", "withheld"),
)
@signed_in("researcher")
def sql(account: Account) -> Any:
    """The answer with its intervals, its price and its receipt."""
    answer = stories.submit(front(), account, reading.question(), reading.idempotency_key())
    return Response(answer, mimetype="application/json")
