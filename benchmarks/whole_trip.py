"""The whole trip of a question: from `room.sql(...)` in the client through front, room and worker, and back.

Measured above raw DuckDB, which takes turns with it: what is left is everything that privacy, price, ledger, log,
receipt and HTTP cost a researcher who waits.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import jali
from benchmarks.figures import Figure, not_answered
from benchmarks.house import served
from benchmarks.trip_queries import EPSILON, QUERIES, Raw
from benchmarks.trips import Trips

TRIP = ("count", "users", "cat10", "daycat", "join", "filter")
TURNS = 9
_LIMITS = count(1_000_000)  # no answer has so many rows, and no two questions are the same


def whole_trip(trips: Trips, queries: Sequence[str]) -> Iterator[Figure]:
    """`trip_{query}_{size}_ms_above_raw` of each query, in a house that is started for it."""
    with TemporaryDirectory(prefix="jali-bench-") as folder, served(trips, Path(folder)) as room:
        raw = Raw(trips)
        try:
            for query in queries:
                yield _figure(raw, room, query, trips.size.name)
        finally:
            raw.close()


def _figure(raw: Raw, room: jali.Room, query: str, size: str) -> Figure:
    try:
        raw.run(query), ask(room, query)
    except jali.QueryRejected as refusal:
        return Figure(query, size, "ms_above_raw", None, 0, "trip", not_answered(refusal))
    turns = [(_milliseconds_of_raw(raw, query), ask(room, query)) for _ in range(TURNS)]
    raw_ms, ours_ms = (median(times) for times in zip(*turns, strict=True))
    return Figure(query, size, "ms_above_raw", ours_ms - raw_ms, TURNS, "trip")


def ask(room: jali.Room, query: str) -> float:
    """Milliseconds of one question that nobody asked before: what is stored would be told again, at once and free."""
    start = perf_counter()
    room.sql(f"{QUERIES[query]} LIMIT {next(_LIMITS)}", epsilon=EPSILON)
    return (perf_counter() - start) * 1000


def _milliseconds_of_raw(raw: Raw, query: str) -> float:
    start = perf_counter()
    raw.run(query)
    return (perf_counter() - start) * 1000
