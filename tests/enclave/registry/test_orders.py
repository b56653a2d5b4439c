"""Signed orders at the room: whoever brings them, each does once what its signer may order; a refusal is a leaf."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave.audit.promises import Promises
from enclave.sanctions import carry_out
from policies.agreements import sign
from policies.errors import AgreementRejected, CardRejected, JaliError, NotFound, OrderRejected, Refused
from policies.orders import FRESH, Order, sign_order
from tests.world import PROVIDER, UNIVERSITY, World, make_world, signed_document, trust, write_csv_files

OFFICER, REGULATOR = "chen", "jingxin"
QUICK = "SELECT COUNT(*) AS n FROM visits WHERE minutes > {}"
CLOSE = {"violation": "illegal-means", "measure": "close", "is_published": True, "most_epsilon": None, "doors": None}


@dataclass(frozen=True)
class Office:
    """A world, and everybody's keys."""

    world: World
    keys: dict[str, Ed25519PrivateKey]

    def order(self, kind: str, target: str, by: str, *, nonce: int = 0, **changes: Any) -> dict[str, Any]:
        """An order, signed by its signer's own key unless `key` says whose."""
        room, key = self.world.room, changes.pop("key", by)
        now = room.clock().replace(microsecond=0)
        order = Order(kind, target, "a case", by, room.pinned_log, now, f"{nonce:032x}", {})
        return sign_order(replace(order, **changes), self.keys[key])

    def does(self, *order: str, **changes: Any) -> int:
        """Carry out an order; where the log has it."""
        index: int = carry_out(self.world.room, self.order(*order, **changes))["log_index"]
        return index

    def refuses(self, error: type[JaliError], document: Any) -> list[str]:
        """Carry out an order that must be refused; the codes, which its leaf repeats."""
        with pytest.raises(error) as caught:
            carry_out(self.world.room, document)
        leaf = self.leaf(caught.value.facts["log_index"])
        assert (leaf["kind"], leaf["refused"]) == ("refusal", error.kind)
        assert leaf["codes"] == sorted(reason.code for reason in caught.value.reasons)
        return [reason.code for reason in caught.value.reasons]

    def leaf(self, index: int) -> dict[str, Any]:
        with self.world.room.database.reading() as session:
            leaf: dict[str, Any] = json.loads(self.world.room.log.leaf(session, index))
        return leaf

    def asked(self, number: int, epsilon: str = "0.1") -> list[str]:
        """The codes with which a question is refused; none when it is answered."""
        try:
            self.world.ask(QUICK.format(number), epsilon=epsilon)
        except Refused as refused:
            return [reason.code for reason in refused.reasons]
        return []


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    world = make_world(folder / "home", folder / "source")
    keys = {PROVIDER: world.provider_key, UNIVERSITY: world.university_key}
    for party, role in ((OFFICER, "security-officer"), (REGULATOR, "regulator"), ("rival", "provider")):
        keys[party] = Ed25519PrivateKey.generate()
        trust(world.room, party, role, keys[party])
    yield Office(world, keys)
    world.room.close()


def test_an_officer_holds_and_lifts_by_signature_alone(office: Office) -> None:
    document = office.order("hold", "visits", OFFICER, nonce=1)
    done = carry_out(office.world.room, document)
    leaf = office.leaf(done["log_index"])
    assert (leaf["act"], leaf["target"], leaf["by"]) == ("hold", "visits", "security-officer:chen")
    assert leaf["order"] == done["order"]
    assert carry_out(office.world.room, document) == done  # brought again, it takes no effect again
    assert office.asked(1) == ["held"]
    office.does("lift", "visits", OFFICER, detail={"holds": [done["log_index"]]})
    assert office.asked(1) == []
    assert carry_out(office.world.room, document) == done
    assert office.asked(1) == []


def test_a_lift_that_was_kept_back_lifts_no_later_hold(office: Office) -> None:
    first = office.does("hold", "visits", OFFICER, nonce=2)
    lift = office.order("lift", "visits", OFFICER, nonce=3, detail={"holds": [first]})
    office.does("lift", "visits", OFFICER, nonce=4, detail={"holds": [first]})
    later = office.does("hold", "visits", OFFICER, nonce=5)
    assert office.refuses(NotFound, lift) == []
    assert office.asked(2) == ["held"]
    office.does("lift", "visits", OFFICER, nonce=6, detail={"holds": [later]})
    old = office.world.room.clock().replace(microsecond=0) - FRESH - timedelta(seconds=5)
    assert office.refuses(OrderRejected, office.order("hold", "visits", OFFICER, issued=old)) == ["stale"]


def test_a_front_can_neither_forge_nor_change_an_order(office: Office) -> None:
    assert office.refuses(OrderRejected, office.order("hold", "visits", OFFICER, key="rival")) == ["bad-signature"]
    changed = office.order("hold", "visits", OFFICER) | {"target": UNIVERSITY}
    assert office.refuses(OrderRejected, changed) == ["bad-signature"]
    nobody = office.order("hold", "visits", "nobody", key="rival")
    assert office.refuses(OrderRejected, nobody) == ["unknown-party"]
    assert office.refuses(OrderRejected, office.order("hold", "visits", UNIVERSITY)) == ["unknown-party"]
    assert office.asked(3) == []


@pytest.mark.parametrize(
    ("kind", "target", "by", "code"),
    [
        ("lift", "visits", PROVIDER, "role"),
        ("hold", "visits", "rival", "not-own"),
        ("hold", UNIVERSITY, PROVIDER, "not-own"),
        ("hold", PROVIDER, PROVIDER, "not-own"),
        ("hold", "nothing", PROVIDER, "not-own"),
        ("hold", "visits", REGULATOR, "role"),
        ("withdraw", "visits", OFFICER, "role"),
        ("withdraw", "visits", "rival", "not-own"),
        ("violation", UNIVERSITY, OFFICER, "role"),
    ],
)
def test_nobody_orders_what_is_not_theirs_to_order(office: Office, kind: str, target: str, by: str, code: str) -> None:
    assert office.refuses(Refused, office.order(kind, target, by)) == [code]
    assert office.asked(4) == []


def test_a_provider_holds_its_own_which_an_officer_lifts(office: Office) -> None:
    for number, target in enumerate(("visits", office.world.agreement, "first")):
        index = office.does("hold", target, PROVIDER, nonce=20 + number)
        assert office.asked(5) == ["held"]
        office.does("lift", target, OFFICER, nonce=30 + number, detail={"holds": [index]})
    assert office.asked(5) == []


def test_an_officer_grants_nothing(office: Office) -> None:
    world = office.world
    document = signed_document(world.room, world.provider_key, world.university_key, "by-an-officer")
    text = json.dumps(document | {"proof": []}).replace(f":{PROVIDER}", f":{OFFICER}")
    signed = sign(sign(json.loads(text), office.keys[OFFICER], OFFICER), world.university_key, UNIVERSITY)
    with pytest.raises(AgreementRejected), world.room.database.writing() as session:
        world.room.agreements.register(session, signed, log=world.room.pinned_log, now=world.room.clock())


def test_a_violation_counts_from_its_leaf_until_it_is_ended(office: Office) -> None:
    restrict = CLOSE | {"measure": "restrict", "most_epsilon": "0.05", "is_published": False}
    dear = office.does("violation", UNIVERSITY, REGULATOR, nonce=40, detail=restrict)
    assert office.asked(6, "0.1") == ["restricted-epsilon"]
    assert office.asked(6, "0.05") == []
    closed = office.does("violation", UNIVERSITY, REGULATOR, nonce=41, detail=CLOSE)
    assert office.asked(7, "0.1") == ["restricted-epsilon", "closed"]
    room = office.world.room
    with room.database.reading() as session:
        assert [line["log_index"] for line in room.violations.all(session, published_only=False)] == [closed, dear]
        assert [line["organization"] for line in room.violations.all(session, published_only=True)] == [UNIVERSITY]
    for number, index in enumerate((dear, closed)):
        office.does("end-violation", UNIVERSITY, REGULATOR, nonce=42 + number, detail={"violation": index})
    assert office.asked(7) == []
    again = office.order("end-violation", UNIVERSITY, REGULATOR, nonce=44, detail={"violation": dear})
    assert office.refuses(NotFound, again) == []
    unknown = office.order("violation", "nobody", REGULATOR, nonce=45, detail=CLOSE)
    assert office.refuses(NotFound, unknown) == []


@pytest.mark.parametrize(
    ("kind", "by", "detail"),
    [
        ("hold", OFFICER, {"until": "monday"}),
        ("lift", OFFICER, {}),
        ("lift", OFFICER, {"holds": ["1"]}),
        ("lift", OFFICER, {"holds": [True]}),
        ("withdraw", PROVIDER, {"sure": True}),
        ("violation", REGULATOR, {"violation": "rude"}),
        ("end-violation", REGULATOR, {"violation": "7"}),
    ],
)
def test_a_detail_that_says_something_else_is_refused(office: Office, kind: str, by: str, detail: Any) -> None:
    assert office.refuses(OrderRejected, office.order(kind, "visits", by, detail=detail)) == ["wrong-detail"]


def test_a_restriction_is_the_most_that_accuracy_may_cost(office: Office) -> None:
    restrict = CLOSE | {"measure": "restrict", "most_epsilon": "0.001"}
    index = office.does("violation", UNIVERSITY, REGULATOR, nonce=50, detail=restrict)
    with pytest.raises(JaliError):
        office.world.ask(QUICK.format(8), epsilon=None, accuracy={"n": "60"})
    office.does("end-violation", UNIVERSITY, REGULATOR, nonce=51, detail={"violation": index})
    assert office.world.ask(QUICK.format(8), epsilon=None, accuracy={"n": "60"})["rows"]


def test_what_is_withdrawn_is_gone(office: Office, tmp_path: Any) -> None:
    """Last in this file: there is no way back. The child that has the file open, and its key, goes too."""
    world, room = office.world, office.world.room
    assert office.asked(9) == []
    with room.database.reading() as session:
        wrapped = room.datasets.version(session, "visits", "1").wrapped_key
    index = office.does("withdraw", "visits", PROVIDER, nonce=60)
    assert office.asked(9) == ["withdrawn"]  # also what was answered before
    assert list(room.settings.datasets.glob("*.duckdb")) == []
    assert list(room.settings.keys.glob("datasets/*")) == []
    with pytest.raises(NotFound):  # also from an old copy of the store
        room.vault.unwrap("visits", wrapped)
    with room.database.reading() as session, pytest.raises(NotFound):
        room.open_request(session, "visits", "1")
    assert room.lanes is not None
    deadline = room.clock() + timedelta(seconds=20)
    while (child := room.lanes._free.get()) is not None:
        room.lanes._free.put(child)
        assert room.clock() < deadline, "a child still holds the key"
    room.lanes._free.put(None)
    with pytest.raises(AgreementRejected) as rejected:
        world.sign_agreement("too-late")
    assert [reason.code for reason in rejected.value.reasons] == ["withdrawn"]
    with pytest.raises(CardRejected, match="withdrawn"):
        make_load(world, tmp_path)
    assert office.refuses(NotFound, office.order("withdraw", "visits", PROVIDER, nonce=61)) == []
    with room.database.reading() as session:
        leaves = [json.loads(room.log.leaf(session, place)) for place in range(room.log.size(session))]
        assert room.datasets.all(session) == []
    promises = Promises()
    assert [reason for place, leaf in enumerate(leaves) for reason in promises.see(place, leaf)] == []
    forged = leaves[: index + 1] + [leaf for leaf in leaves if leaf["kind"] == "intent"][-1:]
    promises = Promises()
    assert [reason.code for place, leaf in enumerate(forged) for reason in promises.see(place, leaf)]


def make_load(world: World, folder: Any) -> None:
    from enclave.loading import load_card

    load_card(world.room, write_csv_files(folder, people=20), by="operator:test")
