"""Sources: CSV, Parquet and packages, and how their faults are told."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from dp_queries.loading.load import LoadRejected
from tests.dp_queries.small_loads import SECRET, card, faults, loaded, private, rows, visits, write


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty-file"),
        (b"person,cost\n", "no-rows"),
        (b"person,cost\n,1\n", "no-rows"),
        (b"person,person\nanna,1\n", "double-column"),
        (b"person,,cost\nanna,1,1\n", "unreadable-file"),
        (b"person,cost\nanna\n", "malformed-lines"),
        (b"person,cost\nanna,1,2\n", "malformed-lines"),
        (b'person,cost\n"anna,1\nbert,2\n', "malformed-lines"),
        (b'person,cost\nan"na"x,1\n"be"rt,2\n', "malformed-lines"),
        (b"person,cost\nann\xe4,1\n", "not-utf-8"),
        (b"person,cost\n" + b"anna,1\n" * 20_000 + b"ann\xe4,1\n", "malformed-lines"),
        ("person,cost\nanna,1\n".encode("utf-16"), "not-utf-8"),
        (b"\x00\x01\x02\x03", "unreadable-file"),
    ],
)
def test_a_bad_csv_is_told(tmp_path: Path, text: bytes, code: str) -> None:
    write(tmp_path, "visits.csv", text)
    assert code in {told for told, _ in faults(tmp_path, card(visits()))}


def test_malformed_lines_are_counted_by_kind_with_the_first_line(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", f"person,cost\nanna,1\n{SECRET}\n{SECRET}\nanna,1,{SECRET}\n")
    with pytest.raises(LoadRejected) as rejected:
        loaded(tmp_path, card(visits()))
    assert [reason.message for reason in rejected.value.reasons] == [
        "visits.csv: 2 line(s) with too few fields, the first is line 3",
        "visits.csv: 1 line(s) with too many fields, the first is line 5",
    ]


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfperson,cost\r\nanna,1\r\n", b'"person","cost"\n"anna","1"'])
def test_a_byte_order_mark_and_quotes_are_read(tmp_path: Path, text: bytes) -> None:
    write(tmp_path, "visits.csv", text)
    loaded(tmp_path, card(visits()))
    assert rows(tmp_path, "SELECT person, cost FROM visits") == [("anna", 1)]


def test_texts_that_mean_null(tmp_path: Path) -> None:
    write(tmp_path, "v.csv", 'person,note\nanna,NA\nanna,"x, ""y"""\n')
    column = {"name": "note", "type": "text", "nullable": True}
    loaded(tmp_path, card(private("v", [column], source={"csv": "v.csv", "nulls": ["NA"]})))
    assert set(rows(tmp_path, "SELECT note FROM v")) == {(None,), ('x, "y"',)}


def test_a_file_that_is_no_file_or_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write(tmp_path, "text.parquet", "person,cost\n")
    write(tmp_path, "short.parquet", b"PAR1" + b"\0" * 20)
    names = {"a": "folder", "b": "text.parquet", "c": "short.parquet", "d": "*.parquet"}
    column = [{"name": "cost", "type": "integer"}]
    told = faults(tmp_path, card(*(private(key, column, source={"parquet": path}) for key, path in names.items())))
    assert told == {
        ("not-a-file", "a"), ("unreadable-file", "b"), ("unreadable-file", "c"), ("missing-file", "d"),
    }  # fmt: skip


def test_a_path_with_pattern_characters_is_refused_rather_than_expanded(tmp_path: Path) -> None:
    write(tmp_path, "visits[1].csv", "person,cost\nanna,1\n")
    assert faults(tmp_path, card(visits(source={"csv": "visits[1].csv"}))) == {("unreadable-file", "visits")}


def test_packages_are_read_as_files_and_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "jali_test_package" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise SystemExit('imported')")
    write(data, "plain.csv", "person,cost\nanna,1\n")
    write(data, "broken.csv.zip", b"PK")
    with zipfile.ZipFile(data / "zipped.csv.zip", "w") as archive:
        archive.writestr("zipped.csv", "\ufeffperson,cost\r\nbert,NA\r\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def table(name: str, package: str, frame: str) -> dict[str, Any]:
        column = {"name": "cost", "type": "integer", "nullable": True}
        return private(name, [column], source={"package": package, "frame": frame, "nulls": ["NA"]})

    good = card(table("a", "jali_test_package", "plain"), table("b", "jali_test_package", "zipped"))
    loaded(tmp_path, good)
    assert rows(tmp_path, "FROM a UNION ALL FROM b") == [(0, "anna", 1), (1, "bert", None)]
    (tmp_path / "target.duckdb").unlink()
    bad = [("c", "jali_test_package", "broken"), ("d", "jali_test_package", "other"), ("e", "jali_no_package", "x")]
    assert faults(tmp_path, card(*(table(*one) for one in bad))) == {
        ("unreadable-file", "c"), ("missing-frame", "d"), ("missing-package", "e"),
    }  # fmt: skip
