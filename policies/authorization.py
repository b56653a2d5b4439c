"""May they do this? One table of checks over an agreement in force; `decide` alone makes a `Permit` (Art. 20, 26, 32).

Pure: `now`, the holds in force and the day's count are arguments. Every check is asked and every reason told at once;
what no check allows is refused, and a check that fails raises, so no permit is made.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import InitVar, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from policies.agreements import Agreement
from policies.errors import Reason, Refused
from policies.terms import MICRO, write_decimal, write_time

LEAST_EPSILON_MICRO: Final = 1
MOST_EPSILON_MICRO: Final = 100 * MICRO
INVOKING_ROLE: Final = "researcher"


@dataclass(frozen=True)
class Needs:
    """What an act would read: (table, column) pairs and the names of its aggregates.

    Column "*" stands for the table's bare rows (COUNT(*) names no column): then the table itself must be agreed.
    """

    dataset: str
    columns: frozenset[tuple[str, str]]
    aggregates: frozenset[str]


@dataclass(frozen=True)
class Actor:
    """Who asks, for which organization; `vouched_by` says how the room knows it ("front", or a key's name)."""

    account: str
    role: str
    organization: str
    vouched_by: str


@dataclass(frozen=True)
class Act:
    """What may be permitted: a door, what it needs, the most epsilon it may cost, and its stated purpose.

    `purpose` None means the agreement's purpose, where it has exactly one.
    """

    door: str
    needs: Needs
    epsilon_micro: int
    purpose: str | None


@dataclass(frozen=True)
class Hold:
    """An officer's hold in force on an agreement (its uid), a dataset, an organization or an account (Art. 30-32).

    `reason` is for officers; a refusal does not repeat it.
    """

    target: str
    reason: str


@dataclass(frozen=True)
class _Question:
    agreement: Agreement
    act: Act
    actor: Actor
    holds: tuple[Hold, ...]
    acts_today: int
    now: datetime


_SEAL: Final = object()


@dataclass(frozen=True, kw_only=True)
class Permit:
    """The decision for one act: a ticket for `plan`. Made only by `decide`; anybody else lacks the seal."""

    agreement: str
    door: str
    needs: Needs
    epsilon_micro: int
    purpose: str
    actor: Actor
    decided_at: datetime
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a Permit is made by policies.authorization.decide only")


def decide(
    agreement: Agreement, act: Act, *, actor: Actor, holds: Iterable[Hold], acts_today: int, now: datetime
) -> Permit:
    """The permit for this act, or Refused with every reason at once.

    `holds` are all holds in force, `acts_today` how many invocations this agreement had on `now`'s UTC day.
    What it says depends on the request, the agreement and public facts, never on rows.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    asked = _Question(agreement, act, actor, tuple(holds), acts_today, now)
    reasons = tuple(reason for check in CHECKS for reason in check(asked))
    purpose = _purpose(asked)
    if reasons or purpose is None:
        raise Refused("the agreement does not allow this", reasons)
    return Permit(
        agreement=agreement.uid,
        door=act.door,
        needs=act.needs,
        epsilon_micro=act.epsilon_micro,
        purpose=purpose,
        actor=actor,
        decided_at=now,
        seal=_SEAL,
    )


def _in_force(asked: _Question) -> Iterator[Reason]:
    terms = asked.agreement.terms
    if asked.now < terms.not_before:
        yield Reason("not-yet-in-force", f"the agreement begins at {write_time(terms.not_before)}", "not_before")
    if asked.now >= terms.expires_at:
        yield Reason("expired", f"the agreement ended at {write_time(terms.expires_at)}", "expires_at")


def _not_held(asked: _Question) -> Iterator[Reason]:
    # By name only, whatever the name is of: where two things share a name a hold stops both, which fails closed.
    agreement = asked.agreement
    # An agreement's short id is such a name: what an officer types in haste must bite.
    parties = {agreement.assigner, agreement.assignee}
    touched = {agreement.uid, agreement.id, agreement.terms.dataset, *parties, asked.actor.account}
    for target in sorted({hold.target for hold in asked.holds} & touched):
        yield Reason("held", f"{target} is suspended", "holds")


def _right_actor(asked: _Question) -> Iterator[Reason]:
    if asked.actor.role != INVOKING_ROLE:
        yield Reason("role", f"only a {INVOKING_ROLE} may invoke", "actor.role")
    if asked.actor.organization != asked.agreement.assignee:
        yield Reason("organization", "the agreement is with another organization", "assignee")


def _agreed_door(asked: _Question) -> Iterator[Reason]:
    if asked.act.door != asked.agreement.door:
        yield Reason("door", f"the agreement opens the door {asked.agreement.door} only", "action")


def _agreed_dataset(asked: _Question) -> Iterator[Reason]:
    if asked.act.needs.dataset != asked.agreement.terms.dataset:
        yield Reason("dataset", f"the agreement is on {asked.agreement.terms.dataset}", "target")


def _agreed_columns(asked: _Question) -> Iterator[Reason]:
    for table, column in sorted(asked.act.needs.columns):
        if not asked.agreement.terms.covers(table, column):
            yield Reason("column", f"{table}.{column} is not among the agreed columns", "columns")


def _agreed_aggregates(asked: _Question) -> Iterator[Reason]:
    for aggregate in sorted(asked.act.needs.aggregates - asked.agreement.terms.aggregates):
        yield Reason("aggregate", f"{aggregate} is not among the agreed aggregates", "aggregates")


def _agreed_purpose(asked: _Question) -> Iterator[Reason]:
    if _purpose(asked) is None:
        agreed = "; ".join(sorted(asked.agreement.terms.purposes))
        yield Reason("purpose", f"state one of the agreed purposes: {agreed}", "purposes")


def _agreed_epsilon(asked: _Question) -> Iterator[Reason]:
    epsilon, most = asked.act.epsilon_micro, asked.agreement.terms.epsilon_per_query_micro
    if type(epsilon) is not int or not LEAST_EPSILON_MICRO <= epsilon <= MOST_EPSILON_MICRO:
        yield Reason("epsilon-range", "epsilon must lie in [0.000001, 100]", "epsilon")
    elif epsilon > most:
        yield Reason(
            "epsilon-per-query", f"a query may cost at most {write_decimal(Fraction(most, MICRO))}", "epsilon_per_query"
        )


def _agreed_frequency(asked: _Question) -> Iterator[Reason]:
    most = asked.agreement.terms.queries_per_day
    if asked.acts_today >= most:
        yield Reason("queries-per-day", f"the agreement allows {most} queries a UTC day", "queries_per_day")


def _purpose(asked: _Question) -> str | None:
    agreed = asked.agreement.terms.purposes
    if asked.act.purpose is None and len(agreed) == 1:
        return next(iter(agreed))
    return asked.act.purpose if asked.act.purpose in agreed else None


CHECKS: Final[tuple[Callable[[_Question], Iterator[Reason]], ...]] = (
    _in_force,
    _not_held,
    _right_actor,
    _agreed_door,
    _agreed_dataset,
    _agreed_columns,
    _agreed_aggregates,
    _agreed_purpose,
    _agreed_epsilon,
    _agreed_frequency,
)
"""The whole of what is checked, in the order in which reasons are told."""
