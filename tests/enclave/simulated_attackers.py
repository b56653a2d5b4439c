"""Simulated attackers, one of each kind: what misuse detection must find. Each takes over an honest account's habits.

An attack writes its observations into `who.written`, from `who.now` on. What it does is said in its first line; how an
attacker could stay below the thresholds is told in docs/known-limitations.md.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tests.enclave.simulated_use import AGGREGATES, COLUMNS, Query, Researcher, charged_query, entry

Attack = Callable[[Researcher], None]
ABOUT = Query(frozenset({"visits.c1", "visits.c2"}), AGGREGATES[0], (("visits.c1", "7"),))


def scraper(who: Researcher) -> None:
    """Asks for stored answers, twice a second."""
    for _ in range(600):
        who.wait(0.5)
        who.written.append(entry(who, "repeated"))


def script(who: Researcher) -> None:
    """Asks a new, unrelated question every ten seconds."""
    for number in range(400):
        who.wait(10)
        columns = frozenset({COLUMNS[number % 22], COLUMNS[number * 7 % 22], COLUMNS[number * 5 % 22]})
        who.ask((Query(columns, AGGREGATES[number % 5], (("visits.c1", str(number)), ("visits.c2", str(number * 3)))),))


def isolator(who: Researcher) -> None:
    """Asks the same count without one person, for one person after another, by day."""
    for target in range(150):
        who.wait(600)
        who.ask((replace(ABOUT, predicates=(*ABOUT.predicates, ("people.p0", f"'person {target}'"))),))


def averager(who: Researcher) -> None:
    """Asks for the same figure with a condition that changes nothing, spelled differently each time, slowly."""
    for number in range(150):
        who.wait(3000)
        who.ask((replace(ABOUT, predicates=(*ABOUT.predicates, ("visits.c9", f"-{number}.5"))),))


def hiding_averager(who: Researcher) -> None:
    """The same, with a meaningless column beside it that is another one each time."""
    for number in range(200):
        who.wait(1800)
        dummy = COLUMNS[3 + number % 18]
        who.ask((replace(ABOUT, predicates=(*ABOUT.predicates, (dummy, f"-{number}.5"))),))


def averager_in_lists(who: Researcher) -> None:
    """The same, sixty statements in one call."""
    for number in range(4):
        who.wait(3600)
        who.ask(
            tuple(
                replace(ABOUT, predicates=(*ABOUT.predicates, ("visits.c9", f"-{number}.{each}"))) for each in range(60)
            )
        )


def doubly_hiding_averager(who: Researcher) -> None:
    """Changes several literals at once, so that no two queries differ in one."""
    for number in range(300):
        who.wait(1200)
        dummies = (("visits.c9", f"-{number}.5"), ("visits.c8", f"-{number}.7"), ("visits.c7", f"-{number}.9"))
        who.ask((replace(ABOUT, predicates=(*ABOUT.predicates, *dummies)),))


def averager_by_epsilon(who: Researcher) -> None:
    """Asks the very same question with another epsilon each time, each charged anew."""
    for number in range(300):
        who.wait(1200)
        who.written.append(replace(charged_query(who, (ABOUT,), 0), plan=f"epsilon {number}"))


def column_guesser(who: Researcher) -> None:
    """Tries which columns the terms let through."""
    for _ in range(100):
        who.wait(30)
        who.refused("refused", "column")


def agreement_guesser(who: Researcher) -> None:
    """Tries which agreements there are."""
    for _ in range(100):
        who.wait(5)
        who.refused("not-found")


def budget_prober(who: Researcher) -> None:
    """Looks for what is left of a population's budget by asking for too much, and less each time."""
    for _ in range(100):
        who.wait(60)
        who.refused("budget-exceeded")


def fuzzer(who: Researcher) -> None:
    """Sends SQL that is meant to break the validator."""
    for _ in range(500):
        who.wait(2)
        who.refused("query-rejected")


def snooper(who: Researcher) -> None:
    """Reads a graded column that nobody needs for this purpose, five times a day."""
    [column, *_] = sorted(set(COLUMNS[-8:]) - set(who.usual))
    for number in range(25):
        who.wait(24 * 3600 / 5)
        who.ask((Query(frozenset({column, who.usual[0]}), AGGREGATES[0], (("visits.c0", str(number)),)),))


def sleeper(who: Researcher) -> None:
    """Nothing for eight weeks, then whatever can be had in a night, at a pace that is no burst."""
    who.written.append(entry(who, "charged"))
    who.now += timedelta(weeks=8)
    for number in range(200):
        who.wait(120)
        columns = frozenset({COLUMNS[number % 22], COLUMNS[number * 7 % 22]})
        who.ask((Query(columns, AGGREGATES[number % 5], (("visits.c0", str(number)),)),))


# Attack -> the rule that must find it, and after how many of its entries at the latest.
ATTACKS: dict[Attack, tuple[str, int]] = {
    scraper: ("burst", 400),
    script: ("burst-charged", 150),
    isolator: ("differencing", 90),
    averager: ("differencing", 90),
    hiding_averager: ("differencing", 90),
    averager_in_lists: ("differencing", 2),
    doubly_hiding_averager: ("variants", 200),
    averager_by_epsilon: ("variants", 200),
    column_guesser: ("probing-terms", 60),
    agreement_guesser: ("probing-terms", 60),
    budget_prober: ("probing-budget", 60),
    fuzzer: ("probing-sql", 200),
    snooper: ("off-purpose", 15),
    sleeper: ("sudden", 121),
}
