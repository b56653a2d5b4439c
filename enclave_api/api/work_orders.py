"""Work orders on the open list (Art. 10, 11): providers ask, the operator accepts or returns."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api import reading
from enclave_api.api.description import OBJECTS, described, schema_of
from enclave_api.auth import front, signed_in
from enclave_api.bodies import DecisionBody, ResubmissionBody, WorkOrderBody
from enclave_api.services import work_orders as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("work_orders", __name__, url_prefix="/work-orders")

_READING = ("request-rejected", "too-large", "wrong-media-type")


@bp.post("")
@described(asks=schema_of(WorkOrderBody), problems=(*_READING, "work-order-returned"))
@signed_in("data-provider")
def submit(account: Account) -> Any:
    """Ask for a change of the open list. What can't stand is returned at once, with every reason."""
    return stories.submit(front(), account, reading.body(WorkOrderBody, most_bytes=reading.MOST_CARD_BYTES))


@bp.get("")
@described(answers=OBJECTS)
@signed_in("data-provider", "operator", "regulator", "security-officer")
def orders(account: Account) -> Any:
    """The work orders that you may see, newest first, each with its history."""
    return stories.visible(front(), account)


@bp.get("/<identifier>")
@described(problems=("not-found",))
@signed_in("data-provider", "operator", "regulator", "security-officer")
def order(account: Account, identifier: str) -> Any:
    """One work order with its history."""
    return stories.one(front(), account, identifier)


@bp.post("/<identifier>/submission")
@described(asks=schema_of(ResubmissionBody), problems=(*_READING, "not-found", "wrong-state", "work-order-returned"))
@signed_in("data-provider")
def resubmit(account: Account, identifier: str) -> Any:
    """Hand in a returned work order again, mended."""
    body = reading.body(ResubmissionBody, most_bytes=reading.MOST_CARD_BYTES)
    return stories.resubmit(front(), account, identifier, body)


@bp.post("/<identifier>/decision")
@described(asks=schema_of(DecisionBody), problems=(*_READING, "not-found", "wrong-state", "work-order-returned"))
@signed_in("operator", "data-provider")
def decide(account: Account, identifier: str) -> Any:
    """Accept or return a work order (the operator), or withdraw it (the provider)."""
    return stories.decide(front(), account, identifier, reading.body(DecisionBody))
