"""Agreements: what can be signed, what verifies, and everything that does not."""

import copy
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.agreements import (
    Agreement,
    PinnedLog,
    Terms,
    agreement_document,
    all_columns,
    read_agreement,
    sign,
    verify,
)
from policies.canonical import canonical_bytes
from policies.errors import AgreementRejected
from policies.terms import AGGREGATES, TERM_NAMES, read_decimal, write_decimal

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


def test_what_both_sides_signed_is_read_as_it_was_meant():
    agreement = verify(signed(), KEYS)
    assert agreement == Agreement(
        "a-1", "bureau", "university", START, PinnedLog("jali.example/room", bytes(range(32))), TERMS
    )
    assert (agreement.uid, agreement.door) == ("urn:jali:agreement:a-1", "sql")
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
        ("dateTime", "gteq"): "2026-01-01T00:00:00Z",
        ("dateTime", "lt"): "2027-01-01T00:00:00Z",
        ("jali:epsilon", "lteq"): "8.5",
        ("jali:delta", "lteq"): "0.000001",
        ("jali:epsilonPerQuery", "lteq"): "0.5",
        ("jali:queriesPerDay", "lteq"): 100,
    }


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


def constraint(doc, left, operator="lteq"):
    wanted = (left, operator)
    return next(c for c in doc["permission"][0]["constraint"] if (c["leftOperand"], c["operator"]) == wanted)


def changed(doc, where, value):
    made = copy.deepcopy(doc)
    part = made
    *way, last = where
    for step in way:
        part = part[step]
    part[last] = value
    return made


@pytest.mark.parametrize("position", range(9))
def test_no_term_can_be_changed_after_signing(position):
    other = document(
        columns=all_columns({"flights": "*"}),
        aggregates=AGGREGATES,
        purposes=frozenset({"advertising"}),
        not_before=START - timedelta(days=1),
        expires_at=START + timedelta(days=999),
        epsilon_micro=900_000_000,
        delta=Fraction(1, 1000),
        epsilon_per_query_micro=8_000_000,
        queries_per_day=101,
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
    ],
)
def test_nothing_else_can_be_changed_after_signing(way, value):
    assert set(rejected(changed(signed(), way, value))) == {"bad-signature"}


def test_another_party_can_not_take_anothers_place():
    other = changed(signed(), ("assignee", "uid"), "urn:jali:party:stranger")
    assert rejected(other, KEYS | {"stranger": STRANGER.public_key()}) == ["bad-signature", "missing-signature"]


BAD_SHAPES = [
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
    (("permission", 0, "action"), "use", "unknown-term"),
    (("permission", 0, "action"), ["jali:query"], "unknown-term"),
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


BAD_TERMS = [
    (0, "rightOperand", "flights.origin", "wrong-value"),
    (0, "rightOperand", ["flights"], "wrong-value"),
    (0, "rightOperand", ["flights.origin; DROP"], "wrong-value"),
    (0, "rightOperand", [], "wrong-terms"),
    (0, "rightOperand", ["flights.origin", "airports.*"], "wrong-spelling"),
    (1, "rightOperand", ["median"], "wrong-terms"),
    (1, "rightOperand", [7], "wrong-value"),
    (2, "rightOperand", [], "wrong-terms"),
    (2, "rightOperand", ["study\nand more"], "wrong-terms"),
    (2, "rightOperand", [" study"], "wrong-terms"),
    (3, "rightOperand", "2028-01-01T00:00:00Z", "wrong-terms"),
    (3, "rightOperand", "2026-1-1T00:00:00Z", "wrong-spelling"),
    (3, "rightOperand", {"@value": "2026-01-01"}, "wrong-value"),
    (4, "rightOperand", "2026-01-01T00:00:00Z", "wrong-terms"),
    (4, "rightOperand", "2026-13-01T00:00:00Z", "wrong-value"),
    (5, "rightOperand", "NaN", "wrong-value"),
    (5, "rightOperand", "inf", "wrong-value"),
    (5, "rightOperand", "-1", "wrong-value"),
    (5, "rightOperand", "1e3", "wrong-value"),
    (5, "rightOperand", 8.5, "wrong-value"),
    (5, "rightOperand", "8.50", "wrong-spelling"),
    (5, "rightOperand", "0.0000001", "wrong-value"),
    (5, "rightOperand", "1000.5", "wrong-terms"),
    (5, "rightOperand", "0.4", "wrong-terms"),
    (6, "rightOperand", "0", "wrong-terms"),
    (6, "rightOperand", "0.5", "wrong-terms"),
    (6, "rightOperand", "١", "wrong-value"),
    (7, "rightOperand", "0", "wrong-terms"),
    (8, "rightOperand", 0, "wrong-terms"),
    (8, "rightOperand", True, "wrong-value"),
    (8, "rightOperand", 1.0, "wrong-value"),
    (8, "rightOperand", "100", "wrong-value"),
    (8, "leftOperand", "jali:dailyBudget", "unknown-term"),
    (8, "leftOperand", ["jali:queriesPerDay"], "unknown-term"),
    (8, "operator", "lt", "unknown-term"),
    (8, "unit", "day", "wrong-shape"),
]


@pytest.mark.parametrize(("position", "part", "value", "code"), BAD_TERMS)
def test_terms_that_can_neither_be_signed_nor_verified(position, part, value, code):
    bad = changed(document(), ("permission", 0, "constraint", position, part), value)
    with pytest.raises(AgreementRejected) as caught:
        sign(bad, BUREAU, "bureau")
    assert code in codes(caught)
    forced = BUREAU.sign(canonical_bytes({name: part for name, part in bad.items() if name != "proof"}))
    proof = {"type": "jali:Ed25519", "party": "urn:jali:party:bureau", "value": b64encode(forced).decode()}
    assert code in rejected(bad | {"proof": [proof]})


def test_terms_are_stated_once_and_all():
    doc = document()
    stated = doc["permission"][0]["constraint"]
    assert rejected(changed(doc, ("permission", 0, "constraint"), [*stated, stated[5]])) == ["repeated-term"]
    assert rejected(changed(doc, ("permission", 0, "constraint"), stated[1:])) == ["missing-term"]
    assert (
        rejected(changed(doc, ("permission", 0, "constraint"), ["anything"])) == ["wrong-shape"] + ["missing-term"] * 9
    )
    assert rejected(changed(doc, ("permission", 0, "constraint"), stated[::-1])) == ["wrong-spelling"]


def test_every_fault_is_told_at_once():
    bad = changed(document(), ("permission", 0, "constraint", 5, "rightOperand"), "NaN")
    bad = changed(bad, ("permission", 0, "constraint", 0, "leftOperand"), "jali:row")
    bad = changed(bad, ("uid",), 7) | {"extra": 1}
    assert sorted(rejected(bad)) == sorted(
        ["wrong-shape", "unknown-term", "missing-term", "wrong-value", "unknown-part"]
    )
    wrong = changed(document(), ("permission", 0, "constraint", 5, "rightOperand"), "0")
    assert rejected(wrong) == ["wrong-terms", "wrong-terms"]  # below the least, and below the most per query


def test_a_signature_of_other_bytes_of_the_right_length():
    doc = signed()
    value = bytearray(b64decode(doc["proof"][0]["value"]))
    value[0] ^= 1
    assert rejected(changed(doc, ("proof", 0, "value"), b64encode(value).decode())) == ["bad-signature"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": "Flights"}, "identifier"),
        ({"columns": frozenset({("flights", "a b")})}, "column's name"),
        ({"columns": frozenset()}, "at least one column"),
        ({"not_before": START.replace(tzinfo=None)}, "aware"),
        ({"expires_at": START.replace(microsecond=1)}, "whole seconds"),
        ({"queries_per_day": 1_000_001}, "queries per day"),
        ({"purposes": frozenset({"x" * 201})}, "purposes"),
    ],
)
def test_terms_are_valid_by_construction(change, said):
    with pytest.raises(ValueError, match=said):
        replace(TERMS, **change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "A 1"}, "ids and party names"),
        ({"assigner": "university"}, "two parties"),
        ({"assignee": ""}, "ids and party names"),
        ({"action": "jali:copy"}, "action"),
    ],
)
def test_agreements_are_valid_by_construction(change, said):
    with pytest.raises(ValueError, match=said):
        replace(verify(signed(), KEYS), **change)


def test_times_of_other_zones_are_written_in_utc():
    shanghai = timezone(timedelta(hours=8))
    moved = document(not_before=START.astimezone(shanghai))
    assert constraint(moved, "dateTime", "gteq")["rightOperand"] == "2026-01-01T00:00:00Z"
    assert verify(signed(moved), KEYS).terms == TERMS


def test_a_column_is_covered_by_name_by_star_or_as_bare_rows():
    assert TERMS.covers("flights", "origin")
    assert TERMS.covers("airports", "anything")
    assert TERMS.covers("flights", "*")
    assert not TERMS.covers("flights", "tail_number")
    assert not TERMS.covers("planes", "*")


@pytest.mark.parametrize("amount", [Fraction(1, 3), Fraction(-1), Fraction(1, 10**31)])
def test_amounts_that_no_plain_decimal_states(amount):
    with pytest.raises(ValueError, match="plain decimal"):
        write_decimal(amount)


@pytest.mark.parametrize("text", ["0", "0.5", "100", "0.000001", "7.25", "999999999"])
def test_decimals_come_back(text):
    assert write_decimal(read_decimal(text)) == text


def test_every_term_is_told_in_the_document_page():
    page = (Path(__file__).parents[2] / "docs" / "agreements.md").read_text(encoding="utf-8")
    assert [name for name in TERM_NAMES if f"| `{name}` |" not in page] == []
    stated = {each["leftOperand"] for each in document()["permission"][0]["constraint"]}
    assert [left for left in sorted(stated) if f"`{left}`" not in page] == []
