"""A log in a store of its own, as the room has it."""

from pathlib import Path

import pytest

from enclave.audit.keys import RoomKey
from enclave.audit.log import Log

ORIGIN = "jali.example/room"


@pytest.fixture
def key(tmp_path: Path) -> RoomKey:
    return RoomKey.create(tmp_path / "keys")


@pytest.fixture
def log(key: RoomKey) -> Log:
    return Log(key, origin=ORIGIN)


@pytest.fixture
def act():
    """A leaf that tells of the n-th act."""

    def leaf(number: int) -> dict[str, object]:
        return {"kind": "act", "act": f"act-{number}", "by": "operator:root", "time": "2026-03-01T08:00:00+00:00"}

    return leaf


@pytest.fixture
def filled(database, log, act):
    """The log with that many leaves, each committed, and a checkpoint of the whole."""

    def fill(count: int) -> str:
        with database.writing() as session:
            for number in range(count):
                log.append(session, act(number))
        with database.writing() as session:
            return log.checkpoint(session)

    return fill
