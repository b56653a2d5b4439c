"""Terms and their spelling: what can be stated, in one way only, and what can't."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest

from policies.agreements import sign, verify
from policies.canonical import canonical_bytes
from policies.errors import AgreementRejected
from policies.terms import TERM_NAMES, read_decimal, write_decimal
from tests.policies.contracts import BUREAU, KEYS, START, TERMS, changed, codes, document, rejected, signed

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
    (4, "rightOperand", "2028-01-01T00:00:00Z", "wrong-terms"),
    (4, "rightOperand", "2026-1-1T00:00:00Z", "wrong-spelling"),
    (4, "rightOperand", {"@value": "2026-01-01"}, "wrong-value"),
    (5, "rightOperand", "2026-01-01T00:00:00Z", "wrong-terms"),
    (5, "rightOperand", "2026-13-01T00:00:00Z", "wrong-value"),
    (6, "rightOperand", "NaN", "wrong-value"),
    (6, "rightOperand", "inf", "wrong-value"),
    (6, "rightOperand", "-1", "wrong-value"),
    (6, "rightOperand", "1e3", "wrong-value"),
    (6, "rightOperand", 8.5, "wrong-value"),
    (6, "rightOperand", "8.50", "wrong-spelling"),
    (6, "rightOperand", "0.0000001", "wrong-value"),
    (6, "rightOperand", "1000.5", "wrong-terms"),
    (6, "rightOperand", "0.4", "wrong-terms"),
    (7, "rightOperand", "0", "wrong-terms"),
    (7, "rightOperand", "0.5", "wrong-terms"),
    (7, "rightOperand", "١", "wrong-value"),
    (8, "rightOperand", "0", "wrong-terms"),
    (9, "rightOperand", 0, "wrong-terms"),
    (9, "rightOperand", True, "wrong-value"),
    (9, "rightOperand", 1.0, "wrong-value"),
    (9, "rightOperand", "100", "wrong-value"),
    (9, "leftOperand", "jali:dailyBudget", "unknown-term"),
    (9, "leftOperand", ["jali:queriesPerDay"], "unknown-term"),
    (9, "operator", "lt", "unknown-term"),
    (9, "unit", "day", "wrong-shape"),
    (3, "rightOperand", "true", "wrong-value"),
    (3, "rightOperand", 1, "wrong-value"),
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
    assert rejected(changed(doc, ("permission", 0, "constraint"), [*stated, stated[6]])) == ["repeated-term"]
    assert rejected(changed(doc, ("permission", 0, "constraint"), stated[1:])) == ["missing-term"]
    assert (
        rejected(changed(doc, ("permission", 0, "constraint"), ["anything"])) == ["wrong-shape"] + ["missing-term"] * 10
    )
    assert rejected(changed(doc, ("permission", 0, "constraint"), stated[::-1])) == ["wrong-spelling"]


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
        ({"doors": frozenset()}, "doors"),
        ({"doors": frozenset({"copy"})}, "doors"),
        ({"algorithms": frozenset({"mean"})}, "function or the training door"),
        ({"algorithms": frozenset(), "doors": frozenset({"function"})}, "algorithm's name"),
        ({"algorithms": frozenset({"a b"}), "doors": frozenset({"function"})}, "algorithm's name"),
        ({"people": frozenset()}, "account's name"),
        ({"people": frozenset({"Li"})}, "account's name"),
        ({"epsilon_per_person_micro": 1}, "people by name"),
        ({"epsilon_per_person_micro": 0, "people": frozenset({"li"})}, "fit the budget"),
        ({"epsilon_per_person_micro": 4_250_001, "people": frozenset({"li", "wu"})}, "fit the budget"),
        ({"reports_every_months": 0}, "1 to 120 months"),
        ({"reports_every_months": 121}, "1 to 120 months"),
        ({"reports_grace_days": -1}, "grace"),
        ({"reports_grace_days": 366}, "grace"),
        ({"measures": frozenset()}, "measures"),
        ({"citation": ""}, "citation"),
        ({"liability": "x" * 1001}, "liability"),
        ({"people": frozenset(f"p{n}" for n in range(1001))}, "1000 entries"),
    ],
)
def test_terms_are_valid_by_construction(change, said):
    with pytest.raises(ValueError, match=said):
        replace(TERMS, **change)


def constraint(doc, left, operator="lteq"):
    wanted = (left, operator)
    return next(c for c in doc["permission"][0]["constraint"] if (c["leftOperand"], c["operator"]) == wanted)


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
