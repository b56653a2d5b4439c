"""Misuse detection: honest researchers are left in peace, each kind of attacker is found, and twins do neither.

The twins show that the thresholds matter: ten times as loose they miss every attacker, ten times as strict they cry
every week.
"""

import pickle
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from math import exp, factorial
from pathlib import Path

import pytest

from enclave.misuse import MOST_EVIDENCE, RULES, Alert, Rule, State, detect
from enclave.observations import Observation, literals_of, observation
from tests.enclave.simulated_attackers import ATTACKS, Attack, isolator, sleeper, snooper
from tests.enclave.simulated_use import START, Researcher, entry, honest_weeks


def scaled(factor: float) -> tuple[Rule, ...]:
    return tuple(replace(rule, threshold=max(2, round(rule.threshold * factor))) for rule in RULES)


def alerts(state: State, seen: Iterable[Observation]) -> list[Alert]:
    found: list[Alert] = []
    for one in seen:
        state, raised = detect(state, one)
        found.extend(raised)
    return found


def poisson_at_most(most: int, mean: float) -> float:
    """The probability of at most so many events where so many are expected."""
    return sum(exp(-mean) * mean**number / factorial(number) for number in range(most + 1))


def test_two_honest_weeks_pass_without_an_alert() -> None:
    assert alerts(State(), honest_weeks(2, seed=3, researchers=12)) == []


def test_rules_ten_times_as_strict_cry_every_week() -> None:
    assert len(alerts(State(rules=scaled(0.1)), honest_weeks(2, seed=3, researchers=12))) > 2 * 5


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_honest_researchers_raise_less_than_one_alert_a_week() -> None:
    """40 weeks of 50 researchers: so few alerts have a probability below 1e-9 where there is one a week or more."""
    weeks, most = 40, 8
    assert poisson_at_most(most, weeks) < 1e-9
    found = [alert for seed in range(2) for alert in alerts(State(), honest_weeks(weeks // 2, seed=seed))]
    assert len(found) <= most, Counter(alert.rule for alert in found)


@cache
def pickled() -> bytes:
    state = State()
    alerts(state, (seen for seen in honest_weeks(2, seed=5, researchers=20) if seen.kind == "charged"))
    return pickle.dumps(state)


def before() -> State:
    """What charged queries of twenty honest researchers, one under each agreement, left behind in two weeks."""
    return pickle.loads(pickled())  # noqa: S301  # our own bytes of a moment ago


def written_by(attack: Attack) -> list[Observation]:
    """What an attacker writes after those two weeks; the sleeper was not heard of since the first day."""
    who = Researcher(6, random.Random("mallory"))
    if attack is sleeper:
        who.number = 99
    who.now = START + timedelta(weeks=2, days=1, hours=9)
    attack(who)
    return [replace(seen, index=1_000_000 + number) for number, seen in enumerate(who.written)]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attacker_is_found(attack: Attack) -> None:
    rule, latest = ATTACKS[attack]
    written = written_by(attack)
    found = [alert for alert in alerts(before(), written) if alert.rule == rule]
    assert found, "missed"
    first = found[0]
    assert first.subject in (written[0].account, written[0].agreement)
    assert first.index - 1_000_000 < latest
    # The evidence is the attacker's own: entries that are there, up to the one that completed it.
    assert set(first.evidence) <= {seen.index for seen in written} | set(range(1_000_000))
    assert first.evidence[-1] == first.index
    assert len(first.evidence) <= MOST_EVIDENCE
    assert first.count >= first.threshold
    assert 0 <= first.seconds <= first.window_seconds


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_rules_ten_times_as_loose_miss_every_attacker(attack: Attack) -> None:
    state = before()
    state.rules = scaled(10)
    rule, _ = ATTACKS[attack]
    assert [alert for alert in alerts(state, written_by(attack)) if alert.rule == rule] == []


def test_every_rule_has_an_attacker_and_says_why() -> None:
    assert {rule.name for rule in RULES} == {name for name, _ in ATTACKS.values()}
    assert all(len(rule.why) > 40 for rule in RULES)


def test_the_page_tells_each_rule_with_its_threshold() -> None:
    page = (Path(__file__).parents[2] / "docs" / "misuse.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert f"| `{rule.name}` | {rule.per} | {rule.threshold} in {_told(rule.window)} |" in page


def _told(window: timedelta) -> str:
    return {600: "10 minutes", 3600: "1 hour", 86_400: "1 day", 604_800: "7 days"}[int(window.total_seconds())]


def steps(count: int, *, seconds: float = 1, start: datetime = START) -> list[Observation]:
    who = Researcher(0, random.Random(0))
    return [
        replace(entry(who, "repeated"), index=number, at=start + timedelta(seconds=seconds * number))
        for number in range(count)
    ]


def test_one_incident_is_one_alert_and_a_lasting_one_is_told_again() -> None:
    burst = RULES[0]
    in_a_row = steps(2 * burst.threshold)
    assert [alert.index for alert in alerts(State(), in_a_row)] == [burst.threshold - 1]
    next_day = [replace(seen, at=seen.at + burst.quiet + timedelta(hours=1)) for seen in in_a_row]
    assert len(alerts(State(), in_a_row + next_day)) == 2


def test_what_lies_outside_of_the_window_does_not_count() -> None:
    burst = RULES[0]
    too_slow = burst.window.total_seconds() / (burst.threshold - 1)
    assert alerts(State(), steps(2 * burst.threshold, seconds=too_slow + 0.1)) == []
    assert alerts(State(), steps(2 * burst.threshold, seconds=too_slow - 0.1)) != []


def test_a_clock_that_is_set_back_hides_nothing() -> None:
    burst = RULES[0]
    half = steps(burst.threshold // 2)
    assert alerts(State(), half + [replace(seen, index=seen.index + 1000) for seen in half]) != []


def test_the_same_log_gives_the_same_alerts() -> None:
    """A restart replays the log: what was found before must be found again, and nothing else."""
    written = [seen for attack in (isolator, snooper, sleeper) for seen in written_by(attack)]
    found = alerts(before(), written)
    assert len(found) >= 3
    assert found == alerts(before(), written)


def test_a_replay_of_a_refused_request_is_no_probing() -> None:
    who = Researcher(0, random.Random(0))
    refused = replace(entry(who, "refused"), refused="budget-exceeded", request="the same")
    assert alerts(State(), [replace(refused, index=number) for number in range(300)]) == []


def test_a_dashboard_under_an_expired_agreement_is_no_probing() -> None:
    who = Researcher(0, random.Random(0))
    refused = replace(entry(who, "refused"), refused="refused")
    expired, probing = (
        [replace(refused, index=number, request=str(number), codes=frozenset({code})) for number in range(100)]
        for code in ("expired", "column")
    )
    assert alerts(State(), expired) == []
    assert [alert.rule for alert in alerts(State(), probing)] == ["probing-terms"]


def test_memory_is_bounded_and_forgets_the_quietest() -> None:
    state = State(most_entries=500)
    for number, seen in enumerate(honest_weeks(1, seed=3, researchers=10)):
        detect(state, replace(seen, index=number))
        assert state.entries <= 500
    assert state.entries == sum(len(marked) for marked in state._marks.values())
    # Who is active now is still counted.
    assert alerts(state, steps(RULES[0].threshold, start=START + timedelta(days=8))) != []


def test_what_no_window_reaches_is_forgotten() -> None:
    state = State()
    alerts(state, honest_weeks(1, seed=3, researchers=10))
    assert state.entries > 100
    alerts(state, steps(1, start=START + timedelta(days=30)))
    assert state.entries == 1


LEAF = {
    "kind": "intent",
    "time": "2026-01-05T08:00:00Z",
    "account": "li.wei",
    "agreement": "a1",
    "dataset": "visits",
    "purpose": "a study",
    "plan": "p1",
    "columns": ["visits.cost", "people.income"],
    "aggregates": ["count"],
}


def test_an_intent_becomes_an_observation() -> None:
    seen = observation(7, LEAF, statements=["SELECT 1"], sensitive=frozenset({"people.income", "people.district"}))
    assert seen is not None
    assert (seen.index, seen.kind, seen.at) == (7, "charged", START + timedelta(hours=8))
    assert seen.columns == {"visits.cost", "people.income"}
    assert seen.sensitive == {"people.income"}
    assert seen.literals == (("1",),)


def test_entries_that_tell_nothing_about_use_are_none() -> None:
    assert observation(7, {"kind": "act", "act": "load", "by": "operator"}) is None
    assert observation(7, LEAF | {"kind": "outcome", "outcome": "answered"}) is None
    repeated = observation(7, LEAF | {"kind": "outcome", "outcome": "repeated"})
    assert repeated is not None
    assert repeated.kind == "repeated"


def test_naive_times_are_no_times() -> None:
    with pytest.raises(ValueError, match="aware"):
        observation(7, LEAF | {"time": "2026-01-05T08:00:00"})


@pytest.mark.parametrize(
    ("sql", "literals"),
    [
        ("SELECT COUNT(*) FROM t WHERE a > 1 AND b = 'x'", ("'x'", "1")),
        ("select count( * ) as n2 from t where b='x' /* 3 */ and 1 < a -- 4", ("'x'", "1")),
        ("SELECT 'it''s -- no comment', \"col 5\" FROM t6", ("'it''s -- no comment'",)),
        ("SELECT 1.5e3 + .5 - a1", (".5", "1.5e3")),
        ("", ()),
    ],
)
def test_literals_of_a_statement(sql: str, literals: tuple[str, ...]) -> None:
    assert literals_of(sql) == literals
