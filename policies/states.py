"""State machines as tables: what may follow what, and in which role (Art. 10, 11, 19, 31).

One table for each kind of matter, one loop that obeys it, one diagram drawn from it.
"""

from dataclasses import dataclass
from typing import Final

from policies.errors import Reason, Refused, RequestRejected, WrongState

Roles = frozenset[str]
RESEARCHER: Final[Roles] = frozenset({"researcher"})
PROVIDER: Final[Roles] = frozenset({"data-provider"})
OPERATOR: Final[Roles] = frozenset({"operator"})
REGULATOR: Final[Roles] = frozenset({"regulator"})
OFFICER: Final[Roles] = frozenset({"security-officer"})


@dataclass(frozen=True)
class Transition:
    """An act that leads from any of `sources` to `target`, for people in one of the roles."""

    act: str
    sources: tuple[str, ...]
    target: str
    roles: Roles


@dataclass(frozen=True)
class Machine:
    """The states of one kind of matter. Valid by construction: each act from a state leads to one state."""

    matter: str
    initial: str
    transitions: tuple[Transition, ...]

    def __post_init__(self) -> None:
        starts = [(transition.act, source) for transition in self.transitions for source in transition.sources]
        if len(set(starts)) != len(starts):
            raise ValueError(f"an act of {self.matter} leads to two states")
        if {source for _, source in starts} - {self.initial} - {each.target for each in self.transitions}:
            raise ValueError(f"a state of {self.matter} is never reached")

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, the initial one first."""
        return tuple(dict.fromkeys((self.initial, *(transition.target for transition in self.transitions))))

    def step(self, state: str, act: str, role: str) -> str:
        """The state that the act leads to.

        Raises RequestRejected for an act that there is not, WrongState where it doesn't exist in this state (a second
        decision, for one), and Refused where it is not for this role; the role before the state, because whoever may
        not act learns nothing of the state.
        """
        known = [transition for transition in self.transitions if transition.act == act]
        if not known:
            acts = ", ".join(dict.fromkeys(transition.act for transition in self.transitions))
            reason = Reason("unknown-act", f"the acts on a {self.matter} are: {acts}", "act")
            raise RequestRejected("there is no such act", (reason,))
        if not any(role in transition.roles for transition in known):
            wanted = " or ".join(sorted({name for transition in known for name in transition.roles})) or "nobody"
            raise Refused(f"this is not open to your role: {act}", (Reason("role", f"only for: {wanted}", "role"),))
        for transition in known:
            if state in transition.sources and role in transition.roles:
                return transition.target
        raise WrongState(f"the {self.matter} is {state}: {act} is not possible now", (Reason("state", state, "state"),))

    def open_acts(self, state: str, role: str) -> tuple[str, ...]:
        """The acts that somebody in this role can take in this state."""
        return tuple(each.act for each in self.transitions if state in each.sources and role in each.roles)

    def diagram(self) -> str:
        """The machine as a Mermaid state diagram, roles beside the acts."""
        lines = ["stateDiagram-v2", f"    [*] --> {_label(self.initial)}"]
        for transition in self.transitions:
            by = ", ".join(sorted(transition.roles))
            for source in transition.sources:
                lines.append(f"    {_label(source)} --> {_label(transition.target)}: {transition.act} ({by})")
        leaving = {source for transition in self.transitions for source in transition.sources}
        lines += [f"    {_label(state)} --> [*]" for state in self.states if state not in leaving]
        return "\n".join(lines)


def _label(state: str) -> str:
    # Mermaid reads a dash in a name as an arrow.
    return state.replace("-", "_")
