"""An agreement's Cedar policies: one text for one agreement, and closed wherever Cedar by itself stands open."""

from dataclasses import replace
from pathlib import Path

import pytest
from cedarpy import Decision, PolicySet, is_authorized
from hypothesis import given, strategies as st

from policies.agreements import read_agreement
from policies.cedar import CLAUSES, PERMIT, Policies, compile_policies
from policies.errors import AgreementRejected
from policies.facts import Facts
from policies.profile import PROFILE, CheckedBy
from policies.reasons import REASONS, UNDECIDED, why
from policies.terms import TERM_NAMES
from tests.policies.contracts import START, TERMS, document

WHOLE = replace(
    TERMS,
    doors=frozenset({"sql", "function"}),
    algorithms=frozenset({"mean"}),
    people=frozenset({"li.wei", "wu"}),
    epsilon_per_person_micro=2_000_000,
    front_may_vouch=False,
    purposes=frozenset({'a "quoted" \\ purpose', "延误研究"}),
)
FACTS = Facts(
    account="li.wei",
    role="researcher",
    organization="university",
    vouched_by="laptop",
    door="function",
    dataset="flights",
    reads={"flights": frozenset({"delay", "*"}), "airports": frozenset({"name"})},
    aggregates=frozenset({"avg"}),
    algorithms=frozenset({"mean"}),
    purpose="延误研究",
    epsilon_micro=500_000,
    acts_today=99,
    spent_by_person_micro=1_500_000,
    now=int(START.timestamp()),
)
POLICIES = compile_policies(WHOLE, "university")


def verdict(policies=POLICIES, **changes):
    return policies.verdict(replace(FACTS, **changes))


def test_the_text_of_an_agreement_is_always_the_same():
    golden = Path(__file__).parents[1] / "vectors" / "agreement.cedar"
    assert golden.read_text(encoding="utf-8") == POLICIES.text
    assert compile_policies(WHOLE, "university").text == POLICIES.text


def test_every_term_that_is_decided_has_a_policy_and_words():
    decided = {term.name for term in PROFILE if term.checked_by is CheckedBy.DECISION}
    of_every_agreement = {"role", "assignee", "epsilon"}
    assert decided | of_every_agreement == {name for name, _ in CLAUSES} == set(REASONS)
    assert {term.name for term in PROFILE} == set(TERM_NAMES)
    for name, _ in CLAUSES:
        assert f'@id("{name}")\n' in POLICIES.text


def test_what_the_terms_allow_is_allowed_by_the_permit_alone():
    assert verdict() == type(verdict())(allowed=True, policies=(PERMIT,), is_complete=True)


@pytest.mark.parametrize(
    ("changes", "policy"),
    [
        ({"now": FACTS.now - 1}, "not_before"),
        ({"now": FACTS.now + 365 * 86400}, "expires_at"),
        ({"role": "operator"}, "role"),
        ({"organization": "institute"}, "assignee"),
        ({"account": "eve"}, "people"),
        ({"vouched_by": "front"}, "front_may_vouch"),
        ({"vouched_by": ""}, "front_may_vouch"),
        ({"door": "training"}, "doors"),
        ({"door": ""}, "doors"),
        ({"dataset": "patients"}, "dataset"),
        ({"reads": {"flights": frozenset({"tail_number"})}}, "columns"),
        ({"reads": {"planes": frozenset({"*"})}}, "columns"),
        ({"aggregates": frozenset({"sum", "avg"})}, "aggregates"),
        ({"algorithms": frozenset()}, "algorithms"),
        ({"algorithms": frozenset({"mean", "max"})}, "algorithms"),
        ({"purpose": ""}, "purposes"),
        ({"epsilon_micro": 0}, "epsilon"),
        ({"epsilon_micro": 500_001, "spent_by_person_micro": 0}, "epsilon_per_query_micro"),
        ({"spent_by_person_micro": 1_500_001}, "epsilon_per_person_micro"),
        ({"spent_by_person_micro": None}, "epsilon_per_person_micro"),
        ({"acts_today": 100}, "queries_per_day"),
    ],
)
def test_each_policy_forbids_by_itself(changes, policy):
    found = verdict(**changes)
    assert (found.allowed, found.policies, found.is_complete) == (False, (policy,), True)


def raw(context_changes=None, entities=None):
    """What Cedar says when it is asked without our care: no schema, and errors not looked at."""
    context = {
        "role": "researcher", "organization": "university", "vouched_by": "laptop", "door": "sql",
        "tables": ["flights"], "aggregates": ["avg"], "algorithms": [], "purpose": "延误研究", "epsilon_micro": 500_000,
        "acts_today": 9, "spent_by_person_micro": 0, "now": FACTS.now,
    }  # fmt: skip
    for name, value in (context_changes or {}).items():
        if value is None:
            del context[name]
        else:
            context[name] = value
    flights = {"type": "Dataset", "id": "flights"}
    request = {
        "principal": {"type": "Account", "id": "li.wei"}, "action": 'Action::"invoke"', "resource": flights,
        "context": context,
    }  # fmt: skip
    known = [{"uid": flights, "attrs": {}, "parents": [], "tags": {"flights": ["delay"]}}]
    return is_authorized(request, PolicySet.from_str(POLICIES.text), known if entities is None else entities)


def test_cedar_by_itself_allows_what_it_can_not_evaluate():
    """The twin of the tests below: each of these ways stands open in Cedar, so our care is not idle."""
    assert raw().decision == Decision.Allow
    for open_way in ({"acts_today": None}, {"acts_today": "many"}, {"spent_by_person_micro": 2**63 - 1}):
        told = raw(open_way)
        assert told.decision == Decision.Allow
        assert told.diagnostics.errors


@pytest.mark.parametrize(
    "changes",
    [
        {"spent_by_person_micro": 2**63 - 1},  # the sum overflows: Cedar would skip the policy
        {"acts_today": None},
        {"acts_today": "many"},
        {"acts_today": 1.5},
        {"acts_today": 2**63},
        {"acts_today": -(2**200)},
        {"epsilon_micro": float("nan")},
        {"epsilon_micro": True},
        {"now": None},
        {"now": "2026-01-01"},
        {"purpose": None},
        {"role": None},
        {"account": None},
        {"account": 7},
        {"dataset": None},
        {"aggregates": frozenset({1})},
        {"aggregates": "avg"},
        {"aggregates": None},
        {"reads": {"flights": frozenset({1})}},
        {"reads": {"flights": None}},
        {"reads": None},
        {"account": "\ud800"},
        {"purpose": object()},
    ],
)
def test_what_can_not_be_evaluated_is_refused(changes):
    found = verdict(**changes)
    assert not found.allowed
    codes = {reason.code for reason in why(WHOLE, FACTS, found)}
    assert UNDECIDED in codes


def test_a_fact_of_a_wrong_type_that_can_be_compared_is_another_than_agreed():
    assert verdict(purpose=7).policies == ("purposes",)
    assert verdict(door=["function"]).policies == ("doors",)


def test_an_empty_set_of_policies_allows_nothing():
    found = verdict(Policies("", PolicySet.from_str("")))
    assert (found.allowed, found.policies) == (False, ())
    assert [reason.code for reason in why(WHOLE, FACTS, found)] == [UNDECIDED]


def test_a_dataset_that_cedar_knows_nothing_of_is_refused():
    """An unknown entity has no tags; a policy that asked for columns only where there are tags would pass it."""
    told = raw(entities=[])
    assert told.decision == Decision.Deny
    assert list(told.diagnostics.id_annotations_by_reason.values()) == ["columns"]


def test_another_permit_beside_ours_allows_nothing():
    more = POLICIES.text + '\n@id("more")\npermit (principal, action, resource);\n'
    assert not verdict(Policies(more, PolicySet.from_str(more))).allowed
    unnamed = POLICIES.text.replace('@id("agreement")\n', "")
    assert not verdict(Policies(unnamed, PolicySet.from_str(unnamed))).allowed


@pytest.mark.parametrize("condition", ["context.nothing == 1", "context.acts_today == context.door", "1 +", "true"])
def test_a_term_that_does_not_compile_can_not_be_signed(condition):
    clauses = [*CLAUSES, ("planted", lambda terms, assignee: condition)]
    if condition == "true":
        assert compile_policies(WHOLE, "university", clauses)
        return
    with pytest.raises(AgreementRejected) as caught:
        compile_policies(WHOLE, "university", clauses)
    assert {reason.code for reason in caught.value.reasons} == {"uncompilable-term"}


def test_an_agreement_that_was_read_is_compiled():
    assert '@id("columns")' in read_agreement(document()).policies.text


LINES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda text: text.isprintable() and text == text.strip()
)


@given(LINES, LINES)
def test_a_text_is_compared_as_it_was_written(agreed, asked):
    policies = compile_policies(replace(WHOLE, purposes=frozenset({agreed})), "university")
    assert verdict(policies, purpose=agreed).allowed
    assert verdict(policies, purpose=asked).allowed == (agreed == asked)
