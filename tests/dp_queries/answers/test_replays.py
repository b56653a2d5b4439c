"""Intervals of statements that are no row-by-row computation: which rows are found again, and what if none is."""

from dataclasses import replace

import pytest

from tests.dp_queries.flights import GivenSums, planned, released

BY_CARRIER = "SELECT carrier, COUNT(*) AS n FROM flights GROUP BY carrier"
WIDE = 10_000


def answer(sql):
    return released(planned(sql), GivenSums(lambda measure, group: WIDE * (group + 1)))


def widths(sql, column):
    return [high - low for low, high in answer(sql).intervals["0.95"][column]]


def plain():
    return widths(BY_CARRIER, "n")[0]


@pytest.mark.parametrize(
    ("sql", "times"),
    [
        (f"WITH t AS ({BY_CARRIER}) SELECT carrier, n AS x FROM t", 1),
        (f"WITH t AS ({BY_CARRIER}) SELECT carrier, 3 * n AS x FROM t", 3),
        (f"WITH t AS ({BY_CARRIER}) SELECT SUM(n) AS x FROM t", 3**0.5),
        (f"WITH t AS ({BY_CARRIER}) SELECT a.carrier, a.n - b.n AS x FROM t a JOIN t b ON a.carrier = b.carrier", 0),
        (f"{BY_CARRIER} UNION ALL SELECT 'none', COUNT(*) AS n FROM flights WHERE late", None),
        ("SELECT carrier, SUM(COUNT(*)) OVER (ORDER BY carrier) AS x FROM flights GROUP BY carrier LIMIT 1", 1),
    ],
)
def test_intervals_are_as_wide_as_the_noise(sql, times):
    found = widths(sql, "n" if times is None else "x")
    if times is None:
        assert len(found) == 4
        assert all(width > 0 for width in found)
    else:
        assert found == [pytest.approx(times * plain(), rel=0.4)] * len(found)


def test_a_row_is_found_again_where_a_draw_would_have_cut_it():
    sql = "SELECT carrier, COUNT(*) / SUM(COUNT(*)) OVER () AS x FROM flights GROUP BY carrier ORDER BY x DESC LIMIT 2"
    found = answer(sql)
    assert [row[0] for row in found.rows] == ["UA", "DL"]
    for row, (low, high) in zip(found.rows, found.intervals["0.95"]["x"], strict=True):
        assert low < row[1] < high


def test_keys_that_are_not_selected_tell_rows_apart():
    sql = "SELECT RANK() OVER (ORDER BY COUNT(*) DESC) AS r FROM flights GROUP BY carrier"
    assert answer(sql).intervals["0.95"]["r"] == [[3, 3], [2, 2], [1, 1]]


def test_rows_that_nothing_tells_apart_have_no_interval_and_a_note():
    found = answer(f"SELECT n FROM ({BY_CARRIER}) t UNION ALL SELECT n FROM ({BY_CARRIER}) u")
    assert found.intervals["0.95"]["n"] == [[None, None]] * 6
    assert any("select the keys" in note for note in found.notes)


def test_one_row_needs_no_key():
    sql = f"SELECT MAX(n) - MIN(n) AS x FROM ({BY_CARRIER}) t"
    ((low, high),) = answer(sql).intervals["0.95"]["x"]
    assert low < 2 * WIDE < high


def test_what_takes_too_long_has_no_interval_and_a_note():
    by_day = "SELECT day, COUNT(*) AS n FROM flights GROUP BY day"
    found = answer(f"SELECT COUNT(*) AS x FROM ({by_day}) a, ({by_day}) b WHERE a.n < b.n")
    assert found.intervals["0.95"]["x"] == [[None, None]]
    assert any("too long" in note for note in found.notes)


def test_the_same_answer_is_told_the_same_way_twice():
    sql = f"SELECT AVG(n) AS x FROM ({BY_CARRIER}) t"
    assert answer(sql).intervals == answer(sql).intervals


@pytest.mark.parametrize(("work", "runs"), [(1, 200), (10_000, 86), (23_500, 40), (48_000, 40), (50_000, 0)])
def test_a_statement_is_run_as_often_as_time_allows_and_never_too_rarely(work, runs):
    (above,) = planned(f"WITH t AS ({BY_CARRIER}) SELECT SUM(n) AS x FROM t").statements
    assert replace(above, work=work).runs == runs
