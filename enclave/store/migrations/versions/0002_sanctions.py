"""Signed orders, violations and withdrawals."""

import sqlalchemy as sa
from alembic import op

import enclave.store.base

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    time = enclave.store.base.UtcTime
    op.create_table(
        "signed_order",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("carried_out_at", time(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
    )
    op.create_table(
        "violation",
        sa.Column("log_index", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("organization", sa.String(), nullable=False, index=True),
        sa.Column("stated", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", time(), nullable=False),
        sa.Column("ended_at", time()),
    )
    op.create_table(
        "withdrawal",
        sa.Column("dataset", sa.String(), sa.ForeignKey("dataset.name"), primary_key=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", time(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
    )
