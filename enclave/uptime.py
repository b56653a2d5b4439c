"""Whether the room served, minute by minute, for the operation report (Art. 38): counted in its store while it runs."""

from datetime import datetime, timedelta
from threading import Event
from typing import Final

from sqlalchemy import select

from enclave import reporting
from enclave.room import Room
from enclave.store.alert_models import ServedRow

_MINUTE: Final = timedelta(minutes=1)
_LOOK_SECONDS: Final = 20.0  # three times a minute, so that none is missed


def keep_count(room: Room, stop: Event) -> None:
    """Count minutes until told to stop; what fails is told to the operator, and tried again."""
    pause = 0.0
    while not stop.wait(pause):
        pause = _LOOK_SECONDS
        try:
            count_minute(room)
        except Exception as failure:
            room.tell_operator("uptime-failed", error=type(failure).__name__, places=reporting.places(failure))


def count_minute(room: Room) -> None:
    """Note that the room serves in this minute."""
    now = room.clock()
    hour, bit = now.replace(minute=0, second=0, microsecond=0), 1 << now.minute
    with room.database.reading() as session:
        row = session.get(ServedRow, hour)
        if row is not None and row.minutes & bit:
            return
    with room.database.writing() as session:
        row = session.get(ServedRow, hour)
        session.merge(ServedRow(hour=hour, minutes=bit | (row.minutes if row else 0)))


def served_minutes(room: Room, begins: datetime, ends: datetime) -> int:
    """In how many minutes from `begins` until just before `ends` the room served; both are full minutes."""
    first = begins.replace(minute=0)
    rows = select(ServedRow.hour, ServedRow.minutes).where(ServedRow.hour >= first, ServedRow.hour < ends)
    with room.database.reading() as session:
        hours = session.execute(rows).all()
    return sum((minutes & _within(hour, begins, ends)).bit_count() for hour, minutes in hours)


def _within(hour: datetime, begins: datetime, ends: datetime) -> int:
    """The minutes of an hour that lie in a period."""
    from_minute = max(0, (begins - hour) // _MINUTE)
    to_minute = min(60, (ends - hour) // _MINUTE)
    return (1 << max(to_minute, 0)) - 1 & ~((1 << from_minute) - 1)
