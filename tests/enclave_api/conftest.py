"""A front of its own for each test, with a fake room behind a real socket."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask.testing import FlaskClient

from enclave.postgresql import PostgresUrl
from enclave_api.app import create_app
from enclave_api.config import Settings
from enclave_api.front import Front
from enclave_api.services import accounts
from enclave_api.services.accounts import Account
from tests.enclave_api.fake_room import FakeRoom

OPERATOR = {"account": "root", "role": "operator", "organization": "operator", "vouched_by": "front"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@dataclass
class House:
    settings: Settings
    client: FlaskClient
    front: Front
    room: FakeRoom
    clock: Clock

    def token(self, role: str = "researcher", organization: str = "open-university", *, days: int = 90) -> str:
        name = f"{role}@{organization}"
        if all(account.name != name for account, _ in accounts.everyone(self.front)):
            accounts.create(self.front, Account(name, role, organization), by=OPERATOR)
        return accounts.make_token(self.front, name, days=days, by=OPERATOR)

    def get(self, path: str, token: str | None = None, **more: Any) -> Any:
        return self.client.get(path, headers=bearer(token), **more)

    def post(self, path: str, body: Any, token: str | None = None, **headers: str) -> Any:
        return self.client.post(path, json=body, headers={**bearer(token), **headers})


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@pytest.fixture
def short_path() -> Iterator[Path]:
    # A unix socket's path has 108 bytes at most; pytest's own folders can be longer.
    with TemporaryDirectory(prefix="jali") as folder:
        yield Path(folder)


@pytest.fixture
def house(short_path: Path, store_url: str | None) -> Iterator[House]:
    url = store_url and PostgresUrl.parse(store_url)
    settings = Settings(short_path / "front", short_path / "room.sock", short_path / "open", store_url=url or None)
    room, clock = FakeRoom(), Clock()
    with room.listening(settings.room_socket):
        app = create_app(settings)
        wired = app.extensions["jali"]
        app.extensions["jali"] = front = replace(wired, now=clock)
        yield House(settings, app.test_client(), front, room, clock)
        front.close()
