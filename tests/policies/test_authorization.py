"""May they do this: each check refuses by itself, all reasons come at once, and only `decide` makes a permit."""

import copy
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from policies.agreements import Agreement, PinnedLog, Terms, all_columns
from policies.authorization import Act, Actor, Hold, Needs, Permit, decide
from policies.errors import Refused

START = datetime(2026, 1, 1, tzinfo=UTC)
NOON = START + timedelta(hours=12)
AGREEMENT = Agreement(
    id="a-1",
    assigner="bureau",
    assignee="university",
    issued=START,
    log=PinnedLog("jali.example/room", bytes(32)),
    terms=Terms(
        dataset="flights",
        columns=all_columns({"flights": ["origin", "delay"], "airports": "*"}),
        aggregates=frozenset({"count", "avg"}),
        purposes=frozenset({"delay study"}),
        not_before=START,
        expires_at=START + timedelta(days=30),
        epsilon_micro=8_000_000,
        delta=Fraction(1, 10**6),
        epsilon_per_query_micro=500_000,
        queries_per_day=10,
    ),
)
NEEDS = Needs("flights", frozenset({("flights", "delay"), ("airports", "name"), ("flights", "*")}), frozenset({"avg"}))
ACT = Act("sql", NEEDS, 500_000, "delay study")
ACTOR = Actor("li.wei", "researcher", "university", "front")
ASKED = {"actor": ACTOR, "holds": (), "acts_today": 9, "now": NOON}


def refused(agreement=AGREEMENT, act=ACT, **changes):
    with pytest.raises(Refused) as caught:
        decide(agreement, act, **(ASKED | changes))
    return [reason.code for reason in caught.value.reasons]


def needs(**changes):
    return replace(ACT, needs=replace(NEEDS, **changes))


def agreed(**changes):
    return replace(AGREEMENT, terms=replace(AGREEMENT.terms, **changes))


def test_what_is_agreed_is_permitted():
    permit = decide(AGREEMENT, ACT, **ASKED)
    assert (permit.policies, permit.version, permit.digest) == (("agreement",), 1, AGREEMENT.digest)
    assert (permit.agreement, permit.door, permit.needs) == ("urn:jali:agreement:a-1", "sql", NEEDS)
    assert (permit.epsilon_micro, permit.purpose) == (500_000, "delay study")
    assert (permit.actor, permit.decided_at) == (ACTOR, NOON)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"now": START - timedelta(seconds=1)}, "not-yet-in-force"),
        ({"now": START + timedelta(days=30)}, "expired"),
        ({"holds": [Hold("flights", "infringement")]}, "held"),
        ({"holds": [Hold("urn:jali:agreement:a-1", "withheld")]}, "held"),
        ({"holds": [Hold("university", "violation")]}, "held"),
        ({"holds": [Hold("li.wei", "burst")]}, "held"),
        ({"actor": replace(ACTOR, role="provider")}, "role"),
        ({"actor": replace(ACTOR, role="")}, "role"),
        ({"actor": replace(ACTOR, organization="institute")}, "organization"),
        ({"act": replace(ACT, door="function")}, "door"),
        ({"act": needs(dataset="patients")}, "dataset"),
        ({"act": needs(columns=frozenset({("flights", "tail_number")}))}, "column"),
        ({"act": needs(columns=frozenset({("planes", "*")}))}, "column"),
        ({"act": needs(aggregates=frozenset({"count_distinct"}))}, "aggregate"),
        ({"act": replace(ACT, purpose="advertising")}, "purpose"),
        ({"act": replace(ACT, epsilon_micro=500_001)}, "epsilon-per-query"),
        ({"act": replace(ACT, epsilon_micro=0)}, "epsilon-range"),
        ({"act": replace(ACT, epsilon_micro=-1)}, "epsilon-range"),
        ({"act": replace(ACT, epsilon_micro=float("nan"))}, "epsilon-range"),
        ({"act": replace(ACT, epsilon_micro=0.5)}, "epsilon-range"),
        ({"act": replace(ACT, epsilon_micro=True)}, "epsilon-range"),
        ({"acts_today": 10}, "queries-per-day"),
        ({"acts_today": 11}, "queries-per-day"),
    ],
)
def test_each_check_refuses_by_itself(changes, code):
    assert refused(**changes) == [code]


def test_every_reason_is_told_at_once():
    worst = Act("function", Needs("patients", frozenset({("a", "b"), ("c", "d")}), frozenset({"sum"})), 9**9, "fun")
    codes = refused(
        act=worst,
        actor=Actor("eve", "public", "nobody", "front"),
        holds=(Hold("flights", "x"), Hold("university", "y")),
        acts_today=99,
        now=START + timedelta(days=99),
    )
    assert codes == [
        "held", "held", "expired", "role", "organization", "door", "dataset", "column", "column", "aggregate",
        "purpose", "epsilon-range", "epsilon-per-query", "queries-per-day",
    ]  # fmt: skip


OPTIONAL = [
    ({"people": frozenset({"wang.fang"})}, {}, "person", "people"),
    ({"front_may_vouch": False}, {}, "vouching", "front_may_vouch"),
    ({"front_may_vouch": False}, {"actor": replace(ACTOR, vouched_by="")}, "vouching", "front_may_vouch"),
    (
        {"people": frozenset({"li.wei"}), "epsilon_per_person_micro": 600_000},
        {"spent_by_person_micro": 100_001},
        "epsilon-per-person",
        "epsilon_per_person_micro",
    ),
    (
        {"people": frozenset({"li.wei"}), "epsilon_per_person_micro": 600_000},
        {"spent_by_person_micro": None},
        "epsilon-per-person",
        "epsilon_per_person_micro",
    ),
]


@pytest.mark.parametrize(("terms", "asked", "code", "policy"), OPTIONAL)
def test_terms_that_may_be_left_out_refuse_by_themselves(terms, asked, code, policy):
    with pytest.raises(Refused) as caught:
        decide(agreed(**terms), ACT, **(ASKED | asked))
    assert [reason.code for reason in caught.value.reasons] == [code]
    assert caught.value.facts["policies"] == [policy]
    assert decide(AGREEMENT, ACT, **(ASKED | asked))


def test_terms_that_may_be_left_out_allow_what_they_name():
    people = {"people": frozenset({"li.wei", "wang.fang"}), "epsilon_per_person_micro": 600_000}
    assert decide(agreed(**people), ACT, **ASKED, spent_by_person_micro=100_000)
    assert decide(agreed(front_may_vouch=False), ACT, **ASKED | {"actor": replace(ACTOR, vouched_by="laptop")})


def test_functions_and_trainings_name_agreed_algorithms():
    both = agreed(doors=frozenset({"function", "sql"}), algorithms=frozenset({"median-of-means"}))
    function = replace(ACT, door="function", algorithms=frozenset({"median-of-means"}))
    assert decide(both, function, **ASKED).door == "function"
    assert decide(both, ACT, **ASKED).door == "sql"
    assert refused(both, replace(function, algorithms=frozenset())) == ["algorithm"]
    assert refused(both, replace(function, algorithms=frozenset({"median-of-means", "a", "b"}))) == ["algorithm"] * 2
    assert refused(both, replace(function, door="training")) == ["door"]
    assert decide(agreed(doors=frozenset({"function"})), replace(function, algorithms=frozenset({"any"})), **ASKED)


def test_a_refusal_names_the_policies_that_forbid():
    with pytest.raises(Refused) as caught:
        decide(AGREEMENT, ACT, **ASKED | {"holds": [Hold("flights", "x")], "acts_today": 10})
    assert caught.value.facts["policies"] == ["holds", "queries_per_day"]


def test_a_hold_refuses_what_the_policies_allow_and_nothing_else_is_said():
    with pytest.raises(Refused) as caught:
        decide(AGREEMENT, ACT, **ASKED | {"holds": [Hold("flights", "x")]})
    assert caught.value.facts["policies"] == ["holds"]
    assert [reason.code for reason in caught.value.reasons] == ["held"]


def test_the_boundaries_of_the_term():
    assert decide(AGREEMENT, ACT, **ASKED | {"now": START})
    assert decide(AGREEMENT, ACT, **ASKED | {"now": START + timedelta(days=30, seconds=-1)})


def test_holds_on_others_do_not_matter():
    others = [Hold("patients", "x"), Hold("institute", "x"), Hold("urn:jali:agreement:a-2", "x"), Hold("wang", "x")]
    assert decide(AGREEMENT, ACT, **ASKED | {"holds": others})


def test_a_refusal_does_not_tell_an_officers_reason():
    with pytest.raises(Refused) as caught:
        decide(AGREEMENT, ACT, **ASKED | {"holds": [Hold("flights", "a rights holder complained")]})
    assert "complained" not in str(caught.value.to_json())


def test_the_only_purpose_need_not_be_repeated():
    assert decide(AGREEMENT, replace(ACT, purpose=None), **ASKED).purpose == "delay study"
    two = replace(AGREEMENT, terms=replace(AGREEMENT.terms, purposes=frozenset({"delay study", "teaching"})))
    assert refused(two, replace(ACT, purpose=None)) == ["purpose"]
    assert decide(two, replace(ACT, purpose="teaching"), **ASKED).purpose == "teaching"


def test_now_has_a_zone():
    with pytest.raises(ValueError, match="aware"):
        decide(AGREEMENT, ACT, **ASKED | {"now": NOON.replace(tzinfo=None)})


def test_nobody_else_makes_a_permit():
    parts = {
        "agreement": AGREEMENT.uid, "door": "sql", "needs": NEEDS, "epsilon_micro": 1, "purpose": "", "actor": ACTOR,
        "decided_at": NOON, "policies": ("agreement",), "version": 1, "digest": "",
    }  # fmt: skip
    for seal in (None, object(), True):
        with pytest.raises(TypeError, match="decide only"):
            Permit(**parts, seal=seal)
    with pytest.raises(TypeError):
        Permit(**parts)
    with pytest.raises(ValueError, match="seal"):
        replace(decide(AGREEMENT, ACT, **ASKED), epsilon_micro=10**9)


def test_a_permit_can_not_be_changed_and_survives_the_pipe():
    permit = decide(AGREEMENT, ACT, **ASKED)
    with pytest.raises(AttributeError):
        permit.epsilon_micro = 10**9
    assert pickle.loads(pickle.dumps(permit)) == permit  # noqa: S301  # our own bytes
    assert copy.deepcopy(permit) == permit


NAMES = st.sampled_from(["flights", "airports", "origin", "delay", "*", "planes", "name"])


@given(
    columns=st.frozensets(st.tuples(NAMES, NAMES), max_size=4),
    aggregates=st.frozensets(st.sampled_from(["count", "avg", "sum", "median"]), max_size=3),
    epsilon=st.integers(-5, 600_000),
    today=st.integers(0, 12),
)
def test_a_permit_never_goes_beyond_the_terms(columns, aggregates, epsilon, today):
    act = Act("sql", Needs("flights", columns, aggregates), epsilon, "delay study")
    within = (
        columns
        <= {("flights", name) for name in ("origin", "delay", "*")} | {("airports", name) for _, name in columns}
        and aggregates <= {"count", "avg"}
        and 1 <= epsilon <= 500_000
        and today < 10
    )
    if within:
        assert decide(AGREEMENT, act, **ASKED | {"acts_today": today}).needs == act.needs
    else:
        assert refused(act=act, acts_today=today)
