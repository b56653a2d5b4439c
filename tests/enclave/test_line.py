"""The line before the lanes: in turn, and left by who is stopped, without a lane being lost."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty
from threading import Event, Thread

import pytest

from enclave.line import LOOK_SECONDS, Line, Stopped


def stop() -> None:
    raise Stopped


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_who_came_first_goes_first() -> None:
    line: Line[int] = Line()
    with ThreadPoolExecutor(8) as threads:
        asked = []
        for count in range(8):
            asked.append(threads.submit(line.get))
            until(lambda count=count: len(line._waiting) == count + 1)
        for lane in range(8):
            line.put(lane)
        assert [one.result() for one in asked] == list(range(8))


def test_a_free_lane_is_had_at_once_and_none_is_told() -> None:
    line: Line[str] = Line()
    with pytest.raises(Empty):
        line.get_nowait()
    line.put("a")
    line.put("b")
    assert (line.get(stop), line.get_nowait()) == ("a", "b")  # nobody looks who need not wait


def test_who_is_stopped_leaves_the_line_and_the_next_one_is_served() -> None:
    line: Line[str] = Line()
    with ThreadPoolExecutor(2) as threads:
        stopped = threads.submit(line.get, stop)
        until(lambda: len(line._waiting) == 1)
        patient = threads.submit(line.get)
        begun = time.monotonic()
        with pytest.raises(Stopped):
            stopped.result()
        assert time.monotonic() - begun < LOOK_SECONDS + 1
        line.put("a")
        assert patient.result() == "a"


def test_a_lane_that_comes_in_the_moment_of_the_stop_is_not_lost() -> None:
    line: Line[str] = Line()
    looked, handed = Event(), Event()

    def stop_late() -> None:
        looked.set()
        handed.wait(10)
        stop()

    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(line.get, stop_late)
        looked.wait(10)
        Thread(target=line.put, args=("a",)).start()
        until(lambda: not line._waiting)
        handed.set()
        with pytest.raises(Stopped):
            asked.result()
    assert line.get_nowait() == "a"
