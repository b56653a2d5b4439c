"""Fixtures that several folders share: a world for reading (once a session) and one for spending (each test).

The room is imported inside the fixtures, so that the tests of a lower floor run in seconds without it.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The machines are noisy: how long an example takes says nothing about whether it holds.
settings.register_profile("jali", deadline=None)
settings.load_profile("jali")


@pytest.fixture(scope="session")
def world() -> Iterator[Any]:
    """A `tests.world.World` that all tests of a session share; ask it, but don't exhaust or close it."""
    from tests.world import make_world

    with tempfile.TemporaryDirectory() as folder:
        made = make_world(Path(folder) / "home", Path(folder) / "source")
        yield made
        made.room.close()


@pytest.fixture
def fresh_world(tmp_path: Path) -> Iterator[Any]:
    """A `tests.world.World` of this test's own."""
    from tests.world import make_world

    made = make_world(tmp_path / "home", tmp_path / "source")
    yield made
    made.room.close()
