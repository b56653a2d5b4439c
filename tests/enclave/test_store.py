"""The store: the one migration makes exactly the tables that the models say, and a transaction is whole or nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from enclave.store import alert_models, database as store_module, log_models, models
from enclave.store.base import Base
from enclave.store.database import NEWEST, Database
from tests.both import BOTH, place

STORES = BOTH


def test_the_migration_makes_what_the_models_say(database: Database) -> None:
    database.migrate()  # a second time changes nothing
    with database.reading() as session:
        assert compare_metadata(MigrationContext.configure(session.connection()), Base.metadata) == []
    assert {alert_models.AlertRow.__tablename__, log_models.Leaf.__tablename__, models.Job.__tablename__} <= set(
        Base.metadata.tables
    )


def test_the_newest_revision_is_the_one_that_the_migrations_lead_to() -> None:
    scripts = ScriptDirectory(str(Path(store_module.__file__).parent / "migrations"))
    assert scripts.get_current_head() == NEWEST


def test_what_raises_leaves_no_trace(database: Database) -> None:
    party = models.Party(name="p", role="provider", key="k", trusted_at=datetime.now(UTC), log_index=0)
    with pytest.raises(RuntimeError), database.writing() as session:
        session.add(party)
        session.flush()
        raise RuntimeError
    with database.reading() as session:
        assert session.get(models.Party, "p") is None


def test_times_are_aware_and_come_back_as_utc(database: Database) -> None:
    now = datetime.now(UTC)
    with database.writing() as session:
        session.add(models.Party(name="p", role="provider", key="k", trusted_at=now, log_index=0))
    with database.reading() as session:
        assert session.get_one(models.Party, "p").trusted_at == now
    naive = models.Party(name="q", role="provider", key="k", trusted_at=datetime(2026, 1, 1), log_index=0)
    with pytest.raises(Exception, match="aware"), database.writing() as session:
        session.add(naive)


def test_who_writes_waits_for_the_other_and_then_sees_what_it_wrote(
    database: Database, store_url: str | None, tmp_path: Path
) -> None:
    """As two processes, of which one is about to charge a budget: a snapshot from before the wait is too old."""
    other = Database(place(store_url, tmp_path / "room.sqlite"))
    for number in range(2):  # the second time on connections that are open
        with ThreadPoolExecutor(1) as threads:
            with database.writing() as session:
                before = read_names(session)
                waiting = threads.submit(names, other)
                with pytest.raises(TimeoutError):
                    waiting.result(0.2)
                session.add(party(f"p{number}"))
            assert waiting.result(20) == [*before, f"p{number}"]
    other.close()


def test_who_reads_sees_one_state_and_waits_for_nobody(database: Database) -> None:
    with database.reading() as session:
        assert read_names(session) == []
        with database.writing() as writer:
            writer.add(party("p"))
        assert read_names(session) == []
    with database.reading() as session:
        assert read_names(session) == ["p"]


def test_numbers_are_wider_than_32_bits_and_json_is_what_was_written(database: Database) -> None:
    given = {"文": "\0\u2028", "n": [1.5, 2**60, None, 1e-300]}
    with database.writing() as session:
        wide = models.BudgetRow(
            name="b", epsilon_micro=2**40, delta="0", selection_delta="0", spent_curve=[2**62], spent_selection="0"
        )
        session.add(wide)
        session.flush()
        session.add(models.DatasetRow(name="d", population="b", current_version="1"))
        session.flush()
        session.add(
            models.AgreementRow(
                uid="u", organization="o", dataset="d", document=given, registered_at=datetime.now(UTC), log_index=2**40
            )
        )
    with database.reading() as session:
        budget, agreement = session.get_one(models.BudgetRow, "b"), session.get_one(models.AgreementRow, "u")
        assert (budget.epsilon_micro, budget.spent_curve, agreement.log_index) == (2**40, [2**62], 2**40)
        assert agreement.document == given
        text = select(type_coerce(models.AgreementRow.document, String))
        assert session.scalar(text) == json.dumps(given)


def party(name: str) -> models.Party:
    return models.Party(name=name, role="provider", key="k", trusted_at=datetime.now(UTC), log_index=0)


def read_names(session: Session) -> list[str]:
    return list(session.scalars(select(models.Party.name).order_by(models.Party.name)))


def names(database: Database) -> list[str]:
    with database.writing() as session:
        return read_names(session)
