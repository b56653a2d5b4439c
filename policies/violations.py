"""Violations by organizations (Art. 32): the five kinds, what is done about them, and what that forbids an act.

A violation stays on record. Its measure, to restrict or to close, is in force until it is ended; each is a leaf of the
log, and counts from that leaf on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from policies.authorization import Act
from policies.errors import OrderRejected, Reason
from policies.terms import DOORS, MICRO, read_decimal, write_decimal

KINDS: Final[Mapping[str, str]] = {
    "platform-rules": "violation of the open platform management system",
    "illegal-means": "using illegal means to obtain public data",
    "rights-infringed": "infringing the legitimate rights and interests of others",
    "beyond-agreement": "using public data in scenarios beyond the data utilization agreement",
    "other": "other acts that violate laws, rules, regulations or data utilization agreements",
}
"""The five kinds of Art. 32, in its order."""
MEASURES: Final = ("none", "restrict", "close")


@dataclass(frozen=True)
class Violation:
    """One violation of an organization and its measure. Raises ValueError where the two don't fit together.

    `most_epsilon_micro` is the most that an invocation may cost, `doors` those that stay open; None is no restriction.
    """

    organization: str
    kind: str
    measure: str
    is_published: bool
    most_epsilon_micro: int | None = None
    doors: frozenset[str] | None = None

    def __post_init__(self) -> None:
        is_restricting = self.most_epsilon_micro is not None or self.doors is not None
        if self.kind not in KINDS or self.measure not in MEASURES:
            raise ValueError(f"kind is one of {', '.join(KINDS)}; measure is one of {', '.join(MEASURES)}")
        if is_restricting != (self.measure == "restrict"):
            raise ValueError("to restrict is to say most_epsilon, doors or both, and no other measure says them")
        if self.most_epsilon_micro is not None and self.most_epsilon_micro < 1:
            raise ValueError("most_epsilon must be at least 0.000001")
        if self.doors is not None and not self.doors <= DOORS:
            raise ValueError(f"doors are of {', '.join(sorted(DOORS))}")

    def to_json(self) -> dict[str, Any]:
        """The violation in the log, in orders and in lists, without its organization."""
        most = self.most_epsilon_micro
        return {
            "violation": self.kind,
            "measure": self.measure,
            "is_published": self.is_published,
            "most_epsilon": None if most is None else write_decimal(Fraction(most, MICRO)),
            "doors": None if self.doors is None else sorted(self.doors),
        }


def read_violation(organization: str, stated: Mapping[str, Any]) -> Violation:
    """The violation that an order's detail states. Raises OrderRejected."""
    try:
        most, doors = stated["most_epsilon"], stated["doors"]
        made = Violation(
            organization=organization,
            kind=stated["violation"],
            measure=stated["measure"],
            is_published=stated["is_published"],
            most_epsilon_micro=None if most is None else int(read_decimal(most) * MICRO),
            doors=None if doors is None else frozenset(doors),
        )
    except (KeyError, ValueError, TypeError) as fault:
        raise _rejected(str(fault)) from None
    if made.to_json() != dict(stated) or type(made.is_published) is not bool:
        raise _rejected(
            "a violation says violation, measure, is_published, most_epsilon and doors, each in one spelling"
        )
    return made


def forbidden_by(violations: Iterable[Violation], act: Act) -> Iterator[Reason]:
    """Why the measures in force against an organization forbid its act. Source: Art. 32."""
    for violation in violations:
        if violation.measure == "close":
            yield Reason("closed", "the organization's access is closed after a violation", "violations")
        if violation.doors is not None and act.door not in violation.doors:
            yield Reason("restricted-door", f"the door {act.door} is closed after a violation", "violations")
        most = violation.most_epsilon_micro
        if most is not None and act.epsilon_micro > most:
            said = f"after a violation a query may cost at most {write_decimal(Fraction(most, MICRO))}"
            yield Reason("restricted-epsilon", said, "violations")


def most_epsilon_micro(violations: Iterable[Violation], agreed: int) -> int:
    """The most that one invocation may cost under an agreement and the measures in force."""
    restricted = (each.most_epsilon_micro for each in violations)
    return min([agreed, *(most for most in restricted if most is not None)])


def _rejected(message: str) -> OrderRejected:
    return OrderRejected("the order can't be accepted", (Reason("wrong-detail", message, "detail"),))
