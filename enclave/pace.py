"""From what lanes measured of the machine to the pace that slots are cut for: public, and never about rows.

It is measured on made-up rows, at times of its own, while no lane works for anybody: how long queries took has no part
in it, or a slot would tell the next asker of the last one's rows (ATTACKS 32).
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Event, Lock
from typing import Final

from dp_queries.backends.yardstick import USUAL_SECONDS
from dp_queries.slots import CAUTIOUS, Pace

FIRST_ROUNDS: Final = 24
_REMEMBERED: Final = 150  # rounds of a lane: five minutes, at one in two seconds
_SHARE_OF_ROUNDS: Final = Fraction(3, 4)  # so many are no slower than the pace says
# Above that: the machine will have worse moments. Costs of work are themselves above all that was seen.
_MARGIN: Final = Fraction(5, 4)
# How far a round was beyond most others, twice over: what a machine does to one moment, it does to another.
_LATENCY_MARGIN: Final = 2
_LEAST_LATENCY_SECONDS: Final = Fraction(15, 1000)
# On a machine with twice as many waiting as it has cores one answer in a thousand took 35 ms longer than most.
_BUSY_LATENCY_SECONDS: Final = Fraction(50, 1000)
_BUSY_PER_CORE: Final = 2
_BUSY_FOR_SECONDS: Final = 60.0
_GRID: Final = 1000


class PaceKeeper:
    """The machine's pace by its latest rounds. Whoever asks first waits until there are some."""

    def __init__(self) -> None:
        self._rounds: deque[float] = deque(maxlen=_REMEMBERED)
        self._guard = Lock()
        self._is_known = Event()
        self._pace = CAUTIOUS
        self._busy_until = 0.0

    @property
    def pace(self) -> Pace:
        """The pace of now."""
        self._is_known.wait()
        pace = self._pace
        if time.monotonic() < self._busy_until:
            return replace(pace, latency_seconds=max(pace.latency_seconds, _BUSY_LATENCY_SECONDS))
        return pace

    @property
    def is_known(self) -> bool:
        """Whether anything was measured, or given up."""
        return self._is_known.is_set()

    def heed(self, rounds: Sequence[float], *, goes_first: bool) -> None:
        """Take note of the seconds of some rounds."""
        with self._guard:
            self._rounds.extend(rounds)
            self._pace = pace_of(list(self._rounds), goes_first=goes_first)
        self._is_known.set()

    def look(self, running: int, cores: int) -> None:
        """Take note of how many threads of the machine run or wait for a core at this moment."""
        if running > _BUSY_PER_CORE * cores:
            self._busy_until = time.monotonic() + _BUSY_FOR_SECONDS

    def give_up(self) -> None:
        """Nothing could be measured: slots are cut for a machine that nobody knows."""
        self._is_known.set()


def running_now() -> int:
    """How many threads of the machine run or wait for a core just now (proc(5), /proc/loadavg)."""
    return int(Path("/proc/loadavg").read_text(encoding="utf-8").split()[3].partition("/")[0])


def pace_of(rounds: Sequence[float], *, goes_first: bool) -> Pace:
    """The pace behind the seconds of rounds. Where other processes may take the cores away, they are no measure."""
    ordered = sorted(rounds)
    usual = ordered[int(_SHARE_OF_ROUNDS * (len(ordered) - 1))]
    slowness = max(_exact(usual / USUAL_SECONDS), Fraction(1, _GRID)) * _MARGIN
    latency = max(_LEAST_LATENCY_SECONDS, _LATENCY_MARGIN * _exact(ordered[-1] - usual))
    if goes_first:
        return Pace(slowness, latency)
    return Pace(CAUTIOUS.slowness * max(Fraction(1), slowness), CAUTIOUS.latency_seconds + latency)


def _exact(value: float) -> Fraction:
    return Fraction(round(value * _GRID), _GRID)
