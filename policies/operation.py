"""The operation report's figures of what was asked and done, from the log and from nothing else (Art. 38). Pure.

Whoever holds the log computes the same. A leaf holds no value of the data, so neither do these figures.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from policies.report_facts import KINDS, Counts, kind_of, ranked
from policies.working_days import SHANGHAI


@dataclass(frozen=True)
class OperationFacts:
    """What happened in a period: invocations by what became of them, by dataset and by day; acts by name; people.

    `by_day`: the days of Shanghai, in order; `busiest_hour` is the most invocations in one hour.
    """

    invocations: Mapping[str, int]
    by_dataset: Counts
    by_day: Counts
    busiest_hour: int
    people: int
    organizations: int
    acts: Counts


def operation_facts(leaves: Iterable[Mapping[str, Any]], *, begins: datetime, ends: datetime) -> OperationFacts:
    """The figures of the leaves from `begins` until just before `ends`."""
    kinds, datasets, days, hours, acts = (Counter[str]() for _ in range(5))
    people, organizations = set[str](), set[str]()
    for leaf in leaves:
        moment = datetime.fromisoformat(leaf["time"])
        if not begins <= moment < ends:
            continue
        if leaf["kind"] == "act":
            acts[leaf["act"]] += 1
        if (kind := kind_of(leaf)) is None:
            continue
        kinds[kind] += 1
        people |= {leaf["account"]} if "account" in leaf else set()
        organizations |= {leaf["organization"]} if "organization" in leaf else set()
        if kind in _ASKED:
            local = moment.astimezone(SHANGHAI)
            days[local.date().isoformat()] += 1
            hours[local.isoformat(timespec="hours")] += 1
            datasets[str(leaf.get("dataset", _UNKNOWN))] += 1
    return OperationFacts(
        invocations={kind: kinds[kind] for kind in KINDS},
        by_dataset=ranked(datasets),
        by_day=tuple(sorted(days.items())),
        busiest_hour=max(hours.values(), default=0),
        people=len(people),
        organizations=len(organizations),
        acts=ranked(acts),
    )


_ASKED: Final = frozenset({"charged", "repeated", "refused"})
"""Every asking leaves just one of these: it was charged, told again, or refused."""
_UNKNOWN: Final = "refused before a dataset was known"
