"""What a decision costs while hundreds of agreements are loaded: processor time, since others use the machine too."""

import gc
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median
from time import thread_time

from policies.agreements import Agreement, PinnedLog
from policies.authorization import Act, Actor, Needs, decide
from policies.terms import AGGREGATES, Terms

AGREEMENTS = 500
TURNS = 4
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ACTOR = Actor("li.wei", "researcher", "open-university", "front")
_TERMS = Terms(
    dataset="trips",
    columns=frozenset(("trips", name) for name in ("user_id", "cat10", "zone", "fare", "ts")) | {("zones", "*")},
    aggregates=AGGREGATES,
    purposes=frozenset({"measuring"}),
    not_before=_NOW - timedelta(days=1),
    expires_at=_NOW + timedelta(days=1),
    epsilon_micro=10_000_000,
    delta=Fraction(1, 10**6),
    epsilon_per_query_micro=1_000_000,
    queries_per_day=100,
    people=frozenset({"li.wei", "wang.fang"}),
    epsilon_per_person_micro=5_000_000,
)
_READ = frozenset({("trips", "user_id"), ("trips", "zone"), ("trips", "fare"), ("zones", "zone"), ("zones", "borough")})
_ACT = Act("sql", Needs("trips", _READ, frozenset({"count", "sum"})), 500_000, "measuring")


def agreements() -> list[Agreement]:
    """Agreements that differ in their terms, so that each has policies of its own."""
    log = PinnedLog("jali.benchmark/log", bytes(32))
    return [
        Agreement(f"a{number}", "authors", "open-university", _NOW, log, replace(_TERMS, queries_per_day=100 + number))
        for number in range(AGREEMENTS)
    ]


def milliseconds(loaded: Sequence[Agreement]) -> tuple[float, int]:
    """Median of a decision over all of them in turn, and how many were taken.

    What is loaded is out of the collector's way, as in the room that serves (`enclave.server`).
    """
    gc.collect()
    gc.freeze()
    try:
        times = [_one(agreement) for _ in range(TURNS) for agreement in loaded]
    finally:
        gc.unfreeze()
    return median(times) * 1000, len(times)


def _one(agreement: Agreement) -> float:
    start = thread_time()
    decide(agreement, _ACT, actor=_ACTOR, holds=(), acts_today=9, now=_NOW, spent_by_person_micro=100_000)
    return thread_time() - start
