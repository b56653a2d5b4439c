"""Holds on agreements, datasets, organizations or accounts; in force until they are lifted (Art. 31, 32)."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from enclave.audit.log import Log
from enclave.registry.acts import append_act
from enclave.store.base import run
from enclave.store.models import HoldRow
from policies.authorization import Hold
from policies.errors import NotFound

_HOLDS = HoldRow.table()
_IN_FORCE: Final = select(_HOLDS.c.target, _HOLDS.c.reason).where(_HOLDS.c.lifted_at.is_(None))
_POSITIONS: Final = (
    select(_HOLDS.c.log_index)
    .where(_HOLDS.c.lifted_at.is_(None), _HOLDS.c.target.in_(bindparam("names", expanding=True)))
    .order_by(_HOLDS.c.log_index)
)


class Holds:
    """What is stopped, and why."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def place(self, session: Session, *, target: str, reason: str, by: str, now: datetime) -> int:
        """Place a hold on an agreement, a dataset or an organization; it bites at the next decision."""
        index = append_act(self._log, session, "hold", by=by, now=now, target=target, reason=reason)
        session.add(HoldRow(target=target, reason=reason, placed_at=now, placed_by=by, log_index=index, lifted_at=None))
        return index

    def lift(self, session: Session, *, target: str, by: str, now: datetime) -> int:
        """Lift every hold in force on a target, naming each in the leaf. Raises NotFound when there is none."""
        rows = select(HoldRow).where(HoldRow.target == target, HoldRow.lifted_at.is_(None)).order_by(HoldRow.log_index)
        found = session.scalars(rows).all()
        if not found:
            raise NotFound(f"no hold in force on {target!r}")
        for row in found:
            row.lifted_at = now
        lifted = [row.log_index for row in found]
        return append_act(self._log, session, "lift", by=by, now=now, target=target, holds=lifted)

    def in_force(self, session: Session) -> tuple[Hold, ...]:
        """The holds in force, on whatever they are; `decide` picks those that touch an act."""
        return tuple(Hold(target=target, reason=reason) for target, reason in run(session, _IN_FORCE))

    def positions(self, session: Session, names: Collection[str]) -> list[int]:
        """Where the log holds the holds in force on any of these names."""
        return list(run(session, _POSITIONS, {"names": sorted(names)}).scalars())
