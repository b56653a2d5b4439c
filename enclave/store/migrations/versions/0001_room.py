"""The room's store from scratch."""

import sqlalchemy as sa
from alembic import op

from enclave.store.base import Json, UtcTime, Whole

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "budget",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("epsilon_micro", Whole, nullable=False),
        sa.Column("delta", sa.String(), nullable=False),
        sa.Column("selection_delta", sa.String(), nullable=False),
        sa.Column("spent_curve", Json, nullable=False),
        sa.Column("spent_selection", sa.String(), nullable=False),
        sa.Column("charges", Whole, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "hold",
        sa.Column("id", Whole, nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_at", UtcTime(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("log_index", Whole, nullable=False),
        sa.Column("lifted_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_hold_target"), "hold", ["target"], unique=False)
    op.create_table(
        "log_checkpoint",
        sa.Column("size", Whole, autoincrement=False, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "log_leaf",
        sa.Column("index", Whole, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index"),
    )
    op.create_table(
        "log_node",
        sa.Column("level", Whole, autoincrement=False, nullable=False),
        sa.Column("index", Whole, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "party",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("trusted_at", UtcTime(), nullable=False),
        sa.Column("log_index", Whole, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "dataset",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("population", sa.String(), nullable=False),
        sa.Column("current_version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["population"],
            ["budget.name"],
        ),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "agreement",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("document", Json, nullable=False),
        sa.Column("registered_at", UtcTime(), nullable=False),
        sa.Column("log_index", Whole, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset"],
            ["dataset.name"],
        ),
        sa.PrimaryKeyConstraint("uid"),
    )
    op.create_index(op.f("ix_agreement_organization"), "agreement", ["organization"], unique=False)
    op.create_table(
        "agreement_version",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("version", Whole, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("document", Json, nullable=False),
        sa.Column("registered_at", UtcTime(), nullable=False),
        sa.Column("log_index", Whole, nullable=False),
        sa.ForeignKeyConstraint(
            ["uid"],
            ["agreement.uid"],
        ),
        sa.PrimaryKeyConstraint("uid", "version"),
    )
    op.create_table(
        "dataset_version",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("loaded", Json, nullable=False),
        sa.Column("report", Json, nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("loaded_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset"],
            ["dataset.name"],
        ),
        sa.PrimaryKeyConstraint("dataset", "version"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agreement", sa.String(), nullable=False),
        sa.Column("plan_digest", sa.String(), nullable=False),
        sa.Column("loss", Json, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answer", Json, nullable=True),
        sa.Column("intent_index", Whole, nullable=False),
        sa.Column("outcome_index", Whole, nullable=True),
        sa.Column("charged_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement"],
            ["agreement.uid"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    stands = sa.text("state != 'stopped'")
    op.create_index(
        "job_of_plan", "job", ["agreement", "plan_digest"], unique=True, sqlite_where=stands, postgresql_where=stands
    )
    op.create_table(
        "invocation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("agreement", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("request_digest", sa.String(), nullable=False),
        sa.Column("is_charged", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", UtcTime(), nullable=False),
        sa.Column("log_index", Whole, nullable=True),
        sa.Column("sql", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job"],
            ["job.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("agreement", "account", "idempotency_key"),
    )
    op.create_index("invocation_by_day", "invocation", ["agreement", "submitted_at"], unique=False)
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
    op.create_table(
        "report",
        sa.Column("agreement", sa.String(), sa.ForeignKey("agreement.uid"), primary_key=True),
        sa.Column("due_at", UtcTime(), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("log_index", Whole, nullable=False),
    )
    op.create_table(
        "served",
        sa.Column("hour", UtcTime(), primary_key=True),
        sa.Column("minutes", Whole, nullable=False),
    )
