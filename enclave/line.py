"""The line in front of the lanes: who came first goes first, and who is stopped steps out of it.

A queue of the standard library can't be left: a request that must be stopped while it waits would hold its place, and
be told only when its turn comes.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty
from threading import Event, Lock
from typing import Generic, TypeVar

T = TypeVar("T")
LOOK_SECONDS = 0.25
"""How often who waits or works looks whether it must stop: a fixed pace, so that rows have no part in when it does."""


class Stopped(Exception):
    """A look found that the work must not go on; the cause is what forbids it. No engine's failure.

    `was_begun`: a worker had been asked to perform, so noise may have been drawn.
    """

    was_begun = False


Look = Callable[[], None]
"""Returns when the work may go on; raises Stopped when it must not."""


@dataclass
class _Place(Generic[T]):
    called: Event = field(default_factory=Event)
    given: list[T] = field(default_factory=list)


class Line(Generic[T]):
    """Lanes that are free, and who waits for one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._free: deque[T] = deque()
        self._waiting: deque[_Place[T]] = deque()

    def put(self, lane: T) -> None:
        """Give a lane to whoever waits longest, or keep it."""
        with self._lock:
            if not self._waiting:
                self._free.append(lane)
                return
            place = self._waiting.popleft()
            place.given.append(lane)
            place.called.set()

    def get_nowait(self) -> T:
        """A lane that is free. Raises Empty."""
        with self._lock:
            if not self._free:
                raise Empty
            return self._free.popleft()

    def get(self, look: Look = lambda: None) -> T:
        """A lane, in turn. Raises what `look` raises, which is asked at a fixed pace while this waits."""
        with self._lock:
            if self._free:
                return self._free.popleft()
            place: _Place[T] = _Place()
            self._waiting.append(place)
        try:
            while not place.called.wait(LOOK_SECONDS):
                look()
        except BaseException:
            self._leave(place)
            raise
        return place.given[0]

    def _leave(self, place: _Place[T]) -> None:
        with self._lock:
            if not place.called.is_set():
                self._waiting.remove(place)
                return
        self.put(place.given[0])  # it was called in the very moment in which it left
