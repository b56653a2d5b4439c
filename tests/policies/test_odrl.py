"""The twin: an agreement's document, read apart from the compiler, refuses what Cedar refuses, for the same terms."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import Phase, find, given, settings, strategies as st

from policies import profile
from policies.cedar import CLAUSES, PERMIT, compile_policies
from policies.facts import Facts
from policies.odrl import broken
from policies.terms import AGGREGATES, DOORS, Terms
from tests.policies.contracts import START

TABLES, COLUMNS = ("flights", "airports", "planes"), ("a", "b", "*")
PEOPLE, ALGORITHMS, PURPOSES = ("li", "wu", "ma"), ("mean", "max"), ("study", "teaching")
_NAMES = {f"{term.left} {term.operator}": term.name for term in profile.PROFILE if term.left} | {
    "target": "dataset",
    "action": "doors",
}


def some(values, least=1):
    return st.frozensets(st.sampled_from(sorted(values)), min_size=least)


@st.composite
def all_terms(draw):
    doors = draw(some(DOORS))
    people = draw(st.none() | some(PEOPLE))
    begins = START + timedelta(seconds=draw(st.integers(-2, 2)))
    budget = draw(st.integers(6, 12))
    return Terms(
        dataset=draw(st.sampled_from(["flights", "patients"])),
        columns=draw(st.frozensets(st.tuples(st.sampled_from(TABLES), st.sampled_from(COLUMNS)), min_size=1)),
        aggregates=draw(some(sorted(AGGREGATES)[:3])),
        purposes=draw(some(PURPOSES)),
        not_before=begins,
        expires_at=begins + timedelta(seconds=draw(st.integers(1, 4))),
        epsilon_micro=budget,
        delta=Fraction(1, 10**6),
        epsilon_per_query_micro=draw(st.integers(1, 6)),
        queries_per_day=draw(st.integers(1, 3)),
        doors=doors,
        algorithms=draw(st.none() | some(ALGORITHMS)) if doors != {"sql"} else None,
        people=people,
        epsilon_per_person_micro=draw(st.none() | st.integers(1, budget // len(people))) if people else None,
        front_may_vouch=draw(st.booleans()),
    )


@st.composite
def requests(draw):
    return Facts(
        account=draw(st.sampled_from(PEOPLE)),
        role=draw(st.sampled_from(["researcher", "researcher", "researcher", "operator"])),
        organization=draw(st.sampled_from(["university", "university", "university", "bureau"])),
        vouched_by=draw(st.sampled_from(["front", "laptop", ""])),
        door=draw(st.sampled_from(["sql", "sql", "function", "training", "file"])),
        dataset=draw(st.sampled_from(["flights", "flights", "patients"])),
        reads=draw(st.dictionaries(st.sampled_from(TABLES), some(COLUMNS, least=0), max_size=2)),
        aggregates=draw(some(sorted(AGGREGATES)[:3], least=0)),
        algorithms=draw(some(ALGORITHMS, least=0)),
        purpose=draw(st.sampled_from([*PURPOSES, ""])),
        epsilon_micro=draw(st.integers(-1, 7) | st.sampled_from([100_000_000, 100_000_001, 2**53])),
        acts_today=draw(st.integers(0, 3)),
        spent_by_person_micro=draw(st.none() | st.integers(0, 6)),
        now=int(START.timestamp()) + draw(st.integers(-3, 6)),
    )


def by_cedar(terms, facts, clauses=CLAUSES):
    return forbidding(compile_policies(terms, "university", clauses), facts)


def forbidding(policies, facts):
    found = policies.verdict(facts)
    assert found.is_complete
    assert found.allowed == (found.policies == (PERMIT,))
    return set(found.policies) - {PERMIT}


def document_of(terms):
    """The parts of an agreement's document that the twin reads; the whole would compile the terms once more."""
    return {"assignee": {"uid": "urn:jali:party:university"}, "permission": [profile.write_permission(terms)]}


def by_odrl(terms, facts):
    return {_NAMES.get(part, part) for part in broken(document_of(terms), facts)}


def agree(terms, asked):
    """Both readings of one agreement, about several requests: compiling takes most of the time."""
    policies, document = compile_policies(terms, "university"), document_of(terms)
    for facts in asked:
        assert forbidding(policies, facts) == {_NAMES.get(part, part) for part in broken(document, facts)}


@settings(max_examples=50)
@given(all_terms(), st.lists(requests(), min_size=6, max_size=6))
def test_both_readings_refuse_for_the_same_terms(terms, asked):
    agree(terms, asked)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=2_000)
@given(all_terms(), st.lists(requests(), min_size=6, max_size=6))
def test_both_readings_refuse_for_the_same_terms_at_length(terms, asked):
    """12,000 cases."""
    agree(terms, asked)


def planted(name, clause):
    return [(each, clause if each == name else honest) for each, honest in CLAUSES]


BUGS = {
    "one more a day": planted("queries_per_day", lambda terms, _: f"context.acts_today <= {terms.queries_per_day}"),
    "the last second": planted("expires_at", lambda terms, _: f"context.now <= {int(terms.expires_at.timestamp())}"),
    "some columns for all": planted(
        "columns",
        lambda terms, _: "[" + ", ".join(f'"{table}"' for table in terms.tables) + "].containsAll(context.tables)",
    ),
    "any for all": planted(
        "aggregates",
        lambda terms, _: (
            "context.aggregates.isEmpty() || ["
            + ", ".join(f'"{name}"' for name in sorted(terms.aggregates))
            + "].containsAny(context.aggregates)"
        ),
    ),
    "a term forgotten": [each for each in CLAUSES if each[0] != "people"],
}


SLOW = [name for name in BUGS if name != "a term forgotten"]


@pytest.mark.parametrize("bug", ["a term forgotten", *(pytest.param(name, marks=pytest.mark.long) for name in SLOW)])
def test_a_bug_planted_in_the_compiler_is_found(bug):
    """Found as it comes: shrinking to the smallest example would take most of the time."""
    found = find(
        st.tuples(all_terms(), requests()),
        lambda pair: by_cedar(*pair, clauses=BUGS[bug]) != by_odrl(*pair),
        settings=settings(max_examples=5_000, database=None, phases=[Phase.generate]),
    )
    assert by_cedar(*found) == by_odrl(*found)


def test_what_the_twin_does_not_know_is_broken():
    terms = Terms(
        dataset="flights", columns=frozenset({("flights", "*")}), aggregates=frozenset({"count"}),
        purposes=frozenset({"study"}), not_before=START, expires_at=START + timedelta(days=1), epsilon_micro=6,
        delta=Fraction(1, 10**6), epsilon_per_query_micro=6, queries_per_day=3,
    )  # fmt: skip
    facts = Facts(
        account="li", role="researcher", organization="university", vouched_by="front", door="sql", dataset="flights",
        reads={}, aggregates=frozenset(), algorithms=frozenset(), purpose="study", epsilon_micro=1, acts_today=0,
        spent_by_person_micro=None, now=int(START.timestamp()),
    )  # fmt: skip
    document = document_of(terms)
    assert broken(document, facts) == frozenset()
    document["permission"][0]["constraint"].append(
        {"leftOperand": "spatial", "operator": "eq", "rightOperand": "Shanghai"}
    )
    assert broken(document, facts) == {"spatial eq"}
    assert broken(document, replace(facts, door="file")) == {"spatial eq", "action"}
