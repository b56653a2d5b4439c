"""The engines inside the worker: the newest few datasets held open, and the SQL door's two halves of `release`.

Imported by the worker alone, after it is hardened; the room itself never opens a dataset.
"""

import gc
from collections import OrderedDict
from pathlib import Path

from dp_queries.answers.answer import Answers
from dp_queries.answers.released import Noisy
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.backends.yardstick import Yardstick
from dp_queries.plan import Plan
from dp_queries.rehearsal import rehearse
from dp_queries.release import released_values, told
from enclave.messages import OpenRequest
from privacy.budget import Charge
from privacy.mechanisms import OpenDPChoice, OpenDPNoise

OPEN_DATASETS = 4


class Engines:
    """Opened datasets by file. Whatever a method raises is a breach, told without its text."""

    def __init__(self) -> None:
        self._backends: OrderedDict[Path, DuckDBBackend] = OrderedDict()
        self._yardstick = Yardstick()
        self._noise = OpenDPNoise()
        self._choice = OpenDPChoice()
        self._released: tuple[Plan, list[Noisy], DuckDBBackend] | None = None

    def open(self, request: OpenRequest) -> None:
        """Make a dataset ready, and walk its way once, so that the first query keeps its slot."""
        if request.file not in self._backends:
            self._make_room()
            limit = f"{request.memory_bytes // 2**20}MiB"
            backend = DuckDBBackend(request.file, request.key, request.dataset, memory_limit=limit)
            backend.read_through()
            rehearse(backend, request.dataset, self._noise)
            self._backends[request.file] = backend
            # What is there now stays: the collector need not walk it in the middle of a slot.
            gc.collect()
            gc.freeze()
        self._backends.move_to_end(request.file)

    def ready(self) -> None:
        """Nothing: who answers this is there."""

    def rounds(self, count: int) -> list[float]:
        """Seconds of so many rounds on made-up rows: how fast this machine is just now."""
        return self._yardstick.rounds(count)

    def perform(self, plan: Plan, charge: Charge, file: Path) -> None:
        """All that touches rows of an opened dataset. What is released stays here until it is told."""
        backend = self._backends[file]
        values = released_values(plan, charge, backend, noise=self._noise, choice=self._choice)
        self._released = plan, values, backend

    def tell(self) -> Answers:
        """The answers from what was released last, once."""
        if self._released is None:
            raise ValueError("nothing was released")
        (plan, values, backend), self._released = self._released, None
        return told(plan, values, backend)

    def _make_room(self) -> None:
        while len(self._backends) >= OPEN_DATASETS:
            self._backends.popitem(last=False)[1].close()
