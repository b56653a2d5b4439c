"""Relative accuracy: a pilot, then the question itself, and never more than was named."""

import json
from decimal import Decimal

import pytest

import jali
from jali.relative import percents

SQL = "SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic"


def test_the_pilot_says_how_exact_the_answer_must_be(front, room):
    answer = room.sql(SQL, epsilon=2, accuracy={"n": "10%"}, purpose="study")
    (_, first), (_, second) = front.submits
    assert (first["epsilon"], first["accuracy"]) == ("0.2", None)
    # Of n, [115, 125] and [-8, 2]: the second row shows no size.
    assert (second["epsilon"], Decimal(second["accuracy"]["n"])) == (None, Decimal("11.5"))
    assert first["purpose"] == second["purpose"] == "study"
    assert answer.pilot.receipt.verify()
    assert answer.receipt.verify()


def test_what_costs_more_than_was_named_is_not_asked(front, room):
    with pytest.raises(jali.BudgetExceeded) as error:
        room.sql(SQL, epsilon="0.5", accuracy={"n": "10%"})  # the fake explains everything at 0.5
    assert (error.value.needed, error.value.remaining) == (Decimal("0.55"), Decimal("0.5"))
    assert error.value.facts["pilot"].rows[0][1] == 120
    assert json.loads(json.dumps(error.value.to_json()))["pilot"]["rows"][0][1] == 120
    assert len(front.submits) == 1


def test_a_column_that_can_have_no_accuracy_is_refused_before_a_pilot_is_paid_for(front, room):
    refusal = {"kind": "request-rejected", "detail": "accuracy is for selected counts and sums, by column name"}
    front.trouble = [(400, refusal)]  # what the free question gets
    with pytest.raises(jali.RequestRejected, match="selected counts"):
        room.sql(SQL, epsilon=1, accuracy={"mean": "5%"})
    assert front.submits == []


def test_a_pilot_that_shows_no_size_is_kept_and_told(front, room):
    front.first = 2  # within 5 of nothing
    with pytest.raises(jali.RequestRejected, match="no size of n") as error:
        room.sql(SQL, epsilon=1, accuracy={"n": "1%"})
    assert isinstance(error.value.facts["pilot"], jali.Answer)


@pytest.mark.parametrize("accuracy", [{"n": "5%", "m": 200}, {"n": "x%"}, {"n": "0%"}, {"n": "%"}])
def test_a_wrong_share_is_never_sent(front, room, accuracy):
    with pytest.raises(jali.RequestRejected):
        room.sql(SQL, epsilon=1, accuracy=accuracy)
    assert front.submits == []


def test_a_share_needs_the_most_that_may_be_spent_and_has_no_price_beforehand(front, room):
    with pytest.raises(jali.RequestRejected):
        room.sql(SQL, accuracy={"n": "5%"})
    with pytest.raises(jali.RequestRejected, match="depends on the rows"):
        room.explain(SQL, accuracy={"n": "5%"})
    assert front.submits == []


def test_percents_are_told_from_half_widths():
    assert percents(None) == percents({"n": 5}) == percents("5%") == {}
    assert percents({"n": " 2.5% "}) == {"n": Decimal("0.025")}
