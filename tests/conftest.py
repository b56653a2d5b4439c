"""Fixtures that several folders share: a world for reading (once a session) and one for spending (each test).

The room is imported inside the fixtures, so that the tests of a lower floor run in seconds without it.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The machines are noisy: how long an example takes says nothing about whether it holds.
settings.register_profile("jali", deadline=None)
settings.load_profile("jali")

NO_POSTGRES = "half of the tests of the stores did not run, for there is no PostgreSQL"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A `tests.postgres.Server` that all tests of a session share: each asks it for a database of its own.

    It is started by the first who asks. Where it can't, tests are skipped and the end of the run says why; `.ci/run`
    lets them fail.
    """
    from tests.postgres import CannotStart, running

    try:
        with running() as server:
            yield server
    except CannotStart as reason:
        if os.environ.get("POSTGRES_REQUIRED"):
            raise
        pytest.skip(f"{NO_POSTGRES}: {reason}")


@pytest.fixture
def store_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a store for this test, None for SQLite; on both where the file says so (`tests/both.py`)."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
        return
    server = request.getfixturevalue("postgres")
    address = server.database()
    yield address
    server.drop(address)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once for each of the file's `STORES`, unless the test names its own."""
    stores = getattr(metafunc.module, "STORES", None)
    named = any(mark.args[0] == "store_url" for mark in metafunc.definition.iter_markers("parametrize"))
    if stores is not None and not named and "store_url" in metafunc.fixturenames:
        metafunc.parametrize("store_url", stores, indirect=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was not tested for want of a server is told once more, after all the dots."""
    skipped = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ())}
    for reason in sorted(reason for reason in skipped if NO_POSTGRES in reason):
        terminalreporter.write_line(reason, yellow=True)


@pytest.fixture(scope="session")
def world() -> Iterator[Any]:
    """A `tests.world.World` that all tests of a session share; ask it, but don't exhaust or close it."""
    from tests.world import make_world

    with tempfile.TemporaryDirectory() as folder:
        made = make_world(Path(folder) / "home", Path(folder) / "source")
        yield made
        made.room.close()


@pytest.fixture
def fresh_world(tmp_path: Path, store_url: str | None) -> Iterator[Any]:
    """A `tests.world.World` of this test's own."""
    from tests.world import make_world

    made = make_world(tmp_path / "home", tmp_path / "source", store_url=store_url)
    yield made
    made.room.close()
