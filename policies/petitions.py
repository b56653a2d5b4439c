"""What people bring forward about open data, as tables of states, each with a reply (Art. 6, 16, 29, 30).

Infringements have a table of their own (`cases`): they can stop a dataset. These can't; what must be stopped is stopped
by a signed order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from policies.states import OFFICER, OPERATOR, PROVIDER, REGULATOR, RESEARCHER, Machine, Transition

Kind = Literal["objection", "dataset-request", "misuse-report", "spot-check"]
_OFFICE: Final = OPERATOR | OFFICER
_SUPERVISORS: Final = PROVIDER | OPERATOR | REGULATOR | OFFICER

OBJECTION: Final = Machine(
    matter="objection",
    initial="raised",
    transitions=(
        Transition("examine", ("raised",), "examining", PROVIDER),
        Transition("correct", ("examining",), "corrected", PROVIDER),
        Transition("reject", ("raised", "examining"), "rejected", PROVIDER),
    ),
)
"""Art. 16: somebody finds the data wrong, or asks for a correction; the provider examines, corrects or says why not."""

DATASET_REQUEST: Final = Machine(
    matter="request for a dataset",
    initial="asked",
    transitions=(
        Transition("forward", ("asked", "forwarded"), "forwarded", OPERATOR),
        Transition("decline", ("asked",), "declined", OPERATOR),
        Transition("plan", ("forwarded",), "planned", PROVIDER),
        Transition("decline", ("forwarded", "planned"), "declined", PROVIDER | OPERATOR),
        Transition("open", ("planned",), "opened", PROVIDER),
    ),
)
"""Art. 6: what people need guides what is opened; the operator finds the provider, who plans or says why not."""

MISUSE_REPORT: Final = Machine(
    matter="report of misuse",
    initial="reported",
    transitions=(
        Transition("examine", ("reported",), "examining", _OFFICE),
        Transition("confirm", ("examining",), "confirmed", _OFFICE),
        Transition("dismiss", ("reported", "examining"), "dismissed", _OFFICE),
    ),
)
"""Art. 30: anybody may report that open data are misused. What follows from a confirmed one is an order (Art. 32)."""

SPOT_CHECK: Final = Machine(
    matter="spot check",
    initial="asked",
    transitions=(
        Transition("answer", ("asked",), "answered", RESEARCHER),
        Transition("ask-again", ("answered",), "asked", _SUPERVISORS),
        Transition("close", ("asked", "answered"), "closed", _SUPERVISORS),
    ),
)
"""Art. 29: whoever supervises may check how data are used; the organization answers."""

MACHINES: Final[Mapping[str, Machine]] = {
    "objection": OBJECTION,
    "dataset-request": DATASET_REQUEST,
    "misuse-report": MISUSE_REPORT,
    "spot-check": SPOT_CHECK,
}


@dataclass(frozen=True)
class Needs:
    """What an act needs beside its role: feedback to whoever asked, the provider to forward to."""

    feedback: bool = False
    provider: bool = False


_NOTHING: Final = Needs()
_FEEDBACK: Final = Needs(feedback=True)
_NEEDS: Final[Mapping[str, Needs]] = {
    "forward": Needs(provider=True),
    **dict.fromkeys(("correct", "reject", "decline", "plan", "open", "confirm", "dismiss"), _FEEDBACK),
}


def needs(act: str) -> Needs:
    """What an act needs."""
    return _NEEDS.get(act, _NOTHING)
