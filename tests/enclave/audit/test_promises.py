"""Holds against releases, from leaves alone: every kind of name bites, and a lift ends what it names, no more."""

from typing import Any

import pytest

from enclave.audit.promises import Promises

AGREED = {"kind": "act", "act": "agreement", "by": "health-bureau", "agreement": "urn:jali:agreement:a1"}
CHARGED = {
    "kind": "intent",
    "agreement": "urn:jali:agreement:a1",
    "dataset": "visits",
    "organization": "open-university",
    "account": "li.wei",
}
ANSWERED = CHARGED | {"kind": "outcome", "outcome": "answered"}


def hold(target: str) -> dict[str, Any]:
    return {"kind": "act", "act": "hold", "target": target}


def lift(*holds: int) -> dict[str, Any]:
    return {"kind": "act", "act": "lift", "target": "visits", "holds": list(holds)}


def found(*leaves: dict[str, Any]) -> list[str]:
    promises = Promises()
    return [reason.message for index, leaf in enumerate(leaves) for reason in promises.see(index, leaf)]


@pytest.mark.parametrize(
    "target", ["urn:jali:agreement:a1", "a1", "visits", "open-university", "li.wei", "health-bureau"]
)
def test_nothing_that_a_hold_touches_follows_it(target: str) -> None:
    assert found(AGREED, CHARGED, ANSWERED, hold(target)) == []
    assert found(AGREED, CHARGED, hold(target), ANSWERED) == ["entry 3 says answered, which entry 2 forbids"]
    assert found(AGREED, hold(target), CHARGED) == ["entry 2 says charged, which entry 1 forbids"]
    assert len(found(AGREED, hold(target), ANSWERED | {"outcome": "repeated"})) == 1


@pytest.mark.parametrize("outcome", ["stopped", "withheld"])
def test_what_ends_without_an_answer_may_follow(outcome: str) -> None:
    assert found(AGREED, CHARGED, hold("visits"), ANSWERED | {"outcome": outcome}) == []


def test_a_hold_on_something_else_touches_nothing() -> None:
    assert found(AGREED, hold("others"), CHARGED, ANSWERED) == []
    assert found(AGREED, {"kind": "act", "act": "front:hold", "target": "visits"}, ANSWERED) == []


def test_a_lift_ends_the_holds_that_it_names() -> None:
    assert found(AGREED, hold("visits"), lift(1), ANSWERED) == []
    assert found(AGREED, hold("visits"), hold("visits"), lift(1), ANSWERED) == [
        "entry 4 says answered, which entry 2 forbids"
    ]


def test_a_withdrawal_is_never_lifted() -> None:
    gone = {"kind": "act", "act": "withdrawal", "target": "visits"}
    assert found(AGREED, gone, lift(1), ANSWERED) == ["entry 3 says answered, which entry 1 forbids"]
