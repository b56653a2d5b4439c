"""Figures as machines and eyes read them."""

import json
from types import SimpleNamespace

from benchmarks.figures import Figure, not_answered, table


def test_a_figure_keeps_four_digits_under_its_promised_name():
    line = json.loads(Figure("join", "1m", "memory_mb", 123.456, 1).line())
    assert line == {"bench": "sql", "figure": "join_1m_memory_mb", "value": 123.5, "unit": "MB", "n": 1}


def test_whose_figure_it_is_stands_first():
    assert Figure("cat10", "1m", "ms_above_raw", 1.0, 9, "trip").name == "trip_cat10_1m_ms_above_raw"
    assert Figure("zone1k", "1m", "keys", 1.0, 9, "peer_opendp").name == "peer_opendp_zone1k_1m_keys"


def test_what_was_not_measured_is_told_with_its_reason():
    figure = Figure("cat10", "1m", "error", None, 0, notice="why")
    line = json.loads(figure.line())
    assert (line["value"], line["n"], line["notice"]) == (None, 0, "why")
    assert table([figure]).splitlines()[-1] == "cat10_1m_error: why"


def test_a_refusal_is_told_by_its_codes_alone():
    reasons = [SimpleNamespace(code=code, message="long words") for code in ("b", "a", "b")]
    assert not_answered(SimpleNamespace(reasons=reasons)) == "not answered yet: a, b"


def test_the_table_has_a_row_for_each_query_and_only_columns_with_values():
    figures = [
        Figure("cat10", "1m", "ms", 2.0, 1),
        Figure("cat10", "1m", "error", 0.5, 1),
        Figure("join", "1m", "ms", 3.0, 1),
    ]
    assert [line.split() for line in table(figures).splitlines()] == [
        ["ms", "error"], ["cat10", "1m", "2", "0.5"], ["join", "1m", "3"],
    ]  # fmt: skip
