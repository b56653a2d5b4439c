"""How many may wait inside the room at once, in all and of one account; who comes on top is told so, uncharged.

Without it one account's open requests could hold every thread of the room, and nobody else would be answered.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from policies.errors import Unavailable

MOST_INSIDE = 24  # of the room's 32 threads: the rest answer what takes no lane
MOST_OF_ONE_ACCOUNT = 12


class Entrance:
    """Counts who is inside."""

    def __init__(self, most_inside: int = MOST_INSIDE, most_of_one: int = MOST_OF_ONE_ACCOUNT) -> None:
        self._most_inside = most_inside
        self._most_of_one = most_of_one
        self._inside: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def admit(self, account: str) -> Iterator[None]:
        """A place inside while the block runs. Raises Unavailable, before anything is charged, when there is none."""
        with self._lock:
            if self._inside.total() >= self._most_inside or self._inside[account] >= self._most_of_one:
                raise Unavailable("too many questions are waiting; ask again in a few seconds")
            self._inside[account] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[account] -= 1
                self._inside += Counter()  # forgets accounts that have left
