"""The whole trip on a small workload, through a house that really serves."""

import pytest

from benchmarks import whole_trip
from benchmarks.trip_queries import QUERIES
from benchmarks.trips import Size, prepared


@pytest.fixture
def figures(tmp_path, monkeypatch):
    monkeypatch.setattr(whole_trip, "TURNS", 2)
    monkeypatch.setitem(QUERIES, "rows", "SELECT trip_id FROM trips")
    for name in ("JALI_HOME", "PORT", "JALI_STATE"):
        monkeypatch.setenv(name, "")  # so that they are put back: the house is asked for through them
    return list(whole_trip.whole_trip(prepared(Size("20k"), tmp_path), ["cat10", "rows"]))


@pytest.mark.long
@pytest.mark.alone
def test_the_time_above_raw_is_told_and_what_is_refused_is_told_as_refused(figures):
    trip, refused = figures
    assert (trip.name, trip.n) == ("trip_cat10_20k_ms_above_raw", 2)
    assert trip.value > 0
    assert (refused.name, refused.value) == ("trip_rows_20k_ms_above_raw", None)
    assert refused.notice.startswith("not answered yet: ")
