"""Lanes: a fixed number of worker children, each performing one job at a time for the whole of its release slot.

**A lane is held until the slot ends, also when the work is done early.** Otherwise the wait of the next query in line
would tell how long this one took, and with it something about rows (ATTACKS 32). The slot is an argument fixed by the
plan; no setting switches it off. A child that misses its slot, dies or raises is a breach: it is killed and replaced.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from dp_queries.answer import Answer
from dp_queries.plan import Plan
from enclave.messages import OpenRequest
from privacy.budget import Charge

CHECKOUT = Path(__file__).resolve().parent.parent
START_TIMEOUT_SECONDS = 120
OPEN_TIMEOUT_SECONDS = 120


class Breach(Exception):
    """An engine failed. The text is for the operator alone."""


class WorkerDied(Breach):
    """The child ended, or said something that is no reply."""


@dataclass
class _Child:
    process: "subprocess.Popen[bytes]"
    connection: Connection
    is_started: bool = False

    def start(self) -> None:
        """Wait for its first word, once. Raises Breach when it does not come."""
        if not self.is_started:
            self.reply(timeout_seconds=START_TIMEOUT_SECONDS)
            self.is_started = True

    def ask(self, message: tuple[Any, ...], *, timeout_seconds: float) -> Any:
        """Send a message and wait for its reply. Raises Breach when none comes in time, or a bad one."""
        try:
            self.connection.send(message)
        except OSError as error:
            raise WorkerDied("the worker is gone") from error
        return self.reply(timeout_seconds=timeout_seconds)

    def reply(self, *, timeout_seconds: float) -> Any:
        try:
            if not self.connection.poll(timeout_seconds):
                raise Breach("the worker missed its slot")
            verb, value = self.connection.recv()
        except Breach:
            raise
        except Exception as error:  # its end, or something that is no reply
            raise WorkerDied("the worker died") from error
        if verb == "breach":
            raise Breach(f"the engine raised {value}")
        return value

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()


class Lanes:
    """`count` lanes. `perform` waits for one in turn, holds it for the plan's slot, and gives the answer after it."""

    def __init__(self, count: int, *, cache: Path) -> None:
        self._cache = cache
        # A child dies with the thread that made it (prctl(2), PR_SET_PDEATHSIG), so one thread makes them all.
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="lanes")
        self._free: SimpleQueue[_Child | None] = SimpleQueue()
        for _ in range(count):
            self._free.put(self._spawn())
        self._count = count

    def warm(self, requests: Sequence[OpenRequest]) -> None:
        """Have every lane open these datasets, so that nobody's first query waits for it."""
        for _ in range(self._count):
            child = self._free.get()
            try:
                for request in requests:
                    child = self._ready(child, request)
            except Breach:
                child = None
            finally:
                self._free.put(child)

    def perform(self, plan: Plan, charge: Charge, request: OpenRequest) -> Answer:
        """The released answer, at the end of its slot. Raises Breach, also at the end of the slot."""
        child = self._free.get()
        try:
            child = self._ready(child, request)
            return self._in_slot(child, plan, charge, request.file)
        except BaseException:
            # Whatever it was: a reply that nobody took would be the next query's answer.
            if child is not None:
                child.kill()
            child = None
            raise
        finally:
            self._free.put(child)

    def close(self) -> None:
        """Kill the children, waiting for lanes that are busy."""
        for _ in range(self._count):
            child = self._free.get()
            if child is not None:
                child.kill()
        self._maker.shutdown()

    def _spawn(self) -> _Child:
        return self._maker.submit(_spawn, self._cache).result()

    def _ready(self, child: _Child | None, request: OpenRequest) -> _Child:
        # Opening happens before the slot begins: how long it takes follows from the file, not from the query.
        if child is not None:
            try:
                return self._opened(child, request)
            except WorkerDied:
                pass  # it died while nothing was asked of it: no query's doing, so no breach
        return self._opened(self._spawn(), request)

    def _opened(self, child: _Child, request: OpenRequest) -> _Child:
        try:
            child.start()
            child.ask(("open", request), timeout_seconds=OPEN_TIMEOUT_SECONDS)
        except Breach:
            child.kill()
            raise
        return child

    def _in_slot(self, child: _Child, plan: Plan, charge: Charge, file: Path) -> Answer:
        ends = time.monotonic() + float(plan.slot_seconds)
        try:
            answer: Answer = child.ask(("perform", plan, charge, file), timeout_seconds=float(plan.slot_seconds))
        finally:
            time.sleep(max(0.0, ends - time.monotonic()))
        return answer


def _spawn(cache: Path) -> _Child:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "enclave.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=CHECKOUT,
            env=_child_environment(cache),
        )
    return _Child(process, Connection(ours.detach()))


def _child_environment(cache: Path) -> dict[str, str]:
    # The child needs to find its code and a place for compiled kernels; it is told nothing else.
    kept = ("PATH", "LANG", "NUMBA_CACHE_DIR", "PYTHONWARNINGS")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": "/nonexistent"}
    if not os.access(CHECKOUT / "privacy", os.W_OK):
        environment.setdefault("NUMBA_CACHE_DIR", str(cache))
    return environment
