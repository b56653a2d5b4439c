"""How the room opens its store: SQLite, durable, one writer at a time.

A writing transaction begins with BEGIN IMMEDIATE, so that reading a budget and charging it can't be interleaved with
another process; `synchronous=FULL` makes a commit survive a power loss. Command lines of the operator write through
the same transactions, so SQLite's write lock is the store's lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MILLISECONDS = 30_000
NEWEST = "0001"  # the revision that `migrations` leads to


class Database:
    """The room's store. `reading()` sees a consistent snapshot; `writing()` is exclusive and commits on leaving."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._engine = _engine(path)
        self._writing = self._engine.execution_options(is_writing=True)
        # SQLite's busy handler is not fair: without this lock one thread of many can wait for seconds.
        self._writer = Lock()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; does nothing when it is there already."""
        with self._writing.connect() as connection:
            if _revision(connection) != NEWEST:
                _upgrade(connection)
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on a snapshot; changes are thrown away."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """An exclusive transaction: commits when the block ends, rolls back when it raises."""
        with self._writer, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def _revision(connection: Connection) -> str | None:
    """The schema's revision, as Alembic keeps it; None where there is no schema."""
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")
    if tables.first() is None:
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def _upgrade(connection: Connection) -> None:
    # Imported here: every command of the operator would wait for it, and one in a thousand has something to upgrade.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's BEGIN below, not the driver's own
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        is_writing = connection.get_execution_options().get("is_writing", False)
        connection.connection.execute("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine
