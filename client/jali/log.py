"""The log as one researcher sees it over time: it may grow, and it may neither shrink nor change (RFC 9162, 2.1.4).

A checkpoint is believed when the log's key signed it and it is consistent with the newest one remembered.
"""

from enum import StrEnum
from typing import Protocol

from jali.checkpoint import Checkpoint, LogKey, open_checkpoint
from jali.errors import Flaw, JaliError, NotAuthenticated, Unavailable, VerificationError
from jali.memory import Memory
from jali.merkle import check_consistency


class Growth(StrEnum):
    """How a checkpoint relates to the newest one remembered."""

    FIRST = "first checkpoint seen of this log"
    SAME = "the log stands where it was last seen"
    GREW = "the log only grew since it was last seen"
    WITHIN = "the log as last seen contains this one"
    UNCHECKED = "not compared with the log as last seen (offline)"


class LogSource(Protocol):
    """Where proofs come from; what it says is never believed without its proof."""

    def checkpoint(self) -> str:
        """The newest signed note."""

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The consistency proof between two sizes."""


class LogWatch:
    """Holds every checkpoint of one log against the memory; `source` is None when offline."""

    def __init__(self, log: LogKey, memory: Memory, source: LogSource | None) -> None:
        self.log = log
        self._memory = memory
        self._source = source

    def newest(self, source: LogSource) -> tuple[Checkpoint, Growth]:
        """The log's newest checkpoint. A smaller one than remembered is a roll-back, whatever is said about it."""
        before = self._memory.newest(self.log)
        checkpoint = open_checkpoint(source.checkpoint(), self.log)
        if before is not None and checkpoint.size < before.size:
            raise _rolled_back(before, checkpoint)
        return checkpoint, self.compare(checkpoint)

    def accept(self, note: str) -> tuple[Checkpoint, Growth]:
        """The checkpoint of a receipt: signed, and on the same line of history as the newest one remembered.

        It may be older (a saved answer, two answers at once), but then the log must prove that it contains it.
        """
        checkpoint = open_checkpoint(note, self.log)
        return checkpoint, self.compare(checkpoint)

    def compare(self, checkpoint: Checkpoint) -> Growth:
        """Hold a signed checkpoint against the memory and move the memory forward. Raises VerificationError."""
        while True:
            seen = self._memory.newest(self.log)
            growth = self._growth(seen, checkpoint)
            if growth not in (Growth.FIRST, Growth.GREW) or self._memory.advance(self.log, seen, checkpoint):
                return growth

    def _growth(self, seen: Checkpoint | None, new: Checkpoint) -> Growth:
        if seen is None:
            return Growth.FIRST
        if new.size == seen.size:
            if new.root != seen.root:
                raise VerificationError(Flaw.SPLIT_VIEW, f"two different logs of {new.size} entries were shown to us")
            return Growth.SAME
        if self._source is None:
            return Growth.UNCHECKED
        older, newer = sorted((seen, new), key=lambda checkpoint: checkpoint.size)
        check_consistency(
            old_size=older.size, old_root=older.root, new_size=newer.size, new_root=newer.root,
            proof=self._proof(self._source, seen, new, older, newer),
        )  # fmt: skip
        return Growth.GREW if newer is new else Growth.WITHIN

    def _proof(
        self, source: LogSource, seen: Checkpoint, new: Checkpoint, older: Checkpoint, newer: Checkpoint
    ) -> list[bytes]:
        try:
            return source.consistency(older.size, newer.size)
        except (NotAuthenticated, Unavailable):
            raise  # says nothing about the log
        except JaliError:
            if newer is seen:
                raise _rolled_back(seen, new) from None
            raise VerificationError(Flaw.SPLIT_VIEW, "the log gives no proof that it only grew") from None


def _rolled_back(seen: Checkpoint, shown: Checkpoint) -> VerificationError:
    return VerificationError(
        Flaw.ROLLED_BACK,
        f"the log had {seen.size} entries when last seen and now shows {shown.size}: it was rolled back",
    )
