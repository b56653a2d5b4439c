"""Checking the whole log: the tree rebuilt from its leaves, held against what is stored and what was signed.

It trusts nothing but leaves' bytes and the log's key. Every finding is named; memory is 64 bytes a leaf.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave.audit import tlog
from enclave.audit.errors import LogDamaged, ProofRejected
from enclave.audit.promises import Promises
from enclave.store.log_models import Checkpoint, Leaf, Node
from policies.errors import Reason

MOST_FINDINGS = 100
_ROWS_AT_ONCE = 4096
_WIDTH = tlog.HASH_BYTES


def check(session: Session, *, origin: str, public_key: bytes, remembered: str | None) -> dict[str, Any]:
    """The facts of a sound log. Raises LogDamaged with every finding (at most 100, the rest counted)."""
    findings: list[Reason] = []
    tree = _Tree(_leaf_hashes(session, findings))
    findings += _nodes_against(session, tree)
    signed = _Signed(tree, origin, public_key)
    notes = session.execute(select(Checkpoint.size, Checkpoint.note).order_by(Checkpoint.size)).all()
    for size, note in notes:
        findings += signed.findings(note, size)
    if remembered is not None:
        findings += signed.findings_of_remembered(remembered)
    if findings:
        raise _damaged(findings)
    return {
        "entries": tree.size,
        "root": b64encode(tree.root(tree.size)).decode(),
        "checkpoints": len(notes),
        "signed_entries": notes[-1].size if notes else 0,
    }


class _Tree:
    """All complete subtrees, a level at a time, as one run of bytes each."""

    def __init__(self, leaf_hashes: bytes) -> None:
        self.size = len(leaf_hashes) // _WIDTH
        self.levels = [leaf_hashes]
        while len(self.levels[-1]) >= 2 * _WIDTH:
            self.levels.append(_level_above(self.levels[-1]))

    def node(self, level: int, index: int) -> bytes:
        return self.levels[level][index * _WIDTH : (index + 1) * _WIDTH]

    def count(self, level: int) -> int:
        return len(self.levels[level]) // _WIDTH

    def root(self, size: int) -> bytes:
        return tlog.root(size, self.node)


def _level_above(level: bytes) -> bytes:
    whole = len(level) - len(level) % (2 * _WIDTH)
    return b"".join(
        tlog.node_hash(level[start : start + _WIDTH], level[start + _WIDTH : start + 2 * _WIDTH])
        for start in range(0, whole, 2 * _WIDTH)
    )


def _leaf_hashes(session: Session, findings: list[Reason]) -> bytes:
    rows = select(Leaf.index, Leaf.kind, Leaf.body, Leaf.hash).order_by(Leaf.index)
    hashes = bytearray()
    promises = Promises()
    for position, (index, kind, body, stored) in enumerate(session.execute(rows).yield_per(_ROWS_AT_ONCE)):
        if index != position:  # nothing after a gap has a place in the tree
            findings.append(Reason("leaf-missing", f"entry {position} is missing", "leaves"))
            break
        computed = tlog.leaf_hash(body)
        if computed != stored:
            findings.append(Reason("leaf-changed", f"entry {position} is not what was hashed", "leaves"))
        leaf = _leaf(body)
        if leaf.get("kind") != kind:
            findings.append(Reason("kind-changed", f"entry {position} is filed under another kind", "leaves"))
        findings += promises.see(position, leaf)
        hashes += computed
    return bytes(hashes)


def _leaf(body: bytes) -> dict[str, Any]:
    try:
        leaf = json.loads(body)
    except ValueError:
        return {}
    return leaf if isinstance(leaf, dict) else {}


def _nodes_against(session: Session, tree: _Tree) -> Iterator[Reason]:
    for level in range(1, len(tree.levels)):
        rows = select(Node.index, Node.hash).where(Node.level == level).order_by(Node.index)
        found = 0
        for index, stored in session.execute(rows).yield_per(_ROWS_AT_ONCE):
            if not 0 <= index < tree.count(level):
                yield Reason("node-surplus", f"node {index} of level {level} belongs to no tree", "nodes")
                continue
            found += 1
            if stored != tree.node(level, index):
                yield Reason("node-changed", f"node {index} of level {level} is wrong", "nodes")
        if found < tree.count(level):
            yield Reason("node-missing", f"{tree.count(level) - found} nodes of level {level} are missing", "nodes")
    outside = (Node.level < 1) | (Node.level >= len(tree.levels))
    surplus = session.scalar(select(func.count()).select_from(Node).where(outside))
    if surplus:
        yield Reason("node-surplus", f"{surplus} nodes lie on levels that the tree does not have", "nodes")


class _Signed:
    """Holds signed checkpoints against the tree that the leaves make."""

    def __init__(self, tree: _Tree, origin: str, public_key: bytes) -> None:
        self._tree, self._origin, self._key = tree, origin, public_key

    def findings(self, note: str, size: int) -> Iterator[Reason]:
        """What is wrong with a checkpoint of the store."""
        where = f"checkpoint {size}"
        try:
            head = tlog.open_checkpoint(note, origin=self._origin, public_key=self._key)
        except ProofRejected as flaw:
            yield Reason("checkpoint-forged", flaw.message, where)
            return
        if head.size != size:
            yield Reason("checkpoint-forged", f"it is a checkpoint of {head.size} entries", where)
        elif head.size > self._tree.size:
            yield Reason("truncated", f"{head.size} entries were signed, {self._tree.size} are left", where)
        elif head.root != self._tree.root(head.size):
            yield Reason("rewritten", f"the first {head.size} entries are not those that were signed", where)

    def findings_of_remembered(self, note: str) -> Iterator[Reason]:
        """What a checkpoint that was kept outside the store shows about it."""
        try:
            head = tlog.open_checkpoint(note, origin=self._origin, public_key=self._key)
        except ProofRejected as flaw:
            yield Reason("checkpoint-forged", flaw.message, "remembered checkpoint")
            return
        if head.size > self._tree.size:
            said = f"the log had {head.size} entries and now has {self._tree.size}"
            yield Reason("rolled-back", said, "remembered checkpoint")
        elif head.root != self._tree.root(head.size):
            said = f"two logs of {head.size} entries were signed"
            yield Reason("split-view", said, "remembered checkpoint")


def _damaged(findings: list[Reason]) -> LogDamaged:
    shown = tuple(findings[:MOST_FINDINGS])
    return LogDamaged("the log is not what was signed", shown, findings=len(findings))
