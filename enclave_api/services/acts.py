"""The front's own acts reach the room's log (Art. 26): noted with the change itself, delivered when the room answers.

An act is noted in the same transaction as the change it tells of, so no change goes without its trace. Delivery is at
least once: after a crash in between an act may be logged twice, which its number (`front_act`) shows; it is never lost.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave.link import RoomSaid, RoomUnreachable
from enclave_api.front import Front
from enclave_api.store.models import ActRow


def note(session: Session, *, actor: Mapping[str, Any], act: str, detail: Mapping[str, Any], now: datetime) -> None:
    """Note an act in the transaction of the change that it tells of."""
    session.add(ActRow(actor=dict(actor), act=act, detail=dict(detail), done_at=now))


def record(front: Front, *, actor: Mapping[str, Any], act: str, detail: Mapping[str, Any]) -> int:
    """Note an act that changes nothing here, and try to deliver. Returns how many acts still wait."""
    with front.store.writing() as session:
        note(session, actor=actor, act=act, detail=detail, now=front.now())
    return deliver(front)


def deliver(front: Front) -> int:
    """Send what waits to the room, oldest first, one sender at a time. Returns how many acts still wait.

    An act that the room refuses stays, and does not keep later ones from the log.
    """
    if not waiting(front):
        return 0
    with front.store.alone("acts"):
        for number in _waiting_numbers(front):
            try:
                _send(front, number)
            except RoomSaid:
                continue
            except RoomUnreachable:
                break
    return waiting(front)


def waiting(front: Front) -> int:
    """How many acts the room has not logged yet."""
    with front.store.reading() as session:
        return session.scalar(select(func.count()).select_from(ActRow).where(ActRow.logged_at.is_(None))) or 0


def _waiting_numbers(front: Front) -> list[int]:
    with front.store.reading() as session:
        return list(session.scalars(select(ActRow.id).where(ActRow.logged_at.is_(None)).order_by(ActRow.id)))


def _send(front: Front, number: int) -> None:
    with front.store.reading() as session:
        row = session.get_one(ActRow, number)
        told = {**row.detail, "front_act": row.id, "done_at": row.done_at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        actor, act = row.actor, row.act
    front.link.record(actor=actor, act=act, detail=told)
    with front.store.writing() as session:
        session.get_one(ActRow, number).logged_at = front.now()
