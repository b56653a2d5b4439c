"""From an approval to an agreement that both parties signed (Art. 19, 20).

The provider approves, which drafts the agreement from the application and the dataset's conditions; each party signs
the draft with its own key, wherever that key is; the second signature registers it at the room, which alone decides
whether it holds. The room is asked first and noted after, so the front never says more than the room did.
"""

from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from enclave.link import RoomSaid
from enclave_api.bodies import ApplicationActBody, SignatureBody
from enclave_api.front import Front
from enclave_api.services import applications, files, matters
from enclave_api.services.accounts import Account
from enclave_api.services.acts import deliver
from enclave_api.store.matter_models import ApplicationRow
from policies.agreement_text import agreement_text
from policies.agreements import (
    Agreement,
    PinnedLog,
    agreement_document,
    amendment_document,
    read_agreement,
    signature_faults,
    signers,
    with_signature,
)
from policies.applications import MACHINE, Application, excess, is_large_scale, terms
from policies.catalogue import Dataset, read_card
from policies.duties import unmet
from policies.errors import AgreementRejected, NotFound, Reason, RequestRejected, WrongState
from policies.months import months_later
from policies.stated_terms import read_terms
from policies.terms import Terms

Json = dict[str, Any]
_MOST_NAME: Final = 46  # with a dash and 16 digits it is still a name of 63


def approve(
    front: Front, account: Account, identifier: str, body: ApplicationActBody, *, name: str | None = None
) -> Json:
    """Approve an application, and draft its agreement. Raises as `applications.act`, and with every reason against.

    `body.terms` are narrower terms than those that follow from the application; `name` is the agreement's id.
    """
    with front.store.reading() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        MACHINE.step(row.state, body.act, account.role)
        application = applications.asked(row)
    delivered, log = _delivered(front, application.dataset), _pinned_log(front)
    amended = None if application.amends is None else _amended(front, application)
    violated_at = applications.last_violation(front, application.organization)
    with front.store.writing() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        if applications.asked(row) != application:
            raise WrongState("the application was handed in anew meanwhile; look at it again")
        card, _ = applications.listed(session, row.dataset)
        applications.check(front, session, application, card, violated_at)
        agreed = _agreed(front, application, card, body, amended)
        matters.check_not_own(row, account)
        found = [
            *files.check_own(session, account, body.document),
            *excess(agreed, application, begins=None if amended is None else front.now()),
            *unmet(agreed, card),
            *_faults(row, application, card, delivered, applications.held_micro(session, row)),
        ]
        if found:
            raise RequestRejected("this can't be approved", tuple(found))
        row.document = _drafted(front, row, agreed, log, amended, name)
        row.decided_at = front.now()
        drafted = read_agreement(row.document).digest
        content = {"document": body.document} if body.document else {}
        detail = {**content, **_name(row.document), "digest": drafted}
        matters.take(front, session, row, account, "approve", reason=body.reason, content=content, detail=detail)
    deliver(front)
    return applications.one(front, account, identifier)


def sign(front: Front, account: Account, identifier: str, body: SignatureBody) -> Json:
    """Put a party's signature under the draft; the second one registers it. Raises AgreementRejected, WrongState."""
    with front.store.reading() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        target = MACHINE.step(row.state, "sign", account.role)
        draft = row.document
    assert draft is not None
    signed = _signed(front, account, draft, body.value)
    with front.store.writing() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        if row.document != draft:
            raise WrongState("the draft was signed by somebody else meanwhile; sign again")
        detail = {**_name(signed), "party": account.organization}
        matters.take(front, session, row, account, "sign", detail=detail)
        if target == "signed":
            # In here, so that nobody withdraws meanwhile: what the room has in force is noted, or asked again.
            front.link.register_agreement(signed)
        row.document = signed
        row.agreement = signed["uid"] if target == "signed" else None
    deliver(front)
    return applications.one(front, account, identifier)


def text(front: Front, account: Account, identifier: str) -> str:
    """The drafted agreement in words, as Markdown. Raises NotFound where nothing is drafted."""
    with front.store.reading() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        if row.document is None:
            raise NotFound("no agreement is drafted yet")
        return agreement_text(read_agreement(row.document))


def _name(document: Json) -> Json:
    return {"agreement": document["uid"], "version": document["version"]}


def _agreed(
    front: Front, application: Application, card: Dataset, body: ApplicationActBody, amended: Agreement | None
) -> Terms:
    """The terms that are granted. An amendment begins when its agreement did, so that no report is left out."""
    if body.terms is not None:
        return read_terms(application.dataset, body.terms)
    now = front.now().replace(microsecond=0)
    begins, ends = (amended.terms.not_before if amended else now), months_later(now, application.wanted.months)
    try:
        return terms(application, card, begins_at=begins, expires_at=ends)
    except ValueError as fault:
        reasons = tuple(Reason("wrong-value", message) for message in str(fault).split("; "))
        raise RequestRejected("these terms can't be agreed", reasons) from None


def _faults(
    row: ApplicationRow, application: Application, card: Dataset, delivered: str | None, held_micro: int
) -> Iterator[Reason]:
    """What keeps an application from being approved, whatever its terms."""
    if delivered != card.digest():
        message = "the room holds the dataset with another card than the listed one, or not at all"
        yield Reason("not-delivered", message, "dataset")
    if is_large_scale(application, card, held_micro=held_micro) and not _was_heard(row):
        yield Reason("experts", "a large-scale request is put before experts first", "act")


def _was_heard(row: ApplicationRow) -> bool:
    """Whether experts spoke of what was handed in last, and not of something smaller before it."""
    last = row.last("submit", "complete", "note-opinion")
    return last is not None and last.act == "note-opinion"


def _drafted(
    front: Front, row: ApplicationRow, agreed: Terms, log: PinnedLog, amended: Agreement | None, name: str | None
) -> Json:
    issued = front.now().replace(microsecond=0)
    if amended is not None:
        return amendment_document(amended, issued=issued, terms=agreed)
    assert row.applicant is not None
    return agreement_document(
        id=name or f"{row.dataset[:_MOST_NAME]}-{row.id.removeprefix('app-')}".replace("_", "-"),
        assigner=row.provider,
        assignee=row.applicant,
        issued=issued,
        log=log,
        terms=agreed,
    )


def _amended(front: Front, application: Application) -> Agreement:
    """The agreement that shall be amended. Raises RequestRejected, in the same words, where it is not theirs."""
    try:
        newest = read_agreement(front.link.agreement(str(application.amends)))
    except RoomSaid as said:
        if said.body["kind"] != NotFound.kind:
            raise
        newest = None
    if newest is None or (newest.assignee, newest.terms.dataset) != (application.organization, application.dataset):
        reason = Reason("unknown-agreement", "the organization has no such agreement on this dataset", "amends")
        raise RequestRejected("there is nothing to amend", (reason,))
    return newest


def _signed(front: Front, account: Account, draft: Json, value: str) -> Json:
    """The draft with this party's signature. Raises AgreementRejected where it does not match the party's key."""
    party = account.organization
    if party in signers(draft):
        raise WrongState("your signature is under it already", (Reason("state", "signed by you", "proof"),))
    signed = with_signature(draft, party, value)
    keys = {name: Ed25519PublicKey.from_public_bytes(b64decode(key)) for name, key in front.link.parties().items()}
    faults = signature_faults(signed, read_agreement(signed), keys, (party,))
    if faults:
        raise AgreementRejected("the signature can't be taken", faults)
    return signed


def _delivered(front: Front, dataset: str) -> str | None:
    """The digest of the card that the room holds the dataset with; None where it doesn't."""
    try:
        return read_card(front.link.dataset(dataset)["card"]).digest()
    except RoomSaid as said:
        if said.body["kind"] != NotFound.kind:
            raise
        return None


def _pinned_log(front: Front) -> PinnedLog:
    log = front.link.status()["log"]
    return PinnedLog(log["origin"], b64decode(log["key"], validate=True))
