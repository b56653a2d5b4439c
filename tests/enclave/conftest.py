"""The room's store, of this test's own: SQLite, or PostgreSQL where a file says `ON_BOTH`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from enclave.store.database import Database
from tests.both import place


@pytest.fixture
def database(store_url: str | None, tmp_path: Path) -> Iterator[Database]:
    made = Database(place(store_url, tmp_path / "room.sqlite"))
    made.migrate()
    yield made
    made.close()
