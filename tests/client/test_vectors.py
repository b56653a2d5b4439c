"""The client's verifier on the vectors that the room's code is tested with: written twice, tied here."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from jali import VerificationError
from jali.checkpoint import LogKey, open_checkpoint
from jali.log import LogWatch
from jali.memory import Memory
from jali.merkle import check_consistency, check_inclusion
from jali.verify import check_receipt
from tests.client import fake_front as fake

FOLDER = Path(__file__).parents[1] / "vectors" / "tlog"
VECTORS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def raw(texts):
    return [b64decode(text) for text in texts]


def log_of(vector):
    return LogKey(vector["origin"], b64decode(vector["key"]))


def check_root(vector):
    assert fake.tree_hash(raw(vector["leaves"])) == b64decode(vector["root"])


def check_one_inclusion(vector):
    leaf, root = raw([vector["leaf"], vector["root"]])
    check_inclusion(leaf, index=vector["index"], size=vector["size"], proof=raw(vector["proof"]), root=root)


def check_one_consistency(vector):
    old_root, new_root = raw([vector["old_root"], vector["new_root"]])
    sizes = {"old_size": vector["old_size"], "new_size": vector["new_size"]}
    check_consistency(**sizes, old_root=old_root, new_root=new_root, proof=raw(vector["proof"]))


def check_one_checkpoint(vector):
    checkpoint = open_checkpoint(vector["checkpoint"], log_of(vector))
    assert (checkpoint.size, checkpoint.root) == (vector["size"], b64decode(vector["root"]))


def check_one_receipt(vector):
    check_receipt(vector["receipt"], LogWatch(log_of(vector), Memory(), None))


CHECKS = {
    "root": check_root,
    "inclusion": check_one_inclusion,
    "consistency": check_one_consistency,
    "checkpoint": check_one_checkpoint,
    "receipt": check_one_receipt,
}


def test_there_are_vectors_of_each_kind_good_and_bad():
    found = {(vector["what"], vector["ok"]) for vector in VECTORS.values()}
    assert found == {(what, ok) for what in CHECKS for ok in (True, False)} - {("root", False)}


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if vector["ok"]])
def test_a_good_vector_passes(name):
    CHECKS[VECTORS[name]["what"]](VECTORS[name])


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if not vector["ok"]])
def test_a_bad_vector_is_refused(name):
    with pytest.raises(VerificationError):
        CHECKS[VECTORS[name]["what"]](VECTORS[name])
