"""What awaits whoever is signed in."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api.description import OBJECTS, described
from enclave_api.auth import front, signed_in
from enclave_api.services import tasks as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("tasks", __name__, url_prefix="/tasks")


@bp.get("")
@described(answers=OBJECTS)
@signed_in()
def tasks(account: Account) -> Any:
    """The matters in which it is your turn: the acts that are open to you, and until when."""
    return stories.open_tasks(front(), account)
