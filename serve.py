"""The supervisor behind `make serve`: starts room and front, keeps them together, stops them together.

Started as root, room and front get uids of their own, so that whoever breaks into the front can't open the room's
folder; where that is impossible they run under one uid, and the room's status says so and why.
"""

import ctypes
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from enclave.link import RoomLink, RoomUnreachable

CHECKOUT = Path(__file__).resolve().parent
START_SECONDS = 120.0
STOP_SECONDS = 20.0
LEFTOVER_SECONDS = 15.0
SEPARATED = "separated"
NICENESS = -15  # what the room's lanes ask for (`enclave/precedence.py`)
# What the front may know of the environment: nothing that could be a key or a path of the room.
FRONT_KNOWS = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
FRONT_STORE = "JALI_FRONT_STORE_URL"  # may hold a password of the front's own, which is nothing to the room
PROBE = """
import os, sys
import gunicorn.app.wsgiapp, flask, httpx, sqlalchemy
for name in ("wsgi.py", "gunicorn.conf.py", "enclave/link.py", "enclave_api/app.py"):
    open(name).close()
os.stat(sys.argv[1])
"""
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class CannotServe(Exception):
    """Why nothing was started, in a sentence."""


class _Stopped(Exception):
    """SIGTERM or SIGINT came in."""


@dataclass(frozen=True)
class House:
    """Where room and front live, and under which uids. `room_uid` and `front_uid` are equal when not separated."""

    home: Path
    port: int
    room_uid: int
    front_uid: int
    separation: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The house that the environment asks for. Raises CannotServe for a setting that is no number."""
        home = Path(environment.get("JALI_HOME") or "var").absolute()
        try:
            port = int(environment.get("PORT") or 8000)
            room_uid = int(environment.get("JALI_ROOM_UID") or 64101)
            front_uid = int(environment.get("JALI_FRONT_UID") or 64102)
        except ValueError as error:
            raise CannotServe(f"PORT, JALI_ROOM_UID and JALI_FRONT_UID are whole numbers: {error}") from None
        home.mkdir(mode=0o755, parents=True, exist_ok=True)
        reason = why_not_separated(environment, home, room_uid, front_uid)
        if reason:
            return cls(home, port, os.geteuid(), os.geteuid(), f"not separated: {reason}")
        return cls(home, port, room_uid, front_uid, SEPARATED)

    @property
    def is_separated(self) -> bool:
        """Whether room and front have uids of their own."""
        return self.separation == SEPARATED

    @property
    def socket(self) -> Path:
        """The room's socket."""
        return self.home / "run" / "room.sock"

    def room_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The operator's environment (it may hold the room's keys) and where everything is."""
        allowed = sorted({self.front_uid, os.geteuid()})
        own = {"HOME": str(self.home / "room")} if self.is_separated else {}  # caches go where it may write
        return {
            **{name: value for name, value in environment.items() if name != FRONT_STORE},
            **own,
            "JALI_HOME": str(self.home),
            "JALI_ROOM_HOME": str(self.home / "room"),
            "JALI_ROOM_SOCKET": str(self.socket),
            "JALI_SEPARATION": self.separation,
            "JALI_ALLOWED_UIDS": ",".join(map(str, allowed)),
        }

    def front_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """A clean environment: no key, of the room nothing but its socket, and the folder of what is open anyway."""
        return {
            **{name: environment[name] for name in (*FRONT_KNOWS, FRONT_STORE) if name in environment},
            "HOME": str(self.home / "front"),
            "PORT": str(self.port),
            "JALI_FRONT_HOME": str(self.home / "front"),
            "JALI_OPEN_FILES": environment.get("JALI_OPEN_FILES") or str(self.home / "open"),
            "JALI_ROOM_SOCKET": str(self.socket),
        }


def why_not_separated(environment: Mapping[str, str], home: Path, *uids: int) -> str | None:
    """Why room and front can't have uids of their own; None if they can. Tried, not guessed."""
    if environment.get("JALI_SEPARATE") == "0":
        return "switched off by JALI_SEPARATE=0"
    if os.geteuid() != 0:
        return "not started as root"
    if len(set(uids)) != len(uids) or not all(0 < uid < 2**31 for uid in uids):
        return "JALI_ROOM_UID and JALI_FRONT_UID must be two uids other than 0"
    return next((reason for reason in (_why_unable(uid, home) for uid in uids) if reason), None)


def _why_unable(uid: int, home: Path) -> str | None:
    """Why a process of this uid couldn't run our code; None if it can. The interpreter may lie in a closed home."""
    command = [sys.executable, "-c", PROBE, str(home)]
    try:
        tried = subprocess.run(
            command, cwd=CHECKOUT, env={"PATH": os.defpath}, user=uid, group=uid, extra_groups=[],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return f"uid {uid} can't run the interpreter ({type(error).__name__})"
    return None if tried.returncode == 0 else f"uid {uid} can't read the interpreter, the checkout or the state folder"


def prepare(house: House) -> None:
    """Make the folders, and give each to its owner: what an earlier start under other uids left changes hands, too."""
    run_mode = 0o710 if house.is_separated else 0o700
    _folder(house.home / "room", 0o700, house.room_uid, house.room_uid)
    _folder(house.home / "front", 0o700, house.front_uid, house.front_uid)
    _folder(house.home / "run", run_mode, house.room_uid, house.front_uid)
    house.socket.unlink(missing_ok=True)  # left by a crash; we hold the lock, so nobody listens on it


def _folder(path: Path, mode: int, uid: int, gid: int) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    if os.geteuid() != 0:
        return
    gid = gid if uid or gid else os.getegid()
    for _, folders, files, folder in os.fwalk(path, follow_symlinks=False):
        for name in (*folders, *files):
            _give(name, folder, uid)
    os.chown(path, uid, gid)


def _give(name: str, folder: int, uid: int) -> None:
    # Never through a link: its owner could have pointed it at a file of root's.
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    is_linked = stat.S_ISREG(found.st_mode) and found.st_nlink != 1
    if found.st_uid != uid and not is_linked:
        os.chown(name, uid, uid, dir_fd=folder, follow_symlinks=False)


@dataclass(frozen=True)
class Locks:
    """Descriptors of locked files that room and front inherit: a lock is free again when all of them are gone."""

    room: int
    front: int


@contextmanager
def only_one(home: Path) -> Iterator[Locks]:
    """Hold the home. Raises CannotServe while another serve does, or while what it started does not end.

    After kill -9 of a supervisor its children may need a moment to end, and two rooms must not write one ledger.
    """
    with ExitStack() as held:
        held.enter_context(_locked(home / "serve.lock", f"another serve runs on {home}", wait_seconds=0))
        room, front = (
            held.enter_context(
                _locked(home / f"{name}.lock", f"the {name} of an earlier serve still runs on {home}", LEFTOVER_SECONDS)
            )
            for name in ("room", "front")
        )
        yield Locks(room, front)


@contextmanager
def _locked(path: Path, otherwise: str, wait_seconds: float) -> Iterator[int]:
    until = time.monotonic() + wait_seconds
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise CannotServe(otherwise) from None
                time.sleep(0.1)
        yield file.fileno()


def start(command: list[str], *, environment: Mapping[str, str], uid: int, lock: int) -> subprocess.Popen[bytes]:
    """Start gunicorn in a session of its own (a Ctrl-C reaches the supervisor alone), bound to our life."""
    other = None if uid == os.geteuid() else uid
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *command], cwd=CHECKOUT, env=dict(environment), stdin=subprocess.DEVNULL,
        start_new_session=True, pass_fds=(lock,), preexec_fn=_dies_with(os.getpid()),
        user=other, group=other, extra_groups=None if other is None else [],
    )  # fmt: skip


def _dies_with(parent: int) -> Callable[[], None]:
    """Run in the child after it changed its uid (which would clear the wish): prctl(2), PR_SET_PDEATHSIG."""

    def bind() -> None:
        if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(1)  # the supervisor died before the wish was made, or it can't be made

    return bind


def give_precedence(pid: int) -> None:
    """Have a session go before others on this machine, as far as we may: the room hands it on to its lanes.

    A room under a uid of its own could not take it.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
        Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS), encoding="utf-8")


def wait_until(answers: Callable[[], bool], child: subprocess.Popen[bytes], name: str) -> None:
    """Wait until a child answers. Raises CannotServe if it ends before, or takes too long."""
    until = time.monotonic() + START_SECONDS
    while not answers():
        if child.poll() is not None:
            raise CannotServe(f"the {name} ended while starting (status {child.returncode})")
        if time.monotonic() > until:
            raise CannotServe(f"the {name} does not answer after {START_SECONDS:.0f} s")
        time.sleep(0.1)


def room_answers(path: Path) -> bool:
    """Whether the room answers on its socket."""
    if not path.exists():
        return False
    with RoomLink(path) as link:
        try:
            link.status()
        except RoomUnreachable:
            return False
    return True


def front_answers(port: int) -> bool:
    """Whether the front answers, and says that the room does."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False


def check_port(port: int) -> None:
    """Raise CannotServe if somebody listens on the port: their answers would be taken for the front's."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotServe(f"port {port} can't be used: {error.strerror}") from None


def stop(children: list[subprocess.Popen[bytes]]) -> None:
    """Stop the children, last started first; who does not end in time is killed."""
    for child in reversed(children):
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def serve(house: House, locks: Locks, *, room: str) -> int:
    """Run room and front until a signal comes (0) or one of them ends (1). `room` names its application."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        command = ["-c", "gunicorn_room.conf.py", room]
        environment = house.room_environment(os.environ)
        children.append(start(command, environment=environment, uid=house.room_uid, lock=locks.room))
        give_precedence(children[0].pid)
        wait_until(lambda: room_answers(house.socket), children[0], "room")
        command = ["-c", "gunicorn.conf.py", "wsgi:app"]
        environment = house.front_environment(os.environ)
        children.append(start(command, environment=environment, uid=house.front_uid, lock=locks.front))
        wait_until(lambda: front_answers(house.port), children[1], "front")
        print(f"serving http://127.0.0.1:{house.port}", flush=True)
        return _watch(children)
    except _Stopped:
        return 0
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        stop(children)


def _watch(children: list[subprocess.Popen[bytes]]) -> int:
    while True:
        for name, child in zip(("room", "front"), children, strict=True):
            if child.poll() is not None:
                print(f"the {name} ended (status {child.returncode}); stopping", file=sys.stderr, flush=True)
                return 1
        time.sleep(0.2)


def _on_signal(_number: int, _frame: object) -> None:
    raise _Stopped


def main(*, room: str = "enclave.server:create_app()") -> int:
    """Start, watch, stop; the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _on_signal)
    try:
        house = House.from_environment(os.environ)
        with only_one(house.home) as locks:
            check_port(house.port)
            prepare(house)
            return serve(house, locks, room=room)
    except CannotServe as reason:
        print(reason, file=sys.stderr, flush=True)
        return 1
    except _Stopped:
        return 0


if __name__ == "__main__":
    sys.exit(main())
