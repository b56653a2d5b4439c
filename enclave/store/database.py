"""How the room opens its store: SQLite in a file, or PostgreSQL by its address; durable, one writer at a time.

A writing transaction is exclusive from its first statement on, so that reading a budget and charging it can't be
interleaved with another process, and a commit survives a power loss. SQLite: BEGIN IMMEDIATE and `synchronous=FULL`.
PostgreSQL: an advisory lock and `synchronous_commit`, see `enclave/postgresql.py`. Command lines of the operator write
through the same transactions, so this lock is the store's lock.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.orm import Session

from enclave import postgresql
from enclave.postgresql import PostgresUrl, StoreRefused, ValueTooLarge
from enclave.store.log_models import Leaf
from policies.errors import Reason, RequestRejected, Unavailable

BUSY_TIMEOUT_MILLISECONDS = 30_000
NEWEST = "0001"  # the revision that `migrations` leads to


class Database:
    """The room's store. `reading()` sees a consistent snapshot; `writing()` is exclusive and commits on leaving.

    On PostgreSQL, of all that open one database only one may say that it `serves`; SQLite's file has `serve.py`'s lock.
    """

    def __init__(self, place: Path | PostgresUrl, *, serves: bool = False) -> None:
        self._told: Callable[[], AbstractContextManager[None]] = nullcontext
        if isinstance(place, PostgresUrl):
            self._told = _told
            self._engine = postgresql.reading_engine(place)
            self._writing = postgresql.writing_engine(place, serves=serves)
        else:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._engine = _engine(place)
            self._writing = self._engine.execution_options(is_writing=True)
        # SQLite's busy handler is not fair: without this lock one thread of many can wait for seconds.
        self._writer = Lock()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; does nothing when it is there already."""
        with self._told(), self._writer, self._writing.connect() as connection:
            if _revision(connection) != NEWEST:
                _upgrade(connection)
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on a snapshot; changes are thrown away."""
        with self._told(), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """An exclusive transaction: commits when the block ends, rolls back when it raises.

        When it raises Unavailable as it commits, the server was lost, and nobody knows whether it did: whoever wrote
        must not go on as if it had, and must find what is there when it is asked again.
        """
        with (
            self._told(),
            self._writer,
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def has_log(self) -> bool:
        """Whether anything was logged here."""
        with self.reading() as session:
            return session.scalar(select(Leaf.index).limit(1)) is not None

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
        self._writing.dispose()


@contextmanager
def _told() -> Iterator[None]:
    try:
        with postgresql.told():
            yield
    except ValueTooLarge as error:
        raise RequestRejected("a value can't be kept", (Reason("value-too-large", str(error)),)) from error
    except StoreRefused as error:
        raise Unavailable("the room's store can't be used now", (Reason("store", str(error)),)) from error


def _revision(connection: Connection) -> str | None:
    """The schema's revision, as Alembic keeps it; None where there is no schema."""
    if connection.dialect.name == "postgresql":
        return postgresql.revision(connection, of_ours=Leaf.__tablename__)
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
