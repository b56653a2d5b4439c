"""Infringement cases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("code", sa.LargeBinary(32), nullable=False),
        sa.Column("dataset", sa.String(63), nullable=False, index=True),
        sa.Column("provider", sa.String(63), nullable=False, index=True),
        sa.Column("right", sa.String(32), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False, index=True),
        sa.Column("hold", sa.Integer()),
        sa.Column("version", sa.String(16)),
        sa.Column("feedback", sa.String()),
        sa.Column("reported_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "case_steps",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("case", sa.String(32), sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer()),
        sa.Column("done_at", sa.DateTime(), nullable=False),
    )
