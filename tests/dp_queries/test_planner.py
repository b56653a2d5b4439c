from dataclasses import replace
from fractions import Fraction

import pytest

from dp_queries import planner
from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse, plan, plan_for_accuracy
from policies.authorization import Needs
from policies.errors import Refused, RequestRejected
from privacy.loss import Loss, PureEvent, ZCDPEvent
from privacy.norm_choice import CHOICE_SHARE
from privacy.units import ContributionNorm
from tests.dp_queries.flights import DATASET, permit, planned

DELTA = Fraction(1, 10**9)


def test_one_group_gets_laplace_at_the_least_scale():
    made = planned("SELECT COUNT(*) FROM flights", epsilon_micro=500_000)
    assert made.loss == Loss((PureEvent(500_000),))
    (measure,) = made.measures
    told = Fraction(1, 2) * CHOICE_SHARE
    assert measure.choice.histogram_scale == 1 / told
    for norm, scale in zip(measure.norms, measure.choice.noise_scales, strict=True):
        assert scale == norm.l2_steps / (Fraction(1, 2) - told)
    declared = measure.choice.ladder.declared
    assert (measure.norm, measure.noise_scale) == (
        ContributionNorm(30 * 1024, 1024),
        measure.choice.noise_scales[declared],
    )


def test_an_accuracy_is_promised_for_the_cards_norms():
    query = analyse("SELECT COUNT(*) AS n FROM flights", DATASET)
    allowed = permit(query.needs, epsilon_micro=1_000_000)
    asked = {"accuracy": {"n": Fraction(300)}, "most_epsilon_micro": 1_000_000}
    (measure,) = plan_for_accuracy(query, DATASET, allowed, **asked).measures
    assert measure.choice is None
    assert measure.norm == ContributionNorm(30 * 1024, 1024)


def test_many_groups_get_gaussian_noise_whose_loss_is_the_epsilon():
    made = planned("SELECT day, COUNT(*), SUM(distance) FROM flights GROUP BY day", epsilon_micro=1_000_000)
    assert all(isinstance(event, ZCDPEvent) for event in made.loss.events)
    assert len(made.loss.events) == 2
    assert 990_000 < made.loss.epsilon_micro(DELTA) <= 1_000_000


@pytest.mark.parametrize(
    "sql", ["SELECT COUNT(*), AVG(delay) FROM flights", "SELECT month, AVG(delay) FROM flights GROUP BY 1"]
)
@pytest.mark.parametrize("epsilon_micro", [3, 1_000, 123_457, 50_000_000])
def test_the_loss_of_all_measures_never_exceeds_the_epsilon(sql, epsilon_micro):
    made = planned(sql, epsilon_micro=epsilon_micro)
    assert made.loss.epsilon_micro(DELTA) <= epsilon_micro
    assert len(made.loss.events) == len(made.measures) == 3 if "COUNT" in sql else 2


@pytest.mark.parametrize("epsilon", [0, -1, 100_000_001, 1.0, float("nan"), True, "1", None, 10**400])
def test_an_epsilon_is_a_whole_number_of_micros_in_its_range(epsilon):
    query = analyse("SELECT COUNT(*) FROM flights", DATASET)
    with pytest.raises(RequestRejected) as refused:
        plan(query, DATASET, permit(query.needs, epsilon_micro=1), epsilon_micro=epsilon)
    assert refused.value.reasons[0].where == "epsilon"


def test_an_epsilon_that_can_not_be_split_is_refused():
    with pytest.raises(RequestRejected):
        planned("SELECT AVG(delay), COUNT(*) FROM flights", epsilon_micro=2)


def test_no_permit_no_plan():
    query = analyse("SELECT COUNT(*) FROM flights WHERE late", DATASET)
    other = Needs("flights", frozenset({("flights", "*")}), frozenset({"count"}))
    with pytest.raises(Refused):
        plan(query, DATASET, permit(other, epsilon_micro=1_000_000), epsilon_micro=1_000_000)
    with pytest.raises(Refused):
        plan(query, DATASET, permit(query.needs, epsilon_micro=999_999), epsilon_micro=1_000_000)
    with pytest.raises(Refused):
        newer = DATASET.model_copy(update={"version": "2013-2"})
        plan(query, newer, permit(query.needs, epsilon_micro=1_000_000), epsilon_micro=1_000_000)


def test_the_digest_binds_version_price_and_question_not_the_text():
    made = planned("SELECT COUNT(*) FROM flights")
    assert made.digest == planned("select  count(*)\nfrom FLIGHTS x").digest
    assert made.digest != replace(made, version="2013-2").digest
    assert made.digest != planned("SELECT COUNT(*) FROM flights", epsilon_micro=1_000_001).digest
    assert made.digest != planned("SELECT COUNT(*) + 1 FROM flights").digest


def test_accuracy_finds_the_smallest_price():
    query = analyse("SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin", DATASET)
    ticket = permit(query.needs, epsilon_micro=10_000_000)
    accuracy = {"n": Fraction(200)}
    made = plan_for_accuracy(query, DATASET, ticket, accuracy=accuracy, most_epsilon_micro=10_000_000)
    assert planner.explain(made, DATASET)["expected_error"]["n"] <= 200
    cheaper = plan(query, DATASET, ticket, epsilon_micro=made.epsilon_micro - 1)
    assert planner.explain(cheaper, DATASET)["expected_error"]["n"] > 200


@pytest.mark.parametrize(
    "accuracy",
    [{"n": Fraction(1, 100)}, {"m": Fraction(1)}, {"origin": Fraction(1)}, {"a": Fraction(9)}, {"n": Fraction(0)}, {}],
)
def test_accuracy_out_of_reach_or_of_something_else_is_refused(accuracy):
    query = analyse("SELECT origin, COUNT(*) AS n, AVG(delay) AS a FROM flights GROUP BY origin", DATASET)
    with pytest.raises(RequestRejected):
        plan_for_accuracy(
            query, DATASET, permit(query.needs, epsilon_micro=10**6), accuracy=accuracy, most_epsilon_micro=10**6
        )


def test_what_the_engine_would_refuse_above_is_refused_before_the_charge():
    # The walk offers nothing that the engine can't bind, so a rendering is broken here as a bug would break it.
    query = planner.analyse("SELECT COUNT(*) + 1 AS n FROM flights", DATASET)
    (above,) = query.layers.statements
    broken = replace(query, layers=replace(query.layers, statements=(replace(above, sql="SELECT no_such(a0)"),)))
    with pytest.raises(QueryRejected) as caught:
        planner.plan(broken, DATASET, permit(query.needs, epsilon_micro=10**6), epsilon_micro=10**6)
    assert [reason.code for reason in caught.value.reasons] == ["above"]


@pytest.mark.parametrize(("keys", "mechanism"), [("", "permute_and_flip"), ("GROUP BY day", "exponential")])
def test_a_slot_holds_the_draws_of_the_mechanism_that_was_chosen(keys, mechanism):
    sql = f"SELECT MEDIAN(delay) FROM flights {keys}"
    slots, made = analyse(sql, DATASET).slots, planned(sql, epsilon_micro=1_000_000)
    assert [part.drawing.mechanism for part in made.aggregations[0].quantiles] == [mechanism]
    assert made.slot_seconds == slots[mechanism]
    assert slots["permute_and_flip"] < slots["exponential"]
