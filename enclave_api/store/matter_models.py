"""The front's tables of matters: whatever is submitted, worked on by several and decided, each with its history.

Work orders, applications, infringement cases: every one is a row of `matters` in a state of its machine, its steps in
`steps`, and what only its kind has in a table of its own (joined-table inheritance).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from enclave_api.store.models import Base, UTCTime


class MatterRow(Base):
    """A matter in its present state: of which dataset, whose provider works on it, and which organization asks."""

    __tablename__ = "matters"
    __mapper_args__ = {"polymorphic_on": "matter"}  # noqa: RUF012  # SQLAlchemy's spelling

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    matter: Mapped[str] = mapped_column(String(32), index=True)
    dataset: Mapped[str] = mapped_column(String(63), index=True)
    provider: Mapped[str] = mapped_column(String(63), index=True)
    applicant: Mapped[str | None] = mapped_column(String(63), index=True)
    state: Mapped[str] = mapped_column(String(32), index=True)
    opened_at: Mapped[datetime] = mapped_column(UTCTime)
    steps: Mapped[list["StepRow"]] = relationship(order_by="StepRow.id", lazy="selectin")

    def last(self, *acts: str) -> "StepRow | None":
        """The newest step that was one of these acts, or None."""
        return next((step for step in reversed(self.steps) if step.act in acts), None)


class StepRow(Base):
    """One act on a matter: by whom, when, why; what was handed in with it, and where the room's log has its order."""

    __tablename__ = "steps"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    matter: Mapped[str] = mapped_column(ForeignKey("matters.id"), index=True)
    act: Mapped[str] = mapped_column(String(32))
    account: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    log_index: Mapped[int | None]
    done_at: Mapped[datetime] = mapped_column(UTCTime)


class WorkOrderRow(MatterRow):
    """A work order (Art. 10, 11); what it asks for is its newest submission."""

    __tablename__ = "work_orders"
    __mapper_args__ = {"polymorphic_identity": "work-order", "polymorphic_load": "selectin"}  # noqa: RUF012

    id: Mapped[str] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))


class ApplicationRow(MatterRow):
    """An application (Art. 18, 19). The provider's time runs from `accepted_at` on; `decided_at` ends it.

    `version` is the entry's when it was handed in, `document` the agreement that an approval drafted, with the
    signatures that are under it so far, `agreement` its uid once the room has registered it.
    """

    __tablename__ = "applications"
    __mapper_args__ = {"polymorphic_identity": "application", "polymorphic_load": "selectin"}  # noqa: RUF012

    id: Mapped[str] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    version: Mapped[int]
    accepted_at: Mapped[datetime | None] = mapped_column(UTCTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCTime)
    document: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    agreement: Mapped[str | None] = mapped_column(String(100), index=True)


class ReportRow(MatterRow):
    """A utilization report (Art. 29), from its first filing on: of which agreement, on which period."""

    __tablename__ = "reports"
    __mapper_args__ = {"polymorphic_identity": "report", "polymorphic_load": "selectin"}  # noqa: RUF012

    id: Mapped[str] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    agreement: Mapped[str] = mapped_column(String(100), index=True)
    due_at: Mapped[datetime] = mapped_column(UTCTime)


class PetitionRow(MatterRow):
    """What somebody brought forward: what they say, what shows it, and the feedback that they get.

    The code by which they read it is kept as a digest. What they wrote is not for the log.
    """

    __tablename__ = "petitions"
    __mapper_args__ = {"polymorphic_abstract": True}  # noqa: RUF012

    id: Mapped[str] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    code: Mapped[bytes] = mapped_column(LargeBinary(32))
    statement: Mapped[str]
    evidence: Mapped[str]
    contact: Mapped[str]
    agreement: Mapped[str | None] = mapped_column(String(100))
    feedback: Mapped[str | None]


class ObjectionRow(PetitionRow):
    """Somebody finds the data wrong (Art. 16)."""

    __mapper_args__ = {"polymorphic_identity": "objection", "polymorphic_load": "selectin"}  # noqa: RUF012


class DatasetRequestRow(PetitionRow):
    """Somebody asks for a dataset that is not listed (Art. 6)."""

    __mapper_args__ = {"polymorphic_identity": "dataset-request", "polymorphic_load": "selectin"}  # noqa: RUF012


class MisuseReportRow(PetitionRow):
    """Somebody reports that data are misused (Art. 30)."""

    __mapper_args__ = {"polymorphic_identity": "misuse-report", "polymorphic_load": "selectin"}  # noqa: RUF012


class SpotCheckRow(PetitionRow):
    """A supervisor asks an organization how it uses the data (Art. 29)."""

    __mapper_args__ = {"polymorphic_identity": "spot-check", "polymorphic_load": "selectin"}  # noqa: RUF012


class CaseRow(PetitionRow):
    """An infringement case (Art. 31): `hold` is where the room's log has its hold.

    `version` is the dataset's when it was suspended.
    """

    __tablename__ = "cases"
    __mapper_args__ = {"polymorphic_identity": "case", "polymorphic_load": "selectin"}  # noqa: RUF012

    id: Mapped[str] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    right: Mapped[str] = mapped_column(String(32))
    hold: Mapped[int | None]
    version: Mapped[str | None] = mapped_column(String(16))
