"""Lanes: a fixed number of worker children, each performing one job at a time for the whole of its release slot.

**A lane is held until the slot ends, also when the work is done early.** Otherwise the wait of the next query in line
would tell how long this one took, and with it something about rows (ATTACKS 32). The slot is an argument fixed by the
plan; no setting switches it off. What follows it, post-processing, takes as long as released values make it. A child
that misses its slot, dies or raises is a breach: it is killed and replaced.

Work can be stopped from outside (Art. 31): who performs it looks at a fixed pace whether it may go on. Then the child
is killed at once and the asker told, but the lane stays held as if nothing had happened. When a stop is told, and when
the next in line begins, follows from the hold and the plan alone; how far the work had come has no part in it.

How long slots are follows from the machine too: it is measured on made-up rows, by all lanes at the same time.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import Empty
from threading import Event, Thread
from typing import Any

from dp_queries.answers.answer import Answers
from dp_queries.plan import Plan
from dp_queries.slots import Pace
from enclave.child import Breach, Child, WorkerDied, spawn
from enclave.line import LOOK_SECONDS, Line, Look, Stopped
from enclave.messages import OpenRequest
from enclave.pace import FIRST_ROUNDS, PaceKeeper, running_now
from privacy.budget import Charge

ROUNDS_TIMEOUT_SECONDS = 120
LOOK_PAUSE_SECONDS = 0.1
LOOKS_A_ROUND = 20
CORES = len(os.sched_getaffinity(0))
TELL_TIMEOUT_SECONDS = 120


class Lanes:
    """`count` lanes. `perform` waits for one in turn, holds it for the plan's slot, and gives the answer after it."""

    def __init__(self, count: int, *, cache: Path) -> None:
        self._cache = cache
        # A child dies with the thread that made it (prctl(2), PR_SET_PDEATHSIG), so one thread makes them all.
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="lanes")
        self._free: Line[Child | None] = Line()
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
        children = [_unless_gone(child) for child in self._all_free()]
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

    def _all_free(self) -> "list[Child | None]":
        """Every lane, or as many as were free before one that was not."""
        found: list[Child | None] = []
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

    def perform(self, plan: Plan, charge: Charge, request: OpenRequest, *, look: Look) -> Answers:
        """The released answers, told after the end of its slot. Raises Breach, never before the end of the slot.

        `look` is asked at a fixed pace; when it raises Stopped, that is raised at once, and the lane stays held.
        """
        child, ends = self._free.get(look), 0.0
        try:
            child = self._ready(child, request, look)
            ends = time.monotonic() + float(plan.slot_seconds)
            self._fill_slot(child, ("perform", plan, charge, request.file), ends, look)
            # Nothing was told yet, and what is computed from here on is computed from released values.
            answers: Answers = child.ask(("tell",), timeout_seconds=TELL_TIMEOUT_SECONDS, look=look)
        except BaseException as error:
            # Whatever it was: a reply that nobody took would be the next query's answer.
            self._discard(child, ends)
            if isinstance(error, Stopped):
                error.was_begun = ends > 0
            raise
        self._free.put(child)
        return answers

    def _discard(self, child: Child | None, ends: float) -> None:
        """Kill a child at once; its lane is free when it is gone and its slot over, for which nobody waits here.

        How long a process takes to end follows from the memory that it used, and so from rows.
        """
        if child is not None:
            child.process.kill()

        def free() -> None:
            if child is not None:
                child.kill()
            time.sleep(max(0.0, ends - time.monotonic()))
            self._free.put(None)

        Thread(target=free, daemon=True).start()

    def close(self) -> None:
        """Kill the children, waiting for lanes that are busy."""
        self._is_closing.set()
        self._measuring.join()
        for _ in range(self._count):
            child = self._free.get()
            if child is not None:
                child.kill()
        self._maker.shutdown()

    def _spawn(self) -> Child:
        return self._maker.submit(spawn, self._cache).result()

    def _ready(self, child: Child | None, request: OpenRequest, look: Look = lambda: None) -> Child:
        # Opening happens before the slot begins: how long it takes follows from the file, not from the query.
        if child is not None:
            try:
                return self._opened(child, request, look)
            except WorkerDied:
                pass  # it died while nothing was asked of it: no query's doing, so no breach
        return self._opened(self._spawn(), request, look)

    def _opened(self, child: Child, request: OpenRequest, look: Look) -> Child:
        try:
            child.open(request, look)
        except Breach:
            child.kill()
            raise
        except Stopped:
            Thread(target=child.kill, daemon=True).start()  # nobody waits for its end, see `_discard`
            raise
        return child

    def _fill_slot(self, child: Child, message: tuple[Any, ...], ends: float, look: Look) -> None:
        """Have it perform, and take the reply when the slot is over: until then nobody looks whether it came."""
        try:
            child.send(message)
        finally:
            while (left := ends - time.monotonic()) > LOOK_SECONDS:
                time.sleep(LOOK_SECONDS)
                look()
            time.sleep(max(0.0, left))
        child.reply(timeout_seconds=0)


def _unless_gone(child: Child | None) -> Child | None:
    if child is None or not child.holds_what_is_gone:
        return child
    child.kill()
    return None


def _rounds(children: Sequence[Child], count: int) -> list[float]:
    """Of all children at the same time, since that is how they may have to work. Raises Breach."""
    for child in children:
        child.start()
    for child in children:
        child.send(("rounds", count))
    return [seconds for child in children for seconds in child.reply(timeout_seconds=ROUNDS_TIMEOUT_SECONDS)]
