"""The front's store from scratch."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("organization", sa.String(63), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("prefix", sa.String(8), primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("account_name", sa.String(64), sa.ForeignKey("accounts.name"), nullable=False, index=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime()),
    )
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=False),
        sa.Column("logged_at", sa.DateTime(), index=True),
    )
    op.create_table(
        "files",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
    )
    op.create_table(
        "uploads",
        sa.Column("digest", sa.String(64), sa.ForeignKey("files.digest"), primary_key=True),
        sa.Column("organization", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "matters",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("matter", sa.String(32), nullable=False, index=True),
        sa.Column("dataset", sa.String(63), nullable=False, index=True),
        sa.Column("provider", sa.String(63), nullable=False, index=True),
        sa.Column("applicant", sa.String(63), index=True),
        sa.Column("state", sa.String(32), nullable=False, index=True),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "steps",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("matter", sa.String(32), sa.ForeignKey("matters.id"), nullable=False, index=True),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("log_index", sa.Integer()),
        sa.Column("done_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "work_orders",
        sa.Column("id", sa.String(32), sa.ForeignKey("matters.id"), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
    )
    op.create_table(
        "applications",
        sa.Column("id", sa.String(32), sa.ForeignKey("matters.id"), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime()),
        sa.Column("decided_at", sa.DateTime()),
        sa.Column("document", sa.JSON()),
        sa.Column("agreement", sa.String(100), index=True),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.String(32), sa.ForeignKey("matters.id"), primary_key=True),
        sa.Column("agreement", sa.String(100), nullable=False, index=True),
        sa.Column("due_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "petitions",
        sa.Column("id", sa.String(32), sa.ForeignKey("matters.id"), primary_key=True),
        sa.Column("code", sa.LargeBinary(32), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("agreement", sa.String(100)),
        sa.Column("feedback", sa.String()),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(32), sa.ForeignKey("petitions.id"), primary_key=True),
        sa.Column("right", sa.String(32), nullable=False),
        sa.Column("hold", sa.Integer()),
        sa.Column("version", sa.String(16)),
    )
    op.create_table(
        "entries",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("work_order", sa.String(32), sa.ForeignKey("work_orders.id"), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "calendars",
        sa.Column("year", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("calendar", sa.JSON(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(), nullable=False),
    )
