"""The SQL door beside raw DuckDB: time, error and memory on the trips workload (`make bench B=sql`).

One JSON object a line on stdout; a table on stderr at the end. BENCH_SIZES (1m,10m) and BENCH_QUERIES narrow it.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmarks.memory import growth_bytes
from benchmarks.trip_queries import QUERIES, Ours, Raw, truth
from benchmarks.trips import Size, Trips, prepared

RUNS = 9
ANSWERS = 11
LEAST_ROWS = 1000  # smaller groups don't count for the error
MEGABYTE = 10**6
_UNITS = {
    "ratio_to_raw": "x",
    "raw_ms": "ms",
    "ms": "ms",
    "release_ms": "ms",
    "error": "share",
    "memory_mb": "MB",
    "raw_memory_mb": "MB",
    "memory_ratio_to_raw": "x",
}


@dataclass(frozen=True)
class Figure:
    """A measured value with its name, e.g. cat10_10m_ratio_to_raw, and how many runs are behind it."""

    query: str
    size: str
    what: str
    value: float
    n: int

    def line(self) -> str:
        """The figure as one JSON object."""
        name = f"{self.query}_{self.size}_{self.what}"
        value = float(f"{self.value:.4g}")
        return json.dumps({"bench": "sql", "figure": name, "value": value, "unit": _UNITS[self.what], "n": self.n})


def measured(trips: Trips, queries: list[str]) -> Iterator[Figure]:
    """Time and error of the queries on a workload, each with both sides in turn."""
    raw, ours = Raw(trips), Ours(trips)
    try:
        for query in queries:
            for what, value, n in [*_times(raw, ours, query), *_answers(trips, ours, query)]:
                yield Figure(query, trips.size.name, what, value, n)
    finally:
        raw.close()
        ours.close()


def _times(raw: Raw, ours: Ours, query: str) -> list[tuple[str, float, int]]:
    """Medians after a warm-up. The sides take turns, so that what else the machine does falls on both."""
    raw.run(query), ours.run(query)
    turns = [(_milliseconds(lambda: raw.run(query)), _milliseconds(lambda: ours.run(query))) for _ in range(RUNS)]
    raw_ms, ours_ms = (median(times) for times in zip(*turns, strict=True))
    return [("ratio_to_raw", ours_ms / raw_ms, RUNS), ("raw_ms", raw_ms, RUNS), ("ms", ours_ms, RUNS)]


def _answers(trips: Trips, ours: Ours, query: str) -> list[tuple[str, float, int]]:
    exact = truth(trips, query)
    times, errors = [], []
    for _ in range(ANSWERS):
        start = perf_counter()
        answer = ours.answer(query)
        times.append((perf_counter() - start) * 1000)
        errors.append(exact.error(answer, least_rows=LEAST_ROWS))
    return [("release_ms", median(times), ANSWERS), ("error", median(errors), ANSWERS)]


def memory(size: Size, queries: list[str]) -> Iterator[Figure]:
    """Growth of memory of both sides, each in a fresh process."""
    for query in queries:
        raw, ours = (growth_bytes(side, query, size) for side in ("raw", "ours"))
        yield Figure(query, size.name, "raw_memory_mb", raw / MEGABYTE, 1)
        yield Figure(query, size.name, "memory_mb", ours / MEGABYTE, 1)
        yield Figure(query, size.name, "memory_ratio_to_raw", ours / max(raw, 1), 1)


def _milliseconds(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1000


def table(figures: list[Figure]) -> str:
    """The figures for eyes: a row per query and size, a column per kind of figure."""
    rows: dict[str, dict[str, float]] = {}
    for figure in figures:
        rows.setdefault(f"{figure.query} {figure.size}", {})[figure.what] = figure.value
    lines = ["".join(f"{title:>21}" for title in ("", *_UNITS))]
    for title, values in rows.items():
        cells = (f"{values[what]:.4g}" if what in values else "" for what in _UNITS)
        lines.append("".join(f"{cell:>21}" for cell in (title, *cells)))
    return "\n".join(lines)


def main() -> None:
    """Measure what the environment asks for, and print."""
    sizes = [Size(name) for name in os.environ.get("BENCH_SIZES", "1m,10m").split(",")]
    queries = os.environ.get("BENCH_QUERIES", ",".join(QUERIES)).split(",")
    figures: list[Figure] = []
    for size in sizes:
        trips = prepared(size)
        for found in (measured(trips, queries), memory(size, queries)):
            for figure in found:
                print(figure.line(), flush=True)
                figures.append(figure)
    print(table(figures), file=sys.stderr)


if __name__ == "__main__":
    main()
