"""The front's tables. Times are aware, in UTC; secrets are not here, only their digests."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, LargeBinary, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UTCTime(TypeDecorator[datetime]):
    """An aware time; SQLite forgets zones, so it is stored in UTC and comes back aware."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC without zone. A naive time raises: nobody knows which instant it is."""
        if value is not None and value.tzinfo is None:
            raise ValueError("times must be aware")
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Back to an aware time."""
        return value and value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Root of the front's tables."""


class AccountRow(Base):
    """Who may sign in, in which role, for which organization."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(32))
    organization: Mapped[str] = mapped_column(String(63))
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    tokens: Mapped[list["TokenRow"]] = relationship(back_populates="account", order_by="TokenRow.created_at")


class TokenRow(Base):
    """A bearer token: its public prefix, the digest of its secret, and until when it holds."""

    __tablename__ = "tokens"

    prefix: Mapped[str] = mapped_column(String(8), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    account_name: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    expires_at: Mapped[datetime] = mapped_column(UTCTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCTime)
    account: Mapped[AccountRow] = relationship(back_populates="tokens", lazy="joined", innerjoin=True)


class ActRow(Base):
    """An act of the front (Art. 26): it waits here until the room has logged it, and is kept after."""

    __tablename__ = "acts"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    actor: Mapped[dict[str, Any]] = mapped_column(JSON)
    act: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    done_at: Mapped[datetime] = mapped_column(UTCTime)
    logged_at: Mapped[datetime | None] = mapped_column(UTCTime, index=True)
