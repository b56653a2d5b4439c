"""A small card like the demo's, a permit for whatever a query needs, and a backend over given exact sums."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from dp_queries import planner
from dp_queries.answers.answer import Answer, Answers
from dp_queries.answers.released import public_table
from dp_queries.backends.base import Backend, FoundGroups, Sums
from dp_queries.plan import Aggregation, Measure, Plan
from dp_queries.release import release
from policies.agreements import Agreement, PinnedLog, Terms, all_columns
from policies.authorization import Act, Actor, Permit, decide
from policies.catalogue import Dataset, LoadedDataset, read_card
from policies.terms import AGGREGATES
from privacy.budget import Charge, issue_charge
from privacy.mechanisms import OpenDPChoice
from tests.worlds.entries import entry

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": f"The {name}.", **more}


YEAR = ["2013-01-01", "2013-12-31"]
CARD: dict[str, Any] = {
    **entry("flights", "flights.delay", provider="airport-authority"),
    "unit": {"noun": "aircraft", "population": "aircraft", "at_most": 5000},
    "budget": {"epsilon": 50, "delta": "0.000001", "query_delta": "0.000000001"},
    "tables": [
        {
            "name": "flights",
            "description": "One row a flight.",
            "level": 3,
            "directory": "the tests",
            "source": {"csv": "flights.csv"},
            "unit_column": "tailnum",
            "rows_at_most": 400_000,
            "rows_per_unit_at_most": 1000,
            "rows_norm": 30,
            "columns": [
                _column("tailnum", "text", nullable=True),
                _column("carrier", "text", domain=["AA", "DL", "UA"]),
                _column("origin", "text", domain=["EWR", "JFK", "LGA"]),
                _column("dest", "text", most_values=150),
                _column("month", "integer", bounds=[1, 12], domain=list(range(1, 13))),
                _column("distance", "integer", bounds=[0, 5000], clipping={"sum": 60000}),
                _column("delay", "number", bounds=[-60, 600], granularity="0.5", nullable=True),
                _column("weight", "number"),
                _column("departed", "timestamp", bounds=YEAR),
                _column("day", "date", bounds=YEAR),
                _column("late", "boolean", nullable=True),
                _column("note", "text", nullable=True),
            ],
        },
        {
            "name": "planes",
            "description": "One row an aircraft.",
            "level": 3,
            "directory": "the tests",
            "source": {"csv": "planes.csv"},
            "unit_column": "tailnum",
            "rows_at_most": 5000,
            "rows_per_unit_at_most": 1,
            "rows_norm": 1,
            "columns": [
                _column("tailnum", "text"),
                _column("maker", "text", domain=["AIRBUS", "BOEING"], nullable=True),
                _column("seats", "integer", bounds=[1, 500]),
                _column("built", "integer", nullable=True),
            ],
        },
        {
            "name": "airports",
            "description": "One row an airport.",
            "level": 1,
            "directory": "the tests",
            "source": {"csv": "airports.csv"},
            "independent": True,
            "rows_at_most": 2000,
            "unique": [["faa"]],
            "columns": [_column("faa", "text"), _column("zone", "text"), _column("height", "integer")],
        },
        {
            "name": "weather",
            "description": "One row an hour.",
            "level": 1,
            "directory": "the tests",
            "source": {"csv": "weather.csv"},
            "independent": True,
            "rows_at_most": 30_000,
            "unique": [["origin", "hour_start"]],
            "columns": [
                _column("origin", "text"),
                _column("hour_start", "timestamp"),
                _column("wind", "number", bounds=[0, 100], granularity="0.1"),
            ],
        },
    ],
}
DATASET = LoadedDataset(
    card=read_card(CARD),
    version="2013-1",
    loaded_at=NOW,
    domains={"airports.zone": ("east", "west"), "airports.height": (0, 10)},
)


def permit(needs: Any, *, epsilon_micro: int, card: Dataset = DATASET.card) -> Permit:
    """The permit for these needs, decided as the room does."""
    terms = Terms(
        dataset="flights",
        columns=all_columns({table.name: "*" for table in card.tables}),
        aggregates=AGGREGATES,
        purposes=frozenset({"tests"}),
        not_before=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=1),
        epsilon_micro=100_000_000,
        delta=Fraction(1, 10**6),
        epsilon_per_query_micro=100_000_000,
        queries_per_day=100,
    )
    agreement = Agreement("tests", "airport-authority", "university", NOW, PINNED_LOG, terms)
    actor = Actor("ada", "researcher", "university", "front")
    act = Act("sql", needs, epsilon_micro, None)
    return decide(agreement, act, actor=actor, holds=(), acts_today=0, now=NOW)


PINNED_LOG = PinnedLog(origin="jali.test/log", key=bytes(32))


def planned(sql: str | Sequence[str], *, epsilon_micro: int = 1_000_000) -> Plan:
    """The plan of a query that is permitted."""
    query = planner.analyse(sql, DATASET)
    return planner.plan(query, DATASET, permit(query.needs, epsilon_micro=epsilon_micro), epsilon_micro=epsilon_micro)


class GivenSums:
    """A backend whose exact sums are handed in, in value steps: a function of measure and group.

    No unit is counted at any norm, so that a measure whose norm is to be chosen keeps the declared one.
    """

    def __init__(self, sums: Callable[[Measure, int], int]) -> None:
        self._sums = sums
        self.asked = 0

    def bounded_sums(self, aggregation: Aggregation) -> Sums:
        self.asked += 1
        rows = [
            [self._sums(measure, group) * norm.grid for group in range(aggregation.groups)]
            for measure in aggregation.measures
            for norm in measure.norms
        ]
        norms = tuple((0,) * (len(measure.norms) + 1) for measure in aggregation.measures if measure.choice)
        return Sums(np.array(rows, dtype=np.int64), norms=norms)

    def sums_together(self, aggregations: Sequence[Aggregation]) -> list[Sums]:
        return [self.bounded_sums(aggregation) for aggregation in aggregations]

    def found_groups(self, aggregation: Aggregation) -> FoundGroups:
        raise NotImplementedError("these sums have public groups")

    def public_tables(self, names: Sequence[str]) -> dict[str, Any]:
        found = (DATASET.card.table(name) for name in names)
        return {table.name: public_table(table) for table in found if table is not None}


class Silence:
    """Exact "noise": an argument of tests, never a setting."""

    def laplace(self, values: Any, scale: Fraction) -> list[int]:
        return list(values)

    def gaussian(self, values: Any, scale: Fraction) -> list[int]:
        return list(values)


def charge(plan: Plan, **changes: Any) -> Charge:
    """The charge for a plan, with some facts changed."""
    facts = {"id": "1", "agreement": plan.agreement, "plan_digest": plan.digest, "loss": plan.loss} | changes
    return issue_charge(**facts)


def released(plan: Plan, backend: Backend, noise: Any = None) -> Answer:
    """The answer of a plan with one statement, exact unless a noise is given."""
    (answer,) = released_together(plan, backend, noise).statements
    return answer


def released_together(plan: Plan, backend: Backend, noise: Any = None) -> Answers:
    """The plan's answers, exact unless a noise is given."""
    return release(plan, charge(plan), backend, noise=noise or Silence(), choice=OpenDPChoice())
