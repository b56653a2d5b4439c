"""Loading: a bad load names what is wrong, tells no value, and the last good version goes on answering."""

import json
from collections.abc import Iterator
from fcntl import LOCK_SH, flock
from pathlib import Path
from typing import Any

import pytest

from enclave.config import Settings
from enclave.loading import MOST_CARD_BYTES, load_card
from enclave.room import Room, open_room
from policies.errors import CardRejected, JaliError, Unavailable
from tests.world import write_csv_files

SECRET = "Scheherazade"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    home = tmp_path_factory.mktemp("home")
    opened = open_room(Settings.from_environment({"JALI_HOME": str(home)}), with_lanes=False)
    load_card(opened, write_csv_files(home / "source", people=20), by="operator:test")
    yield opened
    opened.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a good card and its files; gives the card."""
    return write_csv_files(tmp_path, people=20)


def version(room: Room) -> str:
    with room.database.reading() as session:
        return room.datasets.get(session, "visits").version


def files(room: Room) -> set[str]:
    return {path.name for path in room.settings.datasets.iterdir()}


def rejected(room: Room, card: Path) -> CardRejected:
    """The load's refusal; the last good version is untouched, and no value is told."""
    before = version(room), files(room)
    with room.database.reading() as session:
        size = room.log.size(session)
    with pytest.raises(JaliError) as caught:
        load_card(room, card, by="operator:test")
    assert (version(room), files(room)) == before
    with room.database.reading() as session:
        assert room.log.size(session) == size
    assert isinstance(caught.value, CardRejected)
    assert SECRET not in json.dumps(caught.value.to_json())
    return caught.value


def test_a_good_load_answers_from_now_on_and_is_in_the_log(room: Room, source: Path) -> None:
    before = int(version(room))
    facts = load_card(room, source, by="operator:test")
    assert facts["version"] == version(room) == str(before + 1)
    with room.database.reading() as session:
        leaf = json.loads(room.log.leaf(session, facts["log_index"]))
    assert (leaf["act"], leaf["dataset"], leaf["version"]) == ("load", "visits", facts["version"])
    visits = facts["report"]["tables"][0]
    assert visits["rows"] > 20
    for number in (before, before + 1):  # each version in a file of its own, for its owner alone
        assert (room.settings.datasets / f"visits-{number}.duckdb").stat().st_mode & 0o777 == 0o600


def test_the_file_is_encrypted_under_a_key_that_the_store_does_not_hold(room: Room) -> None:
    stored = (room.settings.datasets / f"visits-{version(room)}.duckdb").read_bytes()
    with room.database.reading() as session:
        request = room.open_request(session, "visits", version(room))
    assert b"east" not in stored
    for path in room.settings.home.glob("room.sqlite*"):
        assert request.key not in path.read_bytes()


CARDS = {
    "missing": (None, "there is no file", set()),
    "empty": (b"", "fault", {"card-field"}),
    "no yaml": (b"name: [unclosed", "is not YAML", {"yaml"}),
    "a tab": (b"a:\n\t- b", "is not YAML", {"yaml"}),
    "no text": (b"\xff\xfe\xfa", "can't be read", set()),
    "a null byte": (b"name: \x00", "is not YAML", set()),
    "an object": (b"!!python/object/apply:os.system ['true']", "is not YAML", {"yaml"}),
    "a day that is none": (b"day: 2026-02-30", "can't be read", {"yaml"}),
    "a number without end": (b"n: " + b"9" * 5000, "can't be read", {"yaml"}),
    "deep": (b"[" * 50_000, "is not YAML", set()),
    "large": (b"#" * (MOST_CARD_BYTES + 1), "larger", set()),
    "a list": (b"[1, 2]", "fault", {"card-field"}),
}


@pytest.mark.parametrize("name", CARDS)
def test_what_is_no_card_is_told_so(room: Room, tmp_path: Path, name: str) -> None:
    content, words, codes = CARDS[name]
    path = tmp_path / "card.yaml"
    if content is not None:
        path.write_bytes(content)
    error = rejected(room, path)
    assert words in error.message
    assert {reason.code for reason in error.reasons} == codes


def test_a_folder_is_no_card(room: Room, tmp_path: Path) -> None:
    assert "can't be read" in rejected(room, tmp_path).message


def test_where_the_yaml_breaks_is_told(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("name: visits\ntitle: [unclosed\nlicence: x\n")
    [reason] = rejected(room, path).reasons
    assert reason.where is not None
    assert reason.where.startswith("line 3")


def test_every_fault_of_a_card_is_told_at_once(room: Room, source: Path) -> None:
    text = (
        source.read_text().replace("openness: conditional", "openness: half").replace("rows_norm: 10", "rows_norm: -1")
    )
    source.write_text(text.replace("title: Visits to clinics\n", ""))
    assert {reason.where for reason in rejected(room, source).reasons} >= {"openness", "title"}
    assert len(rejected(room, source).reasons) >= 3


FAULTY_FILES: dict[str, tuple[str, Any]] = {
    "a value outside of its domain": (
        "clinics.csv",
        lambda text: text.replace("east,public", "east,public\neast,private"),
    ),
    "a word for a number": ("visits.csv", lambda text: text + f"p1,east,2026-01-05,{SECRET},10\n"),
    "too few columns": ("people.csv", lambda text: text.replace("person,region", "person")),
    "a file that is gone": ("people.csv", None),
    "no rows": ("people.csv", lambda text: ""),
    "bytes that are no text": ("people.csv", lambda text: text + "\0\udcff"),
}


@pytest.mark.parametrize("name", FAULTY_FILES)
def test_a_file_with_a_fault_leaves_the_last_good_version(room: Room, source: Path, name: str) -> None:
    file, change = FAULTY_FILES[name]
    path = source.parent / file
    if change is None:
        path.unlink()
    else:
        path.write_text(change(path.read_text()), errors="surrogateescape")
    error = rejected(room, source)
    assert error.kind == "load-rejected"
    assert error.reasons


def test_a_changed_lifetime_budget_is_refused_before_anything_is_read(room: Room, source: Path) -> None:
    source.write_text(source.read_text().replace("epsilon: 50", "epsilon: 500"))
    (source.parent / "visits.csv").unlink()
    assert [reason.code for reason in rejected(room, source).reasons] == ["budget-changed"]


def test_two_loads_at_once_do_not_write_one_file(room: Room, source: Path) -> None:
    before = version(room)
    with (room.settings.datasets / "visits.lock").open("w") as other:
        flock(other, LOCK_SH)  # the load asks for it alone
        with pytest.raises(Unavailable, match="another load"):
            load_card(room, source, by="operator:test")
    assert version(room) == before
    assert load_card(room, source, by="operator:test")["version"] == str(int(before) + 1)


def test_what_a_killed_load_left_is_written_over(room: Room, source: Path) -> None:
    number = int(version(room)) + 1
    for name in (f"visits-{number}.duckdb", f"visits-{number}.duckdb.part", f"visits-{number}.duckdb.part.wal"):
        (room.settings.datasets / name).write_bytes(b"half")
    assert load_card(room, source, by="operator:test")["version"] == str(number)
    assert not [name for name in files(room) if ".part" in name]
    assert (room.settings.datasets / f"visits-{number}.duckdb").stat().st_size > 1000


def test_the_stages_are_told_on_a_pipe(room: Room, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_card(room, source, by="operator:test")
    said = capsys.readouterr()
    assert said.out == ""
    stages = [line.partition(": ")[2] for line in said.err.splitlines() if line.startswith("loading visits: ")]
    assert stages == ["read", "check", "write", "finish"]
    assert "east" not in said.err
