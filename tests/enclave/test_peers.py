"""The peer check, over real unix sockets: the kernel says who connected, and nobody else does."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from enclave.peers import PeerCheck, peer_uid

STRANGER = 64109
# It changes its uid itself: the other uid may be unable to read the interpreter.
CONNECT = (
    f"import os, socket, sys; os.setgid({STRANGER}); os.setuid({STRANGER}); "
    "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)"
)


def inside(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"let in"]


def asked(environ: dict[str, Any], *allowed: int) -> tuple[str, bytes]:
    said: list[str] = []
    body = PeerCheck(inside, frozenset(allowed))(environ, lambda status, _headers: said.append(status))
    return said[0], b"".join(body)


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


def test_a_process_of_an_allowed_uid_gets_past(connection: socket.socket) -> None:
    assert peer_uid(connection) == os.geteuid()
    assert asked({"gunicorn.socket": connection}, 12345, os.geteuid()) == ("200 OK", b"let in")


@pytest.mark.parametrize("allowed", [(), (os.geteuid() + 1,)])
def test_any_other_is_refused_without_reaching_the_room(connection: socket.socket, allowed: tuple[int, ...]) -> None:
    status, body = asked({"gunicorn.socket": connection}, *allowed)
    assert status == "403 Forbidden"
    assert b"not-authenticated" in body


def test_who_can_not_be_told_is_refused() -> None:
    assert asked({}, os.geteuid())[0] == "403 Forbidden"
    # What the peer says of itself, such as a header, counts for nothing.
    assert asked({"HTTP_GUNICORN_SOCKET": "x", "REMOTE_USER": "root"}, os.geteuid())[0] == "403 Forbidden"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        tcp, _ = server.accept()
        with tcp:
            assert asked({"gunicorn.socket": tcp}, os.geteuid())[0] == "403 Forbidden"
        assert client


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process under another uid")
def test_a_process_of_a_foreign_uid_is_refused_however_open_the_file_system_is(short_folder: Path) -> None:
    path = short_folder / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(0o777)
        server.listen()
        server.settimeout(30)
        foreign = subprocess.Popen([sys.executable, "-S", "-c", CONNECT, str(path)])
        connected, _ = server.accept()
        with connected:
            assert peer_uid(connected) == STRANGER
            assert asked({"gunicorn.socket": connected}, os.geteuid())[0] == "403 Forbidden"
        foreign.wait(timeout=30)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="jali") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
