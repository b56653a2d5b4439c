"""The engines inside the worker: the newest few datasets held open, and the SQL door's `release` over them.

Imported by the worker alone, after it is hardened; the room itself never opens a dataset.
"""

from collections import OrderedDict
from pathlib import Path

from dp_queries.answer import Answer
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.plan import Plan
from dp_queries.rehearsal import rehearse
from dp_queries.release import release
from enclave.messages import OpenRequest
from privacy.budget import Charge
from privacy.mechanisms import OpenDPChoice, OpenDPNoise

OPEN_DATASETS = 4


class Engines:
    """Opened datasets by file. Whatever a method raises is a breach, told without its text."""

    def __init__(self) -> None:
        self._backends: OrderedDict[Path, DuckDBBackend] = OrderedDict()
        self._noise = OpenDPNoise()
        self._choice = OpenDPChoice()

    def open(self, request: OpenRequest) -> None:
        """Make a dataset ready, and walk its way once, so that the first query keeps its slot."""
        if request.file not in self._backends:
            self._make_room()
            limit = f"{request.memory_bytes // 2**20}MiB"
            backend = DuckDBBackend(request.file, request.key, request.dataset, memory_limit=limit)
            rehearse(backend, request.dataset, self._noise)
            self._backends[request.file] = backend
        self._backends.move_to_end(request.file)

    def perform(self, plan: Plan, charge: Charge, file: Path) -> Answer:
        """The released answer from an opened dataset."""
        return release(plan, charge, self._backends[file], noise=self._noise, choice=self._choice)

    def _make_room(self) -> None:
        while len(self._backends) >= OPEN_DATASETS:
            self._backends.popitem(last=False)[1].close()
