"""Receipts: a leaf, its place in the log, and the signed checkpoint that covers it (format jali-receipt/1).

Made here, checked by the client's own code; `check_receipt` is for the room's side of a dispute.
"""

import json
from base64 import b64decode, b64encode
from typing import Any

from sqlalchemy.orm import Session

from enclave.audit import tlog
from enclave.audit.errors import ProofRejected
from enclave.audit.leaves import FORMAT as LEAF_FORMAT
from enclave.audit.log import Log
from policies.canonical import canonical_bytes

FORMAT = "jali-receipt/1"


def make_receipt(log: Log, session: Session, index: int) -> dict[str, Any]:
    """The receipt of a committed leaf, under a checkpoint that is remembered in the caller's transaction."""
    leaf = log.leaf(session, index)
    note, proof = log.proven(session, index)
    return {
        "format": FORMAT,
        "leaf": b64encode(leaf).decode(),
        "index": index,
        "proof": proof,
        "checkpoint": note,
    }


def check_receipt(receipt: Any, *, origin: str, public_key: bytes) -> dict[str, Any]:
    """The leaf that the receipt proves to be in this log. Raises ProofRejected for any flaw."""
    if not isinstance(receipt, dict) or set(receipt) != {"format", "leaf", "index", "proof", "checkpoint"}:
        raise ProofRejected("a receipt has exactly format, leaf, index, proof and checkpoint")
    index, proof, note = receipt["index"], receipt["proof"], receipt["checkpoint"]
    if (
        receipt["format"] != FORMAT
        or type(index) is not int
        or not isinstance(proof, list)
        or not isinstance(note, str)
    ):
        raise ProofRejected("the receipt is of a form that we don't know")
    head = tlog.open_checkpoint(note, origin=origin, public_key=public_key)
    body = _bytes(receipt["leaf"])
    tlog.check_inclusion(tlog.leaf_hash(body), index, head.size, [_hash(step) for step in proof], head.root)
    return _leaf(body)


def _leaf(body: bytes) -> dict[str, Any]:
    try:
        leaf = json.loads(body)
        is_canonical = canonical_bytes(leaf) == body
    except (ValueError, RecursionError):
        raise ProofRejected("the receipt's leaf is not JSON") from None
    if not is_canonical or not isinstance(leaf, dict) or leaf.get("format") != LEAF_FORMAT:
        raise ProofRejected("the receipt's leaf is not a canonical leaf")
    return leaf


def _hash(text: Any) -> bytes:
    step = _bytes(text)
    if len(step) != tlog.HASH_BYTES:
        raise ProofRejected("a step of the proof is not a SHA-256 hash")
    return step


def _bytes(text: Any) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise ProofRejected("the receipt holds something that is not base64") from None
