"""The room in numbers, for the operator: datasets, budgets, agreements, holds, and the log's size."""

from base64 import b64encode
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave import ledger
from enclave.room import Room
from enclave.store.models import AgreementRow, BudgetRow, DatasetRow, HoldRow, Job


def overview(room: Room, session: Session) -> dict[str, Any]:
    """Counts and budgets; nothing of it depends on rows of a dataset. Whether the room is separated and hardened
    only the running room can say: its `/status`, and the front's `/health`."""
    datasets = session.scalars(select(DatasetRow).order_by(DatasetRow.name)).all()
    held = session.scalars(select(HoldRow.target).where(HoldRow.lifted_at.is_(None))).all()
    states = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
    return {
        "datasets": {dataset.name: f"version {dataset.current_version}" for dataset in datasets},
        "budgets": {name: ledger.statement(session, name) for name in session.scalars(select(BudgetRow.name))},
        "agreements": session.scalar(select(func.count()).select_from(AgreementRow)),
        "holds": list(held),
        "jobs": {row[0]: row[1] for row in states},
        "log": {"origin": room.settings.origin, "key": _key_text(room), "entries": room.log.size(session)},
    }


def _key_text(room: Room) -> str:
    """The log's public key, which orders and agreements name."""
    return b64encode(room.log.public_key).decode()
