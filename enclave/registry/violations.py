"""Violations by organizations and what is in force against them (Art. 32); each change is a leaf."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from enclave.audit.log import Log
from enclave.registry.acts import append_act
from enclave.store.base import run
from enclave.store.sanction_models import ViolationRow
from policies.errors import NotFound
from policies.violations import Violation, read_violation

_VIOLATIONS = ViolationRow.table()
_IN_FORCE: Final = (
    select(_VIOLATIONS.c.stated)
    .where(_VIOLATIONS.c.organization == bindparam("wanted"), _VIOLATIONS.c.ended_at.is_(None))
    .order_by(_VIOLATIONS.c.log_index)
)


class Violations:
    """Who broke the rules, and what is done about it."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def record(
        self, session: Session, violation: Violation, *, reason: str, by: str, now: datetime, **facts: str
    ) -> int:
        """Record a violation; its measure counts from this leaf on."""
        stated = violation.to_json()
        index = append_act(
            self._log, session, "violation", by=by, now=now, target=violation.organization, reason=reason,
            **stated, **facts,
        )  # fmt: skip
        session.add(
            ViolationRow(
                log_index=index,
                organization=violation.organization,
                stated=stated,
                reason=reason,
                recorded_by=by,
                recorded_at=now,
                ended_at=None,
            )
        )
        return index

    def end(
        self,
        session: Session,
        *,
        organization: str,
        recorded_at: int,
        reason: str,
        by: str,
        now: datetime,
        **facts: str,
    ) -> int:
        """End the measure of the violation that the log has at `recorded_at`. Raises NotFound when none is in force."""
        row = session.get(ViolationRow, recorded_at)
        if row is None or row.organization != organization or row.ended_at is not None:
            raise NotFound(f"the log has no violation of {organization!r} at {recorded_at} whose measure is in force")
        row.ended_at = now
        named = {"target": organization, "violations": [recorded_at], "reason": reason}
        return append_act(self._log, session, "end-violation", by=by, now=now, **named, **facts)

    def in_force(self, session: Session, organization: str) -> list[Violation]:
        """The violations of an organization whose measures are in force."""
        return [
            read_violation(organization, stated)
            for stated in run(session, _IN_FORCE, {"wanted": organization}).scalars()
        ]

    def all(self, session: Session, *, published_only: bool) -> list[dict[str, Any]]:
        """The record, newest first."""
        rows = session.scalars(select(ViolationRow).order_by(ViolationRow.log_index.desc()))
        return [_line(row) for row in rows if row.stated["is_published"] or not published_only]


def _line(row: ViolationRow) -> dict[str, Any]:
    return {
        **row.stated,
        "organization": row.organization,
        "reason": row.reason,
        "recorded_at": row.recorded_at.isoformat(),
        "ended_at": row.ended_at and row.ended_at.isoformat(),
        "log_index": row.log_index,
    }
