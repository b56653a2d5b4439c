"""The log in its store: append with the caller's transaction, checkpoints after it, proofs from stored nodes."""

import json
from base64 import b64decode

import pytest
from sqlalchemy import delete, select, update

from enclave.audit import rebuild, tlog
from enclave.audit.errors import LogDamaged
from enclave.audit.log import Log
from enclave.audit.receipts import check_receipt, make_receipt
from enclave.store.log_models import Checkpoint, Leaf, Node
from policies.errors import NotFound
from tests.both import BOTH

STORES = BOTH


def opened(log, note):
    return tlog.open_checkpoint(note, origin=log.origin, public_key=log.public_key)


def crash_after(_index):
    raise RuntimeError("crash")


def raw(proof):
    return [b64decode(step) for step in proof]


def test_indices_count_from_zero(database, log, act):
    with database.writing() as session:
        assert [log.append(session, act(number)) for number in range(3)] == [0, 1, 2]
        assert log.size(session) == 3


def test_a_leaf_goes_with_its_transaction(database, log, act, filled):
    filled(3)
    with pytest.raises(RuntimeError, match="crash"), database.writing() as session:
        crash_after(log.append(session, act(3)))
    with database.reading() as session:
        assert log.size(session) == 3
        log.check(session)


def test_an_empty_log_has_a_checkpoint(database, log):
    with database.writing() as session:
        assert opened(log, log.checkpoint(session)) == tlog.TreeHead(log.origin, 0, tlog.EMPTY_ROOT)


def test_a_checkpoint_is_not_signed_before_the_commit(database, log, act):
    with database.writing() as session:
        log.append(session, act(0))
        with pytest.raises(RuntimeError, match="after the commit"):
            log.checkpoint(session)
    with database.reading() as session:
        assert session.scalar(select(Checkpoint.size)) is None


def test_a_checkpoint_of_one_size_is_signed_once(database, log, filled):
    note = filled(5)
    with database.writing() as session:
        assert log.checkpoint(session) == note
        assert session.scalars(select(Checkpoint.size)).all() == [5]


@pytest.mark.parametrize("size", [1, 2, 6, 7, 8, 13])
def test_proofs_hold_under_the_signed_roots(database, log, act, filled, size):
    old = opened(log, filled(size))
    new = opened(log, filled(5))
    with database.reading() as session:
        tlog.check_consistency(
            old.size, new.size, raw(log.consistency(session, old.size, new.size)), old.root, new.root
        )
        for index in range(new.size):
            hash_of_leaf = tlog.leaf_hash(log.leaf(session, index))
            proof = raw(log.inclusion(session, index, new.size))
            tlog.check_inclusion(hash_of_leaf, index, new.size, proof, new.root)


def test_there_is_no_proof_of_what_is_not_there(database, log, filled):
    filled(5)
    with database.reading() as session:
        for index, size in ((5, 5), (-1, 5), (0, 6), (0, 0)):
            with pytest.raises(NotFound):
                log.inclusion(session, index, size)
        for old, new in ((3, 6), (4, 3), (-1, 3)):
            with pytest.raises(NotFound):
                log.consistency(session, old, new)
        with pytest.raises(NotFound):
            log.leaf(session, 5)


def test_entries_are_shown_by_page(database, log, filled):
    filled(5)
    with database.reading() as session:
        page = log.entries(session, start=3, count=10)
        assert [entry["index"] for entry in page] == [3, 4]
        assert json.loads(b64decode(page[0]["leaf"]))["act"] == "act-3"
        assert [entry["index"] for entry in log.entries(session, start=-2, count=3)] == [0]
        for start, count in ((0, -1), (5, 1), (10**30, 1), (-(10**30), 1), (3, 0)):
            assert log.entries(session, start=start, count=count) == []
        assert len(log.entries(session, start=0, count=10**30)) == 5


def test_a_receipt_proves_its_leaf(database, log, filled):
    filled(6)
    with database.writing() as session:
        receipt = make_receipt(log, session, 4)
    leaf = check_receipt(receipt, origin=log.origin, public_key=log.public_key)
    assert (leaf["act"], leaf["format"]) == ("act-4", "jali-leaf/1")


def test_the_facts_of_a_sound_log(database, log, act, filled):
    note = filled(6)
    with database.writing() as session:
        log.append(session, act(6))
    with database.reading() as session:
        facts = log.check(session, remembered=note)
    assert (facts["entries"], facts["signed_entries"], facts["checkpoints"]) == (7, 6, 1)


def test_an_empty_log_is_sound(database, log):
    with database.reading() as session:
        assert log.check(session)["entries"] == 0


def test_no_checkpoint_over_a_log_that_lost_what_was_signed(database, log, filled):
    filled(6)
    with database.writing() as session:
        session.execute(delete(Leaf).where(Leaf.index >= 4))
    with pytest.raises(LogDamaged, match="not what was signed") as caught, database.writing() as session:
        log.checkpoint(session)
    assert caught.value.reasons[0].code == "truncated"


def test_no_checkpoint_over_a_log_that_was_rewritten(database, log, filled):
    filled(6)
    with database.writing() as session:
        session.execute(update(Node).where(Node.level == 2).values(hash=bytes(32)))
    for signed in (log.checkpoint, lambda session: make_receipt(log, session, 3)):
        with pytest.raises(LogDamaged) as caught, database.writing() as session:
            signed(session)
        assert caught.value.reasons[0].code == "rewritten"


def test_no_checkpoint_after_one_that_is_not_ours(database, key, filled):
    filled(6)
    with pytest.raises(LogDamaged) as caught, database.writing() as session:
        Log(key, origin="another.example/room").checkpoint(session)
    assert caught.value.reasons[0].code == "checkpoint-forged"


def test_a_missing_node_is_named(database, log, filled):
    filled(6)
    with database.writing() as session:
        session.execute(delete(Node).where(Node.level == 2))
    with database.reading() as session, pytest.raises(LogDamaged) as caught:
        log.inclusion(session, 5, 6)
    assert caught.value.reasons[0].code == "node-missing"


def test_findings_are_counted_where_they_are_too_many(database, log, filled):
    filled(rebuild.MOST_FINDINGS + 50)
    with database.writing() as session:
        session.execute(update(Leaf).values(hash=bytes(32)))
    with database.reading() as session, pytest.raises(LogDamaged) as caught:
        log.check(session)
    assert len(caught.value.reasons) == rebuild.MOST_FINDINGS
    assert caught.value.facts["findings"] == rebuild.MOST_FINDINGS + 50
