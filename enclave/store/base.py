"""What all tables of the room's store share: one metadata, times that are aware and UTC, JSON that stays as written."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CursorResult, DateTime, Executable, Integer, Table, Text, TypeDecorator
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


class _JsonText(TypeDecorator[Any]):
    """JSON kept as the text that was written: PostgreSQL's own types would hand out what they read from it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        """To the store; ASCII, so that NUL in a text is an escape, which PostgreSQL can keep."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        """From the store."""
        return None if value is None else json.loads(value)


Json = JSON().with_variant(_JsonText(), "postgresql")
# In SQLite only INTEGER is the rowid itself; elsewhere 32 bits are too few for micro-epsilon and long logs.
Whole = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Every table of the room's store, in one metadata."""

    type_annotation_map = {datetime: UtcTime, int: Whole}  # noqa: RUF012  # SQLAlchemy's spelling

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
