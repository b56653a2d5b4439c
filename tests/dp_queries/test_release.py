import json
from fractions import Fraction

import pytest

from dp_queries.answers.answer import Answer
from dp_queries.release import release
from privacy.loss import pure_loss
from privacy.mechanisms import OpenDPChoice, OpenDPNoise
from tests.dp_queries.flights import DATASET, GivenSums, Silence, charge, planned, released

GRID = 1024
THOUSANDS = GivenSums(lambda measure, group: 1000 * (group + 1))


@pytest.mark.parametrize(
    "wrong", [{"plan_digest": "0" * 64}, {"agreement": "urn:jali:agreement:other"}, {"loss": pure_loss(1)}]
)
def test_no_charge_no_data(wrong):
    plan = planned("SELECT COUNT(*) FROM flights")
    backend = GivenSums(lambda measure, group: 1)
    with pytest.raises(ValueError, match="not for this plan"):
        release(plan, charge(plan, **wrong), backend, noise=Silence(), choice=OpenDPChoice())
    assert backend.asked == 0


def test_every_measure_is_noised_at_its_own_scale():
    asked = []

    class Recorded(Silence):
        def laplace(self, values, scale):
            asked.append((len(values), scale))
            return [value + GRID * 7 if value else 0 for value in values]

    plan = planned("SELECT COUNT(*), COUNT(delay) FROM flights")
    answer = released(plan, THOUSANDS, Recorded())
    first, second = plan.measures
    assert first.norm.grid == GRID
    noises = [
        each
        for measure in (first, second)
        for each in ((len(measure.norms) + 1, measure.choice.histogram_scale), (1, measure.noise_scale))
    ]
    assert sorted(asked) == sorted(noises)
    assert answer.rows == [[1007, 1007]]


def test_counts_are_whole_sums_on_their_grid_and_averages_short():
    def sums(measure, group):
        return 123457 if measure.kind == "sum" else 1001

    plan = planned("SELECT COUNT(*), SUM(delay), SUM(distance), AVG(delay) FROM flights")

    class Third(Silence):
        def laplace(self, values, scale):
            return [value + 170 if value else 0 for value in values]  # a third of a step at most

    answer = released(plan, GivenSums(sums), Third())
    count, delay, distance, mean = answer.rows[0]
    assert (count, delay, distance) == (1001, 61728.5, 123457)
    assert mean == float(f"{(540 + (123457 + 170 / GRID) / (1001 + 170 / GRID)) / 2:.6g}")


def test_an_average_without_rows_is_finite():
    answer = released(planned("SELECT AVG(delay) FROM flights"), GivenSums(lambda measure, group: -5))
    assert answer.rows == [[(540 - 5) / 2]]


def test_an_average_stays_within_the_columns_bounds():
    plan = planned("SELECT AVG(delay) AS m FROM flights", epsilon_micro=10_000)
    answer = released(plan, GivenSums(lambda measure, group: 10**9 if measure.kind == "sum" else 1))
    column = DATASET.card.table("flights").column("delay")
    lower, upper = map(float, column.bounds)
    assert answer.rows == [[upper]]
    for bounds in answer.intervals["0.99"]["m"]:
        assert lower <= bounds[0] <= bounds[1] <= upper


def test_an_answer_survives_json():
    answer = released(planned("SELECT day, AVG(delay) FROM flights GROUP BY day LIMIT 3"), THOUSANDS, OpenDPNoise())
    text = json.dumps(answer.to_json(), allow_nan=False)
    assert Answer.from_json(json.loads(text)) == answer


def test_noise_that_drowns_a_column_is_told():
    plan = planned("SELECT COUNT(*) AS n, SUM(distance) AS s FROM flights", epsilon_micro=100_000)
    answer = released(plan, GivenSums(lambda measure, group: 10**6))
    assert [note.split()[0] for note in answer.notes] == ["s"]
    assert "raise epsilon" in answer.notes[0]


def test_noisy_measures_beyond_every_integer_still_give_an_answer():
    class Extreme(Silence):
        def laplace(self, values, scale):
            return [2**63 - 1 for _ in values]

    plan = planned("SELECT COUNT(*) * COUNT(*), AVG(delay), SUM(delay) / COUNT(*) FROM flights")
    answer = released(plan, THOUSANDS, Extreme())
    assert all(isinstance(value, int | float) for value in answer.rows[0])
    assert Fraction(answer.rows[0][0]) > 2**100
