"""The room's half of the operation report (Art. 38): what the log says, uptime, budgets, what is in force."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from enclave import ledger
from enclave.room import Room
from enclave.store.models import BudgetRow
from enclave.uptime import served_minutes
from policies.errors import Reason, RequestRejected
from policies.operation import operation_facts
from policies.terms import read_time


def facts(room: Room, begins: str, ends: str) -> dict[str, Any]:
    """The figures from `begins` until just before `ends`, UTC times as text. Raises RequestRejected."""
    first, last = _period(begins, ends)
    now = min(last, room.clock().replace(second=0, microsecond=0))
    with room.database.reading() as session:
        leaves = (json.loads(body) for _, body in room.log.bodies(session))
        told = operation_facts(leaves, begins=first, ends=last)
        budgets = {name: ledger.statement(session, name) for name in session.scalars(select(BudgetRow.name))}
        in_force = len(room.holds.all(session))
        violations = len(room.violations.all(session, published_only=False))
    minutes = max(int((now - first).total_seconds()) // 60, 0)
    return {
        **asdict(told),
        "minutes": minutes,
        "minutes_served": min(served_minutes(room, first, now), minutes),
        "budgets": {name: spent for name, spent in budgets.items() if not ledger.is_agreement(name)},
        "agreements": sum(map(ledger.is_agreement, budgets)),
        "holds_in_force": in_force,
        "violations_on_record": violations,
    }


def _period(begins: str, ends: str) -> tuple[datetime, datetime]:
    try:
        first, last = read_time(begins), read_time(ends)
    except ValueError as fault:
        raise RequestRejected("the period can't be read", (Reason("wrong-value", str(fault), "begins"),)) from None
    if not first < last or (first.second, last.second) != (0, 0):
        reason = Reason("wrong-value", "a period is of full minutes, and ends after it begins", "ends")
        raise RequestRejected("the period can't be read", (reason,))
    return first, last
