"""The room's tables: datasets and their versions, parties, agreements, holds, budgets, jobs, invocations.

The log's own tables are in `log_models.py`. Amounts are integers (micro-epsilon, nano-units of a Renyi curve) or
exact decimal texts, never floats. Nothing here holds a row of a dataset; `Job.answer` is already private.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enclave.store.base import Base, Json


class Party(Base):
    """A provider, organization or officer whose public key the operator entered with `enclave trust`."""

    __tablename__ = "party"
    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    key: Mapped[str]
    trusted_at: Mapped[datetime]
    log_index: Mapped[int]


class BudgetRow(Base):
    """One budget (a population's for life, or an agreement's) with the running Renyi curve of what was charged."""

    __tablename__ = "budget"
    name: Mapped[str] = mapped_column(primary_key=True)
    epsilon_micro: Mapped[int]
    delta: Mapped[str]
    selection_delta: Mapped[str]
    spent_curve: Mapped[list[int]] = mapped_column(Json)
    spent_selection: Mapped[str]
    charges: Mapped[int] = mapped_column(default=0)


class DatasetRow(Base):
    """A dataset by name, the population it draws on, and which version answers."""

    __tablename__ = "dataset"
    name: Mapped[str] = mapped_column(primary_key=True)
    population: Mapped[str] = mapped_column(ForeignKey("budget.name"))
    current_version: Mapped[str]


class VersionRow(Base):
    """One load of a dataset. `report` is for provider and operator only; `wrapped_key` is NULL once withdrawn."""

    __tablename__ = "dataset_version"
    dataset: Mapped[str] = mapped_column(ForeignKey("dataset.name"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    loaded: Mapped[dict[str, Any]] = mapped_column(Json)
    report: Mapped[dict[str, Any]] = mapped_column(Json)
    file: Mapped[str]
    wrapped_key: Mapped[bytes | None]
    loaded_at: Mapped[datetime]


class AgreementRow(Base):
    """A signed agreement in its newest version; its terms are read from the signed document, never from columns."""

    __tablename__ = "agreement"
    uid: Mapped[str] = mapped_column(primary_key=True)
    organization: Mapped[str] = mapped_column(index=True)
    dataset: Mapped[str] = mapped_column(ForeignKey("dataset.name"))
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    registered_at: Mapped[datetime]
    log_index: Mapped[int]


class AgreementVersionRow(Base):
    """Every version of an agreement as both parties signed it. Nothing here is ever changed."""

    __tablename__ = "agreement_version"
    uid: Mapped[str] = mapped_column(ForeignKey("agreement.uid"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    registered_at: Mapped[datetime]
    log_index: Mapped[int]


class HoldRow(Base):
    """A hold on an agreement, a dataset or an organization; in force until it is lifted."""

    __tablename__ = "hold"
    id: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    placed_at: Mapped[datetime]
    placed_by: Mapped[str]
    log_index: Mapped[int]
    lifted_at: Mapped[datetime | None]


class Job(Base):
    """One charged plan under one agreement. The unique pair is what makes a second charge impossible."""

    __tablename__ = "job"
    __table_args__ = (UniqueConstraint("agreement", "plan_digest"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    agreement: Mapped[str] = mapped_column(ForeignKey("agreement.uid"))
    plan_digest: Mapped[str]
    loss: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str]  # charged -> answered | withheld
    answer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    intent_index: Mapped[int]
    outcome_index: Mapped[int | None]
    charged_at: Mapped[datetime]


class Invocation(Base):
    """One granted request of one account, for its idempotency key, the daily count and the researcher's history."""

    __tablename__ = "invocation"
    __table_args__ = (
        UniqueConstraint("agreement", "account", "idempotency_key"),
        Index("invocation_by_day", "agreement", "submitted_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(ForeignKey("job.id"))
    agreement: Mapped[str]
    account: Mapped[str]
    idempotency_key: Mapped[str]
    request_digest: Mapped[str]
    is_charged: Mapped[bool]
    submitted_at: Mapped[datetime]
    log_index: Mapped[int | None]
    sql: Mapped[str]
