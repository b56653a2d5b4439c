"""What asking together is worth, told beside what each statement would be by itself."""

from fractions import Fraction

from dp_queries.pricing.comparison import explain_workload, one_by_one
from tests.dp_queries.flights import DATASET, planned

COUNT = "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin"
AGAIN = "SELECT origin, COUNT(*) AS n, 2 * COUNT(*) AS twice FROM flights GROUP BY origin"
OTHER = "SELECT carrier, SUM(delay) AS late, AVG(delay) AS mean FROM flights GROUP BY carrier"


def test_what_is_shared_is_noisier_alone():
    plan = planned([COUNT, AGAIN])
    told = explain_workload([COUNT, AGAIN], plan, DATASET, {})
    assert told["cost"] == {"epsilon": "1", "delta": "1e-09"}
    first, second = told["statements"]
    assert first["expected_error"]["n"] == second["expected_error"]["n"]
    assert second["expected_error"]["twice"] is None
    # One count, which both show: alone it would have half of epsilon in each.
    assert 1.95 < first["expected_error_alone"]["n"] / first["expected_error"]["n"] < 2.05
    assert any(note.startswith("Asked one by one") for note in told["notes"])


def test_norms_are_those_of_the_call_where_a_statement_has_the_column():
    texts = [COUNT, OTHER]
    plain, clipped = (one_by_one(texts, DATASET, planned(texts), norms) for norms in ({}, {"late": Fraction(1)}))
    assert plain[0] == clipped[0]
    assert clipped[1]["late"] < plain[1]["late"] / 2


def test_a_part_that_is_too_little_is_left_out():
    plan = planned([OTHER] * 60, epsilon_micro=20)
    told = explain_workload([OTHER] * 60, plan, DATASET, {})
    assert all(part["expected_error_alone"] == {} for part in told["statements"])
    assert not any(note.startswith("Asked one by one") for note in told["notes"])
