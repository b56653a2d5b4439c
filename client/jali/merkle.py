"""Merkle tree hashing and its two proofs (RFC 9162, section 2.1), written from the RFC and from nothing else.

Every check raises VerificationError; none returns False.
"""

import hashlib
import hmac
from collections.abc import Sequence

from jali.errors import Flaw, VerificationError

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """MTH({d}) = SHA-256(0x00 || d) (section 2.1.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right) (section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise unless `proof` shows that the tree of `size` leaves under `root` holds `leaf` at `index` (2.1.3.2)."""
    if not 0 <= index < size:
        raise VerificationError(Flaw.NOT_IN_LOG, f"entry {index} can't be in a log of {size} entries")
    place, last, found = index, size - 1, leaf_hash(leaf)
    for step in proof:
        if last == 0:
            raise VerificationError(Flaw.NOT_IN_LOG, "the inclusion proof is too long")
        if place & 1 or place == last:
            found = node_hash(step, found)
            place, last = _climb(place, last)
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(found, root):
        raise VerificationError(
            Flaw.NOT_IN_LOG, f"the inclusion proof does not lead from entry {index} to the log's root"
        )


def check_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise unless `proof` shows that the newer tree only appends to the older one (2.1.4.2)."""
    if old_size > new_size:
        raise VerificationError(Flaw.ROLLED_BACK, f"the log shrank from {old_size} to {new_size} entries")
    if old_size in (0, new_size):
        _check_trivial(old_size, old_root, new_size, new_root, proof)
        return
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path or not proof:
        raise VerificationError(Flaw.SPLIT_VIEW, "the consistency proof is empty")
    old, new = _roots_of_path(old_size - 1, new_size - 1, path)
    if not (hmac.compare_digest(old, old_root) and hmac.compare_digest(new, new_root)):
        raise VerificationError(Flaw.SPLIT_VIEW, f"the log of {new_size} entries does not extend the log of {old_size}")


def _check_trivial(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    expected = EMPTY_ROOT if old_size == 0 else new_root
    if proof or old_root != expected:
        raise VerificationError(
            Flaw.SPLIT_VIEW, f"two different logs of {old_size} entries, or a proof where none belongs"
        )


def _roots_of_path(place: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots as the path rebuilds them, the older first."""
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            raise VerificationError(Flaw.SPLIT_VIEW, "the consistency proof is too long")
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            place, last = _climb(place, last)
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise VerificationError(Flaw.SPLIT_VIEW, "the consistency proof is too short")
    return old, new


def _climb(place: int, last: int) -> tuple[int, int]:
    """Right-shift both until `place` is odd or zero: levels at which the node has no right sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last
