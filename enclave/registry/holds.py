"""Holds on agreements, datasets, organizations or accounts; in force until they are lifted (Art. 31, 32)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

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

    def place(self, session: Session, *, target: str, reason: str, by: str, now: datetime, **facts: str) -> int:
        """Place a hold on an agreement, a dataset, an organization or an account; it counts from this leaf on."""
        index = append_act(self._log, session, "hold", by=by, now=now, target=target, reason=reason, **facts)
        session.add(HoldRow(target=target, reason=reason, placed_at=now, placed_by=by, log_index=index, lifted_at=None))
        return index

    def lift(
        self,
        session: Session,
        *,
        target: str,
        by: str,
        now: datetime,
        holds: Collection[int] | None = None,
        **facts: str,
    ) -> int:
        """Lift the holds on a target that the log has at `holds`, or all in force; each is named in the leaf.

        Raises NotFound when there is none, or one of them is not in force.
        """
        rows = select(HoldRow).where(HoldRow.target == target, HoldRow.lifted_at.is_(None)).order_by(HoldRow.log_index)
        found = [row for row in session.scalars(rows) if holds is None or row.log_index in holds]
        if not found or (holds is not None and len(found) != len(set(holds))):
            what = "hold" if holds is None else "such hold"
            raise NotFound(f"no {what} in force on {target!r}")
        for row in found:
            row.lifted_at = now
        lifted = [row.log_index for row in found]
        return append_act(self._log, session, "lift", by=by, now=now, target=target, holds=lifted, **facts)

    def all(self, session: Session) -> list[dict[str, Any]]:
        """The holds in force, for those who supervise."""
        rows = session.scalars(select(HoldRow).where(HoldRow.lifted_at.is_(None)).order_by(HoldRow.log_index))
        return [
            {
                "target": row.target,
                "reason": row.reason,
                "by": row.placed_by,
                "placed_at": row.placed_at.isoformat(),
                "log_index": row.log_index,
            }
            for row in rows
        ]

    def in_force(self, session: Session) -> tuple[Hold, ...]:
        """The holds in force, on whatever they are; `decide` picks those that touch an act."""
        return tuple(Hold(target=target, reason=reason) for target, reason in run(session, _IN_FORCE))

    def positions(self, session: Session, names: Collection[str]) -> list[int]:
        """Where the log holds the holds in force on any of these names."""
        return list(run(session, _POSITIONS, {"names": sorted(names)}).scalars())
