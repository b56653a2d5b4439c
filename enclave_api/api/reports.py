"""Utilization reports (Art. 29): due by the agreement, filled in from the log, told by researchers, read by others."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api import reading
from enclave_api.api.description import OBJECTS, described, schema_of
from enclave_api.auth import front, signed_in
from enclave_api.bodies import DecisionBody, NarrativeBody
from enclave_api.services import reports as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("reports", __name__)

_SIDES = ("researcher", "data-provider", "operator", "regulator", "security-officer")
_READING = ("request-rejected", "too-large", "wrong-media-type", "not-found")


@bp.get("/agreements/<uid>/reports")
@described(answers=OBJECTS, problems=("not-found", "unavailable"))
@signed_in(*_SIDES)
def calendar(account: Account, uid: str) -> Any:
    """The reports that an agreement asks for, period by period, where each stands, and what was filed."""
    return stories.calendar(front(), account, uid)


@bp.get("/agreements/<uid>/reports/<int:number>/usage")
@described(problems=("not-found", "unavailable"))
@signed_in(*_SIDES)
def usage(account: Account, uid: str, number: int) -> Any:
    """What the log says of a period: invocations, columns, aggregates, purposes, people, epsilon."""
    return stories.usage(front(), account, uid, number)


@bp.post("/agreements/<uid>/reports/<int:number>")
@described(asks=schema_of(NarrativeBody), problems=(*_READING, "wrong-state", "unavailable"))
@signed_in("researcher")
def file(account: Account, uid: str, number: int) -> Any:
    """File the report on a period; its factual half is filled in from the log."""
    return stories.file(front(), account, uid, number, reading.body(NarrativeBody))


@bp.get("/reports")
@described(answers=OBJECTS)
@signed_in(*_SIDES)
def reports(account: Account) -> Any:
    """The filed reports that you may see, newest first, each with its history."""
    return stories.visible(front(), account)


@bp.get("/reports/<identifier>")
@described(problems=("not-found",))
@signed_in(*_SIDES)
def report(account: Account, identifier: str) -> Any:
    """One filed report with its history."""
    return stories.one(front(), account, identifier)


@bp.post("/reports/<identifier>/decision")
@described(asks=schema_of(DecisionBody), problems=(*_READING, "wrong-state", "unavailable"))
@signed_in("data-provider", "operator", "regulator")
def decide(account: Account, identifier: str) -> Any:
    """Accept a report, or return it with the reason."""
    return stories.decide(front(), account, identifier, reading.body(DecisionBody))


@bp.get("/uses")
@described(answers=OBJECTS)
def uses() -> Any:
    """What was made of the data, with its citations, as accepted reports name it. Open to everybody."""
    return stories.uses(front())
