"""The operator's command line, as it is typed: what it says, what it exits with, and that it prints no value."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, update

from enclave.__main__ import main
from enclave.child import CHECKOUT
from enclave.config import Settings
from enclave.room import Room, open_room
from enclave.store.log_models import Leaf
from tests.both import BOTH_LONG, ON_SQLITE
from tests.world import PROVIDER, UNIVERSITY, make_world, trust, write_csv_files

STORES = BOTH_LONG
COMMANDS = (
    "migrate",
    "load",
    "trust",
    "hold",
    "lift",
    "withdraw",
    "violation",
    "end-violation",
    "order",
    "check-log",
    "alerts",
    "status",
)
KEY = b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


class Operator:
    """Types commands, and keeps what they said."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def types(self, *arguments: str | Path) -> Any:
        """Facts of a command that succeeds."""
        self._capsys.readouterr()
        assert main([*map(str, arguments), "--json"]) == 0
        return json.loads(self._capsys.readouterr().out)

    def fails(self, *arguments: str | Path) -> str:
        """What a command that fails says; nothing of it on stdout, and no traceback."""
        self._capsys.readouterr()
        assert main([*map(str, arguments)]) == 1
        said = self._capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(("error: ", "loading "))
        assert "Traceback" not in said.err
        return said.err

    def room(self) -> Room:
        return open_room(Settings.from_environment(), with_lanes=False)


@pytest.fixture
def operator(
    tmp_path: Path, store_url: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operator:
    monkeypatch.setenv("JALI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JALI_STORE_URL", store_url or "")
    return Operator(tmp_path / "home", capsys)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return write_csv_files(tmp_path / "source", people=20)


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_command_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "usage: python -m enclave" in said
    if not command:
        assert all(name in said for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["load"], ["hold", "x"], ["trust", "p", "--role", "king", "--key", KEY]]
)
def test_what_is_no_command_is_told_so(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_room_is_made_and_brought_to_the_newest_schema(operator: Operator) -> None:
    for _ in range(2):
        assert operator.types("migrate") == {"store": "is at the newest schema"}
    status = operator.types("status")
    assert (status["datasets"], status["agreements"], status["holds"], status["jobs"]) == ({}, 0, [], {})


@pytest.mark.parametrize("command", [("status",), ("check-log",), ("hold", "x", "--reason", "r"), ("lift", "x")])
def test_a_mistyped_home_is_told_and_makes_no_room(operator: Operator, command: tuple[str, ...]) -> None:
    assert str(operator.home) in operator.fails(*command)
    assert not operator.home.exists()


def test_commands_that_make_a_room_at_once_make_one(tmp_path: Path) -> None:
    environment = os.environ | {"JALI_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "enclave", "trust", PROVIDER, "--role", "provider", "--key", KEY, "--json"]
    running = [
        subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=100) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert sorted(json.loads(out)["log_index"] for out, _ in said) == [0, 1, 2]


def test_a_good_load_tells_what_was_found_and_no_value(operator: Operator, card: Path) -> None:
    facts = operator.types("load", card)
    assert (facts["dataset"], facts["version"]) == ("visits", "1")
    assert "east" not in json.dumps(facts)
    assert "p17" not in json.dumps(facts)
    assert operator.types("status")["datasets"] == {"visits": "version 1"}


def test_a_bad_load_tells_every_fault_and_leaves_the_good_version_answering(operator: Operator, card: Path) -> None:
    operator.types("load", card)
    for wrong in (card.with_name("missing.yaml"), card.parent, Path("x" * 300)):
        assert str(wrong)[:20] in operator.fails("load", wrong)
    visits = card.with_name("visits.csv")
    visits.write_text(visits.read_text() + "p1,east,2026-01-05,Scheherazade,10\n")
    card.with_name("people.csv").unlink()
    said = operator.fails("load", card)
    assert "people" in said
    assert "visits" in said
    assert "Scheherazade" not in said
    card.write_text(card.read_text().replace("openness: conditional", "openness: half").replace("title:", "titel:"))
    said = operator.fails("load", card)
    assert all(f"  - {field}:" in said for field in ("openness", "title"))
    assert operator.types("status")["datasets"] == {"visits": "version 1"}


def test_a_key_is_trusted_from_the_line_or_from_a_file(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"{KEY}\n")
    for given in (KEY, tmp_path / "key.txt"):
        facts = operator.types("trust", PROVIDER, "--role", "provider", "--key", given)
        assert (facts["trusted"], facts["role"]) == (PROVIDER, "provider")
    room = operator.room()
    with room.database.reading() as session:
        assert b64encode(room.parties.keys(session)[PROVIDER].public_bytes_raw()).decode() == KEY
        leaf = json.loads(room.log.leaf(session, facts["log_index"]))
    assert leaf["by"].startswith("operator:")
    room.close()


def test_what_is_no_key_is_told_so(operator: Operator, tmp_path: Path) -> None:
    private = tmp_path / "private.pem"
    private.write_bytes(b"-----BEGIN PRIVATE KEY-----\nU2NoZWhlcmF6YWRl\xff\n-----END PRIVATE KEY-----\n")
    for bad in ("", "no key", KEY[:-4], "A" * 5000, tmp_path / "missing.pub", tmp_path, private):
        said = operator.fails("trust", PROVIDER, "--role", "provider", "--key", bad)
        assert "[bad-key]" in said
        assert "U2NoZWhlcmF6YWRl" not in said  # a private key that was given by mistake is not shown
    operator.types("migrate")
    assert operator.types("status")["log"]["entries"] == 0


def test_a_hold_is_placed_and_lifted(operator: Operator, card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    operator.types("load", card)
    assert operator.types("hold", "visits", "--reason", "a case")["stops"] == ["dataset"]
    assert operator.types("status")["holds"] == ["visits"]
    assert operator.types("lift", "visits")["lifted"] == "visits"
    assert operator.types("status")["holds"] == []
    assert "no hold in force" in operator.fails("lift", "visits")


def test_a_hold_on_a_name_that_is_nowhere_is_told(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    operator.types("migrate")
    capsys.readouterr()
    assert main(["hold", "vistis", "--reason", "a case"]) == 0
    assert "vistis names no agreement, dataset, provider or organization" in capsys.readouterr().err


def test_a_hold_says_what_it_stops(operator: Operator, store_url: str | None, tmp_path: Path) -> None:
    world = make_world(operator.home, tmp_path / "source", with_lanes=False, store_url=store_url)
    trust(world.room, UNIVERSITY, "organization", Ed25519PrivateKey.generate())  # their old key leaked
    world.room.close()
    stops = {"first": ["agreement"], world.agreement: ["agreement"], UNIVERSITY: ["party"], PROVIDER: ["party"]}
    for target, stopped in stops.items():
        assert operator.types("hold", target, "--reason", "a case")["stops"] == stopped


def grown(operator: Operator, entries: int, reason: str = "a case") -> str:
    """Holds as log entries; a signed checkpoint of them."""
    room = operator.room()
    for _ in range(entries):
        with room.database.writing() as session:
            room.holds.place(session, target="x", reason=reason, by="operator:test", now=room.clock())
    with room.database.writing() as session:
        note = room.log.checkpoint(session)
    room.close()
    return note


def test_a_sound_log_is_told_with_its_facts(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(grown(operator, 3))
    grown(operator, 2)
    facts = operator.types("check-log", "--remembered", tmp_path / "kept")
    assert (facts["entries"], facts["signed_entries"], facts["checkpoints"]) == (5, 5, 2)
    assert operator.types("check-log") == facts


def test_a_tampered_log_is_told_with_each_finding(operator: Operator) -> None:
    grown(operator, 5)
    room = operator.room()
    with room.database.writing() as session:
        session.execute(update(Leaf).where(Leaf.index == 1).values(body=b'{"kind":"act"}'))
        session.execute(delete(Leaf).where(Leaf.index == 4))
    room.close()
    said = operator.fails("check-log")
    assert said.startswith("error: the log is not what was signed")
    for code in ("leaf-changed", "truncated"):
        assert f"[{code}]" in said


@ON_SQLITE  # the old copy is one of a file
def test_a_log_that_was_rolled_back_is_found_by_a_checkpoint_kept_elsewhere(operator: Operator, tmp_path: Path) -> None:
    grown(operator, 3)
    old = (operator.home / "room" / "room.sqlite").read_bytes()
    assert not (operator.home / "room" / "room.sqlite-wal").exists()
    (tmp_path / "kept").write_text(grown(operator, 2))
    (operator.home / "room" / "room.sqlite").write_bytes(old)
    operator.types("check-log")  # by itself the old copy is sound
    assert "[rolled-back]" in operator.fails("check-log", "--remembered", tmp_path / "kept")
    grown(operator, 4, "another case")  # and it stays found when the log has grown beyond it
    assert "[split-view]" in operator.fails("check-log", "--remembered", tmp_path / "kept")


def test_a_remembered_checkpoint_that_is_none_is_told_so(operator: Operator, tmp_path: Path) -> None:
    grown(operator, 1)
    (tmp_path / "kept").write_bytes(b"\xff no note")
    assert "[checkpoint-forged]" in operator.fails("check-log", "--remembered", tmp_path / "kept")
    assert "missing" in operator.fails("check-log", "--remembered", tmp_path / "missing")
    assert "Is a directory" in operator.fails("check-log", "--remembered", tmp_path)


@ON_SQLITE
def test_a_home_that_can_not_be_used_is_told_so(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    operator.types("migrate")
    (operator.home / "room" / "room.sqlite").write_bytes(b"no database" * 1000)
    assert "store can't be used" in operator.fails("status")
    monkeypatch.setenv("JALI_HOME", str(operator.home / "room" / "room.sqlite"))
    assert "room.sqlite" in operator.fails("status")
    monkeypatch.setenv("JALI_LANES", "many")
    assert "JALI_LANES" in operator.fails("status")


def test_a_key_that_others_may_read_is_refused(operator: Operator) -> None:
    operator.types("migrate")
    (operator.home / "room" / "keys" / "log.key").chmod(0o644)
    assert "read by others" in operator.fails("status")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
def test_root_acts_in_a_room_of_another_uid_as_its_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 64109, 64109)
    code = (
        "import os, sys; from pathlib import Path; from enclave.__main__ import _become_owner;"
        " from enclave.sanction_commands import operator;"
        " _become_owner(Path(sys.argv[1])); print(os.getuid(), os.getgid(), os.getgroups(), operator())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    said = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["64109", "64109", "[]", "operator:64109"]


def test_a_command_starts_without_what_only_lanes_and_migrations_need() -> None:
    code = "import sys, enclave.__main__; print({'duckdb', 'numba', 'sqlglot', 'alembic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
