"""Memory of one query: by how much the peak resident set of a fresh process grows while it runs.

Run as `python -m benchmarks.memory raw|ours QUERY SIZE`; prints bytes. The child opens the file and loads all code
first; then the kernel's high-water mark is reset, and the growth from there to the mark after the query is the answer,
DuckDB's cache of decrypted blocks included.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.trip_queries import Ours, Raw, Side
from benchmarks.trips import ROOT, Size, Trips, prepared

SIDES: dict[str, Callable[[Trips], Side]] = {"raw": Raw, "ours": Ours}


def growth_bytes(side: str, query: str, size: Size) -> int:
    """Growth of the peak resident set in a child of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", side, query, size.name]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def _measured(side: str, query: str, size: Size) -> int:
    opened = SIDES[side](prepared(size))
    if isinstance(opened, Ours):
        opened.plan(query)  # pricing is the room's work, and loads a hundred megabytes of code
    _reset_peak()
    before = _status_bytes("VmRSS")
    opened.run(query)
    return max(0, _status_bytes("VmHWM") - before)


def _reset_peak() -> None:
    """Forget the peak of the start; where the kernel does not allow it, the growth told is too large, never too small.

    Source: proc(5), /proc/pid/clear_refs: 5 resets the peak resident set size to its current value.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        print("the peak of memory can't be reset here", file=sys.stderr)


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


if __name__ == "__main__":
    print(_measured(sys.argv[1], sys.argv[2], Size(sys.argv[3])))
