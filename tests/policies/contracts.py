"""An agreement of two parties for tests: its terms, its document, signed or not, and what is said against it."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.agreements import PinnedLog, Terms, agreement_document, all_columns, sign, verify
from policies.errors import AgreementRejected

START = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = Terms(
    dataset="flights",
    columns=all_columns({"flights": ["origin", "delay"], "airports": "*"}),
    aggregates=frozenset({"count", "avg"}),
    purposes=frozenset({"delay study", "延误研究"}),
    not_before=START,
    expires_at=START + timedelta(days=365),
    epsilon_micro=8_500_000,
    delta=Fraction(1, 10**6),
    epsilon_per_query_micro=500_000,
    queries_per_day=100,
)
BUREAU, UNIVERSITY, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2, 3))
KEYS = {"bureau": BUREAU.public_key(), "university": UNIVERSITY.public_key()}


def document(**changes):
    return agreement_document(
        id="a-1",
        assigner="bureau",
        assignee="university",
        issued=START,
        log=PinnedLog("jali.example/room", bytes(range(32))),
        terms=replace(TERMS, **changes),
    )


def signed(unsigned=None):
    return sign(sign(unsigned or document(), BUREAU, "bureau"), UNIVERSITY, "university")


def codes(caught):
    return [reason.code for reason in caught.value.reasons]


def rejected(doc, keys=KEYS):
    with pytest.raises(AgreementRejected) as caught:
        verify(doc, keys)
    return codes(caught)


def changed(doc, where, value):
    made = copy.deepcopy(doc)
    part = made
    *way, last = where
    for step in way:
        part = part[step]
    part[last] = value
    return made
