"""The factual half of a utilization report (Art. 29): what was invoked, computed from the log and from nothing else.

Whoever holds the log computes the same. A leaf holds no value of the data, so neither do these figures.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from policies.reports import Period
from privacy.budget import Budget, Spent, spent_micro
from privacy.loss import Loss

_COUNTED: Final = {
    ("intent", None): "charged",
    ("outcome", "answered"): "answered",
    ("outcome", "repeated"): "repeated",
    ("outcome", "stopped"): "stopped",
    ("outcome", "withheld"): "withheld",
    ("refusal", None): "refused",
}
KINDS: Final = tuple(_COUNTED.values())

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ReportFacts:
    """Invocations by what became of them; in how many charged queries each column, aggregate, door and purpose occurs.

    Most frequent first, then by name. `epsilon_micro` is what the period's charges cost together, rounded up; `first`
    and `last` are the log indices between which all this can be looked up.
    """

    invocations: Mapping[str, int]
    columns: Counts
    aggregates: Counts
    doors: Counts
    purposes: Counts
    people: int
    epsilon_micro: int
    first: int | None
    last: int | None


def report_facts(
    leaves: Iterable[tuple[int, Mapping[str, Any]]], *, agreement: str, period: Period, budget: Budget
) -> ReportFacts:
    """The facts of a period, from the log's leaves with their indices; those of others and other times are passed over.

    `budget` is the agreement's, as the ledger holds it: the odometer of `privacy.budget` composes what was charged.
    """
    mine = [(index, leaf) for index, leaf in leaves if _belongs(leaf, agreement, period)]
    charged = [leaf for _, leaf in mine if leaf["kind"] == "intent"]
    kinds = Counter(_COUNTED[_kind(leaf)] for _, leaf in mine)
    indices = [index for index, _ in mine]
    return ReportFacts(
        invocations={kind: kinds[kind] for kind in KINDS},
        columns=ranked(name for leaf in charged for name in leaf.get("columns", ())),
        aggregates=ranked(name for leaf in charged for name in leaf.get("aggregates", ())),
        doors=ranked(leaf["door"] for leaf in charged),
        purposes=ranked(leaf["purpose"] for leaf in charged),
        people=len({leaf["account"] for _, leaf in mine}),
        epsilon_micro=_epsilon_micro(charged, budget),
        first=min(indices, default=None),
        last=max(indices, default=None),
    )


def _belongs(leaf: Mapping[str, Any], agreement: str, period: Period) -> bool:
    if leaf.get("agreement") != agreement or _kind(leaf) not in _COUNTED:
        return False
    return period.begins <= datetime.fromisoformat(leaf["time"]) < period.due_at


def _kind(leaf: Mapping[str, Any]) -> tuple[str, str | None]:
    return leaf["kind"], leaf.get("outcome")


def ranked(names: Iterable[str] | Mapping[str, int]) -> Counts:
    """Names with how often they occur, most frequent first, then by name."""
    return tuple(sorted(Counter(names).items(), key=lambda counted: (-counted[1], counted[0])))


def kind_of(leaf: Mapping[str, Any]) -> str | None:
    """What a leaf tells of an invocation, one of KINDS; None for every other leaf."""
    return _COUNTED.get(_kind(leaf))


def _epsilon_micro(charged: list[Mapping[str, Any]], budget: Budget) -> int:
    spent = Spent()
    for leaf in charged:
        spent = spent.plus(Loss.from_json(leaf["loss"]))
    return spent_micro(budget, spent)
