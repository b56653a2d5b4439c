import pytest

from jali import Flaw, VerificationError
from jali.checkpoint import LogKey, open_checkpoint
from tests.client import fake_front as fake


def key_of(log):
    return LogKey(log.origin, log.raw_key)


def test_a_signed_checkpoint_is_read(log):
    checkpoint = open_checkpoint(log.note(3), key_of(log))
    assert (checkpoint.size, checkpoint.root) == (3, fake.tree_hash(log.leaves[:3]))


def test_lines_of_witnesses_and_extensions_are_passed_over(log):
    text = log.note(2).split("\n\n")[0] + "\nan extension\n"
    note = f"{text}\n\u2014 witness.test/w {fake.b64(bytes(80))}\n{log.signature(text, log.key)}"
    assert open_checkpoint(note, key_of(log)).size == 2


def broken(log):
    good = log.note(3)
    other = fake.FakeLog(fake.private_key(2))
    other.leaves = log.leaves
    stranger = fake.FakeLog(origin="elsewhere.test/log")
    stranger.leaves = log.leaves
    text, _, signature = good.partition("\n\n")
    line = signature.split(" ")
    return {
        "signed by another key": (other.note(3), Flaw.CHECKPOINT_SIGNATURE),
        "size changed": (good.replace("\n3\n", "\n4\n"), Flaw.CHECKPOINT_SIGNATURE),
        "signature cut": (f"{text}\n\n{line[0]} {line[1]} {line[2][:40]}\n", Flaw.CHECKPOINT_SIGNATURE),
        "of another log": (stranger.note(3), Flaw.OTHER_LOG),
        "no signature": (text + "\n", Flaw.CHECKPOINT_MALFORMED),
        "no last newline": (good[:-1], Flaw.CHECKPOINT_MALFORMED),
        "size with a zero": (good.replace("\n3\n", "\n03\n"), Flaw.CHECKPOINT_MALFORMED),
        "size without end": (good.replace("\n3\n", "\n" + "9" * 5000 + "\n"), Flaw.CHECKPOINT_MALFORMED),
        "root too short": (good.replace(text.split("\n")[2], "AAAA"), Flaw.CHECKPOINT_MALFORMED),
        "not base64": (good.replace(text.split("\n")[2], "?"), Flaw.CHECKPOINT_MALFORMED),
        "a line of nothing": (good + "hello\n", Flaw.CHECKPOINT_MALFORMED),
        "empty": ("", Flaw.CHECKPOINT_MALFORMED),
    }


@pytest.mark.parametrize("name", broken(fake.FakeLog()))
def test_a_broken_checkpoint_is_refused_by_its_flaw(log, name):
    note, flaw = broken(log)[name]
    with pytest.raises(VerificationError) as error:
        open_checkpoint(note, key_of(log))
    assert error.value.flaw is flaw


@pytest.mark.parametrize(("origin", "key"), [("", bytes(32)), ("a b", bytes(32)), ("a+b", bytes(32)), ("a", bytes(31))])
def test_a_log_key_is_valid_by_construction(origin, key):
    with pytest.raises(VerificationError):
        LogKey(origin, key)
