"""Alerts, and the way from a charged job to the request that asked for it."""

import sqlalchemy as sa
from alembic import op

from enclave.store.base import Whole

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "alert",
        sa.Column("log_index", Whole, autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("entry", Whole, nullable=False),
        sa.PrimaryKeyConstraint("log_index"),
        sa.UniqueConstraint("rule", "subject", "entry"),
    )
    op.create_index("invocation_of_job", "invocation", ["job"])
