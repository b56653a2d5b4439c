"""The SQL door beside raw DuckDB: time, error and memory on the trips workload (`make bench B=sql`).

One JSON object a line on stdout; a table on stderr at the end. BENCH_SIZES (1m,10m) and BENCH_QUERIES narrow it;
PEERS=1 also measures what others make of the same data, in environments of their own.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from time import perf_counter

from benchmarks.figures import Figure, not_answered, table
from benchmarks.memory import growth_bytes
from benchmarks.peers.measuring import peers
from benchmarks.trip_queries import PRIVATE_KEYS, QUERIES, Ours, Raw, truth
from benchmarks.trips import Size, Trips, prepared
from benchmarks.whole_trip import TRIP, whole_trip
from dp_queries.errors import QueryRejected

RUNS = 9
ANSWERS = 11
LEAST_ROWS = 1000  # smaller groups don't count for the error
MEGABYTE = 10**6
_WHOLE_TRIP = "1m"  # more rows would only add to the scan, which is measured at every size


def measured(trips: Trips, queries: Sequence[str]) -> Iterator[Figure]:
    """Time and error of the queries on a workload, each with both sides in turn."""
    raw, ours = Raw(trips), Ours(trips)
    try:
        for query in queries:
            yield from _sides(trips, raw, ours, query)
    finally:
        raw.close()
        ours.close()


def _sides(trips: Trips, raw: Raw, ours: Ours, query: str) -> Iterator[Figure]:
    try:
        ours.plan(query)
    except QueryRejected as refusal:
        found = [("raw_ms", _raw_milliseconds(raw, query), RUNS)]
        yield Figure(query, trips.size.name, "ratio_to_raw", None, 0, notice=not_answered(refusal))
    else:
        found = [*_times(raw, ours, query), *_answers(trips, ours, query)]
    for what, value, n in found:
        yield Figure(query, trips.size.name, what, value, n)


def _raw_milliseconds(raw: Raw, query: str) -> float:
    raw.run(query)
    return median(_milliseconds(lambda: raw.run(query)) for _ in range(RUNS))


def _times(raw: Raw, ours: Ours, query: str) -> list[tuple[str, float, int]]:
    """Medians after a warm-up. The sides take turns, so that what else the machine does falls on both."""
    raw.run(query), ours.run(query)
    turns = [(_milliseconds(lambda: raw.run(query)), _milliseconds(lambda: ours.run(query))) for _ in range(RUNS)]
    raw_ms, ours_ms = (median(times) for times in zip(*turns, strict=True))
    return [("ratio_to_raw", ours_ms / raw_ms, RUNS), ("raw_ms", raw_ms, RUNS), ("ms", ours_ms, RUNS)]


def _answers(trips: Trips, ours: Ours, query: str) -> list[tuple[str, float, int]]:
    exact = truth(trips, query)
    times, errors, keys = [], [], []
    for _ in range(ANSWERS):
        start = perf_counter()
        answer = ours.answer(query)
        times.append((perf_counter() - start) * 1000)
        errors.append(exact.error(answer.rows, least_rows=LEAST_ROWS))
        keys.append(len(answer.rows))
    found = [("release_ms", median(times), ANSWERS), ("error", median(errors), ANSWERS)]
    return found + ([("keys", median(keys), ANSWERS)] if query in PRIVATE_KEYS else [])


def memory(trips: Trips, queries: Sequence[str]) -> Iterator[Figure]:
    """Growth of memory of both sides, each in a fresh process."""
    for query in _answered(trips, queries):
        raw, ours = (growth_bytes(side, query, trips.size) for side in ("raw", "ours"))
        yield Figure(query, trips.size.name, "raw_memory_mb", raw / MEGABYTE, 1)
        yield Figure(query, trips.size.name, "memory_mb", ours / MEGABYTE, 1)
        yield Figure(query, trips.size.name, "memory_ratio_to_raw", ours / max(raw, 1), 1)


def _answered(trips: Trips, queries: Sequence[str]) -> list[str]:
    """The queries that our side answers; `measured` has told of the others."""
    ours = Ours(trips)
    try:
        return [query for query in queries if _is_answered(ours, query)]
    finally:
        ours.close()


def _is_answered(ours: Ours, query: str) -> bool:
    try:
        ours.plan(query)
    except QueryRejected:
        return False
    return True


def _milliseconds(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1000


def wanted(trips: Trips, queries: Sequence[str], *, with_peers: bool) -> Iterator[Figure]:
    """Everything about one size, as it is measured."""
    yield from measured(trips, queries)
    yield from memory(trips, queries)
    if trips.size.name == _WHOLE_TRIP:
        yield from whole_trip(trips, [query for query in queries if query in TRIP])
    if with_peers:
        yield from peers(trips, queries)


def _printed(figures: Iterable[Figure]) -> Iterator[Figure]:
    for figure in figures:
        print(figure.line(), flush=True)
        yield figure


def main() -> None:
    """Measure what the environment asks for, and print."""
    sizes = [Size(name) for name in os.environ.get("BENCH_SIZES", "1m,10m").split(",")]
    queries = os.environ.get("BENCH_QUERIES", ",".join(QUERIES)).split(",")
    with_peers = os.environ.get("PEERS", "0") not in ("", "0")
    figures = [figure for size in sizes for figure in _printed(wanted(prepared(size), queries, with_peers=with_peers))]
    print(table(figures), file=sys.stderr)
    print("load average over 1, 5, 15 minutes: {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()), file=sys.stderr)


if __name__ == "__main__":
    main()
