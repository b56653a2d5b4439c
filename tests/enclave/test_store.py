"""The store: the one migration makes exactly the tables that the models say, and a transaction is whole or nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from enclave.store import database as store_module, log_models, models
from enclave.store.base import Base
from enclave.store.database import NEWEST, Database


def test_the_migration_makes_what_the_models_say(tmp_path: Path) -> None:
    database = Database(tmp_path / "room.sqlite")
    database.migrate()
    database.migrate()  # a second time changes nothing
    database.close()
    engine = create_engine(f"sqlite:///{tmp_path / 'room.sqlite'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()
    assert {log_models.Leaf.__tablename__, models.Job.__tablename__} <= set(Base.metadata.tables)


def test_the_newest_revision_is_the_one_that_the_migrations_lead_to() -> None:
    scripts = ScriptDirectory(str(Path(store_module.__file__).parent / "migrations"))
    assert scripts.get_current_head() == NEWEST


def test_what_raises_leaves_no_trace(tmp_path: Path) -> None:
    database = Database(tmp_path / "room.sqlite")
    database.migrate()
    party = models.Party(name="p", role="provider", key="k", trusted_at=datetime.now(UTC), log_index=0)
    with pytest.raises(RuntimeError), database.writing() as session:
        session.add(party)
        session.flush()
        raise RuntimeError
    with database.reading() as session:
        assert session.get(models.Party, "p") is None
    database.close()


def test_times_are_aware_and_come_back_as_utc(tmp_path: Path) -> None:
    database = Database(tmp_path / "room.sqlite")
    database.migrate()
    now = datetime.now(UTC)
    with database.writing() as session:
        session.add(models.Party(name="p", role="provider", key="k", trusted_at=now, log_index=0))
    with database.reading() as session:
        assert session.get_one(models.Party, "p").trusted_at == now
    naive = models.Party(name="q", role="provider", key="k", trusted_at=datetime(2026, 1, 1), log_index=0)
    with pytest.raises(Exception, match="aware"), database.writing() as session:
        session.add(naive)
    database.close()
