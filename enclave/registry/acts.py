"""Acts of the registry as log entries: who did what to what, when."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from enclave.audit.log import Log


def append_act(log: Log, session: Session, act: str, *, by: str, now: datetime, **facts: Any) -> int:
    """The leaf of an act, in the caller's transaction; its index."""
    return log.append(session, {"kind": "act", "act": act, "by": by, "time": now.isoformat(), **facts})
