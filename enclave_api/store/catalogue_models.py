"""The front's tables of the open list: entries in all their versions, work orders and their history, uploads."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from enclave_api.store.models import Base, UTCTime


class EntryRow(Base):
    """A version of an entry; the newest is listed, earlier ones stay on record (Art. 10)."""

    __tablename__ = "entries"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card: Mapped[dict[str, Any]] = mapped_column(JSON)
    work_order: Mapped[str] = mapped_column(ForeignKey("work_orders.id"))
    published_at: Mapped[datetime] = mapped_column(UTCTime)


class WorkOrderRow(Base):
    """A work order in its present state; what it asks for is its newest submission."""

    __tablename__ = "work_orders"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    dataset: Mapped[str] = mapped_column(String(63), index=True)
    provider: Mapped[str] = mapped_column(String(63), index=True)
    state: Mapped[str] = mapped_column(String(16))
    submitted_at: Mapped[datetime] = mapped_column(UTCTime)
    steps: Mapped[list["WorkOrderStepRow"]] = relationship(order_by="WorkOrderStepRow.id")


class WorkOrderStepRow(Base):
    """One act on a work order: by whom, when, why; a submission's card and supporting document."""

    __tablename__ = "work_order_steps"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    work_order: Mapped[str] = mapped_column(ForeignKey("work_orders.id"), index=True)
    act: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str]
    card: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    document: Mapped[str | None] = mapped_column(ForeignKey("files.digest"))
    done_at: Mapped[datetime] = mapped_column(UTCTime)


class FileRow(Base):
    """An uploaded file: its bytes lie under their digest; the name is text and never a path."""

    __tablename__ = "files"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]


class UploadRow(Base):
    """Who uploaded a file, for which organization; the same bytes may come from several."""

    __tablename__ = "uploads"

    digest: Mapped[str] = mapped_column(ForeignKey("files.digest"), primary_key=True)
    organization: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    account: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[datetime] = mapped_column(UTCTime)
