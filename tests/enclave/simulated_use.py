"""Simulated honest researchers: what misuse detection is tuned on. A model of habits, not of any data.

Fifty researchers under twenty agreements and four purposes work on one dataset. They come on workdays between 8 and 19
o'clock, some days not at all, in one to three sessions. A session is a chain of exploratory queries, each often a small
change of the one before: another literal, one predicate more, another aggregate. Beside that they

- make mistakes: rejected SQL (beginners often), columns outside of the terms, budgets that don't suffice any more;
- loop over values in notebooks (days of a week, months, carriers, weeks of a year), one call each or all in one;
- run a notebook again, which repeats stored answers, or is charged anew after a reload of the data (every four weeks);
- keep dashboards open, whose tiles reload all day;
- have deadline weeks, with three times the work, also at night and on weekends, and loops that fail as a whole;
- go on holiday for weeks, some for a term, and come back to a deadline.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from enclave.observations import Observation

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
RESEARCHERS, AGREEMENTS, PURPOSES = 50, 20, 4
WEEKS_OF_A_VERSION = 4
COLUMNS = [f"visits.c{number}" for number in range(24)] + [f"people.p{number}" for number in range(6)]
SENSITIVE = frozenset(COLUMNS)  # the worst case: a card that grades every column
AGGREGATES = [frozenset(names) for names in (("count",), ("count", "avg"), ("sum",), ("avg",), ("count_distinct",))]
LOOPS = [7, 7, 12, 12, 12, 16, 24, 31, 53]
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Query:
    """What a statement reads, as the log and the store tell it: columns, aggregates, and column=value predicates."""

    columns: frozenset[str]
    aggregates: frozenset[str]
    predicates: tuple[tuple[str, str], ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        return self.columns | {column for column, _ in self.predicates}

    @property
    def literals(self) -> tuple[str, ...]:
        return tuple(sorted(value for _, value in self.predicates))


@dataclass
class Researcher:
    """One account with its habits; draws its own observations, in no order between sessions."""

    number: int
    draw: random.Random
    written: list[Observation] = field(default_factory=list)
    asked: list[tuple[Query, ...]] = field(default_factory=list)
    charged: set[tuple[tuple[Query, ...], int]] = field(default_factory=set)
    now: datetime = START

    def __post_init__(self) -> None:
        self.agreement = f"agreement-{self.number % AGREEMENTS}"
        self.purpose = f"purpose-{self.number % AGREEMENTS % PURPOSES}"
        # A purpose reads some columns most of all, two graded ones among them; each researcher has favourites there.
        usual = random.Random(self.purpose)
        self.usual = usual.sample(COLUMNS[:-8], 8) + usual.sample(COLUMNS[-8:], 2)
        self.favourites = self.draw.sample(self.usual, 5) + self.usual[-2:]
        self.is_beginner = self.draw.random() < 0.3
        self.tiles = self.draw.randint(6, 24) if self.draw.random() < 0.16 else 0
        self.is_away_until = START

    def week(self, monday: datetime) -> None:
        """One week's work."""
        fate = self.draw.random()
        is_deadline = fate < 1 / 13
        if fate > 0.95:
            self.is_away_until = monday + _DAY * 7 * self.draw.choice([1, 2, 2, 3, 6, 10])
        if monday < self.is_away_until:
            return
        for day in range(7):
            works = self.draw.random() < (0.95 if is_deadline else 0.6)
            if (day < 5 or is_deadline) and works:
                self.day(monday + _DAY * day, is_deadline=is_deadline)

    def day(self, midnight: datetime, *, is_deadline: bool) -> None:
        """One day: a dashboard that is open, and sessions."""
        if self.tiles:
            self.dashboard(midnight)
        for _ in range(self.draw.randint(2, 5) if is_deadline else self.draw.randint(1, 3)):
            hour = self.draw.uniform(0, 23) if is_deadline else self.draw.uniform(8, 18)
            self.now = midnight + timedelta(hours=hour)
            self.session()

    def dashboard(self, midnight: datetime) -> None:
        random_state = random.Random(self.number)
        board = [
            (Query(frozenset(random_state.sample(self.usual, 2)), AGGREGATES[tile % 3], (("visits.c0", str(tile)),)),)
            for tile in range(self.tiles)
        ]
        minutes = random_state.choice([15, 30, 60])
        for reload in range(8 * 60 // minutes):
            self.now = midnight + timedelta(hours=9, minutes=reload * minutes)
            for tile in board:
                self.wait(0.3)
                self.ask(tile)

    def session(self) -> None:
        """A chain of exploratory queries, with loops and notebooks in between."""
        query = self.idea()
        for _ in range(1 + int(self.draw.expovariate(1 / 11))):
            self.wait(self.draw.lognormvariate(4.2, 0.9))
            self.mistakes()
            self.ask((query,))
            query = self.changed(query) if self.draw.random() < 0.6 else self.idea()
        if self.draw.random() < 0.12:
            self.loop(query)
        if self.asked and self.draw.random() < 0.25:
            self.notebook()

    def idea(self) -> Query:
        columns = self.draw.sample(self.favourites, self.draw.randint(1, 3))
        if self.draw.random() < 0.02:
            columns.append(self.draw.choice(COLUMNS))  # curiosity
        predicates = tuple((column, self.value()) for column in columns if self.draw.random() < 0.4)
        return Query(frozenset(columns), self.draw.choice(AGGREGATES), predicates)

    def changed(self, query: Query) -> Query:
        way = self.draw.random()
        if way < 0.4 and query.predicates:
            column, _ = query.predicates[0]
            return replace(query, predicates=((column, self.value()), *query.predicates[1:]))
        if way < 0.7 and len(query.predicates) < 4:
            return replace(query, predicates=(*query.predicates, (self.draw.choice(self.favourites), self.value())))
        return replace(query, aggregates=self.draw.choice(AGGREGATES))

    def value(self) -> str:
        return str(self.draw.choice([12, 31, 100, 1000]) * self.draw.randint(1, 40))

    def mistakes(self) -> None:
        if self.draw.random() < (0.35 if self.is_beginner else 0.12):
            for _ in range(self.draw.randint(1, 3)):
                self.wait(self.draw.lognormvariate(3.2, 0.6))
                self.refused("query-rejected")
        if self.draw.random() < 0.01:
            for _ in range(self.draw.randint(1, 5)):
                self.wait(20)
                self.refused("refused", "column")
        if self.draw.random() < 0.005:
            for _ in range(self.draw.randint(1, 8)):
                self.wait(30)
                self.refused("budget-exceeded")

    def loop(self, query: Query) -> None:
        """The same question for each of several values: one call each, or a list; some fail as a whole."""
        column = self.draw.choice(self.favourites)
        queries = [
            replace(query, predicates=(*query.predicates[:2], (column, str(value))))
            for value in range(self.draw.choice(LOOPS))
        ]
        fate = self.draw.random()
        if fate < 0.3:
            self.wait(5)
            self.ask(tuple(queries))
            return
        for each in queries:
            self.wait(self.draw.uniform(1, 4))
            if fate > 0.97:
                self.refused(self.draw.choice(["refused", "budget-exceeded"]), "column")
            elif fate > 0.92:
                self.refused("query-rejected")
            else:
                self.ask((each,))

    def notebook(self) -> None:
        for queries in self.asked[-self.draw.randint(5, 60) :]:
            self.wait(self.draw.uniform(0.2, 1))
            self.ask(queries)

    def ask(self, queries: tuple[Query, ...]) -> None:
        """A call: charged when it is new on this version of the data, else repeated."""
        version = (self.now - START) // (_DAY * 7 * WEEKS_OF_A_VERSION)
        kind = "repeated" if (queries, version) in self.charged else "charged"
        if kind == "charged":
            self.charged.add((queries, version))
            self.asked = [*self.asked[-99:], queries]
        self.written.append(charged_query(self, queries, version) if kind == "charged" else entry(self, kind))

    def refused(self, kind: str, *codes: str) -> None:
        self.written.append(
            replace(entry(self, "refused"), refused=kind, codes=frozenset(codes), request=f"{self.draw.random()}")
        )

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def entry(who: Researcher, kind: str) -> Observation:
    return Observation(0, who.now, kind, f"account-{who.number}", who.agreement, "visits", who.purpose)


def charged_query(who: Researcher, queries: tuple[Query, ...], version: int) -> Observation:
    reads = frozenset[str]().union(*(query.reads for query in queries))
    return replace(
        entry(who, "charged"),
        plan=str(hash((queries, version, who.agreement))),
        columns=reads,
        sensitive=reads & SENSITIVE,
        aggregates=frozenset[str]().union(*(query.aggregates for query in queries)),
        literals=tuple(query.literals for query in queries),
    )


def honest_weeks(weeks: int, *, seed: int, researchers: int = RESEARCHERS) -> Iterator[Observation]:
    """The log of so many weeks, in order."""
    people = [Researcher(number, random.Random(f"{seed}/{number}")) for number in range(researchers)]
    yield from in_order(weeks, [person.week for person in people], people)


def in_order(
    weeks: int, works: list[Callable[[datetime], None]], people: list[Researcher], *, first: int = 0
) -> Iterator[Observation]:
    """What everybody writes week by week; sessions that run into the next week are told there."""
    indices, late = count(first), list[Observation]()
    for week in range(weeks):
        monday = START + _DAY * 7 * week
        for work in works:
            work(monday)
        written = late + [seen for person in people for seen in person.written]
        for person in people:
            person.written = []
        written.sort(key=lambda seen: seen.at)
        late = [seen for seen in written if seen.at >= monday + _DAY * 7]
        for seen in written[: len(written) - len(late)]:
            yield replace(seen, index=next(indices))
