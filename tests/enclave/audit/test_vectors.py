"""The shared vectors: each good one passes, each bad one is refused. The client's own code reads the same files."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from enclave.audit import tlog
from enclave.audit.errors import ProofRejected
from enclave.audit.receipts import check_receipt

VECTORS = sorted((Path(__file__).parents[2] / "vectors" / "tlog").glob("*.json"))


def check_root(vector):
    hashes = [tlog.leaf_hash(b64decode(leaf)) for leaf in vector["leaves"]]
    nodes = {}
    for index, value in enumerate(hashes):
        nodes[0, index] = value
        for level, place, node in tlog.completed_nodes(index, value, lambda *at: nodes[at]):
            nodes[level, place] = node
    if tlog.root(len(hashes), lambda *at: nodes[at]) != b64decode(vector["root"]):
        raise ProofRejected("another root")


def check_inclusion(vector):
    tlog.check_inclusion(
        tlog.leaf_hash(b64decode(vector["leaf"])),
        vector["index"],
        vector["size"],
        [b64decode(step) for step in vector["proof"]],
        b64decode(vector["root"]),
    )


def check_consistency(vector):
    tlog.check_consistency(
        vector["old_size"],
        vector["new_size"],
        [b64decode(step) for step in vector["proof"]],
        b64decode(vector["old_root"]),
        b64decode(vector["new_root"]),
    )


def check_checkpoint(vector):
    head = tlog.open_checkpoint(vector["checkpoint"], origin=vector["origin"], public_key=b64decode(vector["key"]))
    assert (head.size, head.root) == (vector["size"], b64decode(vector["root"]))


def check_receipt_vector(vector):
    check_receipt(vector["receipt"], origin=vector["origin"], public_key=b64decode(vector["key"]))


CHECKS = {
    "root": check_root,
    "inclusion": check_inclusion,
    "consistency": check_consistency,
    "checkpoint": check_checkpoint,
    "receipt": check_receipt_vector,
}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path):
    vector = json.loads(path.read_text(encoding="utf-8"))
    check = CHECKS[vector["what"]]
    if vector["ok"]:
        check(vector)
    else:
        with pytest.raises(ProofRejected):
            check(vector)


def test_there_are_good_and_bad_vectors_of_every_proof():
    seen = {(vector["what"], vector["ok"]) for vector in map(json.loads, (path.read_text() for path in VECTORS))}
    assert seen >= {(what, ok) for what in CHECKS if what != "root" for ok in (True, False)}
