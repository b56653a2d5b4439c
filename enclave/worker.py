"""The killable child that opens a dataset and performs jobs: engines' heavy work never runs in the room itself.

Run as `python -m enclave.worker FD`, it answers messages on the inherited socket FD: ("open", ...) readies a dataset,
("perform", plan, charge) gives back an Answer. Keys reach it through that socket only, never by environment, argument
or file. What goes wrong inside is told as a bare class name: it is a breach, and says nothing to the researcher.
"""

import os
import sys
from collections import OrderedDict
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from enclave.hardening import die_with_parent, harden
from policies.catalogue import LoadedDataset

OPEN_DATASETS = 4


@dataclass(frozen=True)
class OpenRequest:
    """Which dataset file to open, and with what. The key's text form never appears in a repr."""

    dataset: LoadedDataset
    file: Path
    key: bytes
    memory_bytes: int

    def __repr__(self) -> str:
        return f"OpenRequest({self.dataset.card.name} {self.dataset.version})"


def main(descriptor: int) -> None:
    """Answer messages until the room closes the socket."""
    harden()
    die_with_parent(os.getppid())
    connection = Connection(descriptor)
    # Imported here: the engines take a second to load, and the hardening above must come first.
    from dp_queries.backends.duckdb import DuckDBBackend
    from dp_queries.rehearsal import rehearse
    from dp_queries.release import release
    from privacy.mechanisms import OpenDPNoise

    noise = OpenDPNoise()
    backends: OrderedDict[Path, DuckDBBackend] = OrderedDict()
    connection.send(("ready", None))
    while True:
        try:
            verb, *arguments = connection.recv()
        except EOFError:
            return
        try:
            if verb == "open":
                if _open(backends, arguments[0], DuckDBBackend):
                    rehearse(backends[arguments[0].file], arguments[0].dataset, noise)
                connection.send(("opened", None))
            else:
                plan, charge, file = arguments
                connection.send(("answer", release(plan, charge, backends[file], noise=noise)))
        except Exception as error:  # whatever it is, its text may hold values of rows
            connection.send(("breach", type(error).__name__))


def _open(backends: "OrderedDict[Path, DuckDBBackend]", request: OpenRequest, make: "type[DuckDBBackend]") -> bool:
    """Make the dataset's backend the newest; whether it had to be opened."""
    is_new = request.file not in backends
    if is_new:
        while len(backends) >= OPEN_DATASETS:
            backends.popitem(last=False)[1].close()
        limit = f"{request.memory_bytes // 2**20}MiB"
        backends[request.file] = make(request.file, request.key, request.dataset, memory_limit=limit)
    backends.move_to_end(request.file)
    return is_new


if __name__ == "__main__":
    main(int(sys.argv[1]))
