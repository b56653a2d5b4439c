"""What the client remembers between runs: the newest checkpoint of each log, the log key of each agreement.

Without a memory a roll-back, or a log shown to one researcher and not to another, could not be noticed. One SQLite
file in the state folder (JALI_STATE, else ~/.local/state/jali), so that programs running at once don't lose a line.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from jali.checkpoint import Checkpoint, LogKey

_TABLES = """
CREATE TABLE IF NOT EXISTS checkpoints (
    log TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS agreements (uid TEXT PRIMARY KEY, document TEXT NOT NULL);
"""


def state_folder() -> Path:
    """Where the memory lies."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get("JALI_STATE") or Path(base) / "jali")


class Memory:
    """The remembered checkpoints and agreements in one folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or state_folder()

    def newest(self, log: LogKey) -> Checkpoint | None:
        """The largest checkpoint seen of this log."""
        with self._store() as store:
            row = store.execute("SELECT size, root, note FROM checkpoints WHERE log = ?", (_name(log),)).fetchone()
        return None if row is None else Checkpoint(log.origin, row[0], row[1], row[2])

    def advance(self, log: LogKey, seen: Checkpoint | None, new: Checkpoint) -> bool:
        """Put `new` in place of `seen`; False, and nothing changed, if another program was faster."""
        place = (_name(log), new.size, new.root, new.note)
        with self._store() as store:
            if seen is None:
                return store.execute("INSERT OR IGNORE INTO checkpoints VALUES (?, ?, ?, ?)", place).rowcount == 1
            change = "UPDATE checkpoints SET size = ?, root = ?, note = ? WHERE log = ? AND size = ? AND root = ?"
            return store.execute(change, (*place[1:], place[0], seen.size, seen.root)).rowcount == 1

    def agreement(self, uid: str) -> str | None:
        """The agreement document (JSON text) that was remembered under this uid."""
        with self._store() as store:
            row = store.execute("SELECT document FROM agreements WHERE uid = ?", (uid,)).fetchone()
        return None if row is None else str(row[0])

    def remember_agreement(self, uid: str, document: str) -> None:
        """Keep the document, in place of one remembered before."""
        with self._store() as store:
            store.execute("INSERT OR REPLACE INTO agreements VALUES (?, ?)", (uid, document))

    @contextmanager
    def _store(self) -> Iterator[sqlite3.Connection]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.folder / "memory.db", timeout=30)) as store, store:
            store.executescript(_TABLES)
            yield store


def _name(log: LogKey) -> str:
    # The key belongs to the name: two rooms set up with the same origin are two logs, and a changed key under one
    # agreement is refused before we come here.
    return f"{log.origin}+{log.key.hex()}"
