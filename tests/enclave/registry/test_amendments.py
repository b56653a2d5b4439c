"""Amendments: the next version of an agreement, by both signatures; its budget goes on, every version is kept."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave import ledger
from policies.agreements import amendment_document, read_agreement, sign
from policies.errors import AgreementRejected, Refused
from tests.enclave.registry.test_agreements import faults, register
from tests.world import PROVIDER, UNIVERSITY, World, trust


@pytest.fixture(name="mine")
def _mine(world: World, request: pytest.FixtureRequest) -> World:
    """The shared world as seen by an agreement of this test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:60]
    return replace(world, agreement=world.sign_agreement(name))


def newest(world: World) -> Any:
    with world.room.database.reading() as session:
        return world.room.agreements.get(session, world.agreement)


def amended(world: World, base: Any = None, **changes: Any) -> dict[str, Any]:
    """The next version of the world's agreement, with some terms changed, signed by both."""
    agreement = base or newest(world)
    issued = datetime.now(UTC).replace(microsecond=0)
    document = amendment_document(agreement, issued=issued, terms=replace(agreement.terms, **changes))
    return signed(world, document)


def signed(world: World, document: dict[str, Any]) -> dict[str, Any]:
    return sign(sign(document, world.provider_key, PROVIDER), world.university_key, UNIVERSITY)


def budget(world: World) -> dict[str, str]:
    with world.room.database.reading() as session:
        return ledger.statement(session, world.agreement)


def leaf(world: World) -> dict[str, Any]:
    with world.room.database.reading() as session:
        size = world.room.log.size(session)
        (entry,) = world.room.log.entries(session, start=size - 1, count=1)
    return dict(json.loads(b64decode(entry["leaf"])))


def test_the_newest_version_decides_and_the_budget_goes_on(mine: World) -> None:
    world = mine
    first = newest(world)
    world.ask("SELECT COUNT(*) AS n FROM visits", epsilon="1")
    spent = budget(world)["spent"]
    second = register(world, amended(world, aggregates=frozenset({"sum"}), epsilon_micro=21_000_000))
    assert (second.version, second.replaces) == (2, first.digest)
    assert newest(world) == second
    assert (budget(world)["epsilon"], budget(world)["spent"]) == ("21", spent)
    with pytest.raises(Refused) as caught:
        world.ask("SELECT COUNT(*) AS m FROM visits", epsilon="1")
    assert caught.value.facts["policies"] == ["aggregates"]
    with world.room.database.reading() as session:
        kept = [read_agreement(each) for each in world.room.agreements.versions(session, world.agreement)]
        assert world.room.agreements.document(session, world.agreement)["version"] == 2
    assert kept == [first, second]


def test_the_log_names_version_and_digest(mine: World) -> None:
    second = register(mine, amended(mine, queries_per_day=7))
    entry = leaf(mine)
    assert (entry["act"], entry["version"], entry["digest"]) == ("agreement", "2", second.digest)


def test_the_same_amendment_twice_is_one_registration(mine: World) -> None:
    document = amended(mine, queries_per_day=7)
    register(mine, document)
    entry = leaf(mine)
    assert register(mine, document).version == 2
    assert leaf(mine) == entry
    assert faults(mine, amended(mine, read_agreement(document)) | {"version": 2}) != []


def test_one_party_alone_amends_nothing(mine: World) -> None:
    document = amended(mine, queries_per_day=9) | {"proof": []}
    assert faults(mine, sign(document, mine.provider_key, PROVIDER)) == ["missing-signature"]
    stranger = sign(document, Ed25519PrivateKey.generate(), UNIVERSITY)
    assert faults(mine, stranger) == ["missing-signature", "bad-signature"]
    assert newest(mine).version == 1


def test_what_an_amendment_can_not_do(mine: World) -> None:
    world, first = mine, newest(mine)
    now = datetime.now(UTC).replace(microsecond=0)
    third = replace(first, version=2, replaces=first.digest)
    assert faults(world, amended(world, third)) == ["skipped-version", "wrong-digest"]
    other = replace(first, terms=replace(first.terms, queries_per_day=1))
    assert faults(world, amended(world, other)) == ["wrong-digest"]
    assert faults(world, amended(world, not_before=now + timedelta(days=1))) == ["begins-later", "begins-otherwise"]
    assert faults(world, amended(world, not_before=now)) == ["begins-otherwise"]
    assert faults(world, amended(world, expires_at=now - timedelta(seconds=1))) == ["expired"]
    assert faults(world, amended(world, delta=Fraction(1, 10**7))) == ["delta-changed"]
    assert faults(world, amended(world, epsilon_micro=999_000_000)) == ["budget-above-population"]
    world.ask("SELECT COUNT(*) AS n FROM visits", epsilon="2")
    assert faults(world, amended(world, epsilon_micro=1_000_000, epsilon_per_query_micro=1)) == ["budget-below-spent"]
    assert newest(world) == first


def test_an_amendment_has_the_same_parties(mine: World) -> None:
    college = Ed25519PrivateKey.generate()
    trust(mine.room, "a-college", "organization", college)
    moved = replace(newest(mine), assignee="a-college")
    document = amendment_document(moved, issued=moved.issued, terms=moved.terms)
    document = sign(sign(document, mine.provider_key, PROVIDER), college, "a-college")
    assert faults(mine, document) == ["wrong-digest", "other-parties"]


def test_a_first_version_is_the_first(mine: World) -> None:
    unknown = replace(newest(mine), id="unknown-one")
    assert faults(mine, amended(mine, unknown)) == ["skipped-version"]


def test_every_reason_is_told_at_once(mine: World) -> None:
    first, now = newest(mine), datetime.now(UTC).replace(microsecond=0)
    third = replace(first, version=5, replaces="0" * 64, assignee="nobody")
    terms = replace(
        first.terms,
        not_before=now - timedelta(days=9),
        expires_at=now - timedelta(days=8),
        columns=frozenset({("visits", "income")}),
        epsilon_micro=900_000_000,
    )
    document = amendment_document(third, issued=now, terms=terms)
    document = sign(document, Ed25519PrivateKey.generate(), PROVIDER)
    assert faults(mine, document) == [
        "bad-signature", "unknown-party", "wrong-organization", "unknown-column", "expired", "skipped-version",
        "wrong-digest", "other-parties", "begins-otherwise", "budget-above-population",
    ]  # fmt: skip


def test_a_damaged_form_is_told_first(mine: World) -> None:
    with pytest.raises(AgreementRejected) as caught:
        register(mine, amended(mine) | {"replaces": "yesterday"})
    assert [reason.code for reason in caught.value.reasons] == ["wrong-shape"]
