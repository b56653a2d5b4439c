"""Room and front at work: what a decision costs, and how many questions are answered (`make bench B=server`).

One JSON object a line on stdout. Questions go through the real front and room over HTTP, about 10,000 trips: what is
measured is everything but the scan. BENCH_SECONDS (10) says for how long clients ask; BENCH_SERVED=0 leaves them out.
"""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import httpx

from benchmarks import decisions
from benchmarks.house import Address, furnished
from benchmarks.trips import Size, prepared

CLIENTS = 16
SIZE = Size("10k")
_LIMITS = count(1_000_000)  # no answer has so many rows, and no two questions are the same
_QUESTION = "SELECT cat10, COUNT(*) AS n FROM trips GROUP BY cat10"


def measured(*, seconds: float, with_house: bool) -> Iterator[tuple[str, float, str, int]]:
    """The figures: name, value, unit, and how many runs are behind it."""
    value, n = decisions.milliseconds(decisions.agreements())
    yield "decide_p50_ms", value, "ms", n
    if with_house:
        with TemporaryDirectory(prefix="jali-bench-") as folder, furnished(prepared(SIZE), Path(folder)) as address:
            yield from _asked(address, seconds)


def _asked(address: Address, seconds: float) -> Iterator[tuple[str, float, str, int]]:
    _times(address, _new, clients=1, seconds=1.0)  # whatever is warmed by the first questions
    alone = _times(address, _new, clients=1, seconds=seconds)
    yield "one_client_p50_ms", median(alone) * 1000, "ms", len(alone)
    stored = _times(address, _stored, clients=CLIENTS, seconds=seconds)
    yield "stored_per_s_16", len(stored) / seconds, "1/s", len(stored)
    new = _times(address, _new, clients=CLIENTS, seconds=seconds)
    yield "new_per_s_16", len(new) / seconds, "1/s", len(new)
    yield "new_p99_ms_16", quantiles(new, n=100)[-1] * 1000, "ms", len(new)


def _new() -> str:
    return f"{_QUESTION} LIMIT {next(_LIMITS)}"


def _stored() -> str:
    return _QUESTION


def _times(address: Address, question: Callable[[], str], *, clients: int, seconds: float) -> list[float]:
    """How long each answer took, in seconds, of clients that ask one question after the other for so long."""
    until = monotonic() + seconds
    with ThreadPoolExecutor(clients) as pool:
        found = pool.map(lambda _: list(_client(address, question, until)), range(clients))
        return [taken for times in found for taken in times]


def _client(address: Address, question: Callable[[], str], until: float) -> Iterator[float]:
    headers = {"Authorization": f"Bearer {address.token}"}
    with httpx.Client(base_url=address.url, headers=headers, timeout=120, trust_env=False) as client:
        while monotonic() < until:
            body = {"agreement": address.uid, "sql": question(), "epsilon": "0.001"}
            start = monotonic()
            answer = client.post("/api/v1/sql", json=body)
            if answer.status_code == 503:  # one account has 12 places in the room; who comes on top asks again
                sleep(0.05)
                continue
            answer.raise_for_status()
            yield monotonic() - start


def main() -> None:
    """Measure, and print a line a figure."""
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    with_house = os.environ.get("BENCH_SERVED", "1") not in ("", "0")
    for figure, value, unit, n in measured(seconds=seconds, with_house=with_house):
        told = {"bench": "server", "figure": figure, "value": float(f"{value:.4g}"), "unit": unit, "n": n}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
