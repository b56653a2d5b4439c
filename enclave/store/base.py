"""What all tables of the room's store share: one metadata, and times that are aware and UTC."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CursorResult, DateTime, Executable, Table, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Session


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept as naive UTC (SQLite has no zones) and given back aware."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """To the store. Raises ValueError for a naive time, whose meaning nobody knows."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time must be aware")
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """From the store."""
        return value and value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Every table of the room's store, in one metadata."""

    type_annotation_map = {datetime: UtcTime}  # noqa: RUF012  # SQLAlchemy's spelling

    @classmethod
    def table(cls) -> Table:
        """The table itself, for statements that are made once and run at every question.

        Making a statement takes ten times as long as running it, and an object for a row as much again.
        """
        return cls.metadata.tables[cls.__tablename__]


def run(
    session: Session, statement: Executable, given: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement over tables in the session's transaction: thirty run for one question.

    On the connection, because the session would look for objects in it, which takes as long as running it.
    """
    return session.connection().execute(statement, given)
