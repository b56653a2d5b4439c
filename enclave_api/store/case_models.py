"""The front's tables of infringement cases (Art. 31)."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from enclave_api.store.models import Base, UTCTime


class CaseRow(Base):
    """A case in its present state. The reporter's code is kept as a digest; what they wrote is not for the log.

    `hold` is where the room's log has the case's hold, `version` the dataset's when it was suspended.
    """

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[bytes] = mapped_column(LargeBinary(32))
    dataset: Mapped[str] = mapped_column(String(63), index=True)
    provider: Mapped[str] = mapped_column(String(63), index=True)
    right: Mapped[str] = mapped_column(String(32))
    statement: Mapped[str]
    evidence: Mapped[str]
    contact: Mapped[str]
    state: Mapped[str] = mapped_column(String(32), index=True)
    hold: Mapped[int | None]
    version: Mapped[str | None] = mapped_column(String(16))
    feedback: Mapped[str | None]
    reported_at: Mapped[datetime] = mapped_column(UTCTime)
    steps: Mapped[list["CaseStepRow"]] = relationship(order_by="CaseStepRow.id")


class CaseStepRow(Base):
    """One act on a case: by whom, when, why, and where the room's log has the order that it carried."""

    __tablename__ = "case_steps"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    act: Mapped[str] = mapped_column(String(32))
    account: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str]
    log_index: Mapped[int | None]
    done_at: Mapped[datetime] = mapped_column(UTCTime)
