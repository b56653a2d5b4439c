"""The room's watch over its own log (Art. 30): new entries -> observations -> alerts, which are entries themselves.

It reads what is committed, some seconds behind, so that no researcher waits for it. After a start it reads the log from
its first entry on: the same log gives the same alerts, and one that stands already is not raised again. Nothing that
it looks at depends on rows: who asked what and when, what it was charged, and what was refused.
"""

import json
import time
from collections.abc import Iterable, Mapping
from threading import Event
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from enclave import reporting
from enclave.misuse import Alert, State, detect
from enclave.observations import SENSITIVE_LEVEL, Observation, observation
from enclave.room import Room
from enclave.store.alert_models import AlertRow
from enclave.store.log_models import Leaf
from enclave.store.models import Invocation
from policies.errors import NotFound

BATCH: Final = 500
PAUSE_SECONDS: Final = 5.0
BREATH_SECONDS: Final = 0.05
"""Between batches, so that a long log is read beside the work and not before it."""
AFTER_FAILURE_SECONDS: Final = 60.0
MOST_SHOWN: Final = 1000

_SINCE: Final = (
    select(Leaf.index, Leaf.body).where(Leaf.index >= bindparam("position")).order_by(Leaf.index).limit(BATCH)
)


class Watch:
    """What was read of the log so far, and what it left behind. Used by one thread."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._state = State()
        self.position = 0

    def step(self) -> bool:
        """Look at the next entries; False where there are none."""
        with self._room.database.reading() as session:
            rows = session.execute(_SINCE, {"position": self.position}).all()
            leaves = {index: json.loads(body) for index, body in rows}
            seen = _observations(self._room, session, leaves)
        alerts: list[Alert] = []
        for one in seen:
            self._state, raised = detect(self._state, one)
            alerts.extend(raised)
        if alerts:
            _raise_alerts(self._room, alerts)
        self.position += len(leaves)
        return bool(leaves)

    def catch_up(self) -> None:
        """Look at all entries that there are."""
        while self.step():
            time.sleep(BREATH_SECONDS)


def keep_watch(room: Room, stop: Event) -> None:
    """Watch until told to stop; what fails is told to the operator, and begun anew."""
    watch, pause = Watch(room), 0.0
    while not stop.wait(pause):
        pause = PAUSE_SECONDS
        try:
            watch.catch_up()
        except Exception as failure:
            # Half a batch may have been counted: only a new beginning counts each entry once.
            room.tell_operator("watch-failed", error=type(failure).__name__, places=reporting.places(failure))
            watch, pause = Watch(room), AFTER_FAILURE_SECONDS


def _observations(room: Room, session: Session, leaves: Mapping[int, Mapping[str, Any]]) -> list[Observation]:
    statements = _statements(session, [leaf["charge"] for leaf in leaves.values() if "charge" in leaf])
    sensitive = {name: _sensitive(room, session, name) for name in {leaf.get("dataset") for leaf in leaves.values()}}
    seen = (
        observation(
            index,
            leaf,
            statements=statements.get(leaf.get("charge"), ()),
            sensitive=sensitive[leaf.get("dataset")],
        )
        for index, leaf in leaves.items()
    )
    return [one for one in seen if one is not None]


def _statements(session: Session, charges: Iterable[str]) -> dict[Any, list[str]]:
    """The statements that were charged, by charge (which is the job's id)."""
    rows = session.execute(
        select(Invocation.job, Invocation.sql).where(Invocation.job.in_(list(charges)), Invocation.is_charged)
    )
    return {job: sql.split("\n;\n") for job, sql in rows}


def _sensitive(room: Room, session: Session, dataset: Any) -> frozenset[str]:
    """The columns that the dataset's card grades as sensitive, by today's card."""
    try:
        card = room.datasets.get(session, str(dataset)).card
    except NotFound:
        return frozenset()
    return frozenset(
        f"{table.name}.{column.name}"
        for table in card.tables
        for column in table.columns
        if table.level_of(column) >= SENSITIVE_LEVEL
    )


def _raise_alerts(room: Room, alerts: list[Alert]) -> None:
    """Enter the alerts that don't stand yet: a leaf and a row each, in one transaction."""
    with room.database.writing() as session:
        for alert in alerts:
            known = select(AlertRow).where(
                AlertRow.rule == alert.rule, AlertRow.subject == alert.subject, AlertRow.entry == alert.index
            )
            if session.scalars(known).first() is None:
                index = room.log.append(session, _leaf(alert, room.clock().isoformat()))
                session.add(AlertRow(log_index=index, rule=alert.rule, subject=alert.subject, entry=alert.index))


def _leaf(alert: Alert, now: str) -> dict[str, Any]:
    figures = {"count": alert.count, "threshold": alert.threshold, "seconds": alert.seconds}
    about = {"rule": alert.rule, alert.per: alert.subject, "window_seconds": alert.window_seconds}
    column = {} if alert.column is None else {"column": alert.column}
    acted = {"kind": "act", "act": "alert", "by": "room", "time": now}
    return acted | about | figures | column | {"entries": list(alert.evidence)}


def alerts_told(session: Session) -> list[dict[str, Any]]:
    """The newest alerts, newest first, as their leaves say them, each with its place in the log."""
    rows = session.execute(
        select(Leaf.index, Leaf.body)
        .join(AlertRow, AlertRow.log_index == Leaf.index)
        .order_by(Leaf.index.desc())
        .limit(MOST_SHOWN)
    )
    return [_told(index, json.loads(body)) for index, body in rows]


def _told(index: int, leaf: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in leaf.items() if name not in ("format", "kind", "act", "by")}
    return {"log_index": index, **said}
