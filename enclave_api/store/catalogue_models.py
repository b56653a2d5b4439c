"""The front's tables of the open list: entries in all their versions, uploads, published working calendars."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enclave_api.store.models import Base, UTCTime


class EntryRow(Base):
    """A version of an entry; the newest is listed, earlier ones stay on record (Art. 10)."""

    __tablename__ = "entries"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card: Mapped[dict[str, Any]] = mapped_column(JSON)
    work_order: Mapped[str] = mapped_column(ForeignKey("work_orders.id"))
    published_at: Mapped[datetime] = mapped_column(UTCTime)


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


class CalendarRow(Base):
    """A year's working calendar as the operator loaded it (Art. 19): what the State Council published."""

    __tablename__ = "calendars"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    calendar: Mapped[dict[str, Any]] = mapped_column(JSON)
    loaded_at: Mapped[datetime] = mapped_column(UTCTime)
