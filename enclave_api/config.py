"""The front's settings, read from the environment once. None of them is a key or a path of the room, but its socket."""

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

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Settings from JALI_FRONT_HOME and JALI_ROOM_SOCKET; both default to places under JALI_HOME (`var`)."""
        found = os.environ if environment is None else environment
        home = Path(found.get("JALI_HOME") or "var")
        return cls(
            home=Path(found.get("JALI_FRONT_HOME") or home / "front").absolute(),
            room_socket=Path(found.get("JALI_ROOM_SOCKET") or home / "run" / "room.sock").absolute(),
        )

    @property
    def database(self) -> Path:
        """The front's SQLite file."""
        return self.home / "front.db"
