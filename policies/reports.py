"""Utilization reports (Art. 29): when they are due, what they must say, and what a late one leads to. Pure.

The factual half of a report (invocations, columns, aggregates, budget) is computed in `report_facts.py` from the log;
the narrative half is the researcher's. While a report is overdue the room allows nothing under its agreement.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final, Literal

from policies.errors import Reason, RequestRejected
from policies.months import months_later
from policies.states import OPERATOR, PROVIDER, REGULATOR, RESEARCHER, Machine, Transition
from policies.terms import Terms

_SUPERVISORS: Final = PROVIDER | OPERATOR | REGULATOR
MACHINE: Final = Machine(
    matter="utilization report",
    initial="awaited",
    transitions=(
        Transition("file", ("awaited", "returned", "filed"), "filed", RESEARCHER),
        Transition("accept", ("filed",), "accepted", _SUPERVISORS),
        Transition("return", ("filed",), "returned", _SUPERVISORS),
    ),
)

Standing = Literal["running", "due", "overdue", "filed", "accepted"]
ResultKind = Literal["data product", "research report", "academic paper", "other"]
RESULT_KINDS: Final[tuple[ResultKind, ...]] = ("data product", "research report", "academic paper", "other")
LEAST_TEXT: Final = 4  # Chinese says much in few characters
MOST_TEXT: Final = 4000
MOST_RESULTS: Final = 100


@dataclass(frozen=True)
class Period:
    """What one report covers: from `begins` until just before `due_at`; from `overdue_at` on it is late."""

    number: int
    begins: datetime
    due_at: datetime
    overdue_at: datetime


@dataclass(frozen=True)
class Recorded:
    """How far a report has come: a state of `MACHINE`, and since when."""

    state: str
    since: datetime


@lru_cache(maxsize=1024)
def periods(terms: Terms) -> tuple[Period, ...]:
    """Every period of an agreement, the last one cut at its end: a report on that is due, too.

    Months are counted from the beginning in Shanghai's calendar; where a month is too short, its last day serves.
    """
    found: list[Period] = []
    begins = terms.not_before
    while begins < terms.expires_at:
        number = len(found) + 1
        due = min(months_later(terms.not_before, number * terms.reports_every_months), terms.expires_at)
        found.append(Period(number, begins, due, due + timedelta(days=terms.reports_grace_days)))
        begins = due
    return tuple(found)


def standing(period: Period, recorded: Recorded | None, terms: Terms, now: datetime) -> Standing:
    """Where a report stands now. One that was returned has the days of grace again, from its return on.

    One that was filed before its period was over speaks of a part of it: once the period is over it is due anew.
    """
    overdue_at = period.overdue_at
    match recorded:
        case Recorded("accepted"):
            return "accepted"
        case Recorded("filed", since) if since >= period.due_at or now < period.due_at:
            return "filed"
        case Recorded("returned", since):
            overdue_at = max(overdue_at, since + timedelta(days=terms.reports_grace_days))
    if now < period.due_at:
        return "running"
    return "overdue" if now >= overdue_at else "due"


def owed(versions: Sequence[tuple[Terms, datetime]]) -> tuple[tuple[Period, Terms], ...]:
    """Every period that an agreement's versions ask a report on, each with the terms that ask, numbered in order.

    `versions` are the terms with when they were issued, oldest first. Each asks for the reports that are due after it
    was issued and until the next one is: an amendment ends no duty, and asks for nothing that nobody had agreed on.
    """
    ends = [issued for _, issued in versions[1:]]
    found = [
        (period, terms)
        for (terms, issued), until in zip_longest(versions, ends)
        for period in periods(terms)
        if issued < period.due_at and (until is None or period.due_at <= until)
    ]
    return tuple((replace(period, number=number), terms) for number, (period, terms) in enumerate(found, 1))


def overdue(
    versions: Sequence[tuple[Terms, datetime]], recorded: Mapping[datetime, Recorded], now: datetime
) -> tuple[Period, ...]:
    """The periods whose reports are overdue now; `recorded` is what came in, by when it was due."""
    return tuple(
        period
        for period, terms in owed(versions)
        if standing(period, recorded.get(period.due_at), terms, now) == "overdue"
    )


@dataclass(frozen=True)
class Result:
    """Something that was made of the answers, and how it names its source."""

    title: str
    kind: ResultKind
    citation: str


@dataclass(frozen=True)
class Narrative:
    """What only the researcher can say. `measures` tells of each agreed security measure how it is kept."""

    scenario: str
    served: str
    business_model: str
    benefits: str
    measures: Mapping[str, str]
    results: tuple[Result, ...]


_TEXTS: Final = {
    "scenario": "the main scenarios in which the data were used",
    "served": "whom it serves",
    "business_model": "the business model, or that there is none",
    "benefits": "the economic and social benefits, such as costs that were saved",
}


def read_narrative(value: Any, terms: Terms, *, source: str) -> Narrative:
    """The narrative half of a report. Raises RequestRejected with every reason at once.

    `source` is what the dataset is cited as: each result must name it (Art. 29, second paragraph).
    """
    if not isinstance(value, Mapping):
        raise RequestRejected("the report is no object", (Reason("report", "must be an object"),))
    reasons = [reason for check in _CHECKS for reason in check(value, terms, source)]
    if reasons:
        raise RequestRejected("the report is not complete", tuple(reasons))
    texts = {name: value[name].strip() for name in _TEXTS}
    measures = {name: said.strip() for name, said in value["measures"].items()}
    results = tuple(Result(each["title"].strip(), each["kind"], each["citation"].strip()) for each in value["results"])
    return Narrative(**texts, measures=measures, results=results)


def _field_faults(value: Mapping[Any, Any], _terms: Terms, _source: str) -> Iterator[Reason]:
    for name in value.keys() - {*_TEXTS, "measures", "results"}:
        yield Reason("field", "is no field of a report", str(name)[:100])


def _text_faults(value: Mapping[Any, Any], _terms: Terms, _source: str) -> Iterator[Reason]:
    for name, meaning in _TEXTS.items():
        if not _is_text(value.get(name)):
            yield Reason("text", f"say {meaning}, in {LEAST_TEXT} to {MOST_TEXT} characters", name)


def _measure_faults(value: Mapping[Any, Any], terms: Terms, _source: str) -> Iterator[Reason]:
    told = value.get("measures")
    if not isinstance(told, Mapping):
        yield Reason("measures", "must say of each agreed measure how it is kept", "measures")
        return
    for measure in sorted(terms.measures):
        if not _is_text(told.get(measure)):
            yield Reason("measure-missing", f"say how this is kept: {measure}", "measures")
    for name in told.keys() - terms.measures:
        yield Reason("measure-unknown", f"no such measure was agreed: {str(name)[:200]}", "measures")


def _result_faults(value: Mapping[Any, Any], _terms: Terms, source: str) -> Iterator[Reason]:
    results = value.get("results")
    if not isinstance(results, list) or len(results) > MOST_RESULTS:
        yield Reason("results", f"must list at most {MOST_RESULTS} results; none is an empty list", "results")
        return
    for number, result in enumerate(results, 1):
        where = f"result {number}"
        if not isinstance(result, Mapping) or set(result) != {"title", "kind", "citation"}:
            yield Reason("result", "has title, kind and citation", where)
            continue
        if not _is_text(result["title"]):
            yield Reason("title", f"has a title of {LEAST_TEXT} to {MOST_TEXT} characters", where)
        if result["kind"] not in RESULT_KINDS:
            yield Reason("kind", f"is one of {', '.join(RESULT_KINDS)}", where)
        if not _is_text(result["citation"]) or source.strip().rstrip(".") not in result["citation"]:
            yield Reason("citation", f"must name its source: {source}", where)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and LEAST_TEXT <= len(value.strip()) <= MOST_TEXT


_CHECKS: Final[tuple[Callable[[Mapping[Any, Any], Terms, str], Iterator[Reason]], ...]] = (
    *(_field_faults, _text_faults, _measure_faults, _result_faults),
)
