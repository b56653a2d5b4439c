"""What every story of the front needs: its store, the room's link, and a clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from enclave.link import RoomLink
from enclave_api.config import Settings
from enclave_api.store.database import Store


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Front:
    """The parts that are wired once at start.

    `files` is the folder of uploads, `open_files` that of unconditionally open data, `base` the public address, where
    it is known.
    """

    store: Store
    link: RoomLink
    files: Path
    open_files: Path
    base: str = ""
    now: Callable[[], datetime] = _utc_now

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store, bring its schema up to date, and make a link (which connects when it is used)."""
        store = Store(settings.database)
        store.migrate()
        return cls(
            store, RoomLink(settings.room_socket), settings.home / "files", settings.open_files, settings.public_url
        )

    def close(self) -> None:
        """Close store and link."""
        self.link.close()
        self.store.close()
