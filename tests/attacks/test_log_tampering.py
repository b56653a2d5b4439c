"""ATTACKS 31: somebody writes the room's store, but holds no key of its log. Or the room itself tells two stories.

Each attack is made on a log of 13 entries with two signed checkpoints, by plain SQL on its tables, and with all the
hashing that an attacker can do; each must be found and named.
"""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select, update

from enclave.audit import tlog
from enclave.audit.errors import LogDamaged, ProofRejected
from enclave.audit.keys import RoomKey
from enclave.audit.leaves import leaf_body
from enclave.audit.log import Log
from enclave.audit.receipts import check_receipt, make_receipt
from enclave.store.base import Base
from enclave.store.database import Database
from enclave.store.log_models import Checkpoint, Leaf, Node

ORIGIN = "jali.example/room"
TIME = "2026-03-01T08:00:00+00:00"


def act(name):
    return {"kind": "act", "act": name, "by": "operator:root", "time": TIME}


class Store:
    """A room's store with its log, as an attacker finds it."""

    def __init__(self, folder, key):
        self.database = Database(folder / "room.sqlite")
        self.log = Log(key, origin=ORIGIN)
        with self.database.writing() as session:
            Base.metadata.create_all(session.connection())

    def grow(self, *names):
        with self.database.writing() as session:
            for name in names:
                self.log.append(session, act(name))
        with self.database.writing() as session:
            return self.log.checkpoint(session)

    def receipt(self, index):
        with self.database.writing() as session:
            return make_receipt(self.log, session, index)

    def attack(self, *statements):
        with self.database.writing() as session:
            for statement in statements:
                session.execute(statement)

    def rehash(self):
        """Everything that needs no key: leaf hashes and nodes anew, as if the log had always been so."""
        with self.database.writing() as session:
            session.execute(delete(Node))
            nodes = {}
            for index, body in session.execute(select(Leaf.index, Leaf.body).order_by(Leaf.index)).all():
                nodes[0, index] = tlog.leaf_hash(body)
                session.execute(update(Leaf).where(Leaf.index == index).values(hash=nodes[0, index]))
                for level, place, value in tlog.completed_nodes(index, nodes[0, index], lambda *at: nodes[at]):
                    nodes[level, place] = value
                    session.execute(insert(Node).values(level=level, index=place, hash=value))

    def findings(self, remembered=None):
        with self.database.reading() as session, pytest.raises(LogDamaged) as caught:
            self.log.check(session, remembered=remembered)
        return {reason.code for reason in caught.value.reasons}


@pytest.fixture
def key(tmp_path):
    return RoomKey.create(tmp_path / "keys")


@pytest.fixture
def store(tmp_path, key):
    made = Store(tmp_path, key)
    made.grow(*(f"act-{number}" for number in range(7)))
    made.grow(*(f"act-{number}" for number in range(7, 13)))
    with made.database.reading() as session:
        made.log.check(session)  # sound before each attack
    yield made
    made.database.close()


CHANGED = update(Leaf).where(Leaf.index == 3).values(body=leaf_body(act("nothing happened")))


def test_a_changed_leaf(store):
    store.attack(CHANGED)
    assert "leaf-changed" in store.findings()


def test_a_changed_leaf_with_every_hash_made_anew(store):
    store.attack(CHANGED)
    store.rehash()
    assert store.findings() == {"rewritten"}


def test_a_changed_leaf_and_no_checkpoint_left_is_seen_from_outside(store):
    outside = store.grow()
    store.attack(CHANGED, delete(Checkpoint))
    store.rehash()
    assert store.findings(outside) == {"split-view"}


def test_two_leaves_swapped(store):
    rows = {}
    with store.database.reading() as session:
        rows = dict(session.execute(select(Leaf.index, Leaf.body).where(Leaf.index.in_((4, 5)))).all())
    store.attack(
        update(Leaf).where(Leaf.index == 4).values(body=rows[5]),
        update(Leaf).where(Leaf.index == 5).values(body=rows[4]),
    )
    assert "leaf-changed" in store.findings()
    store.rehash()
    assert store.findings() == {"rewritten"}


def test_a_leaf_taken_from_the_middle(store):
    store.attack(delete(Leaf).where(Leaf.index == 3))
    assert "leaf-missing" in store.findings()


def test_a_leaf_filed_under_another_kind(store):
    store.attack(update(Leaf).where(Leaf.index == 3).values(kind="refusal"))
    assert store.findings() == {"kind-changed"}


@pytest.mark.parametrize("body", [b"\xff", b"[]"])
def test_a_leaf_that_is_no_leaf(store, body):
    store.attack(update(Leaf).where(Leaf.index == 3).values(body=body))
    assert {"leaf-changed", "kind-changed"} <= store.findings()


def test_truncated(store):
    store.attack(delete(Leaf).where(Leaf.index >= 10))
    store.rehash()
    assert store.findings() == {"truncated"}


def test_truncated_and_grown_again_to_the_same_length(store):
    store.attack(delete(Leaf).where(Leaf.index >= 10))
    store.rehash()
    with store.database.writing() as session:
        for number in range(3):
            store.log.append(session, act(f"other-{number}"))
    assert store.findings() == {"rewritten"}
    with pytest.raises(LogDamaged), store.database.writing() as session:
        store.log.checkpoint(session)  # and the room does not sign it


def test_truncated_with_its_checkpoints_is_seen_from_outside(store):
    """A whole older copy of the store: sound in itself, and no longer what was shown."""
    outside = store.grow()
    store.attack(delete(Leaf).where(Leaf.index >= 7), delete(Checkpoint).where(Checkpoint.size > 7))
    store.rehash()
    assert store.findings(outside) == {"rolled-back"}


def test_split_view(tmp_path, store, key):
    """The room grew two logs from one beginning and showed each to another researcher."""
    (tmp_path / "other").mkdir()
    other = Store(tmp_path / "other", key)
    shown_elsewhere = other.grow(*(f"act-{number}" for number in range(12)), "act-for-your-eyes-only")
    assert store.findings(shown_elsewhere) == {"split-view"}
    here, there = (
        tlog.open_checkpoint(note, origin=ORIGIN, public_key=key.public_bytes)
        for note in (store.grow(), shown_elsewhere)
    )
    with pytest.raises(ProofRejected):
        tlog.check_consistency(here.size, there.size, [], here.root, there.root)
    other.database.close()


def test_an_older_checkpoint_put_in_the_place_of_the_newest(store):
    with store.database.reading() as session:
        older = session.get_one(Checkpoint, 7).note
    store.attack(update(Checkpoint).where(Checkpoint.size == 13).values(note=older))
    assert store.findings() == {"checkpoint-forged"}


def test_a_checkpoint_signed_with_the_attackers_key(store):
    store.attack(CHANGED)
    store.rehash()
    thief = Ed25519PrivateKey.generate()
    with store.database.reading() as session:
        hashes = dict(session.execute(select(Leaf.index, Leaf.hash)).all())
    nodes = {}
    for index, value in hashes.items():
        nodes[0, index] = value
        for level, place, node in tlog.completed_nodes(index, value, lambda *at: nodes[at]):
            nodes[level, place] = node
    text = tlog.TreeHead(ORIGIN, 13, tlog.root(13, lambda *at: nodes[at])).text()
    forged = tlog.signed_note(text, ORIGIN, thief.public_key().public_bytes_raw(), thief.sign(text.encode()))
    store.attack(delete(Checkpoint), insert(Checkpoint).values(size=13, note=forged))
    assert store.findings() == {"checkpoint-forged"}
    assert store.findings(forged) == {"checkpoint-forged"}


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (update(Node).where(Node.level == 1, Node.index == 2).values(hash=bytes(32)), "node-changed"),
        (delete(Node).where(Node.level == 1, Node.index == 2), "node-missing"),
        (insert(Node).values(level=1, index=6, hash=bytes(32)), "node-surplus"),
        (insert(Node).values(level=9, index=0, hash=bytes(32)), "node-surplus"),
    ],
)
def test_a_changed_tree(store, statement, finding):
    store.attack(statement)
    assert store.findings() == {finding}


def test_a_forged_receipt(store, key):
    receipt = store.receipt(5)
    check_receipt(receipt, origin=ORIGIN, public_key=key.public_bytes)
    forgeries = (
        {"leaf": b64encode(leaf_body(act("nothing happened"))).decode()},
        {"index": 6},
        {"proof": receipt["proof"][::-1]},
        {"checkpoint": receipt["checkpoint"].replace("\n13\n", "\n14\n")},
    )
    for forgery in forgeries:
        with pytest.raises(ProofRejected):
            check_receipt(receipt | forgery, origin=ORIGIN, public_key=key.public_bytes)


def test_a_receipt_from_a_rewritten_store(store, key):
    """No receipt is made of it at all: the room does not find its own signature in it again."""
    store.attack(CHANGED)
    store.rehash()
    with pytest.raises(LogDamaged):
        store.receipt(3)


def test_a_log_line_can_not_be_forged(store):
    """ATTACKS 29: a query text that ends its line and begins one that reads like a grant."""
    store.grow("query\n\x1b[1A2026-03-01 granted")
    with store.database.reading() as session:
        body = store.log.leaf(session, 13)
    assert b"\n" not in body
    assert b"\\n" not in body
    assert b"\\u001b" not in body
