"""The tables of what the room watches: alerts, so that none is raised twice, and the minutes in which it served."""

from datetime import datetime

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


class ServedRow(Base):
    """An hour in which the room served: one bit for each of its minutes."""

    __tablename__ = "served"
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    minutes: Mapped[int]
