"""The front's settings, read from the environment once. None of them is a key or a path of the room, but its socket.

The public address is a setting because a request's Host header is what its sender writes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Settings:
    """Where the front keeps its state and where the room listens."""

    home: Path
    room_socket: Path
    public_url: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Settings from JALI_FRONT_HOME and JALI_ROOM_SOCKET (places under JALI_HOME, `var`), and JALI_PUBLIC_URL."""
        found = os.environ if environment is None else environment
        home = Path(found.get("JALI_HOME") or "var")
        return cls(
            home=Path(found.get("JALI_FRONT_HOME") or home / "front").absolute(),
            room_socket=Path(found.get("JALI_ROOM_SOCKET") or home / "run" / "room.sock").absolute(),
            public_url=(found.get("JALI_PUBLIC_URL") or "").rstrip("/"),
        )

    @property
    def database(self) -> Path:
        """The front's SQLite file."""
        return self.home / "front.db"
