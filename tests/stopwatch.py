"""How long something of ours takes, for bounds against blow-up: without the collection of the test process's own heap.

After thousands of tests one collection takes a second, and comes when it likes.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time


@contextmanager
def stopwatch(clock: Callable[[], float] = process_time) -> Iterator[list[float]]:
    """A list that holds the seconds of the block after it; of the processor, unless another clock is given."""
    took: list[float] = []
    was_on = gc.isenabled()
    gc.disable()
    begun = clock()
    try:
        yield took
    finally:
        took.append(clock() - begun)
        if was_on:
            gc.enable()
