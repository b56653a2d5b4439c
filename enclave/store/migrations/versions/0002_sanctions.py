"""Signed orders, violations and withdrawals."""

import sqlalchemy as sa
from alembic import op

from enclave.store.base import Json, UtcTime, Whole

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "signed_order",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("document", Json, nullable=False),
        sa.Column("carried_out_at", UtcTime(), nullable=False),
        sa.Column("log_index", Whole, nullable=False),
    )
    op.create_table(
        "violation",
        sa.Column("log_index", Whole, primary_key=True, autoincrement=False),
        sa.Column("organization", sa.String(), nullable=False, index=True),
        sa.Column("stated", Json, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime()),
    )
    op.create_table(
        "withdrawal",
        sa.Column("dataset", sa.String(), sa.ForeignKey("dataset.name"), primary_key=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", UtcTime(), nullable=False),
        sa.Column("log_index", Whole, nullable=False),
    )
