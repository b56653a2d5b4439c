"""A transparency log's arithmetic, pure: Merkle hashing, proofs, checkpoints and signed notes.

Hashing and proofs: RFC 9162, section 2.1. Checkpoints: C2SP tlog-checkpoint and signed-note, v1.0.0. Nodes come from
a function that is handed in, so that a proof costs O(log n) look-ups; what is checked raises ProofRejected.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from enclave.audit.errors import ProofRejected

Nodes = Callable[[int, int], bytes]
"""(level, index) -> hash of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level)."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32

_ED25519 = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_UNWANTED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")  # control characters, and what UTF-8 can't hold
_SIGNATURE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf). Source: RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right). Source: RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- growing -------------------------------------------------------------------------------------------------------


def completed_nodes(index: int, hash_of_leaf: bytes, nodes: Nodes) -> Iterator[tuple[int, int, bytes]]:
    """The nodes (level, index, hash), lowest first, that leaf `index` completes when it is appended."""
    level, position, current = 0, index, hash_of_leaf
    while position & 1:
        current = node_hash(nodes(level, position - 1), current)
        level, position = level + 1, position >> 1
        yield level, position, current


def root(size: int, nodes: Nodes) -> bytes:
    """The Merkle tree hash of the first `size` leaves (2.1.1)."""
    return _range_hash(0, size, nodes) if size else EMPTY_ROOT


def _range_hash(start: int, end: int, nodes: Nodes) -> bytes:
    # Every range that the RFC's recursion meets begins at a multiple of the power of two that covers it.
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return nodes(level, start >> level)
    split = start + _largest_power_below(width)
    return node_hash(_range_hash(start, split, nodes), _range_hash(split, end, nodes))


def _largest_power_below(width: int) -> int:
    return 1 << ((width - 1).bit_length() - 1)


# --- proving -------------------------------------------------------------------------------------------------------


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """The path that shows leaf `index` in the tree of `size` leaves (2.1.3.1). Raises ValueError out of range."""
    if not 0 <= index < size:
        raise ValueError("the index lies outside the tree")
    start, end, path = 0, size, []
    while end - start > 1:
        split = start + _largest_power_below(end - start)
        if index < split:
            path.append(_range_hash(split, end, nodes))
            end = split
        else:
            path.append(_range_hash(start, split, nodes))
            start = split
    return path[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """The path that shows that the first `old` of `new` leaves are unchanged (2.1.4.1).

    Empty when `old` is 0 or `new`: then there is nothing to show. Raises ValueError out of range.
    """
    if not 0 <= old <= new:
        raise ValueError("the old size must lie between 0 and the new one")
    start, end, path = 0, new, []
    while old not in (start, end):
        split = start + _largest_power_below(end - start)
        if old <= split:
            path.append(_range_hash(split, end, nodes))
            end = split
        else:
            path.append(_range_hash(start, split, nodes))
            start = split
    if start > 0:  # the old root is known to whoever checks, unless its last part is only a piece of it
        path.append(_range_hash(start, end, nodes))
    return path[::-1]


# --- checking ------------------------------------------------------------------------------------------------------


def check_inclusion(hash_of_leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofRejected unless the proof leads from the leaf to the root. Source: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        raise ProofRejected("the index lies outside the tree")
    position, last, current = index, size - 1, hash_of_leaf
    for step in proof:
        if last == 0:
            raise ProofRejected("the inclusion proof is too long")
        if position & 1 or position == last:
            current = node_hash(step, current)
            position, last = _to_left_turn(position, last)
        else:
            current = node_hash(current, step)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofRejected("the inclusion proof is too short")
    if current != root:
        raise ProofRejected("the inclusion proof leads to another root")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raise ProofRejected unless the tree only grew from `old` to `new`. Source: RFC 9162, 2.1.4.2."""
    if not 0 <= old <= new:
        raise ProofRejected("the log shrank")
    if old in (0, new):
        if proof or old_root != (new_root if old else EMPTY_ROOT) or (new == 0 and new_root != EMPTY_ROOT):
            raise ProofRejected("two roots of one size differ, or a proof stands where none belongs")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof:
        raise ProofRejected("the consistency proof is empty")
    found = _roots_of_path(old, new, path)
    if found != (old_root, new_root):
        raise ProofRejected("the log does not contain what it contained before")


def _roots_of_path(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    found_old = found_new = path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofRejected("the consistency proof is too long")
        if position & 1 or position == last:
            found_old, found_new = node_hash(step, found_old), node_hash(step, found_new)
            position, last = _to_left_turn(position, last)
        else:
            found_new = node_hash(found_new, step)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofRejected("the consistency proof is too short")
    return found_old, found_new


def _to_left_turn(position: int, last: int) -> tuple[int, int]:
    # Levels at which the last node of an incomplete tree has no sibling are passed over.
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


# --- checkpoints ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TreeHead:
    """What a checkpoint states: the log `origin` had `size` leaves under this `root`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The checkpoint's signed text (C2SP tlog-checkpoint): origin, size, root, each on its line."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_hash(name: str, public_key: bytes) -> bytes:
    """First four bytes of SHA-256(name || 0x0A || 0x01 || key) (C2SP signed-note, Ed25519)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def signed_note(text: str, name: str, public_key: bytes, signature: bytes) -> str:
    """The note: text, blank line, one signature line (C2SP signed-note)."""
    line = base64.b64encode(key_hash(name, public_key) + signature).decode()
    return f"{text}\n\u2014 {name} {line}\n"


def open_checkpoint(note: str, *, origin: str, public_key: bytes) -> TreeHead:
    """The tree head in a note that this log's key signed. Raises ProofRejected.

    Lines of other signers (witnesses) are passed over; each line that claims to be the log's must hold.
    """
    text, signatures = _note_parts(note)
    head = _tree_head(text)
    if head.origin != origin:
        raise ProofRejected("the checkpoint is of another log")
    known = key_hash(origin, public_key)
    ours = [signature for name, signature in signatures if name == origin and signature[:4] == known]
    if not ours:
        raise ProofRejected("the checkpoint is not signed with the log's key")
    for signature in ours:
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature[4:], text.encode())
        except InvalidSignature:
            raise ProofRejected("the log's signature on the checkpoint is wrong") from None
    return head


def _note_parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    body, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or _UNWANTED.search(note):
        raise ProofRejected("the checkpoint is not a signed note")
    matches = [_SIGNATURE.fullmatch(line) for line in tail[:-1].split("\n")]
    if not all(matches):
        raise ProofRejected("a signature line of the checkpoint can't be read")
    return body + "\n", [(match[1], _strict_base64(match[2])) for match in matches if match]


def _tree_head(text: str) -> TreeHead:
    lines = text.split("\n")
    if len(lines) < 4 or not _SIZE.fullmatch(lines[1]) or "" in lines[:-1]:
        raise ProofRejected("the checkpoint's text is not origin, size and root")
    hash_of_tree = _strict_base64(lines[2])
    if len(hash_of_tree) != HASH_BYTES:
        raise ProofRejected("the checkpoint's root is not a SHA-256 hash")
    return TreeHead(lines[0], int(lines[1]), hash_of_tree)


def _strict_base64(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        raise ProofRejected("the checkpoint holds something that is not base64") from None
    if base64.b64encode(decoded).decode() != text:
        raise ProofRejected("the checkpoint spells base64 in another way than the canonical one")
    return decoded
