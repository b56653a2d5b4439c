"""Lanes: a fixed number of worker children, each performing one job at a time for the whole of its release slot.

**A lane is held until the slot ends, also when the work is done early.** Otherwise the wait of the next query in line
would tell how long this one took, and with it something about rows (ATTACKS 32). The slot is an argument fixed by the
plan; no setting switches it off. What follows it, post-processing, takes as long as released values make it. A child
that misses its slot, dies or raises is a breach: it is killed and replaced.

How long slots are follows from the machine too: it is measured on made-up rows, by all lanes at the same time.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from dp_queries.answers.answer import Answers
from dp_queries.plan import Plan
from dp_queries.slots import Pace
from enclave.messages import OpenRequest
from enclave.pace import FIRST_ROUNDS, PaceKeeper, running_now
from privacy.budget import Charge

CHECKOUT = Path(__file__).resolve().parent.parent
START_TIMEOUT_SECONDS = 120
OPEN_TIMEOUT_SECONDS = 120
ROUNDS_TIMEOUT_SECONDS = 120
LOOK_PAUSE_SECONDS = 0.1
LOOKS_A_ROUND = 20
CORES = len(os.sched_getaffinity(0))
TELL_TIMEOUT_SECONDS = 120


class Breach(Exception):
    """An engine failed. The text is for the operator alone."""


class WorkerDied(Breach):
    """The child ended, or said something that is no reply."""


@dataclass
class _Child:
    process: "subprocess.Popen[bytes]"
    connection: Connection
    is_started: bool = False
    goes_first: bool = False
    opened: Path | None = None  # the file that it opened last

    def start(self) -> None:
        """Wait for its first word, once. Raises Breach when it does not come."""
        if not self.is_started:
            self.goes_first = self.reply(timeout_seconds=START_TIMEOUT_SECONDS)
            self.is_started = True

    def open(self, request: OpenRequest) -> None:
        """Have it open this file; a word is all that takes when it opened it last. Raises WorkerDied, Breach."""
        self.start()
        if self.opened == request.file:
            self.ask(("ready",), timeout_seconds=OPEN_TIMEOUT_SECONDS)
        else:
            self.ask(("open", request), timeout_seconds=OPEN_TIMEOUT_SECONDS)
            self.opened = request.file

    def ask(self, message: tuple[Any, ...], *, timeout_seconds: float) -> Any:
        """Send a message and wait for its reply. Raises Breach when none comes in time, or a bad one."""
        self.send(message)
        return self.reply(timeout_seconds=timeout_seconds)

    def send(self, message: tuple[Any, ...]) -> None:
        """Send a message. Raises WorkerDied when nobody is there."""
        try:
            self.connection.send(message)
        except OSError as error:
            raise WorkerDied("the worker is gone") from error

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
        self._keeper = PaceKeeper()
        self._goes_first = False
        self._is_closing = Event()
        self._measuring = Thread(target=self._keep_measuring, daemon=True)
        self._measuring.start()

    @property
    def pace(self) -> Pace:
        """How long work takes in these lanes; the first who asks waits until it was measured."""
        return self._keeper.pace

    @property
    def goes_first(self) -> bool:
        """Whether the children go before others on this machine."""
        _ = self.pace
        return self._goes_first

    def _keep_measuring(self) -> None:
        self._measure(FIRST_ROUNDS)
        for look in count():
            if self._is_closing.wait(LOOK_PAUSE_SECONDS):
                return
            self._measure(int(look % LOOKS_A_ROUND == 0))

    def _measure(self, rounds: int) -> None:
        """Look at the machine, unless a lane is held: what a query does to it must not be seen in slots."""
        children = self._all_free()
        try:
            alive = [child for child in children if child is not None]
            if len(alive) == self._count:
                self._keeper.look(running_now(), CORES)
            if len(alive) == self._count and rounds:
                found = _rounds(alive, rounds)
                self._goes_first = all(child.goes_first for child in alive)
                self._keeper.heed(found, goes_first=self._goes_first)
        except Breach:
            for child in alive:
                child.kill()
            children = [None] * len(children)
            self._keeper.give_up()
        finally:
            for lane in children:
                self._free.put(lane)

    def _all_free(self) -> "list[_Child | None]":
        """Every lane, or as many as were free before one that was not."""
        found: list[_Child | None] = []
        with suppress(Empty):
            for _ in range(self._count):
                found.append(self._free.get_nowait())
        return found

    def warm(self, requests: Sequence[OpenRequest]) -> None:
        """Have every lane open these datasets, so that nobody's first query waits for it."""
        _ = self.pace  # opening would make the machine look slow
        for _ in range(self._count):
            child = self._free.get()
            try:
                for request in requests:
                    child = self._ready(child, request)
            except Breach:
                child = None
            finally:
                self._free.put(child)

    def perform(self, plan: Plan, charge: Charge, request: OpenRequest) -> Answers:
        """The released answers, told after the end of its slot. Raises Breach, never before the end of the slot."""
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
        self._is_closing.set()
        self._measuring.join()
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
            child.open(request)
        except Breach:
            child.kill()
            raise
        return child

    def _in_slot(self, child: _Child, plan: Plan, charge: Charge, file: Path) -> Answers:
        slot_seconds = float(plan.slot_seconds)
        ends = time.monotonic() + slot_seconds
        try:
            child.ask(("perform", plan, charge, file), timeout_seconds=slot_seconds)
        finally:
            time.sleep(max(0.0, ends - time.monotonic()))
        # Nothing was told yet, and what is computed from here on is computed from released values.
        answers: Answers = child.ask(("tell",), timeout_seconds=TELL_TIMEOUT_SECONDS)
        return answers


def _rounds(children: Sequence[_Child], count: int) -> list[float]:
    """Of all children at the same time, since that is how they may have to work. Raises Breach."""
    for child in children:
        child.start()
    for child in children:
        child.send(("rounds", count))
    return [seconds for child in children for seconds in child.reply(timeout_seconds=ROUNDS_TIMEOUT_SECONDS)]


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
