"""Measuring a peer: a small one that we wrote stands in for those that take a minute to install."""

import sys

import pytest

from benchmarks.peers import measuring
from benchmarks.peers.measuring import PEERS, Peer, figures, measured
from benchmarks.trip_queries import truth
from benchmarks.trips import Size, prepared

KNOWS_TWO_ZONES = """
DATA = "given by heart"
def prepared(question):
    assert question["epsilon"] == 1 and question["trips"].endswith("trips.parquet")
    return lambda: [[0, 1.0], [1, 2.0]]
"""
FAILS = """
DATA = "given by heart"
def prepared(question):
    return lambda: 1 // 0
"""
DIES = """
DATA = "given by heart"
def prepared(question):
    import os
    os._exit(3)
"""


@pytest.fixture(scope="module")
def trips(tmp_path_factory):
    return prepared(Size("20k"), tmp_path_factory.mktemp("bench"))


def peer(folder, script, requirements=""):
    (folder / "peer.py").write_text(script)
    (folder / "peer.txt").write_text(requirements)
    return Peer("ours", folder / "peer.py", folder / "peer.txt")


def test_a_peer_in_its_own_environment_gets_its_figures(tmp_path, trips, monkeypatch):
    monkeypatch.setattr(measuring, "LEAST_ROWS", 1)
    ratio, error, keys = figures(peer(tmp_path, KNOWS_TWO_ZONES), trips, ["zone1k"], tmp_path)
    assert [figure.name for figure in (ratio, error, keys)] == [
        "peer_ours_zone1k_20k_ratio_to_raw", "peer_ours_zone1k_20k_error", "peer_ours_zone1k_20k_keys",
    ]  # fmt: skip
    assert ratio.value > 0
    assert ratio.notice == "given by heart"
    assert error.value == 1  # nearly every zone is missing
    assert keys.value == 2
    made = (tmp_path / "ours" / "installed").stat().st_mtime_ns
    measuring.installed(peer(tmp_path, KNOWS_TWO_ZONES), tmp_path)
    assert (tmp_path / "ours" / "installed").stat().st_mtime_ns == made


def test_a_peer_that_cannot_be_installed_is_told(tmp_path, trips):
    (told,) = figures(peer(tmp_path, KNOWS_TWO_ZONES, "./no-such-folder\n"), trips, ["cat10"], tmp_path)
    assert (told.name, told.value) == ("peer_ours_cat10_20k_ratio_to_raw", None)
    assert told.notice.startswith("can't be installed: ERROR:")
    assert not (tmp_path / "ours" / "installed").exists()


@pytest.mark.parametrize(("script", "why"), [(FAILS, "ZeroDivisionError"), (DIES, "ended with status 3")])
def test_a_peer_that_fails_is_told(tmp_path, trips, monkeypatch, script, why):
    monkeypatch.setattr(measuring, "installed", lambda _peer, _folder: sys.executable)
    (told,) = figures(peer(tmp_path, script), trips, ["cat10"], tmp_path)
    assert told.value is None
    assert why in told.notice


def test_a_peer_that_answers_exactly_has_no_error(tmp_path, trips, monkeypatch):
    monkeypatch.setattr(measuring, "LEAST_ROWS", 1)
    exact = [[*key, value] for key, value in truth(trips, "cat10").values.items()]
    script = f"DATA = 'given by heart'\nprepared = lambda question: lambda: {exact!r}\n"
    _, error = measured(peer(tmp_path, script), sys.executable, trips, "cat10")
    assert error.value == 0


def test_larger_tables_are_not_tried(tmp_path, trips, monkeypatch):
    monkeypatch.setattr(measuring, "MOST_ROWS", 10)
    (told,) = figures(peer(tmp_path, KNOWS_TWO_ZONES), trips, ["cat10"], tmp_path)
    assert "up to 10 rows" in told.notice


def test_every_peer_has_its_files():
    for known in PEERS:
        assert known.script.is_file()
        assert "==" in known.requirements.read_text()
