"""Opening the front's database, SQLite in WAL mode or PostgreSQL by address, brought to the newest schema at start."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from enclave import postgresql
from enclave.postgresql import PostgresUrl, StoreRefused, ValueTooLarge
from enclave_api.store.models import AccountRow
from policies.errors import Reason, RequestRejected, Unavailable

NEWEST = "0001"  # the revision that `migrations` leads to
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000")


class Store:
    """The front's database. `reading` and `writing` are transactions; the latter takes the write lock at once."""

    def __init__(self, place: Path | PostgresUrl) -> None:
        self.place = place
        self._told: Callable[[], AbstractContextManager[None]] = nullcontext
        if isinstance(place, PostgresUrl):
            self._told = _told
            self.engine = postgresql.reading_engine(place)
            self._writing = postgresql.writing_engine(place)
        else:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.engine = _engine(place)
            self._writing = self.engine.execution_options(writing=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database."""
        with self._told(), Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits when left, and rolls back when an error leaves it."""
        with self._told(), Session(self._writing) as session, session.begin():
            yield session

    @contextmanager
    def alone(self, purpose: str) -> Iterator[None]:
        """Run alone among all processes of the front (workers start together, operators' commands come in between)."""
        if isinstance(self.place, PostgresUrl):
            with self._told(), postgresql.alone(self.place, purpose):
                yield
        else:
            with _alone(self.place.with_name(f"{purpose}.lock")):
                yield

    def migrate(self) -> None:
        """Bring the schema to the newest revision; nothing happens when it is there already."""
        with self.alone("migrate"), self._told(), self._writing.connect() as connection:
            if _revision(connection) != NEWEST:
                _upgrade(connection)
            connection.commit()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._writing.dispose()


@contextmanager
def _told() -> Iterator[None]:
    try:
        with postgresql.told():
            yield
    except ValueTooLarge as error:
        raise RequestRejected("a value can't be kept", (Reason("value-too-large", str(error)),)) from error
    except StoreRefused as error:
        raise Unavailable("the front's store can't be used now", (Reason("store", str(error)),)) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with open(path, "a") as lock:
        if os.geteuid() == 0:  # an operator's command must not leave a file that the front's own uid can't open
            owner = path.parent.stat()
            os.fchown(lock.fileno(), owner.st_uid, owner.st_gid)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _revision(connection: Connection) -> str | None:
    """The schema's revision, as Alembic keeps it; None where there is no schema."""
    if connection.dialect.name == "postgresql":
        return postgresql.revision(connection, of_ours=AccountRow.__tablename__)
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
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late: after the first SELECT
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail half-way without waiting; IMMEDIATE waits at the start.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
