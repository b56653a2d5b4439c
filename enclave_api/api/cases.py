"""Infringement cases (Art. 31): reported without an account, taken on by those who provide and supervise."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api import reading
from enclave_api.api.description import OBJECTS, described, schema_of
from enclave_api.auth import front, signed_in
from enclave_api.bodies import CaseActBody, ReportBody
from enclave_api.services import cases as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("cases", __name__, url_prefix="/cases")

_READING = ("request-rejected", "too-large", "wrong-media-type", "not-found")


@bp.post("")
@described(asks=schema_of(ReportBody), problems=(*_READING, "unavailable"))
def report() -> Any:
    """Report that opening a dataset infringes rights. The code that comes back is shown this once."""
    return stories.report(front(), reading.body(ReportBody))


@bp.get("")
@described(answers=OBJECTS)
@signed_in("data-provider", "operator", "regulator", "security-officer")
def cases(account: Account) -> Any:
    """The cases that you may see, newest first, each with its history."""
    return stories.visible(front(), account)


@bp.get("/<identifier>")
@described(problems=("not-found",))
@signed_in("data-provider", "operator", "regulator", "security-officer")
def case(account: Account, identifier: str) -> Any:
    """One case with its history."""
    return stories.one(front(), account, identifier)


@bp.post("/<identifier>/acts")
@described(asks=schema_of(CaseActBody), problems=(*_READING, "wrong-state", "order-rejected", "unavailable"))
@signed_in("data-provider", "operator", "security-officer")
def act(account: Account, identifier: str) -> Any:
    """Take a case a step on; what stops, withdraws or opens data again carries a signed order."""
    return stories.act(front(), account, identifier, reading.body(CaseActBody))
