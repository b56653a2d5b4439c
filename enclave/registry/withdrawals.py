"""Withdrawn datasets (Art. 31): no version of them opens again, and nobody can undo it.

What commits with the leaf is that the dataset is withdrawn, and that its wrapped keys are gone from the store. What the
vault and the disk hold is destroyed after the commit, and again at every start, so that a crash in between leaves
nothing behind.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from enclave.audit.log import Log
from enclave.registry.acts import append_act
from enclave.store.base import run
from enclave.store.models import DatasetRow, VersionRow
from enclave.store.sanction_models import WithdrawalRow
from policies.errors import CardRejected, NotFound, Reason

_WITHDRAWALS = WithdrawalRow.table()
_WITHDRAWN_AT: Final = select(_WITHDRAWALS.c.log_index).where(_WITHDRAWALS.c.dataset == bindparam("wanted"))


class Withdrawals:
    """What was withdrawn."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def withdraw(self, session: Session, *, dataset: str, reason: str, by: str, now: datetime, **facts: str) -> int:
        """Withdraw every version of a dataset. Raises NotFound when there is none, or it was withdrawn before."""
        if session.get(DatasetRow, dataset) is None or self.position(session, dataset) is not None:
            raise NotFound(f"no dataset {dataset!r} that could be withdrawn")
        # The report's figures are exact, and of no use without the data.
        session.execute(update(VersionRow).where(VersionRow.dataset == dataset).values(wrapped_key=None, report={}))
        index = append_act(self._log, session, "withdrawal", by=by, now=now, target=dataset, reason=reason, **facts)
        session.add(WithdrawalRow(dataset=dataset, reason=reason, withdrawn_by=by, withdrawn_at=now, log_index=index))
        return index

    def position(self, session: Session, dataset: str) -> int | None:
        """Where the log has a dataset's withdrawal; None while it is not withdrawn."""
        found: int | None = run(session, _WITHDRAWN_AT, {"wanted": dataset}).scalar()
        return found

    def check_loadable(self, session: Session, dataset: str) -> None:
        """Raise CardRejected for a dataset that was withdrawn: its name, and what was said under it, stay its own."""
        if self.position(session, dataset) is not None:
            message = "a dataset of this name was withdrawn; what is opened after processing has a name of its own"
            raise CardRejected("the dataset was withdrawn", (Reason("withdrawn", message, "name"),))

    def files(self, session: Session) -> dict[str, list[str]]:
        """The names of the files of what was withdrawn, by dataset."""
        rows = session.execute(
            select(VersionRow.dataset, VersionRow.file).join(WithdrawalRow, VersionRow.dataset == WithdrawalRow.dataset)
        ).all()
        return {dataset: [file for owner, file in rows if owner == dataset] for dataset, _ in rows}
