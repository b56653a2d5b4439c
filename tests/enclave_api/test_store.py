import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from enclave_api.store import database
from enclave_api.store.database import NEWEST, Store
from enclave_api.store.models import AccountRow, ActRow, Base, TokenRow
from tests.both import BOTH, place

STORES = BOTH


def test_the_migrations_make_what_the_models_say(store_url: str | None, tmp_path: Path) -> None:
    store = Store(place(store_url, tmp_path / "front" / "front.db"))
    store.migrate()
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    store.close()


def test_the_newest_revision_is_the_one_that_the_migrations_lead_to() -> None:
    scripts = ScriptDirectory(str(Path(database.__file__).parent / "migrations"))
    assert scripts.get_current_head() == NEWEST


def test_workers_that_start_together_migrate_once(store_url: str | None, tmp_path: Path) -> None:
    stores = [Store(place(store_url, tmp_path / "front.db")) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: store.migrate(), stores))
    with stores[0].reading() as session:
        assert session.scalars(text("SELECT version_num FROM alembic_version")).all() == [NEWEST]
    for store in stores:
        store.close()


def test_the_journal_is_wal_and_references_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "front.db")
    store.migrate()
    with store.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
    now = datetime.fromisoformat("2026-03-01T00:00:00+08:00")
    with pytest.raises(IntegrityError), store.writing() as session:
        session.add(TokenRow(prefix="a", digest=b"", account_name="nobody", created_at=now, expires_at=now))
    store.close()


def test_a_writer_locks_before_it_reads(tmp_path: Path) -> None:
    store = Store(tmp_path / "front.db")
    store.migrate()
    other = sqlite3.connect(tmp_path / "front.db", timeout=0)
    with store.writing() as session:
        session.scalar(text("SELECT 1"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()
    store.close()


def test_times_are_aware_on_both_ways(store_url: str | None, tmp_path: Path) -> None:
    store = Store(place(store_url, tmp_path / "front.db"))
    store.migrate()
    moment = datetime.fromisoformat("2026-03-01T08:00:00+08:00")
    with store.writing() as session:
        session.add(AccountRow(name="a", role="public", organization="o", created_at=moment))
    with store.reading() as session:
        assert session.get_one(AccountRow, "a").created_at.isoformat() == "2026-03-01T00:00:00+00:00"
    with pytest.raises(StatementError, match="aware"), store.writing() as session:
        session.add(ActRow(actor={}, act="a", detail={}, done_at=moment.replace(tzinfo=None)))
    store.close()


def test_one_sender_at_a_time_and_another_purpose_does_not_wait(store_url: str | None, tmp_path: Path) -> None:
    first, second = (Store(place(store_url, tmp_path / "front.db")) for _ in range(2))
    with ThreadPoolExecutor(1) as threads:
        with first.alone("acts"):
            waiting = threads.submit(run_alone, second, "acts")
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
            run_alone(first, "migrate")
        waiting.result(20)
    first.close()
    second.close()


def run_alone(store: Store, purpose: str) -> None:
    with store.alone(purpose):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files of another uid")
def test_what_root_leaves_in_the_fronts_folder_belongs_to_the_front(tmp_path: Path) -> None:
    home = tmp_path / "front"
    store = Store(home / "front.db")
    store.migrate()
    for path in (home, *home.iterdir()):
        os.chown(path, 64102, 64102)
    store.close()
    again = Store(home / "front.db")
    with again.alone("acts"), again.writing() as session:
        session.execute(text("DELETE FROM acts"))
        assert {path.stat().st_uid for path in home.iterdir()} == {64102}
        assert {path.name for path in home.iterdir()} >= {"acts.lock", "front.db-wal", "front.db-shm"}
    again.close()
