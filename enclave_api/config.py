"""The front's settings, read from the environment once. None of them is a key or a path of the room, but its socket.

The public address is a setting because a request's Host header is what its sender writes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from enclave.postgresql import PostgresUrl, StoreRefused
from policies.errors import Reason, Unavailable


@dataclass(frozen=True)
class Settings:
    """Where the front keeps its state, where the room listens, and where files of unconditionally open data lie.

    `store_url` may hold a password.
    """

    home: Path
    room_socket: Path
    open_files: Path
    public_url: str = ""
    store_url: PostgresUrl | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Settings from JALI_FRONT_HOME and JALI_ROOM_SOCKET (places under JALI_HOME, `var`), and JALI_PUBLIC_URL.

        The store is a file, or where JALI_FRONT_STORE_URL says. Raises Unavailable where that is no address.
        """
        found = os.environ if environment is None else environment
        home = Path(found.get("JALI_HOME") or "var")
        return cls(
            home=Path(found.get("JALI_FRONT_HOME") or home / "front").absolute(),
            room_socket=Path(found.get("JALI_ROOM_SOCKET") or home / "run" / "room.sock").absolute(),
            open_files=Path(found.get("JALI_OPEN_FILES") or home / "open").absolute(),
            public_url=(found.get("JALI_PUBLIC_URL") or "").rstrip("/"),
            store_url=_address(found.get("JALI_FRONT_STORE_URL")),
        )

    @property
    def database(self) -> Path | PostgresUrl:
        """The front's database: a SQLite file, unless an address was given."""
        return self.store_url or self.home / "front.db"


def _address(given: str | None) -> PostgresUrl | None:
    try:
        return PostgresUrl.parse(given) if given else None
    except StoreRefused as error:
        reason = Reason("setting", str(error), "JALI_FRONT_STORE_URL")
        raise Unavailable("a setting of the front is wrong", (reason,)) from None
