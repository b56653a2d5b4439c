"""Infringement cases as a table of states, and what a hold touches (Art. 31)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from policies.agreements import Agreement
from policies.states import OFFICER, OPERATOR, PROVIDER, Machine, Transition

Right = Literal["personal-privacy", "trade-secrets", "other"]
"""What the reporter says is infringed, in the article's words."""

_CHECKERS: Final = PROVIDER | OPERATOR

MACHINE: Final = Machine(
    matter="infringement case",
    initial="reported",
    transitions=(
        Transition("suspend", ("reported",), "suspended", PROVIDER | OFFICER),
        Transition("verify", ("reported",), "verifying", _CHECKERS),
        Transition("suspend", ("verifying",), "verifying-suspended", PROVIDER | OFFICER),
        Transition("verify", ("suspended",), "verifying-suspended", _CHECKERS),
        Transition("dismiss", ("verifying",), "dismissed", PROVIDER),
        Transition("withdraw", ("verifying", "verifying-suspended"), "withdrawn", PROVIDER),
        Transition("find-unfounded", ("verifying-suspended",), "unfounded", PROVIDER),
        Transition("process", ("verifying-suspended",), "processed", PROVIDER),
        Transition("resume", ("unfounded",), "resumed", OFFICER),
        Transition("reopen", ("processed",), "reopened", OFFICER),
    ),
)
"""Art. 31: suspend at once where necessary, verify, then withdraw, resume, or open again after processing.

The provider verifies and concludes; that a suspended dataset is opened again is the officer's to do, so that nobody who
would rather have it open decides alone.
"""


@dataclass(frozen=True)
class Step:
    """What an act on a case needs beside its role: a signed order of this kind, feedback for the reporter."""

    order: str | None = None
    gives_feedback: bool = False


STEPS: Final[Mapping[str, Step]] = {
    "suspend": Step(order="hold"),
    "verify": Step(),
    "dismiss": Step(gives_feedback=True),
    "withdraw": Step(order="withdraw", gives_feedback=True),
    "find-unfounded": Step(),
    "process": Step(),
    "resume": Step(order="lift", gives_feedback=True),
    "reopen": Step(order="lift", gives_feedback=True),
}
"""Act -> what it needs. What the room must do, it does by a signature: the front's word alone moves nothing there."""


def names_touched(agreement: Agreement, account: str) -> frozenset[str]:
    """The names under which a hold stops an account's acts under an agreement (Art. 31, 32).

    By name only, whatever the name is of: where two things share a name a hold stops both, which fails closed. An
    agreement's short id is such a name: what an officer types in haste must bite.
    """
    parties = {agreement.assigner, agreement.assignee}
    return frozenset({agreement.uid, agreement.id, agreement.terms.dataset, *parties, account})
