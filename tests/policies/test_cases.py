"""Infringement cases (Art. 31): each act has its needs, each suspension its end, each end its feedback."""

import pytest

from policies.cases import MACHINE, STEPS
from policies.errors import Refused, WrongState

ENDS = {"withdrawn", "resumed", "reopened", "dismissed"}


def test_every_act_has_its_needs_and_no_other() -> None:
    assert set(STEPS) == {transition.act for transition in MACHINE.transitions}


def test_cases_end_as_the_article_says_and_only_there_with_feedback() -> None:
    leaving = {source for transition in MACHINE.transitions for source in transition.sources}
    assert set(MACHINE.states) - leaving == ENDS
    for transition in MACHINE.transitions:
        assert STEPS[transition.act].gives_feedback == (transition.target in ENDS)


def test_what_is_suspended_is_let_go_by_a_lift_or_never() -> None:
    """Every way from a hold to an end passes a lift, or the withdrawal of the data."""
    after_hold = {"suspended", "verifying-suspended", "unfounded", "processed"}
    for transition in MACHINE.transitions:
        if set(transition.sources) & after_hold and transition.target not in after_hold:
            assert STEPS[transition.act].order in ("lift", "withdraw")


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("security-officer", {"suspend", "resume", "reopen"}),
        ("data-provider", {"suspend", "verify", "dismiss", "withdraw", "find-unfounded", "process"}),
        ("operator", {"verify"}),
        ("regulator", set()),
        ("researcher", set()),
        ("public", set()),
    ],
)
def test_duties_are_separated(role: str, acts: set[str]) -> None:
    may = set()
    for transition in MACHINE.transitions:
        try:
            MACHINE.step(transition.sources[0], transition.act, role)
            may.add(transition.act)
        except Refused:
            continue
    assert may == acts


def test_a_case_that_ended_stays_ended() -> None:
    for end in ENDS:
        with pytest.raises(WrongState):
            MACHINE.step(end, "suspend", "security-officer")
