"""The supervisor: starts both, stops both, lets neither outlive the other. The room here is the fake one we wrote."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

import serve

FAKE_ROOM = "import sys, serve; sys.exit(serve.main(room='tests.enclave_api.fake_room:app()'))"
SEPARATION = "separated"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    home: Path
    port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, **settings: str) -> subprocess.Popen[str]:
        environment = {"PATH": os.environ["PATH"], "JALI_HOME": str(self.home), "PORT": str(self.port), **settings}
        process = subprocess.Popen(
            [sys.executable, "-c", FAKE_ROOM], cwd=serve.CHECKOUT, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.started.append(process)
        return process

    def ready(self, **settings: str) -> subprocess.Popen[str]:
        process = self.start(**settings)
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == f"serving http://127.0.0.1:{self.port}\n", process.communicate(timeout=30)
        return process

    def health(self) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}/health", trust_env=False, timeout=20)


@contextlib.contextmanager
def new_home() -> Iterator[Served]:
    with TemporaryDirectory(prefix="jali") as folder:
        Path(folder).chmod(0o755)
        house = Served(Path(folder) / "home")
        yield house
        for process in house.started:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=60)


@pytest.fixture
def served() -> Iterator[Served]:
    with new_home() as house:
        yield house


@pytest.fixture(scope="module")
def standing() -> Iterator[Served]:
    """One that is served for all tests that leave it as it is."""
    with new_home() as house:
        house.home.mkdir()
        house.ready(HOME=str(house.home), XDG_RUNTIME_DIR=str(house.home))
        yield house


def children(pid: int) -> dict[str, int]:
    """The supervisor's children by what they serve."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(status.read_text().rsplit(") ", 1)[1].split()[1]) == pid:
                arguments = status.with_name("cmdline").read_text().split("\0")
                found["front" if "wsgi:app" in arguments else "room"] = int(status.parent.name)
    return found


def group_is_gone(leaders: list[int], *, within_seconds: float = 20) -> bool:
    """Whether the sessions that these processes lead have ended, workers and all."""
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        alive = []
        for leader in leaders:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader, 0)
                alive.append(leader)
        if not alive:
            return True
        time.sleep(0.1)
    return False


def test_both_are_served_and_a_sigterm_stops_both(served: Served) -> None:
    process = served.ready()
    assert served.health().json()["status"] == "ok"
    leaders = list(children(process.pid).values())
    assert len(leaders) == 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert group_is_gone(leaders, within_seconds=1)


@pytest.mark.parametrize("name", ["room", "front"])
def test_when_one_dies_the_other_is_stopped(served: Served, name: str) -> None:
    process = served.ready()
    leaders = children(process.pid)
    os.kill(leaders[name], signal.SIGKILL)
    assert process.wait(timeout=60) == 1
    assert f"the {name} ended" in process.communicate()[1]
    assert group_is_gone(list(leaders.values()))


def test_nothing_outlives_a_killed_supervisor_and_a_new_one_starts_over_the_stale_socket(served: Served) -> None:
    process = served.ready()
    leaders = list(children(process.pid).values())
    process.kill()
    again = served.ready()
    assert group_is_gone(leaders)
    assert served.health().is_success
    os.kill(children(again.pid)["room"], signal.SIGKILL)
    assert again.wait(timeout=60) == 1
    assert (served.home / "run" / "room.sock").is_socket()  # a crash leaves it
    assert served.ready().poll() is None


def test_a_second_serve_on_one_home_is_refused_and_the_first_goes_on(standing: Served) -> None:
    second = standing.start(PORT=str(free_port()))
    _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "another serve runs on" in said
    assert standing.health().is_success


def test_a_port_that_is_taken_is_refused_before_anything_starts(served: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", served.port))
        taken.listen()
        process = served.start()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"port {served.port} can't be used" in said
    assert not (served.home / "room").exists()


def test_a_room_that_can_not_start_ends_the_serve_with_its_reason(served: Served) -> None:
    served.home.mkdir()
    (served.home / "run").mkdir()
    (served.home / "run" / "room.sock").mkdir()
    (served.home / "run" / "room.sock" / "in-the-way").touch()
    process = served.start()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "in-the-way" not in said


def test_neither_gunicorn_opens_a_control_socket(standing: Served) -> None:
    sockets = [path for path in standing.home.parent.rglob("*") if path.is_socket()]
    assert sockets == [standing.home / "run" / "room.sock"]
    leaders = children(standing.started[0].pid)
    assert leaders.keys() == {"room", "front"}
    for name, leader in leaders.items():
        listening = listening_sockets(leader)
        assert len(listening) == 1, (name, listening)


def listening_sockets(pid: int) -> set[str]:
    """The inodes of the sockets on which a process listens, of whatever family."""
    own = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    inodes = set()
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        parts = line.split()
        if int(parts[3], 16) & 0x10000:  # __SO_ACCEPTCON
            inodes.add(f"socket:[{parts[6]}]")
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        parts = line.split()
        if parts[3] == "0A":  # TCP_LISTEN
            inodes.add(f"socket:[{parts[9]}]")
    return own & inodes


def test_the_front_gets_no_key_and_no_path_of_the_room() -> None:
    house = serve.House(Path("/home"), 8000, 64101, 64102, SEPARATION)
    outside = {"PATH": "/bin", "JALI_KEY": "secret", "AWS_SECRET_ACCESS_KEY": "secret", "LANG": "C", "JALI_HOME": "x"}
    front = house.front_environment(outside)
    assert "secret" not in front.values()
    assert [value for value in front.values() if "room" in value] == ["/home/run/room.sock"]
    assert set(front) == {"PATH", "LANG", "HOME", "PORT", "JALI_FRONT_HOME", "JALI_OPEN_FILES", "JALI_ROOM_SOCKET"}
    room = house.room_environment(outside)
    assert room["JALI_KEY"] == "secret"
    assert room["JALI_SEPARATION"] == SEPARATION
    assert set(room["JALI_ALLOWED_UIDS"].split(",")) == {"64102", str(os.geteuid())}


def test_each_gets_the_address_of_its_own_store_only() -> None:
    house = serve.House(Path("/home"), 8000, 64101, 64102, SEPARATION)
    stores = {"JALI_STORE_URL": "the room's", "JALI_FRONT_STORE_URL": "the front's"}
    assert [value for value in house.front_environment(stores).values() if value in stores.values()] == ["the front's"]
    assert [value for value in house.room_environment(stores).values() if value in stores.values()] == ["the room's"]


def test_why_not_separated_is_said(tmp_path: Path) -> None:
    assert serve.why_not_separated({"JALI_SEPARATE": "0"}, tmp_path, 64101, 64102) == "switched off by JALI_SEPARATE=0"
    if os.geteuid() != 0:
        assert serve.why_not_separated({}, tmp_path, 64101, 64102) == "not started as root"
    else:
        for uids in ((64101, 64101), (0, 64102)):
            assert "two uids" in str(serve.why_not_separated({}, tmp_path, *uids))
        tmp_path.chmod(0o700)
        (tmp_path / "closed").mkdir()
        assert "64101" in str(serve.why_not_separated({}, tmp_path / "closed", 64101, 64102))


def test_separation_is_told_by_status_and_kept_by_the_file_system(standing: Served) -> None:
    said = standing.health().json()["separation"]
    if said != SEPARATION:
        assert said.startswith("not separated: ")
        assert (standing.home / "run").stat().st_mode & 0o777 == 0o700
        return
    uids = {name: Path(f"/proc/{pid}").stat().st_uid for name, pid in children(standing.started[0].pid).items()}
    assert uids == {"room": 64101, "front": 64102}
    assert (standing.home / "room").stat().st_mode & 0o777 == 0o700
    connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    for uid, error in ((64101, b""), (64102, b""), (64103, b"PermissionError")):
        assert error in tried_as(uid, connect, standing.home / "run" / "room.sock")
    look = "import os, sys; os.listdir(sys.argv[1])"
    for name, uid in (("room", 64102), ("front", 64101)):
        assert b"PermissionError" in tried_as(uid, look, standing.home / name)


def tried_as(uid: int, code: str, path: Path) -> bytes:
    """What Python code says on its error stream when it is run under another uid."""
    command = [sys.executable, "-c", code, str(path)]
    return subprocess.run(command, user=uid, group=uid, extra_groups=[], capture_output=True, check=False).stderr
