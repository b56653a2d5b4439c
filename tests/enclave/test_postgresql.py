"""PostgreSQL as a store, where it differs from SQLite: addresses, demands on the server, writers, lost answers."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from enclave import ledger, postgresql
from enclave.__main__ import main
from enclave.audit.errors import LogDamaged
from enclave.audit.keys import RoomKey
from enclave.audit.log import Log
from enclave.config import Settings
from enclave.postgresql import PostgresUrl
from enclave.room import open_room
from enclave.store.database import Database
from enclave_api.config import Settings as FrontSettings
from enclave_api.store.database import Store
from policies.errors import JaliError, RequestRejected, Unavailable
from privacy.loss import pure_loss
from tests.both import BOTH, POSTGRES
from tests.cut_line import CutLine
from tests.postgres import Server
from tests.world import make_world

STORES = POSTGRES
LOSS = pure_loss(100_000)
DELTA = Fraction(1, 10**6)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def url(store_url: str) -> PostgresUrl:
    return PostgresUrl.parse(store_url)


# Addresses


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("postgresql://jali:s3cret@localhost/room", None),
        ("postgresql://jali:s3cret@/room?host=/run/postgresql", None),
        ("postgresql://jali:s3cret@db.example:5433/room?sslrootcert=/etc/ca.pem", None),
        ("postgresql://jali:s3cret@db.example/room?sslmode=verify-full", None),
        ("postgresql://jali:s3cret@db.example/room?sslmode=require", "verify-full"),
        ("postgresql://jali:s3cret@db.example/room?sslmode=disable", "verify-full"),
        ("postgresql://jali:s3cret@/room?host=a.example&host=b.example", "one host"),
        ("postgresql://jali:s3cret@localhost/room?host=b.example", "one host"),
        ("postgresql://jali@localhost/room?password=s3cret", "password"),
        ("postgresql://jali:s3cret@localhost/room?options=-c%20synchronous_commit%3Doff", "options"),
        ("postgresql://jali:s3cret@localhost/room?service=s3cret", "service"),
        ("postgresql://localhost/room", "role"),
        ("postgresql://jali:s3cret@localhost", "database"),
        ("postgresql://jali:s3cret@/room", "host"),
        ("sqlite:///s3cret", "SQLite"),
        ("postgresql+psycopg2://jali:s3cret@localhost/room", "postgresql://"),
        ("postgresql://jali:s3cret@localhost:port/room", "no address"),
        ("s3cret", "no address"),
    ],
)
def test_an_address_is_taken_or_refused_and_its_password_never_told(given: str, said: str | None) -> None:
    if said is None:
        url = PostgresUrl.parse(given)
        assert "s3cret" not in f"{url} {url!r} {[url]} {vars(url)}"
        return
    for settings in (Settings.from_environment, FrontSettings.from_environment):
        with pytest.raises(Unavailable) as caught:
            settings({"JALI_STORE_URL": given, "JALI_FRONT_STORE_URL": given})
        assert said in caught.value.reasons[0].message
        assert "s3cret" not in str(caught.value.to_json())


def test_settings_do_not_show_a_password() -> None:
    given = "postgresql://jali:s3cret@localhost/room"
    environment = {"JALI_STORE_URL": given, "JALI_FRONT_STORE_URL": given}
    shown = f"{Settings.from_environment(environment)} {FrontSettings.from_environment(environment)}"
    assert shown.count("jali:***@localhost/room") == 2
    assert "s3cret" not in shown


def test_a_server_on_another_machine_is_asked_over_tls_that_checks_its_name() -> None:
    url = PostgresUrl.parse("postgresql://jali:s3cret@127.0.0.2:9/room")  # loopback, but not by a name that says so
    engine = url.engine()
    _, how = engine.dialect.create_connect_args(url._address)
    assert how["sslmode"] == "verify-full"
    engine.dispose()


# What the server must be like


@pytest.mark.parametrize(("setting", "said"), [("fsync", "power loss"), ("full_page_writes", "tear the log")])
def test_a_server_that_could_forget_is_refused(postgres: Server, url: PostgresUrl, setting: str, said: str) -> None:
    with postgres.connect() as admin:
        admin.execute(f"ALTER SYSTEM SET {setting} = off")
        admin.execute("SELECT pg_reload_conf()")
        try:
            wait_until(admin, f"SHOW {setting}", "off")
            database = Database(url)
            with pytest.raises(Unavailable) as caught:
                database.migrate()
        finally:
            admin.execute(f"ALTER SYSTEM RESET {setting}")
            admin.execute("SELECT pg_reload_conf()")
            wait_until(admin, f"SHOW {setting}", "on")
    assert said in caught.value.reasons[0].message
    database.migrate()
    database.close()


def wait_until(admin: Any, question: str, answer: str) -> None:
    for _ in range(500):
        if admin.execute(question).fetchone()[0] == answer:
            return
        admin.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(question)


@pytest.mark.parametrize(
    ("made", "said"),
    [("ENCODING 'SQL_ASCII'", "UTF8"), ("LC_COLLATE 'C.UTF-8'", "locale")],
)
def test_a_database_of_another_encoding_or_order_is_refused(
    postgres: Server, url: PostgresUrl, made: str, said: str
) -> None:
    name = url._address.database
    with postgres.connect() as admin:
        admin.execute(f"DROP DATABASE {name}")
        admin.execute(f"CREATE DATABASE {name} OWNER jali TEMPLATE template0 {made}")
    database = Database(url)
    with pytest.raises(Unavailable) as caught:
        database.migrate()
    assert said in caught.value.reasons[0].message
    database.close()


@pytest.mark.parametrize(("told", "kept"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
def test_a_commit_waits_for_the_disk_whatever_the_role_was_told(
    postgres: Server, url: PostgresUrl, told: str, kept: str
) -> None:
    with postgres.connect() as admin:
        admin.execute(f"ALTER ROLE jali IN DATABASE {url._address.database} SET synchronous_commit = {told}")
    database = Database(url)
    with database.writing() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == kept
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
    with database.reading() as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        assert session.scalar(text("SHOW transaction_read_only")) == "on"
    database.close()


def test_room_and_front_need_a_database_each(url: PostgresUrl) -> None:
    database, store = Database(url), Store(url)
    database.migrate()
    with pytest.raises(Unavailable) as caught:
        store.migrate()
    assert "one each" in caught.value.reasons[0].message
    database.close()
    store.close()


# Who may write


def test_a_second_room_on_one_database_is_refused_as_long_as_the_first_lives(
    postgres: Server, url: PostgresUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "TAKE_OVER_SECONDS", 0.1)
    first, second, command = Database(url, serves=True), Database(url, serves=True), Database(url)
    first.migrate()
    for again in range(2):
        with pytest.raises(Unavailable) as caught:
            second.migrate()
        assert caught.value.reasons[0].message == "another room serves this store"
        with command.writing(), command.reading():  # an operator's command may run beside
            pass
        if again == 0:  # its connections are cut: it goes on, and is still the only one
            cut(postgres, url)
            with first.writing() as session:
                session.execute(text("SELECT 1"))
    first.close()
    second.migrate()
    with pytest.raises(Unavailable), first.writing() as session:
        session.execute(text("SELECT 1"))
    for database in (first, second, command):
        database.close()


def cut(postgres: Server, url: PostgresUrl) -> None:
    """Cut every connection to the database."""
    with postgres.connect() as admin:
        name = url._address.database
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        wait_until(admin, f"SELECT count(*)::text FROM pg_stat_activity WHERE datname = '{name}'", "0")


def charge(session: Any, plan: str) -> None:
    ledger.charge(session, agreement="a", budgets=("a", "people"), plan_digest=plan, loss=LOSS)


def test_a_transaction_with_a_failed_statement_is_not_taken_for_committed(url: PostgresUrl) -> None:
    """COMMIT after a failed statement rolls back and says so without an error: a charge would be gone, unnoticed."""
    database = Database(url)
    database.migrate()
    with pytest.raises(Unavailable, match="store"), database.writing() as session:
        ledger.open_budget(session, "a", epsilon_micro=900_000, delta=DELTA)
        with suppress(Exception):
            session.connection().exec_driver_sql("SELECT 1 / 0")
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM budget")) == 0
    with database.writing() as session:
        ledger.open_budget(session, "a", epsilon_micro=900_000, delta=DELTA)
    database.close()


def test_a_reading_transaction_changes_nothing(url: PostgresUrl) -> None:
    database = Database(url)
    database.migrate()
    with pytest.raises(Exception, match="read-only"), database.reading() as session:
        session.execute(text("DELETE FROM log_leaf"))
    database.close()


# Connections that are lost


@pytest.fixture
def line(url: PostgresUrl) -> Iterator[CutLine]:
    with CutLine(Path(url._address.query["host"])) as made:
        yield made


@pytest.mark.parametrize("is_done", [True, False])
def test_a_commit_whose_answer_is_lost_is_never_taken_for_done(
    url: PostgresUrl, line: CutLine, tmp_path: Path, is_done: bool
) -> None:
    """Whether the server committed or not, the writer hears of neither, and finds what is there when it asks again."""
    database = Database(line.url(url))
    database.migrate()
    log = Log(RoomKey.create(tmp_path), origin="jali.example/room")
    with database.writing() as session:
        ledger.open_budget(session, "a", epsilon_micro=900_000, delta=DELTA)
        ledger.open_budget(session, "people", epsilon_micro=900_000, delta=DELTA)
    line.cuts_at_commit(after=is_done)
    with pytest.raises(Unavailable), database.writing() as session:
        charge(session, "p")
        log.append(session, {"kind": "act", "act": "a", "by": "operator:root", "time": NOW.isoformat()})
    assert line.was_cut
    with database.reading() as session:  # a new connection; charge and leaf went together
        assert ledger.statement(session, "a")["charges"] == str(int(is_done))
        assert log.size(session) == int(is_done)
        log.check(session)
    database.close()


@pytest.mark.long
def test_a_question_whose_commit_is_lost_is_answered_when_it_is_asked_again(
    url: PostgresUrl, line: CutLine, tmp_path: Path
) -> None:
    """The charge's commit, the answer's, the checkpoint's: whichever is lost, one charge and one answer come of it."""
    address = line.url(url)._address.render_as_string(hide_password=False)
    world = make_world(tmp_path / "home", tmp_path / "source", store_url=address)
    database, losses = world.room.database, [(commit, after) for commit in range(3) for after in (True, False)]
    for number, (commit, after) in enumerate(losses):
        sql = f"SELECT COUNT(*) AS n FROM visits WHERE minutes > {number}"
        line.cuts_at_commit(after=after, passing=commit)
        with pytest.raises(Unavailable):
            world.ask(sql, epsilon="0.1")
        assert line.was_cut
        answer = world.ask(sql, epsilon="0.1")
        assert world.ask(sql, epsilon="0.1")["rows"] == answer["rows"]
        with database.reading() as session:
            assert ledger.statement(session, world.agreement)["charges"] == str(number + 1)
    with database.reading() as session:
        world.room.log.check(session)
        entries = world.room.log.entries(session, start=0, count=10**6)
    leaves = [json.loads(b64decode(entry["leaf"])) for entry in entries]
    assert [leaf["kind"] for leaf in leaves].count("intent") == len(losses)
    assert [leaf.get("outcome") for leaf in leaves].count("answered") == len(losses)
    world.room.close()


def test_who_is_cut_off_while_writing_leaves_nothing_and_goes_on(postgres: Server, url: PostgresUrl) -> None:
    database = Database(url)
    database.migrate()
    with pytest.raises(Unavailable) as caught, database.writing() as session:
        ledger.open_budget(session, "a", epsilon_micro=1, delta=DELTA)
        cut(postgres, url)
    assert "does not answer" in caught.value.reasons[0].message
    with database.writing() as session:
        assert session.scalar(text("SELECT count(*) FROM budget")) == 0
    database.close()


# Texts, commands, keys


def test_a_value_that_no_column_keeps_is_a_fault_of_the_request(url: PostgresUrl) -> None:
    database = Database(url)
    database.migrate()
    with pytest.raises(RequestRejected) as caught, database.reading() as session:
        ledger.find(session, "a\0", "p")
    assert caught.value.reasons[0].code == "value-too-large"
    with pytest.raises(RequestRejected), database.writing() as session:
        ledger.open_budget(session, "a", epsilon_micro=2**70, delta=DELTA)
    database.close()


def test_commands_work_on_the_address_and_do_not_print_it(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JALI_HOME", str(tmp_path))
    monkeypatch.setenv("JALI_STORE_URL", store_url)
    assert main(["status"]) == 1
    assert "there is no room" in capsys.readouterr().err
    assert main(["migrate"]) == 0
    assert main(["hold", "li.wei", "--reason", "a case"]) == 0
    assert main(["check-log"]) == 0
    assert not list(tmp_path.rglob("*.sqlite"))
    assert '"entries": 1' in capsys.readouterr().out
    password = store_url.split(":")[2].split("@")[0]
    for wrong in (store_url.replace(password, "wr0ng"), store_url.replace("host=/", "host=/no-such")):
        monkeypatch.setenv("JALI_STORE_URL", wrong)
        assert main(["status"]) == 1
        said = "".join(capsys.readouterr())
        assert "does not answer" in said
        assert not re.search(f"wr0ng|{password}|Traceback", said)


@pytest.mark.parametrize("store_url", BOTH, indirect=True)
def test_a_store_with_a_log_is_not_given_to_a_room_without_its_keys(store_url: str | None, tmp_path: Path) -> None:
    environment = {"JALI_HOME": str(tmp_path / "home"), "JALI_STORE_URL": store_url or ""}
    room = open_room(Settings.from_environment(environment), with_lanes=False)
    with room.database.writing() as session:
        room.holds.place(session, target="a", reason="a case", by="officer", now=NOW)
    room.close()
    keys = room.settings.keys
    keys.rename(keys.with_name("elsewhere"))
    with pytest.raises(JaliError, match="another room's"):
        open_room(Settings.from_environment(environment), with_lanes=False)
    assert not keys.exists()
    keys.with_name("elsewhere").rename(keys)
    open_room(Settings.from_environment(environment), with_lanes=False).close()


def test_a_room_does_not_serve_a_store_whose_log_another_room_signed(store_url: str, tmp_path: Path) -> None:
    ours, other = ({"JALI_HOME": str(tmp_path / name)} for name in ("ours", "other"))
    open_room(Settings.from_environment(other), with_lanes=False).close()  # has keys of its own now
    room = open_room(Settings.from_environment(ours | {"JALI_STORE_URL": store_url}), with_lanes=False)
    with room.database.writing() as session:
        index = room.holds.place(session, target="a", reason="a case", by="officer", now=NOW)
    room.receipt(index)
    room.close()
    with pytest.raises(LogDamaged):
        open_room(Settings.from_environment(other | {"JALI_STORE_URL": store_url}), with_lanes=True)
