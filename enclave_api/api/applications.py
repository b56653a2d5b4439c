"""Applications for conditionally open data (Art. 18-20): handed in, checked, decided, signed by both sides."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from enclave_api.api import reading
from enclave_api.api.description import OBJECTS, described, schema_of
from enclave_api.auth import front, signed_in
from enclave_api.bodies import ApplicationActBody, ApplicationBody, SignatureBody
from enclave_api.services import applications as stories, drafts, fusion, treatment
from enclave_api.services.accounts import Account

bp = APIBlueprint("applications", __name__, url_prefix="/applications")

_SIDES = ("researcher", "data-provider", "operator", "regulator", "security-officer")
_READING = ("request-rejected", "too-large", "wrong-media-type", "not-found")


@bp.post("")
@described(asks=schema_of(ApplicationBody), problems=(*_READING, "application-incomplete", "unavailable"))
@signed_in("researcher")
def submit(account: Account) -> Any:
    """Apply for a dataset. What is not complete is not accepted, and every reason is told at once."""
    return stories.submit(front(), account, reading.body(ApplicationBody))


@bp.get("")
@described(answers=OBJECTS)
@signed_in(*_SIDES)
def applications(account: Account) -> Any:
    """The applications that you may see, newest first, each with its history and its deadline."""
    return stories.visible(front(), account)


@bp.get("/statistics")
@described(answers=OBJECTS, problems=("unavailable",))
@signed_in("data-provider", "operator", "regulator", "security-officer")
def statistics(account: Account) -> Any:
    """How applications were treated, dataset by dataset and organization by organization (Art. 19)."""
    return treatment.statistics(front(), account)


@bp.get("/<identifier>")
@described(problems=("not-found",))
@signed_in(*_SIDES)
def application(account: Account, identifier: str) -> Any:
    """One application with its history, its deadline, and the agreement that it leads to."""
    return stories.one(front(), account, identifier)


@bp.get("/<identifier>/risk")
@described(answers=OBJECTS, problems=("not-found", "unavailable"))
@signed_in("data-provider", "operator", "regulator", "security-officer")
def risk(account: Account, identifier: str) -> Any:
    """What the organization could join the data with, by the agreements that it holds (Art. 19)."""
    return fusion.assessment(front(), account, identifier)


@bp.get("/<identifier>/agreement")
@described(answers="text/markdown", problems=("not-found",))
@signed_in(*_SIDES)
def agreement(account: Account, identifier: str) -> Any:
    """The drafted agreement in words."""
    return Response(drafts.text(front(), account, identifier), content_type="text/markdown; charset=utf-8")


@bp.post("/<identifier>/submission")
@described(
    asks=schema_of(ApplicationBody), problems=(*_READING, "application-incomplete", "wrong-state", "unavailable")
)
@signed_in("researcher")
def complete(account: Account, identifier: str) -> Any:
    """Hand in again what was returned, completed."""
    return stories.complete(front(), account, identifier, reading.body(ApplicationBody))


@bp.post("/<identifier>/acts")
@described(
    asks=schema_of(ApplicationActBody), problems=(*_READING, "application-incomplete", "wrong-state", "unavailable")
)
@signed_in("researcher", "data-provider", "operator")
def act(account: Account, identifier: str) -> Any:
    """Take an application a step on: return, accept, ask-experts, note-opinion, approve, refuse, withdraw."""
    body = reading.body(ApplicationActBody)
    story = drafts.approve if body.act == "approve" else stories.act
    return story(front(), account, identifier, body)


@bp.post("/<identifier>/signature")
@described(asks=schema_of(SignatureBody), problems=(*_READING, "agreement-rejected", "wrong-state", "unavailable"))
@signed_in("researcher", "data-provider")
def sign(account: Account, identifier: str) -> Any:
    """Sign the drafted agreement for your organization; the second signature puts it in force."""
    return drafts.sign(front(), account, identifier, reading.body(SignatureBody))
