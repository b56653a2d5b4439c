"""Agreements as their parties and the supervisors see them. What somebody may not see reads like what is not there."""

from enclave.link import Json, RoomSaid
from enclave_api.front import Front
from enclave_api.services.accounts import Account
from policies.agreement_text import agreement_text
from policies.agreements import read_agreement
from policies.errors import NotFound

_SUPERVISORS = ("operator", "regulator", "security-officer")  # Art. 29, 30: they watch and spot-check every use
_SIDE = {"researcher": "assignee", "data-provider": "assigner"}


def visible(front: Front, account: Account) -> list[Json]:
    """The signed documents of the agreements that the account may see."""
    asked = account.organization if account.role == "researcher" else None
    return [document for document in front.link.agreements(asked) if _may_see(account, document)]


def one(front: Front, account: Account, uid: str) -> Json:
    """One agreement's signed document.

    Raises NotFound, in the same words, if there is none or the account may not see it.
    """
    try:
        document = front.link.agreement(uid)
    except RoomSaid as said:
        if said.body["kind"] != NotFound.kind:
            raise
        document = None
    if document is None or not _may_see(account, document):
        raise NotFound("there is no such agreement, or not for you")
    return document


def versions(front: Front, account: Account, uid: str) -> list[Json]:
    """Every version of an agreement that the account may see, oldest first."""
    return front.link.agreement_versions(one(front, account, uid)["uid"])


def text(front: Front, account: Account, uid: str) -> str:
    """An agreement in words, as Markdown: made from the signed document that the account may see."""
    return agreement_text(read_agreement(one(front, account, uid)))


def _may_see(account: Account, document: Json) -> bool:
    if account.role in _SUPERVISORS:
        return True
    side = _SIDE.get(account.role)
    return side is not None and bool(document[side]["uid"] == f"urn:jali:party:{account.organization}")
