"""The room's tables of what follows from use: orders, violations, withdrawals, reports (Art. 29, 31, 32)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from enclave.store.base import Base, Json


class OrderRow(Base):
    """A signed order as it was carried out; its digest makes that it takes effect once."""

    __tablename__ = "signed_order"
    digest: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    carried_out_at: Mapped[datetime]
    log_index: Mapped[int]


class ViolationRow(Base):
    """A violation of an organization; its measure is in force until it is ended, the record stays."""

    __tablename__ = "violation"
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organization: Mapped[str] = mapped_column(index=True)
    stated: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WithdrawalRow(Base):
    """A dataset that was withdrawn: its keys are destroyed, for good."""

    __tablename__ = "withdrawal"
    dataset: Mapped[str] = mapped_column(ForeignKey("dataset.name"), primary_key=True)
    reason: Mapped[str]
    withdrawn_by: Mapped[str]
    withdrawn_at: Mapped[datetime]
    log_index: Mapped[int]


class ReportRow(Base):
    """The utilization report of a period (Art. 29), known by when it was due: its state, and its text's digest."""

    __tablename__ = "report"
    agreement: Mapped[str] = mapped_column(ForeignKey("agreement.uid"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str]
    digest: Mapped[str]
    changed_at: Mapped[datetime]
    log_index: Mapped[int]
