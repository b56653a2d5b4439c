"""What people bring forward (Art. 6, 16, 30), spot checks (Art. 29), and the feedback that they get."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api import reading
from enclave_api.api.description import OBJECTS, described, schema_of
from enclave_api.auth import front, signed_in
from enclave_api.bodies import CodeBody, PetitionActBody, PetitionBody, SpotCheckBody
from enclave_api.services import codes, petitions as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("petitions", __name__)

_SUPERVISORS = ("data-provider", "operator", "regulator", "security-officer")
_READING = ("request-rejected", "too-large", "wrong-media-type", "not-found")


@bp.post("/petitions")
@described(asks=schema_of(PetitionBody), problems=(*_READING, "unavailable"))
def bring() -> Any:
    """Object to data, ask for a dataset, report misuse. The code that comes back is shown this once."""
    return stories.bring(front(), reading.body(PetitionBody))


@bp.post("/spot-checks")
@described(asks=schema_of(SpotCheckBody), problems=(*_READING, "unavailable"))
@signed_in(*_SUPERVISORS)
def check_use(account: Account) -> Any:
    """Ask an organization how it uses the data under an agreement."""
    return stories.check_use(front(), account, reading.body(SpotCheckBody))


@bp.get("/petitions")
@described(answers=OBJECTS)
@signed_in("researcher", *_SUPERVISORS)
def petitions(account: Account) -> Any:
    """The matters that you may see, newest first, each with its history."""
    return stories.visible(front(), account)


@bp.get("/petitions/<identifier>")
@described(problems=("not-found",))
@signed_in("researcher", *_SUPERVISORS)
def petition(account: Account, identifier: str) -> Any:
    """One matter with its history."""
    return stories.one(front(), account, identifier)


@bp.post("/petitions/<identifier>/acts")
@described(asks=schema_of(PetitionActBody), problems=(*_READING, "wrong-state"))
@signed_in("researcher", *_SUPERVISORS)
def act(account: Account, identifier: str) -> Any:
    """Take a matter a step on; what ends it tells whoever asked."""
    return stories.act(front(), account, identifier, reading.body(PetitionActBody))


@bp.post("/feedback")
@described(asks=schema_of(CodeBody), problems=_READING)
def feedback() -> Any:
    """What became of what you brought forward: by its code, which belongs in a body and in no address."""
    return codes.feedback(front(), reading.body(CodeBody))
