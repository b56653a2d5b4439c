"""The table of alerts: which log entries are alerts, and what raised each, so that none is raised twice."""

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enclave.store.base import Base


class AlertRow(Base):
    """One alert. What it says stands in its leaf; `entry` is the log entry that completed its evidence."""

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("rule", "subject", "entry"),)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rule: Mapped[str]
    subject: Mapped[str]
    entry: Mapped[int]
