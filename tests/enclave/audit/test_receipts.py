"""Receipts of a wrong form; the vectors hold those of a wrong content."""

import pytest

from enclave.audit.errors import ProofRejected
from enclave.audit.receipts import check_receipt, make_receipt
from policies.errors import NotFound


@pytest.fixture
def receipt(database, log, filled):
    filled(6)
    with database.writing() as session:
        return make_receipt(log, session, 4)


def test_no_receipt_of_a_leaf_that_is_not_there(database, log, filled):
    filled(2)
    with pytest.raises(NotFound), database.writing() as session:
        make_receipt(log, session, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"index": "4"},
        {"index": True},
        {"proof": "AAAA"},
        {"proof": [7, 7, 7]},
        {"proof": ["AAAA"]},
        {"proof": ["!"]},
        {"checkpoint": None},
        {"leaf": "!"},
    ],
)
def test_a_receipt_of_a_wrong_form(log, receipt, change):
    check_receipt(receipt, origin=log.origin, public_key=log.public_key)
    with pytest.raises(ProofRejected):
        check_receipt(receipt | change, origin=log.origin, public_key=log.public_key)


@pytest.mark.parametrize("receipt_text", [None, [], "receipt", {}])
def test_what_is_no_receipt(log, receipt_text):
    with pytest.raises(ProofRejected):
        check_receipt(receipt_text, origin=log.origin, public_key=log.public_key)


@pytest.mark.parametrize("body", [b"not JSON", b"[" * 100_000, b"[]", b"{}", b'{"format":"jali-leaf/2"}'])
def test_a_logged_leaf_that_is_no_leaf_of_ours(log, key, body):
    """Even our own log's signature does not turn foreign bytes into a leaf."""
    from base64 import b64encode

    from enclave.audit import tlog

    text = tlog.TreeHead(log.origin, 1, tlog.leaf_hash(body)).text()
    note = tlog.signed_note(text, log.origin, key.public_bytes, key.sign(text.encode()))
    receipt = {
        "format": "jali-receipt/1",
        "leaf": b64encode(body).decode(),
        "index": 0,
        "proof": [],
        "checkpoint": note,
    }
    with pytest.raises(ProofRejected, match="leaf"):
        check_receipt(receipt, origin=log.origin, public_key=log.public_key)
