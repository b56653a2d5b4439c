"""The worker: replies to each message, says nothing of what went wrong, and ends with its room."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import pytest

from enclave.child import CHECKOUT
from enclave.worker import answer_messages


def refuse(value: str) -> None:
    raise ValueError(f"row 17 holds {value}")


@pytest.fixture
def worker() -> Iterator[Connection]:
    ours, theirs = Pipe()
    thread = Thread(target=answer_messages, args=(theirs, {"double": lambda value: 2 * value, "refuse": refuse}))
    thread.start()
    yield ours
    ours.close()
    thread.join(timeout=10)
    assert not thread.is_alive()
    theirs.close()


def test_each_message_has_its_reply(worker: Connection) -> None:
    for value in (1, 2):
        worker.send(("double", value))
        assert worker.recv() == ("done", 2 * value)


def test_what_went_wrong_is_told_as_a_bare_class_and_the_next_message_is_answered(worker: Connection) -> None:
    for message, error in ((("refuse", "a secret"), "ValueError"), (("unknown",), "KeyError")):
        worker.send(message)
        assert worker.recv() == ("breach", error)
    assert not worker.poll()
    worker.send(("double", 3))
    assert worker.recv() == ("done", 6)


def test_a_worker_is_hardened_before_it_says_a_word_and_ends_with_its_socket() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "enclave.worker", str(theirs.fileno())], pass_fds=[theirs.fileno()], cwd=CHECKOUT
        )
    connection = Connection(ours.detach())
    assert connection.poll(60)
    verb, goes_first = connection.recv()
    assert verb == "done"
    assert (os.getpriority(os.PRIO_PROCESS, process.pid) < 0) is goes_first
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]
    connection.close()
    assert process.wait(timeout=30) == 0
