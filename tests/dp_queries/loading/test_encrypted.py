"""The file at rest, and the engine that has opened it."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dp_queries.loading.encrypted import open_read_only
from dp_queries.loading.load import load
from policies.errors import Unavailable
from tests.dp_queries.small_loads import KEY, SECRET, card, loaded, private, visits, write


def test_the_file_is_encrypted_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "v.csv", "person,note\n" + f"anna,{SECRET}\n" * 50)
    room = tmp_path / "room"
    room.mkdir()
    load(card(private("v", [{"name": "note", "type": "text"}])), tmp_path, room / "target.duckdb", KEY)
    assert [path.name for path in room.iterdir()] == ["target.duckdb"]
    assert SECRET.encode() in (tmp_path / "v.csv").read_bytes()
    stored = (room / "target.duckdb").read_bytes()
    assert SECRET.encode() not in stored
    assert b"anna" not in stored
    assert b"note" not in stored
    assert (room / "target.duckdb").stat().st_mode & 0o077 == 0
    for key in (bytes(32), KEY[::-1]):
        with pytest.raises(Unavailable) as refused:
            open_read_only(room / "target.duckdb", key)
        assert key.hex() not in str(refused.value)
    with pytest.raises(ValueError, match="32 bytes"):
        open_read_only(room / "target.duckdb", b"short")


def test_an_opened_file_reaches_nothing_else_and_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\n")
    loaded(tmp_path, card(visits()))
    connection = open_read_only(tmp_path / "target.duckdb", KEY)
    python_variable = pa.table({"x": [1]})
    assert python_variable.num_rows == 1
    for statement in (
        f"FROM '{tmp_path / 'visits.csv'}'",
        "FROM python_variable",
        "INSERT INTO visits VALUES (1, 'x', 1)",
        "SET threads = 1",
        "SET enable_external_access = true",
        f"COPY visits TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'other.duckdb'}'",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)
    connection.close()
