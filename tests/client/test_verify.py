"""Receipts against a real log over HTTP: what must pass, and every lie by the name of its flaw."""

import copy
import json

import pytest

import jali
from jali import Flaw, Pin, VerificationError
from jali.checkpoint import LogKey
from jali.log import Growth, LogWatch
from jali.memory import Memory
from jali.verify import verify_answer
from tests.client import fake_front as fake


def flaw_of(check):
    with pytest.raises(VerificationError) as error:
        check()
    assert f"[{error.value.flaw}]" in str(error.value)
    return error.value.flaw


def test_a_receipt_verifies(room, log):
    verified = room.sql("SELECT", epsilon=0.5).receipt.verify()
    assert (verified.index, verified.size, verified.growth) == (4, 5, Growth.FIRST)
    assert verified.agreement.pin is Pin.SIGNED
    assert "receipt verified" in str(verified)
    assert "health-bureau" in str(verified)


def test_a_repeated_answer_has_a_receipt_too(room, log):
    room.verify(fake.answer_document(log, outcome="repeated"))


def test_the_log_may_grow(room, log):
    room.sql("SELECT", epsilon=0.5).receipt.verify()
    log.append(kind="act", act="another", by="operator")
    assert room.sql("SELECT", epsilon=0.5).receipt.verify().growth is Growth.GREW


def test_an_older_receipt_is_found_in_the_newer_log(room, log):
    early = room.sql("SELECT", epsilon=0.5)
    room.sql("SELECT", epsilon=0.5).receipt.verify()
    assert early.receipt.verify().growth is Growth.WITHIN
    assert early.receipt.verify().growth is Growth.WITHIN


CHANGES = {
    "a value": (lambda answer: answer["rows"][0].__setitem__(1, 121), Flaw.ANSWER_DIFFERS),
    "a row left out": (lambda answer: answer["rows"].pop(), Flaw.ANSWER_DIFFERS),
    "a column's name": (lambda answer: answer["columns"][1].update(name="m"), Flaw.ANSWER_DIFFERS),
    "a narrower interval": (
        lambda answer: answer["intervals"]["0.95"]["n"][0].__setitem__(0, 119),
        Flaw.ANSWER_DIFFERS,
    ),
    "no intervals": (lambda answer: answer.pop("intervals"), Flaw.ANSWER_DIFFERS),
    "not a number": (lambda answer: answer["rows"][0].__setitem__(1, float("nan")), Flaw.ANSWER_DIFFERS),
    "another plan": (lambda answer: answer["plan"].update(digest="cd" * 32), Flaw.OTHER_PLAN),
    "no plan": (lambda answer: answer.pop("plan"), Flaw.OTHER_PLAN),
    "another dataset": (lambda answer: answer.update(dataset="flights"), Flaw.OTHER_DATASET),
    "another version": (lambda answer: answer.update(version="2"), Flaw.OTHER_DATASET),
    "no receipt": (lambda answer: answer.pop("receipt"), Flaw.RECEIPT_MALFORMED),
    "no index": (lambda answer: answer["receipt"].update(index="4"), Flaw.RECEIPT_MALFORMED),
    "another place": (lambda answer: answer["receipt"].update(index=3), Flaw.NOT_IN_LOG),
    "a cut proof": (lambda answer: answer["receipt"]["proof"].pop(), Flaw.NOT_IN_LOG),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_altered_answer_is_refused(room, log, name):
    change, flaw = CHANGES[name]
    answer = copy.deepcopy(fake.answer_document(log))
    room.verify(answer)
    change(answer)
    assert flaw_of(lambda: room.verify(answer)) is flaw


def test_the_receipt_of_another_answer_is_refused(room, log):
    mine, other = fake.answer_document(log), fake.answer_document(log, first=99)
    assert flaw_of(lambda: room.verify(mine | {"receipt": other["receipt"]})) is Flaw.ANSWER_DIFFERS


def test_the_receipt_of_another_agreement_is_refused(room, log):
    answer = fake.answer_document(log, agreement="urn:jali:agreement:theirs")
    assert flaw_of(lambda: room.verify(answer)) is Flaw.OTHER_AGREEMENT


@pytest.mark.parametrize("leaf", [{"kind": "intent"}, {"outcome": "withheld"}, {"kind": "refusal"}])
def test_a_log_entry_that_is_no_answer_is_refused(room, log, leaf):
    assert flaw_of(lambda: room.verify(fake.answer_document(log, **leaf))) is Flaw.NOT_AN_ANSWER


def test_a_leaf_that_names_something_twice_is_refused(room, log):
    answer = fake.answer_document(log)
    log.leaves[-1] = b'{"kind":"intent",' + log.leaves[-1][1:]
    answer["receipt"] = log.receipt(len(log.leaves) - 1)
    assert flaw_of(lambda: room.verify(answer)) is Flaw.RECEIPT_MALFORMED


def test_a_log_under_another_key_is_refused(room, log):
    log.key = fake.private_key(2)
    assert flaw_of(lambda: room.verify(fake.answer_document(log))) is Flaw.CHECKPOINT_SIGNATURE
    assert flaw_of(room.checkpoint) is Flaw.CHECKPOINT_SIGNATURE


def test_another_log_is_refused(room, log):
    log.origin = "elsewhere.test/log"
    assert flaw_of(lambda: room.verify(fake.answer_document(log))) is Flaw.OTHER_LOG


def test_a_rolled_back_log_is_refused(room, log):
    room.checkpoint()
    log.leaves.pop()
    assert flaw_of(room.checkpoint) is Flaw.ROLLED_BACK
    log.leaves.pop()
    assert flaw_of(lambda: room.verify(fake.answer_document(log))) is Flaw.ROLLED_BACK


def test_a_roll_back_is_remembered_by_the_next_connection(front, room, log, agreement_file):
    room.checkpoint()
    log.leaves.pop()
    with jali.connect(front.url, fake.TOKEN, str(agreement_file)) as later:
        assert flaw_of(later.checkpoint) is Flaw.ROLLED_BACK


def test_a_log_rolled_back_and_grown_again_is_refused(room, log):
    room.checkpoint()
    log.leaves[-2:] = []
    for number in range(7):
        log.append(kind="act", act=f"other {number}", by="operator")
    assert flaw_of(room.checkpoint) is Flaw.SPLIT_VIEW
    assert flaw_of(lambda: room.verify(fake.answer_document(log))) is Flaw.SPLIT_VIEW


def test_two_logs_of_one_size_are_a_split_view(room, log):
    room.checkpoint()
    log.leaves[0] = log.leaves[0].replace(b"operator", b"somebody")
    assert flaw_of(room.checkpoint) is Flaw.SPLIT_VIEW


def test_a_front_that_gives_no_proof_is_not_believed(room, front, log):
    room.checkpoint()
    answer = fake.answer_document(log)
    front.trouble = [(500, {"kind": "error"})]
    assert flaw_of(lambda: room.verify(answer)) is Flaw.SPLIT_VIEW
    front.trouble = [(200, {"proof": ["?"]})]
    assert flaw_of(lambda: room.verify(answer)) is Flaw.SPLIT_VIEW
    room.verify(answer)


def test_a_front_that_is_away_is_no_lie(room, front, log):
    room.checkpoint()
    answer = fake.answer_document(log)
    front.trouble = [(503, {"kind": "unavailable", "detail": "later"})] * 4
    with pytest.raises(jali.Unavailable):
        room.verify(answer)


def test_offline_a_receipt_is_checked_but_not_the_history(room, log, tmp_path):
    room.checkpoint()
    answer = fake.answer_document(log)
    offline = LogWatch(LogKey(log.origin, log.raw_key), Memory(), None)
    assert verify_answer(answer, room.agreement, offline).growth is Growth.UNCHECKED
    # What was not proven to extend the remembered checkpoint doesn't take its place.
    assert Memory().newest(offline.log).size == 4


def test_two_programs_at_once_lose_no_checkpoint(log):
    memory, key = Memory(), LogKey(log.origin, log.raw_key)
    watch = LogWatch(key, memory, None)
    watch.accept(log.note(2))
    seen = memory.newest(key)
    three, four = (jali.checkpoint.open_checkpoint(log.note(size), key) for size in (3, 4))
    assert memory.advance(key, seen, four)
    assert not memory.advance(key, seen, three)
    assert not memory.advance(key, None, three)
    assert memory.newest(key) == four


def test_a_saved_answer_is_the_same_answer(room, tmp_path):
    answer = room.sql("SELECT", epsilon=1)
    answer.save(tmp_path / "answer.json")
    room.verify(json.loads((tmp_path / "answer.json").read_text()))


def test_the_answer_to_an_older_question_is_refused(room, log):
    # A server in between that replays an older, genuine answer of the same agreement, or alters the question.
    old = room.sql("SELECT 1", epsilon=0.5).document
    new = {**room.sql("SELECT 2", epsilon="0.25", accuracy=None).document}
    room.verify(old)
    room.verify(new)
    assert flaw_of(lambda: room.verify({**old, "asked": new["asked"]})) is Flaw.OTHER_QUESTION
    cheaper = {**new["asked"], "epsilon": "0.2"}
    assert flaw_of(lambda: room.verify({**new, "asked": cheaper})) is Flaw.OTHER_QUESTION


def test_a_wanted_accuracy_is_part_of_the_question(room, log):
    answer = room.sql("SELECT", accuracy={"n": 200, "m": "0.5"}).document
    room.verify(answer)
    other = {**answer["asked"], "accuracy": {"n": "300", "m": "0.5"}}
    assert flaw_of(lambda: room.verify({**answer, "asked": other})) is Flaw.OTHER_QUESTION
