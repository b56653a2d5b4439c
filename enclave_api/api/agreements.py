"""Agreements (Art. 20) as their parties and the supervisors see them."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from enclave_api.api import reading
from enclave_api.api.description import AGREEMENT, OBJECTS, described
from enclave_api.auth import front, signed_in
from enclave_api.services import agreements as stories, queries
from enclave_api.services.accounts import Account

bp = APIBlueprint("agreements", __name__)


@bp.get("/agreements")
@described(answers=OBJECTS, problems=("unavailable",))
@signed_in()
def agreements(account: Account) -> Any:
    """The signed documents of the agreements that you may see."""
    return stories.visible(front(), account)


@bp.get("/agreements/<uid>")
@described(problems=("not-found", "unavailable"))
@signed_in()
def agreement(account: Account, uid: str) -> Any:
    """One agreement's signed document (ODRL 2.2 JSON-LD)."""
    return stories.one(front(), account, uid)


@bp.get("/agreements/<uid>/versions")
@described(answers=OBJECTS, problems=("not-found", "unavailable"))
@signed_in()
def versions(account: Account, uid: str) -> Any:
    """Every version of an agreement as both parties signed it, oldest first."""
    return stories.versions(front(), account, uid)


@bp.get("/agreements/<uid>/text")
@described(answers="text/markdown", problems=("not-found", "unavailable"))
@signed_in()
def text(account: Account, uid: str) -> Any:
    """An agreement in words, as Markdown, made from its signed document."""
    return Response(stories.text(front(), account, uid), mimetype="text/markdown")


@bp.get("/budget")
@described(parameters=(AGREEMENT,), problems=("request-rejected", "not-found", "unavailable"))
@signed_in()
def budget(account: Account) -> Any:
    """What an agreement has spent and what is left."""
    return queries.budget(front(), account, reading.agreement())


@bp.get("/invocations")
@described(answers=OBJECTS, parameters=(AGREEMENT,), problems=("request-rejected", "not-found", "unavailable"))
@signed_in()
def invocations(account: Account) -> Any:
    """What was asked under an agreement, newest first."""
    return queries.invocations(front(), account, reading.agreement())
