"""An answer in the researcher's hands: tables, intervals, cost, plot."""

import sys
from datetime import date, datetime

import pytest
from rich.console import Console

import jali
from jali.answers import Answer, Receipt, table_of
from tests.client import fake_front as fake


@pytest.fixture
def answer(room):
    return room.sql("SELECT", epsilon=0.5)


def test_what_comes_with_an_answer(answer):
    assert (answer.id, answer.dataset, answer.version) == ("inv-1", "visits", "1")
    assert (answer.spent, answer.spent.delta, answer.spent.is_charged) == (0.5, 1e-9, True)
    assert answer.remaining == 7.5
    assert answer.citation.startswith("Health bureau")
    assert answer.methods() == "Noise was added."
    assert answer.notes == ("1 in 20 visits is nobody's",)
    assert len(answer) == 2


def test_tables_keep_types_and_nulls(answer):
    table = answer.to_arrow()
    assert [str(kind) for kind in table.schema.types] == ["string", "int64", "double"]
    assert table.to_pylist()[1] == {"clinic": "north <b>", "n": -3, "cost": None}
    frame = answer.to_pandas()
    assert list(frame["n"]) == [120, -3]
    assert frame.attrs["citation"] == answer.citation


def test_every_type_of_the_wire_becomes_its_arrow_type():
    values = {"boolean": True, "date": "2026-01-05", "timestamp": "2026-01-05T10:00:00", "number": "1.5", "odd": "x"}
    table = table_of({"columns": [{"name": n, "type": n} for n in values], "rows": [list(values.values())]})
    assert table.to_pylist() == [
        {"boolean": True, "date": date(2026, 1, 5), "timestamp": datetime(2026, 1, 5, 10), "number": 1.5, "odd": "x"}
    ]


def test_intervals_are_by_row_and_level(answer):
    assert answer.interval("n") == [(115, 125), (-8, 2)]
    assert answer.interval("n", level=0.5) == [(118, 122), (-5, -1)]
    assert answer.interval("cost") == [(14.25, 18.5), None]


@pytest.mark.parametrize(
    ("name", "level", "text"), [("clinic", 0.95, "n, cost"), ("m", 0.95, "n, cost"), ("n", 0.7, "0.5, 0.95")]
)
def test_an_interval_that_is_not_there_is_told_with_those_that_are(answer, name, level, text):
    with pytest.raises(jali.RequestRejected, match=text):
        answer.interval(name, level=level)


def test_the_terminal_shows_values_with_intervals(answer):
    shown = repr(answer)
    assert "120 ± 5" in shown
    assert "17.25 (14.2 .. 18.5)" in shown
    assert "NULL" in shown
    assert "spent epsilon 0.5, delta 1e-09" in shown
    assert "receipt not verified yet" in shown
    answer.receipt.verify()
    assert "receipt verified" in repr(answer)
    console = Console(width=200)
    with console.capture() as capture:
        console.print(answer)
    assert "120 ± 5" in capture.get()


def test_a_failed_check_takes_an_earlier_good_one_back(answer):
    answer.receipt.verify()
    answer.rows[0][1] = 1
    with pytest.raises(jali.VerificationError):
        answer.receipt.verify()
    assert "not verified" in repr(answer.receipt)


def test_the_notebook_shows_no_foreign_markup(answer):
    shown = answer._repr_html_()
    assert "120 ± 5" in shown
    assert "north &lt;b&gt;" in shown
    assert "<b>" not in shown


def test_the_terminal_shows_no_foreign_escape_codes(log, room):
    document = fake.answer_document(log)
    document["rows"][0][0] = "\x1b[2J[red]x"
    shown = repr(Answer(document, Receipt(document, room.verify)))
    assert "\x1b" not in shown
    assert "[red]x" in shown


def test_long_answers_are_cut_for_showing_only(log, room):
    document = fake.answer_document(log) | {"columns": [{"name": "k", "type": "integer", "noisy": False}]}
    many = document | {"rows": [[n] for n in range(100)], "intervals": {"0.95": {}}}
    answer = Answer(many, Receipt(many, room.verify))
    assert "... 40 more rows" in repr(answer)
    assert answer.to_arrow().num_rows == 100


class RecordingAxes:
    """Takes what pyplot's axes would draw."""

    def bar(self, labels, heights, yerr, capsize):
        self.drawn = labels, heights, yerr

    def set_ylabel(self, text):
        self.label = text


def test_a_plot_has_bars_with_intervals(answer):
    axes = answer.plot(ax=RecordingAxes())
    assert axes.drawn == (["east", "north <b>"], [120, -3], [[5, 5], [5, 5]])
    assert axes.label == "n (± 95%)"
    assert answer.plot("cost", ax=RecordingAxes()).drawn == (["east"], [17.25], [[3], [1.25]])


def test_without_matplotlib_a_plot_says_what_is_missing(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(jali.RequestRejected, match="pip install matplotlib"):
        answer.plot()
