"""Signed orders to the room, the holds in force, and violations (Art. 31, 32)."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api import reading
from enclave_api.api.description import OBJECTS, described, schema_of
from enclave_api.auth import front, signed_in
from enclave_api.bodies import OrderBody
from enclave_api.services import sanctions as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("sanctions", __name__)

_PROBLEMS = ("request-rejected", "too-large", "wrong-media-type", "not-found", "order-rejected", "unavailable")


@bp.post("/orders")
@described(asks=schema_of(OrderBody), problems=_PROBLEMS)
@signed_in("data-provider", "regulator", "security-officer")
def order(account: Account) -> Any:
    """Carry a signed order to the room, which believes its signature alone; where the log has it."""
    return stories.order(front(), account, reading.body(OrderBody))


@bp.get("/holds")
@described(answers=OBJECTS, problems=("unavailable",))
@signed_in("operator", "regulator", "security-officer")
def holds(account: Account) -> Any:
    """The holds in force, each with its place in the log, by which it is lifted."""
    return front().link.holds()


@bp.get("/violations")
@described(answers=OBJECTS, problems=("unavailable",))
def published() -> Any:
    """The violations that are published, newest first, and what was done about them (Art. 32)."""
    return front().link.violations(published_only=True)


@bp.get("/violations/all")
@described(answers=OBJECTS, problems=("unavailable",))
@signed_in("operator", "regulator", "security-officer")
def violations(account: Account) -> Any:
    """The whole record of violations; reading it is logged."""
    return stories.violations(front(), account)
