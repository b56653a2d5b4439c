"""Machines of states: what isn't in the table doesn't happen, and a role that isn't in it learns no state."""

import pytest

from policies.errors import Refused, RequestRejected, WrongState
from policies.states import Machine, Transition

DOOR = Machine(
    "door",
    "shut",
    (
        Transition("open", ("shut",), "open", frozenset({"guest", "host"})),
        Transition("shut", ("open",), "shut", frozenset({"host"})),
        Transition("lock", ("shut", "open"), "locked-up", frozenset({"host"})),
    ),
)


def test_an_act_leads_where_the_table_says():
    assert DOOR.step("shut", "open", "guest") == "open"
    assert DOOR.step("open", "lock", "host") == "locked-up"
    assert DOOR.states == ("shut", "open", "locked-up")


def test_an_act_that_the_state_does_not_know_is_refused_with_the_state():
    with pytest.raises(WrongState, match="the door is open: open is not possible now") as refused:
        DOOR.step("open", "open", "guest")
    assert [(reason.code, reason.message) for reason in refused.value.reasons] == [("state", "open")]


@pytest.mark.parametrize("state", ["shut", "open", "locked-up"])
def test_a_role_that_may_not_act_is_told_the_same_in_every_state(state: str):
    with pytest.raises(Refused) as refused:
        DOOR.step(state, "lock", "guest")
    assert [reason.message for reason in refused.value.reasons] == ["only for: host"]
    with pytest.raises(RequestRejected) as unknown:
        DOOR.step(state, "paint", "host")
    assert unknown.value.reasons[0].message.startswith("the acts on a door are: ")


def test_a_table_that_contradicts_itself_can_not_be_made():
    twice = Transition("open", ("shut",), "locked-up", frozenset({"host"}))
    with pytest.raises(ValueError, match="two states"):
        Machine("door", "shut", (*DOOR.transitions, twice))
    with pytest.raises(ValueError, match="never reached"):
        Machine("door", "shut", (Transition("open", ("ajar",), "open", frozenset({"host"})),))


def test_the_diagram_has_every_arrow_and_every_end():
    assert DOOR.diagram().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> shut",
        "    shut --> open: open (guest, host)",
        "    open --> shut: shut (host)",
        "    shut --> locked_up: lock (host)",
        "    open --> locked_up: lock (host)",
        "    locked_up --> [*]",
    ]
