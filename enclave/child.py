"""A worker child as the room sees it: started, asked, waited for, killed.

It dies or raises or says nothing in time: each is a breach, and what it said about it goes to the operator at most.
"""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from enclave.line import LOOK_SECONDS, Look, Stopped
from enclave.messages import OpenRequest

CHECKOUT = Path(__file__).resolve().parent.parent
START_TIMEOUT_SECONDS = 120
OPEN_TIMEOUT_SECONDS = 120


class Breach(Exception):
    """An engine failed. The text is for the operator alone."""


class WorkerDied(Breach):
    """The child ended, or said something that is no reply."""


@dataclass
class Child:
    """One child, and what was said to it."""

    process: "subprocess.Popen[bytes]"
    connection: Connection
    is_started: bool = False
    goes_first: bool = False
    opened: Path | None = None  # the file that it opened last
    files: set[Path] = field(default_factory=set)  # all those whose keys it was given

    def start(self) -> None:
        """Wait for its first word, once. Raises Breach when it does not come."""
        if not self.is_started:
            self.goes_first = self.reply(timeout_seconds=START_TIMEOUT_SECONDS)
            self.is_started = True

    def open(self, request: OpenRequest, look: Look) -> None:
        """Have it open this file; a word is all that takes when it opened it last. Raises WorkerDied, Breach."""
        self.start()
        if self.opened == request.file:
            self.ask(("ready",), timeout_seconds=OPEN_TIMEOUT_SECONDS, look=look)
        else:
            self.files.add(request.file)
            self.ask(("open", request), timeout_seconds=OPEN_TIMEOUT_SECONDS, look=look)
            self.opened = request.file

    @property
    def holds_what_is_gone(self) -> bool:
        """Whether it was given the key of a file that is no longer there: the data were withdrawn."""
        return not all(file.exists() for file in self.files)

    def ask(self, message: tuple[Any, ...], *, timeout_seconds: float, look: Look) -> Any:
        """Send a message and wait for its reply. Raises Breach when none comes in time, or a bad one."""
        self.send(message)
        return self.reply(timeout_seconds=timeout_seconds, look=look)

    def send(self, message: tuple[Any, ...]) -> None:
        """Send a message. Raises WorkerDied when nobody is there."""
        try:
            self.connection.send(message)
        except OSError as error:
            raise WorkerDied("the worker is gone") from error

    def reply(self, *, timeout_seconds: float, look: Look = lambda: None) -> Any:
        """The reply to what was sent. Raises Breach when none comes in time, or a bad one, and what `look` raises."""
        ends = time.monotonic() + timeout_seconds
        try:
            while not self.connection.poll(min(LOOK_SECONDS, max(0.0, ends - time.monotonic()))):
                if time.monotonic() >= ends:
                    raise Breach("the worker missed its slot")
                look()
            verb, value = self.connection.recv()
        except (Breach, Stopped):
            raise
        except Exception as error:  # its end, or something that is no reply
            raise WorkerDied("the worker died") from error
        if verb == "breach":
            raise Breach(f"the engine raised {value}")
        return value

    def kill(self) -> None:
        """End it, and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        self.connection.close()


def spawn(cache: Path) -> Child:
    """A new child; `cache` is where compiled kernels may lie."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "enclave.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=CHECKOUT,
            env=_child_environment(cache),
        )
    return Child(process, Connection(ours.detach()))


def _child_environment(cache: Path) -> dict[str, str]:
    # The child needs to find its code and a place for compiled kernels; it is told nothing else.
    kept = ("PATH", "LANG", "NUMBA_CACHE_DIR", "PYTHONWARNINGS")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": "/nonexistent"}
    if not os.access(CHECKOUT / "privacy", os.W_OK):
        environment.setdefault("NUMBA_CACHE_DIR", str(cache))
    return environment
