"""A registry over a store and a log of its own, without data."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from enclave.audit.keys import RoomKey
from enclave.audit.log import Log
from enclave.registry.datasets import Datasets
from enclave.registry.holds import Holds
from enclave.registry.parties import Parties
from enclave.store.database import Database

BY: dict[str, Any] = {"by": "operator:test", "now": datetime(2026, 3, 1, tzinfo=UTC)}


@dataclass(frozen=True)
class Registry:
    database: Database
    log: Log
    parties: Parties
    datasets: Datasets
    holds: Holds


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> Registry:
    log = Log(RoomKey.create(tmp_path / "keys"), origin="jali.example/room")
    return Registry(database, log, Parties(log), Datasets(log), Holds(log))
