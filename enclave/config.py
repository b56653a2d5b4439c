"""The room's settings, read once from its environment.

Every setting has a safe default; there is none that switches noise, charging or release slots off.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from enclave.postgresql import PostgresUrl, StoreRefused
from policies.errors import Reason, Unavailable

DEFAULT_HOME = "var"
LEAST_MEMORY_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Settings:
    """Where the room lives and who may talk to it.

    `home` holds store, keys and datasets (0700). `allowed_uids` are the uids whose processes may use the socket.
    `separation` says whether room and front have uids of their own; it is shown in status as it is.
    `store_url` is where the store is, if not in a file under `home`; it may hold a password.
    `lanes` is how many queries may run at once; `memory_bytes` what one of them may use.
    """

    home: Path
    socket: Path
    allowed_uids: frozenset[int]
    separation: str
    lanes: int
    memory_bytes: int
    origin: str
    open_files: Path
    store_url: PostgresUrl | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of this process. JALI_HOME is shared by room and front; the room's part is `room/`.

        Raises Unavailable for a setting that is no number or no address.
        """
        base = Path(environment.get("JALI_HOME", DEFAULT_HOME)).absolute()
        uids = environment.get("JALI_ALLOWED_UIDS", str(os.geteuid()))
        return cls(
            home=Path(environment.get("JALI_ROOM_HOME", str(base / "room"))),
            socket=Path(environment.get("JALI_ROOM_SOCKET", str(base / "run" / "room.sock"))),
            allowed_uids=frozenset(_number("JALI_ALLOWED_UIDS", uid, least=0) for uid in uids.split(",") if uid),
            separation=environment.get("JALI_SEPARATION", "not separated: room and front were not started by serve"),
            lanes=_number("JALI_LANES", environment.get("JALI_LANES", str(default_lanes())), least=1),
            memory_bytes=_number(
                "JALI_QUERY_MEMORY_BYTES",
                environment.get("JALI_QUERY_MEMORY_BYTES", str(2 * 2**30)),
                least=LEAST_MEMORY_BYTES,
            ),
            origin=environment.get("JALI_LOG_ORIGIN", "jali.local/room"),
            open_files=Path(environment.get("JALI_OPEN_FILES", str(base / "open"))),
            store_url=_address(environment.get("JALI_STORE_URL")),
        )

    @property
    def store(self) -> Path | PostgresUrl:
        """The room's database: a SQLite file, unless an address was given."""
        return self.store_url or self.home / "room.sqlite"

    @property
    def is_made(self) -> bool:
        """Whether there is a room here."""
        return self.store.exists() if isinstance(self.store, Path) else self.keys.exists()

    @property
    def keys(self) -> Path:
        """The folder of the room's keys; never part of a back-up of the store."""
        return self.home / "keys"

    @property
    def datasets(self) -> Path:
        """The folder of the encrypted dataset files."""
        return self.home / "datasets"


def default_lanes() -> int:
    """As many as don't share cores: on the same cores two at a time are done no sooner than one after the other.

    Every query has two threads.
    """
    return max(1, len(os.sched_getaffinity(0)) // 2)


def _address(given: str | None) -> PostgresUrl | None:
    try:
        return PostgresUrl.parse(given) if given else None
    except StoreRefused as error:
        reason = Reason("setting", str(error), "JALI_STORE_URL")
        raise Unavailable("a setting of the room is wrong", (reason,)) from None


def _number(name: str, text: str, *, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least):
        reason = Reason("setting", f"must be a whole number of at least {least}", name)
        raise Unavailable("a setting of the room is wrong", (reason,))
    return int(text)
