"""Violations: the five kinds of Art. 32, measures that fit, and what they forbid."""

from typing import Any

import pytest

from policies.authorization import Act, Needs
from policies.errors import OrderRejected
from policies.violations import KINDS, Violation, forbidden_by, most_epsilon_micro, read_violation

NONE = Violation("lab", "other", "none", False)
CLOSED = Violation("lab", "illegal-means", "close", True)
DEAR = Violation("lab", "beyond-agreement", "restrict", True, most_epsilon_micro=500_000)
SHUT = Violation("lab", "platform-rules", "restrict", False, doors=frozenset({"function"}))


def act(epsilon_micro: int = 500_000, door: str = "sql") -> Act:
    return Act(door, Needs("visits", frozenset(), frozenset()), epsilon_micro, None)


def codes(violations: list[Violation], asked: Act) -> list[str]:
    return [reason.code for reason in forbidden_by(violations, asked)]


def test_there_are_the_five_kinds_of_the_article() -> None:
    assert len(KINDS) == 5


def test_measures_forbid_what_they_say() -> None:
    assert codes([NONE], act()) == []
    assert codes([CLOSED], act(1)) == ["closed"]
    assert codes([DEAR], act()) == []
    assert codes([DEAR], act(500_001)) == ["restricted-epsilon"]
    assert codes([SHUT], act()) == ["restricted-door"]
    assert codes([SHUT], act(door="function")) == []
    assert codes([CLOSED, SHUT, DEAR], act(500_001)) == ["closed", "restricted-door", "restricted-epsilon"]


def test_the_strictest_measure_says_the_most_epsilon() -> None:
    assert most_epsilon_micro([], 7) == 7
    assert most_epsilon_micro([DEAR, SHUT], 1_000_000) == 500_000
    assert most_epsilon_micro([DEAR], 7) == 7


@pytest.mark.parametrize("violation", [NONE, CLOSED, DEAR, SHUT])
def test_a_violation_is_read_as_it_is_written(violation: Violation) -> None:
    assert read_violation("lab", violation.to_json()) == violation


WRONG: list[dict[str, Any]] = [
    {"violation": "rude"},
    {"measure": "warn"},
    {"measure": "restrict"},
    {"most_epsilon": "1"},
    {"measure": "restrict", "most_epsilon": "0"},
    {"measure": "restrict", "most_epsilon": "-1"},
    {"measure": "restrict", "most_epsilon": "0.50"},
    {"measure": "restrict", "most_epsilon": 1},
    {"measure": "restrict", "doors": ["window"]},
    {"measure": "restrict", "doors": "sql"},
    {"is_published": 1},
    {"more": None},
]


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_what_does_not_fit_together_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(OrderRejected):
        read_violation("lab", {**CLOSED.to_json(), **change})


def test_a_violation_lacks_nothing() -> None:
    with pytest.raises(OrderRejected):
        read_violation("lab", {"violation": "other"})
