"""Several statements in one call: a sequence of answers with one price and one receipt."""

import copy
import io
import json
from decimal import Decimal

import pytest
from rich.console import Console

import jali
from jali import Flaw, VerificationError
from jali.cli import main
from tests.client import fake_front as fake

TWO = ["SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic", "SELECT COUNT(*) AS n FROM visits"]


@pytest.fixture
def answers(room):
    return room.sql(TWO, epsilon=0.5)


def test_answers_are_a_sequence_in_the_order_of_the_statements(answers, front):
    assert front.submits[0][1]["sql"] == TWO
    assert [answer.rows[0][1] for answer in answers] == [120, 121]
    assert len(answers) == 2
    assert answers[1].interval("n") == [(116, 126), (-8, 2)]
    assert answers[-1].rows == answers[1].rows
    first, second = answers
    assert first.to_arrow().num_rows == second.to_arrow().num_rows == 2
    assert [frame["n"][0] for frame in answers.to_pandas()] == [120, 121]


def test_price_citation_and_methods_are_those_of_all(answers):
    for one in (answers, *answers):
        assert (one.id, one.dataset, one.version) == ("inv-1", "visits", "1")
        assert (one.spent, one.remaining) == (0.5, 7.5)
        assert one.citation.startswith("Health bureau")
        assert one.methods() == "Noise was added."
    assert answers.notes == ("1 in 20 visits is nobody's",)
    assert answers[0].notes == ()


def test_one_receipt_covers_them_all(answers):
    verified = answers[1].receipt.verify()
    assert answers.receipt.verified == verified
    assert "receipt verified" in repr(answers)


def test_a_list_of_one_is_a_sequence_of_one(room, front):
    (answer,) = room.sql((TWO[0],), epsilon=0.5)
    assert answer.rows[0][1] == 120
    assert front.submits[0][1]["sql"] == TWO[:1]


LIES = {
    "a value of the second": lambda document: document["answers"][1]["rows"][0].__setitem__(1, 122),
    "one left out": lambda document: document["answers"].pop(),
    "another order": lambda document: document["answers"].reverse(),
    "rows beside the answers": lambda document: document.update(rows=[]),
    "no list": lambda document: document.update(answers=5),
}


@pytest.mark.parametrize("name", LIES)
def test_what_was_altered_does_not_verify(answers, room, name):
    room.verify(answers.document)
    document = copy.deepcopy(answers.document)
    LIES[name](document)
    with pytest.raises(VerificationError) as error:
        room.verify(document)
    assert error.value.flaw is Flaw.ANSWER_DIFFERS


def test_they_are_shown_below_each_other(answers):
    shown = Console(width=160, file=io.StringIO())
    with shown.capture() as capture:
        shown.print(answers)
    for text in (repr(answers), capture.get(), answers._repr_html_()):
        assert text.index("1 of 2") < text.index("120 ± 5") < text.index("2 of 2") < text.index("121 ± 5")
        assert text.count("spent epsilon 0.5") == 1
        assert text.count("receipt not verified yet") == 1


def test_a_saved_workload_is_verified_whole(answers, room, tmp_path):
    for number, one in enumerate((answers, answers[0])):
        one.save(tmp_path / f"{number}.json")
        saved = json.loads((tmp_path / f"{number}.json").read_text())
        assert room.verify(saved).index == answers.receipt.index


def test_a_dry_run_tells_each_and_what_it_would_be_alone(room, front):
    plans = room.explain(TWO, epsilon=0.5)
    assert (plans.cost, plans.digest) == (0.5, fake.PLAN)
    assert [plan.expected_error["n"] for plan in plans] == [5, 5]
    assert plans[1].cost == plans.cost
    assert [alone["n"] for alone in plans.alone] == [8, 7.5]
    assert len(plans) == 2
    for text in (repr(plans), plans._repr_html_()):
        assert text.index("1 of 2") < text.index("2 of 2") < text.index("would cost epsilon 0.5")
        assert "two share it" in text
    assert front.submits == []


def test_a_share_holds_in_every_statement(front, room):
    answers = room.sql(TWO, epsilon=2, accuracy={"n": "10%"})
    second = front.submits[1][1]
    # Of n, [115, 125] in the first and [116, 126] in the second: the smaller size counts.
    assert Decimal(second["accuracy"]["n"]) == Decimal("11.5")
    assert answers.pilot.receipt.verify()


def test_the_command_line_takes_several(front, monkeypatch, agreement_file, capsys, tmp_path):
    monkeypatch.setenv("JALI_URL", front.url)
    monkeypatch.setenv("JALI_TOKEN", fake.TOKEN)
    monkeypatch.setenv("JALI_AGREEMENT", str(agreement_file))
    (tmp_path / "third.sql").write_text("SELECT 3")
    assert main(["sql", *TWO, "-f", str(tmp_path / "third.sql"), "--epsilon", "1", "--json"]) == 0
    assert front.submits[0][1]["sql"] == [*TWO, "SELECT 3"]
    (tmp_path / "answers.json").write_text(capsys.readouterr().out)
    assert main(["verify", str(tmp_path / "answers.json")]) == 0
    assert main(["explain", *TWO, "--epsilon", "1"]) == 0
    assert "would cost epsilon 0.5" in capsys.readouterr().out


def test_reasons_name_the_statement():
    reason = jali.Reason("unknown-column", "there is no column sky", "statement 2", 1, 8)
    assert str(reason) == "there is no column sky (statement 2, line 1, column 8) [unknown-column]"
