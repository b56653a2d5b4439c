import ast
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import pytest

from enclave import link as link_module
from enclave.link import RoomLink, RoomSaid, RoomUnreachable
from tests.enclave_api.fake_room import ANSWER, CHECKPOINT, FakeRoom, agreement

ACTOR = {"account": "li", "role": "researcher", "organization": "o", "vouched_by": "front"}


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with TemporaryDirectory(prefix="jali") as folder:  # short: a unix socket's path has 108 bytes at most
        yield Path(folder) / "room.sock"


@pytest.fixture
def room(socket_path: Path) -> Iterator[FakeRoom]:
    fake = FakeRoom()
    with fake.listening(socket_path):
        yield fake


@pytest.fixture
def link(socket_path: Path, room: FakeRoom) -> Iterator[RoomLink]:
    with RoomLink(socket_path) as opened:
        yield opened


CALLS: list[tuple[Callable[[RoomLink], Any], tuple[str, str, dict[str, Any]]]] = [
    (lambda link: link.status(), ("GET", "/status", {})),
    (lambda link: link.datasets(), ("GET", "/datasets", {})),
    (lambda link: link.dataset("visits"), ("GET", "/datasets/visits", {})),
    (lambda link: link.register_agreement({"uid": "u"}), ("POST", "/agreements", {"document": {"uid": "u"}})),
    (lambda link: link.agreements(), ("GET", "/agreements", {})),
    (lambda link: link.agreements("o"), ("GET", "/agreements", {"organization": "o"})),
    (lambda link: link.agreement(agreement("a1")["uid"]), ("GET", "/agreements/urn:jali:agreement:a1", {})),
    (lambda link: link.explain({"sql": "x"}), ("POST", "/explain", {"sql": "x"})),
    (lambda link: link.submit({"sql": "x"}), ("POST", "/invocations", {"sql": "x"})),
    (lambda link: link.invocations("u"), ("GET", "/invocations", {"agreement": "u"})),
    (lambda link: link.budget("u"), ("GET", "/budget", {"agreement": "u"})),
    (lambda link: link.checkpoint(), ("GET", "/log/checkpoint", {})),
    (lambda link: link.entries(start=1, count=2), ("GET", "/log/entries", {"start": "1", "count": "2"})),
    (lambda link: link.alerts(), ("GET", "/alerts", {})),
    (lambda link: link.inclusion(index=1, size=2), ("GET", "/log/inclusion", {"index": "1", "size": "2"})),
    (lambda link: link.consistency(old=1, new=2), ("GET", "/log/consistency", {"from": "1", "to": "2"})),
    (
        lambda link: link.record(actor=ACTOR, act="a", detail={"n": 1}),
        ("POST", "/acts", {"actor": ACTOR, "act": "a", "detail": {"n": 1}}),
    ),
]


@pytest.mark.parametrize(("call", "asked"), CALLS, ids=[f"{asked[0]} {asked[1]}" for _, asked in CALLS])
def test_each_method_reaches_its_route(
    link: RoomLink, room: FakeRoom, call: Callable[[RoomLink], Any], asked: tuple[str, str, dict[str, Any]]
) -> None:
    call(link)
    assert room.asked == [asked]


def test_answers_come_back_whole(link: RoomLink) -> None:
    assert json.loads(link.submit({"sql": "x"})) == ANSWER
    assert link.checkpoint() == CHECKPOINT
    assert [document["uid"] for document in link.agreements("other")] == ["urn:jali:agreement:b1"]


def test_a_refusal_comes_with_its_whole_body(link: RoomLink, room: FakeRoom) -> None:
    room.says["/budget"] = {"kind": "refused", "message": "held", "reasons": [], "log_index": 3}
    with pytest.raises(RoomSaid, match="held") as said:
        link.budget("u")
    assert said.value.body == room.says["/budget"]


@pytest.mark.parametrize("name", ["..", "../status", "x/../../status", "status?", "a%2Fb", "a#b", ""])
def test_a_name_can_not_reach_another_route(link: RoomLink, room: FakeRoom, name: str) -> None:
    with pytest.raises(RoomSaid):
        link.agreement(name)
    assert [path for _, path, _ in room.asked] == [f"/agreements/{name}"]


def test_a_failure_is_not_taken_for_something_that_the_room_said(link: RoomLink, room: FakeRoom) -> None:
    room.breaks.add("/datasets")
    with pytest.raises(RoomUnreachable):
        link.datasets()
    room.says["/budget"] = {"message": "no kind"}
    with pytest.raises(RoomUnreachable):
        link.budget("u")


def test_an_answer_of_the_wrong_shape_is_none(link: RoomLink, room: FakeRoom) -> None:
    for method, path in (("GET", "/datasets"), ("GET", "/log/checkpoint")):
        with pytest.raises(RoomUnreachable):
            link._send(method, path)
    with pytest.raises(RoomUnreachable):
        link._list("/status")


def test_no_socket_and_a_stale_socket_are_no_answer(socket_path: Path) -> None:
    with RoomLink(socket_path) as link:
        with pytest.raises(RoomUnreachable):
            link.status()
        with FakeRoom().listening(socket_path):
            os.link(socket_path, socket_path.with_name("stale"))
        os.rename(socket_path.with_name("stale"), socket_path)
        with pytest.raises(RoomUnreachable):
            link.status()


@contextmanager
def counting(path: Path, *, requests_of_one: int) -> Iterator[list[int]]:
    """A server that says {} to so many requests of one connection and then closes it; the requests by connection."""
    found: list[int] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            found.append(0)
            with connection, connection.makefile("rb") as lines:
                while found[-1] < requests_of_one and lines.readline():
                    while lines.readline().strip():
                        pass
                    found[-1] += 1
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield found
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_connection_is_used_again(socket_path: Path) -> None:
    with counting(socket_path, requests_of_one=9) as requests:
        with RoomLink(socket_path) as link:
            assert [link.status() for _ in range(5)] == [{}] * 5
        assert requests == [5]


def test_a_connection_that_the_room_closed_is_not_used_again(socket_path: Path) -> None:
    with counting(socket_path, requests_of_one=2) as requests:
        with RoomLink(socket_path) as link:
            for _ in range(5):
                assert link.status() == {}
                time.sleep(0.02)  # for the end to arrive
        assert requests == [2, 2, 1]


def test_a_room_that_says_nothing_is_given_up(socket_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(socket_path))
        silent.listen()
        with RoomLink(socket_path, answer_seconds=0.05) as link, pytest.raises(RoomUnreachable, match="Timeout"):
            link.datasets()


def test_the_link_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(link_module.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {"privacy", "policies", "dp_queries", "enclave", "enclave_api", "."}
    assert not {name.split(".")[0] or "." for name in imported} & ours
