"""Agreements: what can be signed, what verifies, and everything that does not."""

from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from policies.agreements import Agreement, PinnedLog, all_columns, amendment_document, read_agreement, sign, verify
from policies.canonical import digest
from policies.errors import AgreementRejected
from policies.terms import AGGREGATES
from tests.policies.contracts import (
    BUREAU,
    KEYS,
    START,
    STRANGER,
    TERMS,
    UNIVERSITY,
    changed,
    codes,
    document,
    rejected,
    signed,
)


def test_what_both_sides_signed_is_read_as_it_was_meant():
    agreement = verify(signed(), KEYS)
    assert agreement == Agreement(
        "a-1", "bureau", "university", START, PinnedLog("jali.example/room", bytes(range(32))), TERMS
    )
    assert (agreement.uid, agreement.version, agreement.replaces) == ("urn:jali:agreement:a-1", 1, None)
    assert agreement.terms.tables == {"airports": "*", "flights": ("delay", "origin")}


def test_the_document_is_odrl():
    shown = document()
    assert shown["@context"][0] == "http://www.w3.org/ns/odrl.jsonld"
    assert shown["@type"] == "Agreement"
    assert shown["assignee"] == {"@type": "Party", "uid": "urn:jali:party:university"}
    permission = shown["permission"][0]
    assert permission["target"] == "urn:jali:dataset:flights"
    stated = {(each["leftOperand"], each["operator"]): each["rightOperand"] for each in permission["constraint"]}
    assert stated == {
        ("jali:column", "isPartOf"): ["airports.*", "flights.delay", "flights.origin"],
        ("jali:aggregate", "isPartOf"): ["avg", "count"],
        ("purpose", "isAnyOf"): ["delay study", "延误研究"],
        ("jali:vouchedByFront", "eq"): True,
        ("dateTime", "gteq"): "2026-01-01T00:00:00Z",
        ("dateTime", "lt"): "2027-01-01T00:00:00Z",
        ("jali:epsilon", "lteq"): "8.5",
        ("jali:delta", "lteq"): "0.000001",
        ("jali:epsilonPerQuery", "lteq"): "0.5",
        ("jali:queriesPerDay", "lteq"): 100,
    }


def test_an_amendment_is_the_next_version_and_names_the_one_before():
    first = verify(signed(), KEYS)
    second = verify(signed(amendment_document(first, issued=START, terms=replace(TERMS, queries_per_day=7))), KEYS)
    assert (second.version, second.replaces, second.uid) == (2, first.digest, first.uid)
    assert second == replace(first, version=2, replaces=first.digest, terms=replace(TERMS, queries_per_day=7))
    assert second.digest != first.digest == digest({k: v for k, v in signed().items() if k != "proof"})


def test_the_order_of_signing_does_not_matter():
    other = sign(sign(document(), UNIVERSITY, "university"), BUREAU, "bureau")
    assert other == signed()


def test_signing_again_replaces_ones_own_signature():
    twice = sign(signed(), STRANGER, "bureau")
    assert len(twice["proof"]) == 2
    assert rejected(twice) == ["bad-signature"]
    assert verify(sign(twice, BUREAU, "bureau"), KEYS).id == "a-1"


def test_an_unsigned_document_may_lack_proof_and_shares_nothing_with_others():
    first = document()
    first["@context"].append("changed by its owner")
    second = document()
    del second["proof"]
    assert read_agreement(second).terms == TERMS
    assert rejected(second) == ["missing-signature", "missing-signature"]
    assert rejected(second | {"proof": None}) == ["missing-signature", "missing-signature"]


def test_signatures_of_others_do_not_count():
    assert rejected(sign(document(), BUREAU, "bureau")) == ["missing-signature"]
    assert rejected(sign(sign(document(), BUREAU, "bureau"), STRANGER, "university")) == ["bad-signature"]
    assert rejected(signed(), {"bureau": KEYS["bureau"]}) == ["unknown-party"]
    assert rejected(signed(), {}) == ["unknown-party", "unknown-party"]
    swapped = {"bureau": KEYS["university"], "university": KEYS["bureau"]}
    assert rejected(signed(), swapped) == ["bad-signature", "bad-signature"]


def test_only_a_party_can_sign():
    with pytest.raises(AgreementRejected) as caught:
        sign(document(), STRANGER, "stranger")
    assert codes(caught) == ["unknown-party"]


@pytest.mark.parametrize("position", range(10))
def test_no_term_can_be_changed_after_signing(position):
    other = document(
        columns=all_columns({"flights": "*"}),
        aggregates=AGGREGATES,
        purposes=frozenset({"advertising"}),
        not_before=START - timedelta(days=1),
        expires_at=START + timedelta(days=999),
        epsilon_micro=900_000_000,
        delta=TERMS.delta * 2,
        epsilon_per_query_micro=8_000_000,
        queries_per_day=101,
        front_may_vouch=False,
    )
    way = ("permission", 0, "constraint", position)
    theirs = other["permission"][0]["constraint"][position]
    assert set(rejected(changed(signed(), way, theirs))) == {"bad-signature"}


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("uid",), "urn:jali:agreement:a-2"),
        (("issued",), "2026-01-02T00:00:00Z"),
        (("log", "key"), b64encode(bytes(32)).decode()),
        (("log", "origin"), "evil.example/room"),
        (("permission", 0, "target"), "urn:jali:dataset:patients"),
        (("permission", 0, "action"), ["jali:query", "jali:run"]),
        (("permission", 0, "duty", 0, "constraint", 0, "rightOperand"), 12),
        (("permission", 0, "duty", 0, "constraint", 1, "rightOperand"), 90),
        (("permission", 0, "duty", 1, "constraint", 0, "rightOperand"), ["none"]),
        (("permission", 0, "duty", 2, "constraint", 0, "rightOperand"), "none needed"),
        (("permission", 0, "duty", 3, "constraint", 0, "rightOperand"), "none"),
    ],
)
def test_nothing_else_can_be_changed_after_signing(way, value):
    assert set(rejected(changed(signed(), way, value))) == {"bad-signature"}


def test_another_party_can_not_take_anothers_place():
    other = changed(signed(), ("assignee", "uid"), "urn:jali:party:stranger")
    assert rejected(other, KEYS | {"stranger": STRANGER.public_key()}) == ["bad-signature", "missing-signature"]


BAD_SHAPES = [
    (("permission", 0, "duty", 2, "constraint", 0, "rightOperand"), 7, "wrong-value"),
    (("@context",), "http://www.w3.org/ns/odrl.jsonld", "wrong-shape"),
    (("@type",), "Offer", "wrong-shape"),
    (("profile",), None, "wrong-shape"),
    (("uid",), "a-1", "wrong-shape"),
    (("uid",), "urn:jali:agreement:../a", "wrong-shape"),
    (("uid",), ["urn:jali:agreement:a-1"], "wrong-shape"),
    (("issued",), "yesterday", "wrong-shape"),
    (("issued",), 20260101, "wrong-shape"),
    (("assigner",), "urn:jali:party:bureau", "wrong-shape"),
    (("assigner", "@type"), "Group", "wrong-shape"),
    (("assigner", "uid"), "urn:jali:party:university", "wrong-shape"),
    (("assigner", "key"), "AAAA", "wrong-shape"),
    (("log", "origin"), 7, "wrong-shape"),
    (("log", "origin"), "two words", "wrong-shape"),
    (("log", "origin"), "a+b", "wrong-shape"),
    (("log", "key"), "AAAA", "wrong-shape"),
    (("log", "key"), "!", "wrong-shape"),
    (("log", "key"), None, "wrong-shape"),
    (("log", "key"), b64encode(bytes(32)).decode()[:-2] + "B=", "wrong-shape"),
    (("permission",), [], "wrong-shape"),
    (("permission", 0, "duty"), [], "wrong-shape"),
    (("permission", 0, "duty", 0), {"action": "jali:report"}, "wrong-shape"),
    (("permission", 0, "duty", 3, "action"), "inform", "wrong-shape"),
    (("permission", 0, "duty", 3, "constraint"), {}, "wrong-shape"),
    (("permission", 0), [], "wrong-shape"),
    (("permission", 0, "target"), 7, "wrong-value"),
    (("permission", 0, "action"), "use", "wrong-value"),
    (("permission", 0, "action"), ["use"], "unknown-term"),
    (("permission", 0, "action"), [], "wrong-terms"),
    (("permission", 0, "action"), ["jali:query", "jali:query"], "wrong-spelling"),
    (("version",), "1", "wrong-shape"),
    (("version",), True, "wrong-shape"),
    (("version",), 0, "wrong-shape"),
    (("version",), 2, "wrong-shape"),
    (("version",), None, "wrong-shape"),
    (("replaces",), "0" * 64, "wrong-shape"),
    (("replaces",), 7, "wrong-shape"),
    (("permission", 0, "constraint"), {}, "wrong-shape"),
    (("prohibition",), [], "unknown-part"),
    (("proof",), {}, "wrong-shape"),
    (("proof", 0, "type"), "none", "wrong-shape"),
    (("proof", 0, "party"), 7, "wrong-shape"),
    (("proof", 0, "value"), "?", "wrong-shape"),
    (("proof", 0, "party"), "urn:jali:party:university", "wrong-shape"),
    (
        ("proof",),
        [{"type": "jali:Ed25519", "party": f"urn:jali:party:p{n}", "value": ""} for n in range(3)],
        "wrong-shape",
    ),
]


@pytest.mark.parametrize(("way", "value", "code"), BAD_SHAPES)
def test_a_document_of_a_wrong_shape(way, value, code):
    assert rejected(changed(signed(), way, value)) == [code]


@pytest.mark.parametrize("what", [None, [], "agreement", 7, {1: 2}])
def test_what_is_no_document(what):
    assert rejected(what) == ["wrong-shape"]


def test_every_fault_is_told_at_once():
    bad = changed(document(), ("permission", 0, "constraint", 6, "rightOperand"), "NaN")
    bad = changed(bad, ("permission", 0, "constraint", 0, "leftOperand"), "jali:row")
    bad = changed(bad, ("uid",), 7) | {"extra": 1}
    assert sorted(rejected(bad)) == sorted(
        ["wrong-shape", "unknown-term", "missing-term", "wrong-value", "unknown-part"]
    )
    wrong = changed(document(), ("permission", 0, "constraint", 6, "rightOperand"), "0")
    assert rejected(wrong) == ["wrong-terms", "wrong-terms"]  # below the least, and below the most per query


def test_a_signature_of_other_bytes_of_the_right_length():
    doc = signed()
    value = bytearray(b64decode(doc["proof"][0]["value"]))
    value[0] ^= 1
    assert rejected(changed(doc, ("proof", 0, "value"), b64encode(value).decode())) == ["bad-signature"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "A 1"}, "ids and party names"),
        ({"assigner": "university"}, "two parties"),
        ({"assignee": ""}, "ids and party names"),
        ({"version": 2}, "version before it"),
        ({"version": 0}, "whole number"),
        ({"version": True}, "whole number"),
        ({"replaces": "0" * 64}, "replaces nothing"),
        ({"version": 2, "replaces": "0" * 63 + "G"}, "SHA-256"),
    ],
)
def test_agreements_are_valid_by_construction(change, said):
    with pytest.raises(ValueError, match=said):
        replace(verify(signed(), KEYS), **change)
