"""The agreement in words: always the same, with every term in it."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from policies.agreement_text import agreement_text
from policies.agreements import Agreement, PinnedLog
from policies.profile import PROFILE
from policies.terms import TERM_NAMES
from tests.policies.contracts import START, TERMS

AGREEMENT = Agreement("a-1", "bureau", "university", START, PinnedLog("jali.example/room", bytes(32)), TERMS)
OTHER = {
    "dataset": "patients",
    "columns": frozenset({("flights", "*")}),
    "aggregates": frozenset({"sum"}),
    "purposes": frozenset({"teaching"}),
    "not_before": START + timedelta(days=1),
    "expires_at": START + timedelta(days=2),
    "epsilon_micro": 9_000_000,
    "delta": Fraction(1, 10**7),
    "epsilon_per_query_micro": 400_000,
    "queries_per_day": 99,
    "doors": frozenset({"sql", "training"}),
    "algorithms": frozenset({"mean"}),
    "people": frozenset({"li.wei"}),
    "epsilon_per_person_micro": 300_000,
    "front_may_vouch": False,
    "reports_every_months": 3,
    "reports_grace_days": 14,
    "measures": frozenset({"Disks are encrypted."}),
    "citation": "Cite the bureau.",
    "liability": "Damages are paid.",
}
NEEDED = {
    "algorithms": {"doors": frozenset({"sql", "function"})},
    "epsilon_per_person_micro": {"people": frozenset({"li.wei"})},
}


def test_every_term_is_tried():
    assert set(OTHER) == set(TERM_NAMES) == {term.name for term in PROFILE}


@pytest.mark.parametrize("term", sorted(OTHER))
def test_another_term_is_another_text(term):
    base = replace(TERMS, **NEEDED.get(term, {}))
    before, after = (
        agreement_text(replace(AGREEMENT, terms=terms)).splitlines()
        for terms in (base, replace(base, **{term: OTHER[term]}))
    )
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 2  # the term's own sentence, and the digest of the document
    assert "digest" in changed[1]


def test_the_same_agreement_is_the_same_text():
    text = agreement_text(AGREEMENT)
    assert text == agreement_text(replace(AGREEMENT))
    for word in ("bureau", "university", "version 1", "jali.example/room", AGREEMENT.digest, '"延误研究"', "8.5"):
        assert word in text
    assert "replaces" not in text


def test_an_amendment_names_what_it_replaces():
    text = agreement_text(replace(AGREEMENT, version=2, replaces=AGREEMENT.digest))
    assert f"replaces version 1, whose digest is {AGREEMENT.digest}" in text
