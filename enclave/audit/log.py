"""The room's append-only log (Art. 26): leaves and nodes in the store, checkpoints signed after the commit.

`append` works inside the caller's transaction, so that a change and its trace commit together or not at all.
The arithmetic is `tlog.py`, what a leaf may hold is `leaves.py`, checking the whole is `rebuild.py`.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import CompoundSelect, Select, bindparam, func, insert, literal, or_, select, union_all
from sqlalchemy.orm import Session

from enclave.audit import rebuild, tlog
from enclave.audit.errors import LogDamaged, ProofRejected
from enclave.audit.keys import RoomKey
from enclave.audit.leaves import leaf_body
from enclave.store.base import run
from enclave.store.log_models import Checkpoint, Leaf, Node
from policies.errors import NotFound, Reason

_APPENDED_IN = "jali_log_appended_in"
_LEAVES, _NODES, _CHECKPOINTS = Leaf.table(), Node.table(), Checkpoint.table()
_SIZE: Final = select(func.coalesce(func.max(_LEAVES.c.index) + 1, 0))
_BODY: Final = select(_LEAVES.c.body).where(_LEAVES.c.index == bindparam("wanted"))
_PAGE: Final = (
    select(_LEAVES.c.index, _LEAVES.c.body)
    .where(_LEAVES.c.index >= bindparam("first"))
    .order_by(_LEAVES.c.index)
    .limit(1000)
)
_NEWEST_NOTE: Final = select(_CHECKPOINTS.c.note).order_by(_CHECKPOINTS.c.size.desc()).limit(1)
_STANDING: Final = select(_SIZE.scalar_subquery(), _NEWEST_NOTE.scalar_subquery())
_ADD_LEAF, _ADD_NODES, _ADD_CHECKPOINT = insert(_LEAVES), insert(_NODES), insert(_CHECKPOINTS)
T = TypeVar("T")


@dataclass(frozen=True)
class _Signed:
    """A checkpoint whose signature was checked just now."""

    size: int
    root: bytes
    note: str


class Log:
    """One log: its origin (C2SP), its key, and the operations on its tables. Proofs are base64 texts."""

    def __init__(self, key: RoomKey, *, origin: str) -> None:
        self._key = key
        self.origin = origin

    @property
    def public_key(self) -> bytes:
        """The raw Ed25519 key under which the checkpoints verify."""
        return self._key.public_bytes

    def append(self, session: Session, leaf: Mapping[str, Any]) -> int:
        """Add a leaf in the caller's transaction and return its index."""
        body = leaf_body(leaf)
        index, hash_of_leaf = self.size(session), tlog.leaf_hash(body)
        run(session, _ADD_LEAF, {"index": index, "kind": leaf["kind"], "body": body, "hash": hash_of_leaf})
        completed = _on_nodes(session, lambda nodes: list(tlog.completed_nodes(index, hash_of_leaf, nodes)))
        if completed:
            rows = [{"level": level, "index": position, "hash": value} for level, position, value in completed]
            run(session, _ADD_NODES, rows)
        session.info[_APPENDED_IN] = session.get_transaction()
        return index

    def size(self, session: Session) -> int:
        """How many leaves there are."""
        size: int = run(session, _SIZE).scalar_one()
        return size

    def checkpoint(self, session: Session) -> str:
        """The signed note for all leaves, remembered in the caller's transaction: a later one than the leaves'.

        Raises LogDamaged rather than sign a log that no longer contains what was signed before.
        """
        return self._signed(session, lambda _size, _nodes: None)[0]

    def check_newest(self, session: Session) -> None:
        """Raise LogDamaged unless what was signed last was signed by this key, for this origin."""
        self._last(run(session, _NEWEST_NOTE).scalar())

    def proven(self, session: Session, index: int) -> tuple[str, list[str]]:
        """The checkpoint, and the proof that leaf `index` is under it. Raises NotFound and what `checkpoint` does."""

        def proof(size: int, nodes: tlog.Nodes) -> list[bytes]:
            if not 0 <= index < size:
                raise NotFound(f"no entry {index} in a log of {size} entries")
            return tlog.inclusion_proof(index, size, nodes)

        note, steps = self._signed(session, proof)
        return note, _texts(steps)

    def _signed(self, session: Session, besides: Callable[[int, tlog.Nodes], T]) -> tuple[str, T]:
        """The checkpoint, and what `besides` makes of the same nodes, which are fetched once."""
        if session.info.get(_APPENDED_IN) is not None and session.info[_APPENDED_IN] is session.get_transaction():
            # A signature over leaves that then roll back would be a split view made by ourselves.
            raise RuntimeError("a checkpoint is signed after the commit of its leaves")
        size, newest = run(session, _STANDING).one()
        last = self._last(newest)
        if last.size > size:
            raise _damaged("truncated", f"{last.size} entries were signed, {size} are left")
        old, new, found = _on_nodes(
            session, lambda nodes: (tlog.root(last.size, nodes), tlog.root(size, nodes), besides(size, nodes))
        )
        if old != last.root:
            raise _damaged("rewritten", f"the first {last.size} entries are not those that were signed")
        if last.note and last.size == size:
            return last.note, found
        note = self._sign(tlog.TreeHead(self.origin, size, new))
        run(session, _ADD_CHECKPOINT, {"size": size, "note": note})
        return note, found

    def _sign(self, head: tlog.TreeHead) -> str:
        text = head.text()
        return tlog.signed_note(text, self.origin, self.public_key, self._key.sign(text.encode()))

    def _last(self, note: str | None) -> "_Signed":
        """What was signed last, by its note; an empty tree, and no note, where nothing was."""
        if note is None:
            return _Signed(0, tlog.EMPTY_ROOT, "")
        try:
            head = tlog.open_checkpoint(note, origin=self.origin, public_key=self.public_key)
            return _Signed(head.size, head.root, note)
        except ProofRejected as flaw:
            raise _damaged("checkpoint-forged", flaw.message) from None

    def inclusion(self, session: Session, index: int, size: int) -> list[str]:
        """The proof that leaf `index` is among the first `size`. Raises NotFound where there is none."""
        if not 0 <= index < size <= self.size(session):
            raise NotFound(f"no entry {index} in a log of {size} entries")
        return _on_nodes(session, lambda nodes: _texts(tlog.inclusion_proof(index, size, nodes)))

    def consistency(self, session: Session, old: int, new: int) -> list[str]:
        """The proof that the first `old` of `new` leaves are unchanged. Raises NotFound where there is none."""
        if not 0 <= old <= new <= self.size(session):
            raise NotFound(f"no log of {new} entries that contains {old}")
        return _on_nodes(session, lambda nodes: _texts(tlog.consistency_proof(old, new, nodes)))

    def leaf(self, session: Session, index: int) -> bytes:
        """The canonical bytes of a leaf. Raises NotFound."""
        body: bytes | None = run(session, _BODY, {"wanted": index}).scalar()
        if body is None:
            raise NotFound(f"no entry {index}")
        return body

    def entries(self, session: Session, *, start: int, count: int) -> list[dict[str, Any]]:
        """The leaves from `start` on, at most `count`: index and leaf (base64 of its canonical bytes)."""
        # Cut to what there is: what was asked for may be larger than any integer of the store.
        first, last = max(start, 0), min(start + max(count, 0), self.size(session))
        if first >= last:
            return []
        rows = select(Leaf.index, Leaf.body).where(Leaf.index.between(first, last - 1)).order_by(Leaf.index)
        return [{"index": index, "leaf": b64encode(body).decode()} for index, body in session.execute(rows)]

    def bodies(self, session: Session, *, first: int = 0) -> Iterator[tuple[int, bytes]]:
        """Index and canonical bytes of every leaf from `first` on, read a page at a time."""
        while rows := run(session, _PAGE, {"first": first}).all():
            yield from ((index, body) for index, body in rows)
            first = rows[-1][0] + 1

    def check(self, session: Session, remembered: str | None = None) -> dict[str, Any]:
        """Rebuild the log from its leaves and hold it against all that was signed, and a checkpoint kept elsewhere.

        Returns the facts; raises LogDamaged with every finding.
        """
        return rebuild.check(session, origin=self.origin, public_key=self.public_key, remembered=remembered)


def _on_nodes(session: Session, compute: Callable[[tlog.Nodes], T]) -> T:
    """What `compute` makes of the stored nodes, fetched together (one by one they are 40 ms at 1M leaves).

    It is called twice: first with empty hashes, only to see which nodes it asks for.
    """
    wanted: set[tuple[int, int]] = set()

    def note_down(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return b""

    compute(note_down)
    nodes = _fetch(session, wanted)
    return compute(lambda level, index: nodes[level, index])


def _fetch(session: Session, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    if not wanted:
        return {}
    leaves = [index for level, index in wanted if level == 0]
    above = [place for place in wanted if place[0] > 0]
    given = {f"leaf_{number}": index for number, index in enumerate(leaves)}
    for number, (level, index) in enumerate(above):
        given |= {f"level_{number}": level, f"index_{number}": index}
    rows = run(session, _hashes(len(leaves), len(above)), given)
    found: dict[tuple[int, int], bytes] = {(level, index): value for level, index, value in rows}
    if wanted - found.keys():
        level, index = min(wanted - found.keys())
        raise _damaged("node-missing", f"node {index} of level {level} is missing")
    return found


@lru_cache(maxsize=256)
def _hashes(leaves: int, above: int) -> Select[Any] | CompoundSelect[Any]:
    """Level, index and hash of so many leaves and so many nodes above them."""
    parts = []
    if leaves:
        indices: list[Any] = [bindparam(f"leaf_{number}") for number in range(leaves)]
        parts.append(select(literal(0), _LEAVES.c.index, _LEAVES.c.hash).where(_LEAVES.c.index.in_(indices)))
    if above:
        # Not (level, index) IN (...): for that SQLite walks through the whole table.
        places = [
            (_NODES.c.level == bindparam(f"level_{number}")) & (_NODES.c.index == bindparam(f"index_{number}"))
            for number in range(above)
        ]
        parts.append(select(_NODES.c.level, _NODES.c.index, _NODES.c.hash).where(or_(*places)))
    return parts[0] if len(parts) == 1 else union_all(*parts)


def _texts(proof: list[bytes]) -> list[str]:
    return [b64encode(step).decode() for step in proof]


def _damaged(code: str, message: str) -> LogDamaged:
    return LogDamaged("the log is not what was signed", (Reason(code, message),))
