"""Trusted parties: a key that is none is refused, and each entry is a leaf."""

import json
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.errors import AgreementRejected, NotFound
from tests.enclave.registry.conftest import BY, Registry


def public_text(key: Ed25519PrivateKey) -> str:
    return b64encode(key.public_key().public_bytes_raw()).decode()


def test_a_trusted_key_is_in_force_and_in_the_log(registry: Registry) -> None:
    key = Ed25519PrivateKey.generate()
    with registry.database.writing() as session:
        index = registry.parties.trust(session, name="p", role="security-officer", key=public_text(key), **BY)
    with registry.database.reading() as session:
        trusted = registry.parties.keys(session)["p"]
        assert trusted.public_bytes_raw() == key.public_key().public_bytes_raw()
        assert registry.parties.role(session, "p") == "security-officer"
        leaf = json.loads(registry.log.leaf(session, index))
    assert (leaf["act"], leaf["party"], leaf["role"], leaf["by"]) == ("trust", "p", "security-officer", "operator:test")
    assert b64decode(leaf["key"]) == key.public_key().public_bytes_raw()


@pytest.mark.parametrize("name", ["", "A Bureau", "bureau:x", "bureau\n", "ä", "x" * 300])
def test_a_name_that_no_agreement_can_spell_is_refused(registry: Registry, name: str) -> None:
    key = public_text(Ed25519PrivateKey.generate())
    with pytest.raises(AgreementRejected) as caught, registry.database.writing() as session:
        registry.parties.trust(session, name=name, role="provider", key=key, **BY)
    assert [reason.code for reason in caught.value.reasons] == ["party-name"]
    with registry.database.reading() as session:
        assert registry.log.size(session) == 0


def test_a_new_key_takes_the_place_of_the_old_one(registry: Registry) -> None:
    first, second = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    for key in (first, second):
        with registry.database.writing() as session:
            registry.parties.trust(session, name="p", role="provider", key=public_text(key), **BY)
    with registry.database.reading() as session:
        trusted = registry.parties.keys(session)
        assert registry.log.size(session) == 2  # both changes are on record
    assert {name: key.public_bytes_raw() for name, key in trusted.items()} == {
        "p": second.public_key().public_bytes_raw()
    }


@pytest.mark.parametrize("key", ["", "no key", "A" * 42, b64encode(bytes(31)).decode(), b64encode(bytes(33)).decode()])
def test_what_is_no_key_is_refused_and_leaves_no_trace(registry: Registry, key: str) -> None:
    with pytest.raises(AgreementRejected), registry.database.writing() as session:
        registry.parties.trust(session, name="p", role="provider", key=key, **BY)
    with registry.database.reading() as session:
        assert registry.log.size(session) == 0
        with pytest.raises(NotFound):
            registry.parties.role(session, "p")
