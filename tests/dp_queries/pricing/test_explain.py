from dp_queries.answers.methods import methods_text
from dp_queries.planner import explain
from tests.dp_queries.flights import DATASET, GivenSums, planned, released_together

SQL = (
    "SELECT origin, COUNT(*) AS n, SUM(delay) AS s, AVG(delay) AS a, COUNT(*) / 2 AS half FROM flights GROUP BY origin"
)


def test_a_plan_is_explained_in_the_columns_units():
    told = explain(planned(SQL), DATASET)
    assert told["cost"] == {"epsilon": "1", "delta": "1e-09"}
    assert told["groups"] == 3
    assert told["expected_error"].keys() == {"n", "s", "a", "half"}
    assert told["expected_error"]["half"] is None
    assert told["expected_error"]["a"].keys() == {"sum", "count"}
    # A delay is up to 600 minutes off 0, a row is 1: their sums' noises are in that proportion.
    assert 590 < told["expected_error"]["s"] / told["expected_error"]["n"] < 610
    assert told["bounds"][0] == {"of": "sum of flights.delay", "lower": -60.0, "upper": 600.0, "granularity": 0.5}
    assert told["clipping"][0]["l2_norm_per_unit"] == 30
    least, most = told["clipping"][0]["chosen_between"]
    assert least < 30 < most
    assert any("chooses better ones" in note for note in told["notes"])


def test_a_sum_of_an_expression_is_named_in_our_words():
    sql = "SELECT SUM(-delay + 2 * distance) AS s FROM flights"
    assert explain(planned(sql), DATASET)["bounds"][0]["of"] == "sum of ((flights.distance * 2) + neg(flights.delay))"


def test_the_methods_name_mechanism_norms_and_unit():
    answer = released_together(planned(SQL), GivenSums(lambda measure, group: 1))
    text = methods_text(planned(SQL), DATASET, answer.clipping)
    for part in (
        "(1, 1e-09)-differential privacy",
        "all rows of one aircraft",
        "rows: norm 30 (chosen",
        "Laplace",
        "3 public groups",
    ):
        assert part in text
