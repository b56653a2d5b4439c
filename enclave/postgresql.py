"""PostgreSQL as a store, of the room and of the front: which addresses are taken, and how connections are opened.

It imports nothing of ours, so that both may use it. **One writer at a time:** a writing transaction takes one advisory
lock before it reads anything. The log appends at its size and the ledger asks a filter over what was spent, so any two
writers would meet in the same rows; serializable transactions would let them run side by side only to fail one and run
it again. The transaction is READ COMMITTED on purpose: a snapshot of REPEATABLE READ or SERIALIZABLE would be taken by
the very statement that waits for the lock, and be older than what the lock waited for. Under the lock nobody commits in
between, so it sees one state.

Source: PostgreSQL's manual, "Transaction Isolation" (13.2), "Advisory Locks" (13.3.5), "Asynchronous Commit" (28.4).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, TimeoutError as PoolTimeout

WAIT_SECONDS = 30  # as long as SQLite's writers wait
CONNECT_SECONDS = 10
TAKE_OVER_SECONDS = 25.0  # a room that is gone may seem to be there until its connection is given up

# What may stand after the "?". Not `options`, which could switch durability off, nor `service`, which hides the host.
_QUERY = {"host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OPTIONS = {
    "search_path": "public",  # a schema of the role's own name must not come first
    "lock_timeout": f"{WAIT_SECONDS}s",
    "TimeZone": "UTC",
    # A machine that is gone must not hold the lock for the two hours that TCP waits by default.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
}
_KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 20_000}

# What the server must be like: what it says, what is accepted, and why. Texts in C order, because an index in a
# language's order is wrong after an update of the system's tables, and a unique index then lets pairs in twice.
_DEMANDS = (
    ("current_setting('server_version_num')::int >= 150000", "PostgreSQL must be 15 or newer"),
    ("current_setting('fsync') = 'on'", "fsync is off: a charge would not survive a power loss"),
    ("current_setting('full_page_writes') = 'on'", "full_page_writes is off: a power loss could tear the log"),
    ("current_setting('server_encoding') = 'UTF8'", "the database's encoding must be UTF8"),
    (
        "(SELECT datlocprovider = 'b' OR datlocprovider = 'c' AND datcollate IN ('C', 'POSIX') FROM pg_database"
        " WHERE datname = current_database())",
        "the database's locale must be C",
    ),
    ("NOT pg_is_in_recovery()", "the server is a standby, which can't be written"),
)
_ASK = "SELECT " + ", ".join(demand for demand, _ in _DEMANDS) + ", current_setting('synchronous_commit')"
# string_data_right_truncation, numeric_value_out_of_range; None: the driver's own check, before anything was sent.
_TOO_LARGE = {"22001", "22003", None}
# `on` waits for the own disk and for the standbys that the server was told of; `remote_apply` waits for more.
_DURABLE = {"on", "remote_apply"}


class StoreRefused(Exception):
    """The store can't be used as it is; the text says what is wrong and never holds a password."""


class StoreLost(StoreRefused):
    """The server does not answer, or was lost meanwhile. Whether a commit that was under way took place is unknown."""


class ValueTooLarge(StoreRefused):
    """A text is longer or a number larger than its column, or a text holds NUL, which PostgreSQL keeps in none."""


@dataclass(frozen=True, repr=False)
class PostgresUrl:
    """The address of a store. Whatever prints it, the password is not shown."""

    _address: URL

    @classmethod
    def parse(cls, given: str) -> Self:
        """Read `postgresql://role[:password]@host[:port]/database[?...]`. Raises StoreRefused.

        TLS that checks the server's name (`sslmode=verify-full`) is not asked for but taken for granted, unless the
        server is on this machine: whoever sits between room and store could else rewrite budgets.
        """
        try:
            address = make_url(given)
        except (ArgumentError, ValueError):
            raise StoreRefused("it is no address; write postgresql://role@host/database") from None
        if address.drivername not in ("postgresql", "postgresql+psycopg"):
            raise StoreRefused("it must begin with postgresql://; leave it out for SQLite")
        if strange := sorted(address.query.keys() - _QUERY):
            raise StoreRefused(f"after the ? may stand {', '.join(sorted(_QUERY))}; not {', '.join(strange)}")
        if not (address.username and address.database and (address.host or address.query.get("host"))):
            raise StoreRefused("it must name role, host and database: postgresql://role@host/database")
        return cls(address.set(drivername="postgresql+psycopg", query=_with_tls(address)))

    def engine(self, **more: Any) -> Engine:
        """An engine over this address."""
        how: dict[str, Any] = {
            "options": " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items()),
            "client_encoding": "utf8",
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "jali",
            **_KEEPALIVES,
        }
        return create_engine(self._address, connect_args=how, hide_parameters=True, use_native_hstore=False, **more)

    def __str__(self) -> str:
        return self._address.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"PostgresUrl({str(self)!r})"


def _with_tls(address: URL) -> Mapping[str, Any]:
    listed = address.query.get("host", ())
    hosts = [*([address.host] if address.host else []), *([listed] if isinstance(listed, str) else listed)]
    if len(hosts) != 1:
        raise StoreRefused("it must name one host: a second one may know less of what was charged")
    if hosts[0].startswith("/") or hosts[0] in _LOOPBACK:
        return address.query
    if address.query.get("sslmode", "verify-full") != "verify-full":
        raise StoreRefused("sslmode must be verify-full where the server is on another machine")
    return {**address.query, "sslmode": "verify-full"}


def reading_engine(url: PostgresUrl) -> Engine:
    """Connections whose transactions see one state and can change nothing."""
    # As many as SQLAlchemy opens of a file: room and two processes of the front stay far below a server's usual 100.
    engine = url.engine(pool_size=5, max_overflow=10, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        from psycopg import IsolationLevel

        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True

    return engine


def writing_engine(url: PostgresUrl, *, serves: bool = False) -> Engine:
    """One connection, whose transactions are exclusive among all that go through this function on this database.

    Where it `serves`, the connection also holds a lock of its session's for as long as it lives: a second room on the
    same database can't write, and is told so, and one that lost its connection writes again only if no other came.
    """
    engine = url.engine(pool_size=1, max_overflow=0, pool_timeout=WAIT_SECONDS, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        try:
            _demand(connection)
            if serves:
                _serve_alone(connection)
        except BaseException:
            connection.close()
            raise
        connection.autocommit = False

    event.listen(engine, "begin", _take_turn)
    event.listen(engine, "commit", _still_whole)
    return engine


def _demand(connection: Any) -> None:
    *met, durability = connection.execute(_ASK).fetchone()
    missing = [why for (_, why), is_met in zip(_DEMANDS, met, strict=True) if not is_met]
    if missing:
        raise StoreRefused("; ".join(missing))
    if durability not in _DURABLE:
        connection.execute("SET synchronous_commit = on")


def _serve_alone(connection: Any) -> None:
    # The server may need a moment to see that a room which was killed is gone: lock_timeout says how long.
    from psycopg.errors import LockNotAvailable

    connection.execute(f"SET lock_timeout = '{TAKE_OVER_SECONDS}s'")
    try:
        connection.execute(f"SELECT pg_advisory_lock({_lock_number('serve')})")
    except LockNotAvailable:
        raise StoreRefused("another room serves this store") from None
    connection.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")


def _take_turn(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_lock_number('write')})")


def _still_whole(connection: Connection) -> None:
    # COMMIT of a transaction in which a statement failed is a rollback, and says so without an error: who caught that
    # statement's error would go on as if its charge were there.
    from psycopg.pq import TransactionStatus

    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status != TransactionStatus.INTRANS:
        raise StoreRefused("a transaction in which a statement failed can't be committed")


def _lock_number(purpose: str) -> int:
    return int.from_bytes(sha256(f"jali {purpose}".encode()).digest()[:8], "big", signed=True)


@contextmanager
def alone(url: PostgresUrl, purpose: str) -> Iterator[None]:
    """Run alone among all processes that ask for the same purpose on this database; wait as long as it takes."""
    engine = url.engine(poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:  # closing it gives the lock back
        connection.exec_driver_sql("SET lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_lock_number(purpose)})")
        yield


def revision(connection: Connection, *, of_ours: str) -> str | None:
    """The schema's revision, as Alembic keeps it; None where there is none. `of_ours` is a table that comes with it.

    Raises StoreRefused where the database is kept by somebody else, such as the front's by the room.
    """
    asked = text("SELECT to_regclass('alembic_version') IS NOT NULL, to_regclass(:ours) IS NOT NULL")
    is_versioned, is_ours = connection.execute(asked, {"ours": of_ours}).one()
    if not is_versioned:
        return None
    if not is_ours:
        raise StoreRefused("the database holds something else; room and front need one each")
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


@contextmanager
def told() -> Iterator[None]:
    """Tell what only PostgreSQL can do to a transaction in words of ours, without values and addresses."""
    try:
        yield
    except PoolTimeout:
        raise StoreLost("the store is too busy") from None
    except DataError as error:
        if getattr(error.orig, "sqlstate", None) in _TOO_LARGE:
            raise ValueTooLarge("a text is longer than the store keeps, or holds NUL") from None
        raise
    except DBAPIError as error:
        if error.connection_invalidated or _is_unreachable(error.orig):
            raise StoreLost(f"the store does not answer ({type(error.orig).__name__})") from None
        raise


def _is_unreachable(error: BaseException | None) -> bool:
    from psycopg import OperationalError

    return isinstance(error, OperationalError)
