"""May they do this? An agreement's policies over the facts of a request; `decide` alone makes a `Permit` (Art. 20, 32).

Pure: `now`, the holds in force and what was counted are arguments. The agreement's Cedar policies decide
(`policies/cedar.py`); every one that forbids is told, in the words of `policies/reasons.py`. Holds are no term of an
agreement and stay a check beside the policies. What can't be evaluated is refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import InitVar, dataclass
from datetime import datetime
from math import floor
from typing import Final

from policies.agreements import Agreement
from policies.cases import names_touched
from policies.cedar import PERMIT
from policies.errors import Reason, Refused
from policies.facts import Facts
from policies.reasons import why

HOLDS: Final = "holds"
"""What stands among the deciding policies where a hold refused."""
_NO_AMOUNT: Final = -1  # in place of an epsilon that is no whole number; no policy allows it
_EXACT: Final = 2**53


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

    `purpose` None means the agreement's purpose, where it has exactly one. `algorithms` are those that a function or
    a training names.
    """

    door: str
    needs: Needs
    epsilon_micro: int
    purpose: str | None
    algorithms: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Hold:
    """An officer's hold in force on an agreement (its uid), a dataset, an organization or an account (Art. 30-32).

    `reason` is for officers; a refusal does not repeat it.
    """

    target: str
    reason: str


_SEAL: Final = object()


@dataclass(frozen=True, kw_only=True)
class Permit:
    """The decision for one act: a ticket for `plan`. Made only by `decide`; anybody else lacks the seal.

    `policies` are the ids of those that permit, `digest` is of the agreement's version that they are compiled from.
    """

    agreement: str
    door: str
    needs: Needs
    epsilon_micro: int
    purpose: str
    actor: Actor
    decided_at: datetime
    policies: tuple[str, ...]
    version: int
    digest: str
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a Permit is made by policies.authorization.decide only")


def decide(
    agreement: Agreement,
    act: Act,
    *,
    actor: Actor,
    holds: Iterable[Hold],
    acts_today: int,
    now: datetime,
    spent_by_person_micro: int | None = None,
) -> Permit:
    """The permit for this act, or Refused with every reason at once.

    `holds` are all holds in force, `acts_today` how many invocations this agreement had on `now`'s UTC day,
    `spent_by_person_micro` the epsilon that the account spent under it (None: not counted).
    What it says depends on the request, the agreement and public facts, never on rows. A refusal's `policies` are the
    ids of all that forbid.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    facts = _facts(agreement, act, actor, acts_today=acts_today, spent_by_person_micro=spent_by_person_micro, now=now)
    verdict = agreement.policies.verdict(facts)
    held = tuple(_held(agreement, actor, holds))
    if held or not verdict.allowed:
        policies = [*([HOLDS] if held else []), *(name for name in verdict.policies if name != PERMIT)]
        reasons = (*held, *why(agreement.terms, facts, verdict))
        raise Refused("the agreement does not allow this", reasons, policies=policies)
    return Permit(
        agreement=agreement.uid,
        door=act.door,
        needs=act.needs,
        epsilon_micro=act.epsilon_micro,
        purpose=facts.purpose,
        actor=actor,
        decided_at=now,
        policies=verdict.policies,
        version=agreement.version,
        digest=agreement.digest,
        seal=_SEAL,
    )


def _facts(
    agreement: Agreement,
    act: Act,
    actor: Actor,
    *,
    acts_today: int,
    spent_by_person_micro: int | None,
    now: datetime,
) -> Facts:
    epsilon, purposes = act.epsilon_micro, agreement.terms.purposes
    is_amount = type(epsilon) is int and abs(epsilon) < _EXACT
    return Facts(
        account=actor.account,
        role=actor.role,
        organization=actor.organization,
        vouched_by=actor.vouched_by,
        door=act.door,
        dataset=act.needs.dataset,
        reads=_by_table(act.needs.columns),
        aggregates=act.needs.aggregates,
        algorithms=act.algorithms,
        purpose=(next(iter(purposes)) if len(purposes) == 1 else "") if act.purpose is None else act.purpose,
        epsilon_micro=epsilon if is_amount else _NO_AMOUNT,
        acts_today=acts_today,
        spent_by_person_micro=spent_by_person_micro,
        now=floor(now.timestamp()),
    )


def _by_table(columns: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for table, column in columns:
        found[table].add(column)
    return {table: frozenset(names) for table, names in found.items()}


def _held(agreement: Agreement, actor: Actor, holds: Iterable[Hold]) -> Iterator[Reason]:
    for target in sorted({hold.target for hold in holds} & names_touched(agreement, actor.account)):
        yield Reason("held", f"{target} is suspended", HOLDS)
