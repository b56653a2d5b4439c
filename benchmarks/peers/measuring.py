"""Measuring a peer: an environment of its own, a child that answers, and raw DuckDB in turn with it.

A peer that can't be installed or fails is told as a figure without a value, and why; it never goes missing silently.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.figures import Figure
from benchmarks.trip_queries import EPSILON, PRIVATE_KEYS, QUERIES, Raw, truth
from benchmarks.trips import FOLDER, Trips

HERE = Path(__file__).parent
ASKED = ("cat10", "zone1k")
DELTA = 1e-9
TURNS = 11
MOST_ROWS = 1_000_000
LEAST_ROWS = 1000
_LONGEST_NOTICE = 300


class PeerFailed(Exception):
    """Why a peer has no figure."""


@dataclass(frozen=True)
class Peer:
    """Another system: its name in figures, and the files that install and run it."""

    name: str
    script: Path
    requirements: Path


PEERS = (
    Peer("smartnoise", HERE / "smartnoise.py", HERE / "smartnoise.txt"),
    Peer("opendp", HERE / "opendp_polars.py", HERE / "opendp_polars.txt"),
)


def peers(trips: Trips, queries: Sequence[str]) -> Iterator[Figure]:
    """The figures of every peer on the queries that they are asked."""
    for peer in PEERS:
        yield from figures(peer, trips, [query for query in queries if query in ASKED], FOLDER / "peers")


def figures(peer: Peer, trips: Trips, queries: Sequence[str], folder: Path) -> Iterator[Figure]:
    """`peer_{name}_{query}_{size}_ratio_to_raw`, `_error`, `_keys`; environments lie in `folder`."""
    try:
        if trips.size.rows > MOST_ROWS:
            raise PeerFailed(f"peers are measured up to {MOST_ROWS:,} rows")
        interpreter = installed(peer, folder)
    except PeerFailed as failure:
        yield from (_without_value(peer, trips, query, failure) for query in queries)
        return
    for query in queries:
        try:
            yield from measured(peer, interpreter, trips, query)
        except PeerFailed as failure:
            yield _without_value(peer, trips, query, failure)


def _without_value(peer: Peer, trips: Trips, query: str, failure: PeerFailed) -> Figure:
    return Figure(query, trips.size.name, "ratio_to_raw", None, 0, f"peer_{peer.name}", str(failure))


def installed(peer: Peer, folder: Path) -> Path:
    """The interpreter of the peer's environment, made where it isn't there yet or its requirements changed."""
    home = folder / peer.name
    interpreter, stamp = home / "bin" / "python", home / "installed"
    wanted = hashlib.sha256(peer.requirements.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        print(f"installing the peer {peer.name} (once)", file=sys.stderr)
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        _pip_install(interpreter, peer.requirements)
        stamp.write_text(wanted, encoding="ascii")  # last, so that an installation that broke off is taken up again
    return interpreter


def _pip_install(interpreter: Path, requirements: Path) -> None:
    command = [str(interpreter), "-m", "pip", "install", "--quiet", "--no-input", "--requirement", str(requirements)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        complaint = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or ["pip failed"]
        raise PeerFailed(f"can't be installed: {complaint[-1]}"[:_LONGEST_NOTICE])


def measured(peer: Peer, interpreter: Path, trips: Trips, query: str) -> Iterator[Figure]:
    """The peer and raw DuckDB in turn, after a warm-up. The first figure tells how the peer was given the data."""
    raw, exact = Raw(trips), truth(trips, query)
    ratios: list[float] = []
    errors: list[float] = []
    keys: list[float] = []
    try:
        with _child(peer, interpreter, trips, query) as child:
            raw.run(query), child.answer()
            for _ in range(TURNS):
                raw_ms, (peer_ms, rows) = _milliseconds(raw, query), child.answer()
                ratios.append(peer_ms / raw_ms)
                errors.append(exact.error(rows, least_rows=LEAST_ROWS))
                keys.append(len(rows))
            data = child.data
    finally:
        raw.close()
    found = [("ratio_to_raw", ratios, data), ("error", errors, "")]
    found += [("keys", keys, "")] if query in PRIVATE_KEYS else []
    for what, values, notice in found:
        yield Figure(query, trips.size.name, what, median(values), TURNS, f"peer_{peer.name}", notice)


def _milliseconds(raw: Raw, query: str) -> float:
    start = perf_counter()
    raw.run(query)
    return (perf_counter() - start) * 1000


class _Child:
    """A peer's process: one JSON line in, one out."""

    def __init__(self, process: "subprocess.Popen[str]", question: dict[str, Any]) -> None:
        self._process = process
        self.data = str(self._ask(question)["data"])

    def answer(self) -> tuple[float, list[list[Any]]]:
        """Milliseconds of one answer, and its rows: keys, then the value."""
        reply = self._ask({})
        return float(reply["milliseconds"]), list(reply["rows"])

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            reply: dict[str, Any] = json.loads(line)
        except (OSError, ValueError):
            raise PeerFailed(f"ended with status {self._process.wait()}") from None
        if "failed" in reply:
            raise PeerFailed(str(reply["failed"])[:_LONGEST_NOTICE])
        return reply


@contextmanager
def _child(peer: Peer, interpreter: Path, trips: Trips, query: str) -> Iterator[_Child]:
    question = {
        "trips": str(trips.folder / "trips.parquet"),
        "query": query,
        "sql": QUERIES[query],
        "epsilon": EPSILON,
        "delta": DELTA,
        "rows": trips.size.rows,
    }
    command = [str(interpreter), "-W", "ignore", str(HERE / "answering.py"), str(peer.script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _Child(process, question)
        finally:
            process.kill()
