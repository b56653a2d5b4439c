"""Signed agreements: entered once, when everything about them holds; checked anew whenever they are used."""

import json
from contextlib import nullcontext
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from enclave import ledger
from enclave.store.models import AgreementRow
from policies.agreements import Agreement, PinnedLog, sign
from policies.errors import AgreementRejected, NotFound
from tests.world import PROVIDER, UNIVERSITY, World, signed_document, trust


def document(world: World, name: str, **changes: Any) -> dict[str, Any]:
    return signed_document(world.room, world.provider_key, world.university_key, name, **changes)


def register(world: World, given: Any) -> Agreement:
    room = world.room
    with room.database.writing() as session:
        return room.agreements.register(session, given, log=room.pinned_log, now=room.clock())


def faults(world: World, given: Any, log: PinnedLog | None = None) -> list[str]:
    """The codes of all reasons for which the room does not register a document."""
    room = world.room
    with pytest.raises(AgreementRejected) as caught, room.database.writing() as session:
        room.agreements.register(session, given, log=log or room.pinned_log, now=room.clock())
    return [reason.code for reason in caught.value.reasons]


def test_an_agreement_opens_its_budget_once(world: World) -> None:
    signed = document(world, "once", epsilon_micro=7_000_000)
    uid = register(world, signed).uid
    size = log_size(world)
    assert register(world, signed).uid == uid
    assert log_size(world) == size  # the same document twice is one registration
    with world.room.database.reading() as session:
        assert ledger.statement(session, uid)["epsilon"] == "7"
        assert world.room.agreements.document(session, uid) == signed
        assert world.room.agreements.get(session, "once").uid == uid  # its short name


def test_another_document_under_a_registered_uid_is_refused(world: World) -> None:
    register(world, document(world, "same-uid"))
    assert faults(world, document(world, "same-uid", epsilon_micro=19_000_000)) == ["known-version"]


def test_a_signature_by_a_key_that_is_not_trusted_is_refused(world: World) -> None:
    stranger = Ed25519PrivateKey.generate()
    assert faults(world, signed_document(world.room, stranger, world.university_key, "forged")) == ["bad-signature"]
    assert faults(world, document(world, "changed") | {"issued": "2020-01-01T00:00:00Z"}) == ["bad-signature"] * 2


def test_terms_that_fall_short_of_the_datasets_conditions_are_refused(world: World) -> None:
    short: dict[str, Any] = {
        "purposes": frozenset({"marketing"}),
        "measures": frozenset({"A moat."}),
        "reports_every_months": 24,
    }
    for name, value in short.items():
        given = document(world, f"short-{name.replace('_', '-')}", **{name: value})
        assert faults(world, given) == [{"purposes": "purpose", "measures": "measure"}.get(name, "reports")]


@pytest.mark.parametrize("given", [None, {}, [], "x", {"uid": "urn:jali:agreement:x"}, {"proof": [{}]}, 7])
def test_what_is_no_agreement_is_refused(world: World, given: Any) -> None:
    with pytest.raises(AgreementRejected):
        register(world, given)


def test_an_agreement_that_pins_another_log_is_refused(world: World) -> None:
    signed = document(world, "elsewhere")
    room = world.room
    other = PinnedLog(room.log.origin, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert faults(world, signed, other) == ["another-log"]


def test_an_agreement_on_data_that_are_not_here_is_refused(world: World) -> None:
    assert faults(world, document(world, "no-data", dataset="others")) == ["no-dataset"]


def test_an_agreement_on_columns_that_are_not_there_is_refused(world: World) -> None:
    columns = frozenset({("visits", "clinic"), ("visits", "income"), ("secrets", "*")})
    with pytest.raises(AgreementRejected) as caught:
        register(world, document(world, "unknown-columns", columns=columns))
    assert ["secrets.*" in reason.message for reason in caught.value.reasons] == [True, False]
    assert "visits.income" in caught.value.reasons[1].message


def signed_by(world: World, name: str, parties: dict[str, Ed25519PrivateKey]) -> dict[str, Any]:
    """The first agreement's words between other parties: assigner first."""
    (assigner, _), (assignee, _) = parties.items()
    words = {key: value for key, value in document(world, name).items() if key != "proof"}
    words["assigner"] = {**words["assigner"], "uid": f"urn:jali:party:{assigner}"}
    words["assignee"] = {**words["assignee"], "uid": f"urn:jali:party:{assignee}"}
    for party, key in parties.items():
        words = sign(words, key, party)
    return words


def test_only_the_datasets_provider_signs_as_assigner(world: World) -> None:
    other = Ed25519PrivateKey.generate()
    trust(world.room, "another-bureau", "provider", other)
    parties = {"another-bureau": other, UNIVERSITY: world.university_key}
    assert faults(world, signed_by(world, "wrong-provider", parties)) == ["wrong-provider"]


def test_only_an_organization_signs_as_assignee(world: World) -> None:
    officer = Ed25519PrivateKey.generate()
    trust(world.room, "an-officer", "security-officer", officer)
    parties = {PROVIDER: world.provider_key, "an-officer": officer}
    assert faults(world, signed_by(world, "to-an-officer", parties)) == ["wrong-organization"]


def test_a_key_that_was_replaced_no_longer_vouches_for_what_it_signed(world: World) -> None:
    lost, room = Ed25519PrivateKey.generate(), world.room
    trust(room, "a-college", "organization", lost)
    uid = register(world, signed_by(world, "of-a-college", {PROVIDER: world.provider_key, "a-college": lost})).uid
    with room.database.reading() as session:
        assert room.agreements.get(session, uid) is room.agreements.get(session, uid)  # remembered by bytes and keys
    trust(room, "a-college", "organization", Ed25519PrivateKey.generate())
    with room.database.reading() as session, pytest.raises(AgreementRejected):
        room.agreements.get(session, uid)


def test_a_stored_agreement_that_was_changed_is_refused_also_after_it_was_good(world: World) -> None:
    uid, room = register(world, document(world, "changed-later")).uid, world.room
    with room.database.reading() as session:
        assert room.agreements.get(session, uid).terms.epsilon_micro == 20_000_000
        stored = room.agreements.document(session, uid)
    more = json.loads(json.dumps(stored).replace('"20"', '"2000"'))
    assert more != stored
    for changed, is_good in ((more, False), (stored, True)):
        with room.database.writing() as session:
            session.execute(update(AgreementRow).where(AgreementRow.uid == uid).values(document=changed))
        with room.database.reading() as session, nullcontext() if is_good else pytest.raises(AgreementRejected):
            room.agreements.get(session, uid)


def test_documents_are_shown_by_organization(world: World) -> None:
    uid = register(world, document(world, "shown")).uid
    with world.room.database.reading() as session:
        shown = {given["uid"] for given in world.room.agreements.documents(session, UNIVERSITY)}
        everything = {given["uid"] for given in world.room.agreements.documents(session, None)}
        assert world.room.agreements.documents(session, "nobody") == []
        with pytest.raises(NotFound):
            world.room.agreements.get(session, "nothing")
    assert uid in shown <= everything


def log_size(world: World) -> int:
    with world.room.database.reading() as session:
        return world.room.log.size(session)
