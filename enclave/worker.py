"""The killable child that opens a dataset and performs jobs: engines' heavy work never runs in the room itself.

Run as `python -m enclave.worker FD`, it answers messages on the inherited socket FD: ("open", ...) readies a dataset,
("ready",) shows that somebody is there, ("perform", plan, charge, file) does all that touches rows, ("tell",) gives
back the Answer, and ("rounds", count) measures the machine. Keys reach it through that socket only, never by
environment, argument or file. What goes wrong inside is told as a bare class name: it is a breach, and says nothing to
researchers.
"""

import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from enclave.hardening import die_with_parent, harden
from enclave.precedence import take_precedence


def main(descriptor: int) -> None:
    """Answer messages until the room closes the socket. The first word is whether this process goes before others."""
    # Before the hardening: what a process may ask of the kernel about itself is root's alone after it.
    goes_first = take_precedence()
    harden()
    die_with_parent(os.getppid())
    connection = Connection(descriptor)
    # Imported here: the engines take a second to load, and the hardening above must come first.
    from enclave.engines import Engines

    engines = Engines()
    connection.send(("done", goes_first))
    verbs: dict[str, Callable[..., Any]] = {
        "open": engines.open,
        "ready": engines.ready,
        "rounds": engines.rounds,
        "perform": engines.perform,
        "tell": engines.tell,
    }
    answer_messages(connection, verbs)


def answer_messages(connection: Connection, verbs: Mapping[str, Callable[..., Any]]) -> None:
    """Reply to each message with what its verb gives, or with the bare class of what it raises."""
    while True:
        try:
            verb, *arguments = connection.recv()
        except EOFError:
            return
        try:
            connection.send(("done", verbs[verb](*arguments)))
        except Exception as error:  # whatever it is, its text may hold values of rows
            connection.send(("breach", type(error).__name__))


if __name__ == "__main__":
    main(int(sys.argv[1]))
