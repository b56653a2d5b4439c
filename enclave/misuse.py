"""Misuse detection (Art. 30): observations of the log, one by one -> alerts with their evidence. Pure.

An alert is a reason to look, no proof and no stop. Each rule counts marks under a key and speaks when `threshold`
different ones lie within `window`. Counting costs the same at the first entry and at the millionth, and what is
remembered is bounded. The thresholds are those at which simulated honest researchers are left in peace and simulated
attackers are found; what stays below them is not seen (docs/known-limitations.md).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from enclave.observations import Literals, Observation
from enclave.past_use import PastUse

Key = tuple[Hashable, ...]
Mark = tuple[Key, Hashable]
"""What is counted under, and what counts there once."""

MOST_ENTRIES: Final = 200_000
"""Marks that are remembered in all, some 200 bytes each; the keys that were quiet longest are forgotten first."""
MOST_QUIET: Final = 10_000
MOST_HOLES: Final = 48
"""Near duplicates are looked for in so many ways at most: what one query may cost to look at."""
MOST_EVIDENCE: Final = 100


@dataclass(frozen=True)
class Rule:
    """What is counted for whom, how much of it in how long is too much, and why just so much.

    After an alert about someone a rule is quiet about them for `quiet`, so that one incident is one alert.
    """

    name: str
    per: Literal["account", "agreement"]
    threshold: int
    window: timedelta
    quiet: timedelta
    marks: Callable[[PastUse, Observation], Iterator[Mark]]
    why: str


@dataclass(frozen=True)
class Alert:
    """A rule's finding: who, by which figures, and the log entries that show it (the newest ones)."""

    rule: str
    per: Literal["account", "agreement"]
    subject: str
    index: int
    count: int
    seconds: int
    threshold: int
    window_seconds: int
    column: str | None
    evidence: tuple[int, ...]


def _every_request(_past: PastUse, seen: Observation) -> Iterator[Mark]:
    yield (), seen.index


def _charged_requests(_past: PastUse, seen: Observation) -> Iterator[Mark]:
    if seen.kind == "charged":
        yield (), seen.index


def _near_duplicates(_past: PastUse, seen: Observation) -> Iterator[Mark]:
    """Statements that become equal when one literal is taken out, and perhaps the column that it was compared with.

    What differs in names, order, blanks or comments only is equal here. Literals are kept as hashes.
    """
    if seen.kind == "charged":
        columns = _with_one_less(seen.columns)
        for literals in seen.literals:
            holes = ((one, rest) for one in columns for rest in _without_one(literals))
            for (one, rest), _ in zip(holes, range(MOST_HOLES), strict=False):
                # Asked again on new data or with another epsilon it is no other question: `variants` counts that.
                yield (hash((seen.aggregates, one, rest)),), hash(literals)


def _variants(_past: PastUse, seen: Observation) -> Iterator[Mark]:
    """Statements over the same columns (or all but one of them), whatever their literals are."""
    if seen.kind == "charged":
        for number in range(len(seen.literals)):
            for one in _with_one_less(seen.columns)[:MOST_HOLES]:
                yield (hash((seen.aggregates, one)),), (seen.plan, number)


def _with_one_less(columns: frozenset[str]) -> list[frozenset[str]]:
    return [columns, *(columns - {column} for column in sorted(columns))]


def _without_one(literals: Literals) -> list[Literals]:
    return list(dict.fromkeys(literals[:place] + literals[place + 1 :] for place in range(len(literals))))


# What ends of itself or is nobody's doing: a dashboard goes on after its agreement has expired or is on hold.
_NOT_PROBING: Final = frozenset({"held", "expired", "not-yet-in-force", "queries-per-day", "report-overdue"})


def _refused_by_terms(_past: PastUse, seen: Observation) -> Iterator[Mark]:
    if seen.refused in ("refused", "not-found") and not (seen.codes and seen.codes <= _NOT_PROBING):
        yield (), seen.request


def _refused_by_budget(_past: PastUse, seen: Observation) -> Iterator[Mark]:
    if seen.refused == "budget-exceeded":
        yield (), seen.request


def _refused_as_sql(_past: PastUse, seen: Observation) -> Iterator[Mark]:
    if seen.refused == "query-rejected":
        yield (), seen.request


def _unusual_columns(past: PastUse, seen: Observation) -> Iterator[Mark]:
    if seen.kind == "charged":
        # A loop over values is one question: what counts is work on the column, in several ways or for hours.
        question = hash((seen.columns, seen.aggregates, past.hour))
        yield from (((column,), question) for column in sorted(seen.sensitive) if past.is_unusual(seen, column))


def _after_silence(past: PastUse, seen: Observation) -> Iterator[Mark]:
    if seen.kind != "repeated" and past.has_just_woken(seen):
        yield (), seen.index


_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)

RULES: Final = (
    Rule(
        *("burst", "account", 400, timedelta(minutes=10), _DAY, _every_request),
        "Honest at most 119: a dashboard's reload and a notebook at once. 400 is one every 1.5 s for ten minutes.",
    ),
    Rule(
        *("burst-charged", "agreement", 150, _HOUR, _DAY, _charged_requests),
        "Honest at most 97: after a reload of the data, a notebook of 60 cells and a loop over 31 days.",
    ),
    Rule(
        *("differencing", "agreement", 90, _WEEK, _WEEK, _near_duplicates),
        "Honest at most 69: a loop over the 53 weeks of a year, and hand-made variants of it. Isolating people or "
        "averaging over meaningless variants takes hundreds.",
    ),
    Rule(
        *("variants", "agreement", 200, _WEEK, _WEEK, _variants),
        "Honest at most 113: two long loops over the same columns. Catches variants in several literals at once.",
    ),
    Rule(
        *("probing-terms", "account", 60, _DAY, _DAY, _refused_by_terms),
        "Honest at most 53 and a few: one loop over weeks that names a column outside of the terms.",
    ),
    Rule(
        *("probing-budget", "account", 60, _DAY, _DAY, _refused_by_budget),
        "Honest at most 53 and a few: one loop that the rest of the budget did not suffice for.",
    ),
    Rule(
        *("probing-sql", "account", 200, _DAY, _DAY, _refused_as_sql),
        "Honest at most 99: a beginner's deadline day, or a loop with a slip. A fuzzer sends thousands.",
    ),
    Rule(
        *("off-purpose", "agreement", 15, _WEEK, 4 * _WEEK, _unusual_columns),
        "Honest mostly below 8: some curiosity in one session. A question counts once an hour, however often its "
        "literals change; fifteen of them are work on that column.",
    ),
    Rule(
        *("sudden", "account", 120, _DAY, _WEEK, _after_silence),
        "Honest mostly below 108: back from a term's leave, into a deadline. A stolen token is used while it lasts.",
    ),
)
"""What honest researchers reach is that of 50 simulated ones in 20 weeks and more (tests/enclave/simulated_use.py)."""

LONGEST_WINDOW_SECONDS: Final = int(max(rule.window for rule in RULES).total_seconds())


@dataclass
class State:
    """What is remembered between observations. `detect` hands it on changed: an older one is not to be used again."""

    rules: tuple[Rule, ...] = RULES
    most_entries: int = MOST_ENTRIES
    past: PastUse = field(default_factory=PastUse)
    seconds: int = 0
    entries: int = 0
    _marks: OrderedDict[Key, dict[Hashable, tuple[int, int]]] = field(default_factory=OrderedDict)
    _quiet: OrderedDict[tuple[str, str], int] = field(default_factory=OrderedDict)

    def count(self, key: Key, item: Hashable, index: int, rule: Rule) -> dict[Hashable, tuple[int, int]]:
        """Mark an item under a key; gives what lies there within the rule's window: item -> (seconds, index)."""
        marked = self._marks.setdefault(key, {})
        self._marks.move_to_end(key)
        self.entries -= len(marked)
        oldest = self.seconds - int(rule.window.total_seconds())
        while marked and marked[first := next(iter(marked))][0] <= oldest:
            del marked[first]
        marked.setdefault(item, (self.seconds, index))
        if len(marked) > rule.threshold:
            del marked[next(iter(marked))]
        self.entries += len(marked)
        return marked

    def forget(self) -> None:
        """Drop what no window reaches any more, and what was quiet longest until the rest fits."""
        while self._marks and (self.entries > self.most_entries or self._is_past(next(iter(self._marks.values())))):
            self.entries -= len(self._marks.popitem(last=False)[1])
        while len(self._quiet) > MOST_QUIET:
            self._quiet.popitem(last=False)

    def _is_past(self, marked: dict[Hashable, tuple[int, int]]) -> bool:
        seconds, _ = next(reversed(marked.values()))
        return seconds <= self.seconds - LONGEST_WINDOW_SECONDS

    def speaks(self, rule: Rule, subject: str) -> bool:
        """Whether a rule may speak about someone now; if so, it is quiet about them from here on."""
        if self._quiet.get((rule.name, subject), 0) > self.seconds:
            return False
        self._quiet[rule.name, subject] = self.seconds + int(rule.quiet.total_seconds())
        self._quiet.move_to_end((rule.name, subject))
        return True


def detect(state: State, seen: Observation) -> tuple[State, tuple[Alert, ...]]:
    """The state after one more observation, and the alerts that it raises. Observations come in the log's order."""
    state.seconds = max(state.seconds, int(seen.at.timestamp()))  # a clock that is set back makes no window longer
    state.past.meet(seen, state.seconds)
    alerts = tuple(alert for rule in state.rules for alert in _alerts(state, rule, seen))
    state.past.learn(seen)
    state.forget()
    return state, alerts


def _alerts(state: State, rule: Rule, seen: Observation) -> Iterator[Alert]:
    subject = seen.account if rule.per == "account" else seen.agreement
    for key, item in rule.marks(state.past, seen):
        marked = state.count((rule.name, subject, *key), item, seen.index, rule)
        if len(marked) >= rule.threshold and state.speaks(rule, subject):
            yield _alert(state, rule, subject, key, list(marked.values()), seen.index)


def _alert(state: State, rule: Rule, subject: str, key: Key, marked: list[tuple[int, int]], index: int) -> Alert:
    return Alert(
        rule=rule.name,
        per=rule.per,
        subject=subject,
        index=index,
        count=len(marked),
        seconds=state.seconds - marked[0][0],
        threshold=rule.threshold,
        window_seconds=int(rule.window.total_seconds()),
        column=next((part for part in key if isinstance(part, str)), None),
        evidence=tuple(dict.fromkeys(entry for _, entry in marked))[-MOST_EVIDENCE:],
    )
