"""The facts of a request, as a decision weighs them: plain values that Cedar and its ODRL twin both read.

They depend on the request, the ledger's and the day's counters and the clock; never on the agreement, never on rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What is asked, by whom, when, and what was asked before.

    `reads` has the columns that would be read of each table; column "*" stands for the table's bare rows.
    `purpose` is empty where none is stated. `now` is in whole seconds since 1970 (UTC), rounded down.
    `spent_by_person_micro` is None where nobody counted: a term that needs it then refuses.
    """

    account: str
    role: str
    organization: str
    vouched_by: str
    door: str
    dataset: str
    reads: Mapping[str, frozenset[str]]
    aggregates: frozenset[str]
    algorithms: frozenset[str]
    purpose: str
    epsilon_micro: int
    acts_today: int
    spent_by_person_micro: int | None
    now: int
