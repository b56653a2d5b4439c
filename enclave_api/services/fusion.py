"""What a reviewer should know of an application: what the organization could join the data with (Art. 19, item 3)."""

from typing import Any

from enclave.link import RoomSaid
from enclave_api.front import Front
from enclave_api.services import applications, matters
from enclave_api.services.accounts import Account
from enclave_api.store.matter_models import ApplicationRow
from policies.agreements import Agreement, read_agreement
from policies.catalogue import read_card
from policies.errors import NotFound
from policies.fusion import Holding, assess
from policies.terms import MICRO, read_decimal

Json = dict[str, Any]


def assessment(front: Front, account: Account, identifier: str) -> list[Json]:
    """Every finding, the weightiest first. Raises NotFound."""
    with front.store.reading() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        card, _ = applications.listed(session, row.dataset)
    holdings = [holding for document in front.link.agreements(row.applicant) if (holding := _holding(front, document))]
    return [vars(finding) for finding in assess(card, holdings)]


def _holding(front: Front, document: Json) -> Holding | None:
    """An agreement as the organization holds it; also one that has ended, because what was told stays known."""
    agreement = read_agreement(document)
    try:
        card = read_card(front.link.dataset(agreement.terms.dataset)["card"])
    except RoomSaid as said:
        if said.body["kind"] != NotFound.kind:
            raise
        return None
    return Holding(agreement.uid, card, agreement.terms.epsilon_micro, _spent_micro(front, agreement))


def _spent_micro(front: Front, agreement: Agreement) -> int:
    """What was spent under an agreement; all of it, where its signatures no longer hold and nobody says."""
    try:
        return int(read_decimal(front.link.budget(agreement.uid)["spent"]) * MICRO)
    except RoomSaid:
        return agreement.terms.epsilon_micro
