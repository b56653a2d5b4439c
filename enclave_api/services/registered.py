"""Whether the room has a drafted agreement in force: it is asked, because the front may have died in between."""

from collections.abc import Mapping
from typing import Any

from enclave.link import RoomSaid
from enclave_api.front import Front
from policies.errors import NotFound, Reason, WrongState


def check_not_in_force(front: Front, document: Mapping[str, Any]) -> None:
    """Raise WrongState where the room has registered this version, or a later one."""
    try:
        newest = front.link.agreement(str(document["uid"]))
    except RoomSaid as said:
        if said.body["kind"] != NotFound.kind:
            raise
        return
    if newest["version"] >= document["version"]:
        reason = Reason("state", "both have signed, and the room has registered it", "agreement")
        raise WrongState("the agreement is in force", (reason,))
