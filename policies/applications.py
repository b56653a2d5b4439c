"""Applications for conditionally open data: what they say, what is missing, what may follow (Art. 18, 19).

Pure: what the organization uploaded, its violations and the time are arguments. An incomplete application is told every
reason at once; a complete one is a work order to the provider, with its deadline in working days.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, Literal

from policies.catalogue import Dataset
from policies.conditions import Credit, Feedback, Scenario, Security
from policies.duties import condition
from policies.errors import Reason
from policies.months import months_between, months_later
from policies.states import OPERATOR, PROVIDER, RESEARCHER, Machine, Transition
from policies.terms import AGGREGATES, MICRO, MOST_QUERIES_PER_DAY, STANDARD_MEASURES, Terms

Priority = Literal["livelihood", "economic-development", "replicable"]
LEAST_SCENARIO: Final = 20
MOST_MONTHS: Final = 60
_PARTIES: Final = RESEARCHER | PROVIDER

MACHINE: Final = Machine(
    matter="application",
    initial="submitted",
    transitions=(
        Transition("return", ("submitted", "under-review"), "incomplete", OPERATOR),
        Transition("complete", ("incomplete",), "submitted", RESEARCHER),
        Transition("accept", ("submitted",), "under-review", OPERATOR),
        Transition("ask-experts", ("under-review",), "with-experts", PROVIDER),
        Transition("note-opinion", ("with-experts",), "under-review", PROVIDER),
        Transition("approve", ("under-review",), "approved", PROVIDER),
        Transition("refuse", ("under-review", "with-experts"), "refused", PROVIDER),
        Transition("sign", ("approved",), "half-signed", _PARTIES),
        Transition("sign", ("half-signed",), "signed", _PARTIES),
        Transition(
            "withdraw",
            ("submitted", "incomplete", "under-review", "with-experts", "approved", "half-signed"),
            "withdrawn",
            RESEARCHER,
        ),
    ),
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for: doors, columns as (table, column), aggregates, people by account, and amounts.

    As in `Terms`, `algorithms` None is any of the doors', and `people` None every researcher of the organization.
    `months` is how long the agreement shall hold.
    """

    doors: frozenset[str]
    columns: frozenset[tuple[str, str]]
    aggregates: frozenset[str]
    algorithms: frozenset[str] | None
    people: frozenset[str] | None
    epsilon_micro: int
    delta: Fraction
    epsilon_per_query_micro: int
    epsilon_per_person_micro: int | None
    queries_per_day: int
    months: int

    @classmethod
    def of(cls, agreed: Terms) -> "Wanted":
        """What somebody asks for who wants just these terms."""
        months = max(months_between(agreed.not_before, agreed.expires_at), 1)
        months += months_later(agreed.not_before, months) < agreed.expires_at
        same = {field.name: getattr(agreed, field.name) for field in fields(cls) if field.name != "months"}
        return cls(**same, months=months)


@dataclass(frozen=True)
class Application:
    """An application as it was handed in. `measures` says of each security measure how it is met, `materials` which
    uploaded file (by digest) is which of the dataset's materials. `priority` is claimed, with its reason (Art. 19).
    `amends` is the agreement that shall be amended, where there is one."""

    dataset: str
    organization: str
    purposes: frozenset[str]
    scenario: str
    wanted: Wanted
    measures: Mapping[str, str]
    declarations: frozenset[str]
    materials: Mapping[str, str]
    priority: Priority | None = None
    priority_reason: str = ""
    amends: str | None = None


@dataclass(frozen=True)
class Standing:
    """What is known of the applicant: its uploads as digest -> kind, and when its last violation was recorded."""

    files: Mapping[str, str]
    last_violation: datetime | None


def missing(application: Application, card: Dataset, standing: Standing, *, now: datetime) -> tuple[Reason, ...]:
    """Everything that keeps an application from being complete, at once (Art. 19); empty when nothing does."""
    return tuple(
        reason
        for check in (_own, _scenario, _wanted, _security, _credit, _materials, _priority)
        for reason in check(application, card, standing, now)
    )


def is_large_scale(application: Application, card: Dataset, *, held_micro: int = 0) -> bool:
    """Whether experts are to be heard first (Art. 19): it asks for a quarter of what the population has for life.

    `held_micro` is what the organization's other applications for the dataset ask for: a large one in parts is large.
    """
    return Fraction(application.wanted.epsilon_micro + held_micro, MICRO) * 4 >= Fraction(card.budget.epsilon)


def terms(application: Application, card: Dataset, *, begins_at: datetime, expires_at: datetime) -> Terms:
    """The terms of the agreement that an approved application leads to; what the conditions ask for becomes theirs.

    Raises ValueError where they are not valid. Source: Art. 15, 20.
    """
    wanted, duties, security = application.wanted, condition(card, Feedback), condition(card, Security)
    stated: dict[str, Any] = {}
    if duties is not None:
        stated = {"reports_every_months": duties.report_months, "reports_grace_days": duties.grace_days}
    return Terms(
        dataset=application.dataset,
        columns=wanted.columns,
        aggregates=wanted.aggregates,
        purposes=application.purposes,
        not_before=begins_at,
        expires_at=expires_at,
        epsilon_micro=wanted.epsilon_micro,
        delta=wanted.delta,
        epsilon_per_query_micro=wanted.epsilon_per_query_micro,
        queries_per_day=wanted.queries_per_day,
        doors=wanted.doors,
        algorithms=wanted.algorithms,
        people=wanted.people,
        epsilon_per_person_micro=wanted.epsilon_per_person_micro,
        measures=STANDARD_MEASURES | set(security.measures if security else ()),
        **stated,
    )


def excess(agreed: Terms, application: Application, *, begins: datetime | None = None) -> tuple[Reason, ...]:
    """Every way in which terms go beyond what was applied for: an approval may narrow, never widen.

    The months that were applied for count from `begins` on: of an amendment its own day, else when the terms begin.
    """
    beyond = [(name, message) for name, within, message in _LIMITS if not within(agreed, application)]
    if agreed.expires_at > months_later(begins or agreed.not_before, application.wanted.months):
        beyond.append(("expires_at", "a longer time than was applied for"))
    return tuple(Reason("beyond-application", message, name) for name, message in beyond)


_Reasons = Iterator[Reason]


def _scenario(asked: Application, card: Dataset, _standing: Standing, _now: datetime) -> _Reasons:
    stated = condition(card, Scenario)
    if stated is not None and not asked.purposes <= set(stated.purposes):
        allowed = "; ".join(stated.purposes)
        yield Reason("purpose", f"the data are open for these purposes: {allowed}", "purposes")
    if not asked.purposes:
        yield Reason("missing", "name the purposes", "purposes")
    if len(asked.scenario.strip()) < LEAST_SCENARIO:
        yield Reason("scenario", f"describe what is asked and why, in {LEAST_SCENARIO} characters or more", "scenario")


def _wanted(asked: Application, card: Dataset, _standing: Standing, _now: datetime) -> _Reasons:
    wanted = asked.wanted
    known = {(table.name, column) for table in card.tables for column in ("*", *(held.name for held in table.columns))}
    for table, column in sorted(wanted.columns - known):
        yield Reason("unknown-column", f"there is no {table}.{column}", "columns")
    for door in sorted(wanted.doors - set(card.classification().doors)):
        yield Reason("door", f"the dataset has no door {door}", "doors")
    for aggregate in sorted(wanted.aggregates - AGGREGATES):
        yield Reason("aggregate", f"there is no aggregate {aggregate}", "aggregates")
    for name in ("columns", "doors", "aggregates", "algorithms", "people"):
        if getattr(wanted, name) == frozenset():
            yield Reason("missing", f"name the {name}", name)
    if not 1 <= wanted.months <= MOST_MONTHS:
        yield Reason("months", f"an agreement holds 1 to {MOST_MONTHS} months", "months")
    yield from _amounts(wanted, card)


def _amounts(wanted: Wanted, card: Dataset) -> _Reasons:
    most, budget = Fraction(card.budget.epsilon) * MICRO, Fraction(card.budget.delta)
    if not 1 <= wanted.epsilon_micro <= most:
        yield Reason("epsilon", f"epsilon lies above 0 and within the population's {card.budget.epsilon}", "epsilon")
    if not 0 < wanted.delta <= budget:
        yield Reason("delta", f"delta lies above 0 and within the population's {card.budget.delta}", "delta")
    if not 1 <= wanted.epsilon_per_query_micro <= max(wanted.epsilon_micro, 1):
        yield Reason("epsilon-per-query", "epsilon per query lies above 0 and within epsilon", "epsilon_per_query")
    if not 1 <= wanted.queries_per_day <= MOST_QUERIES_PER_DAY:
        yield Reason("queries-per-day", f"queries per day lie in [1, {MOST_QUERIES_PER_DAY}]", "queries_per_day")


def _security(asked: Application, card: Dataset, _standing: Standing, _now: datetime) -> _Reasons:
    stated = condition(card, Security)
    required = stated.measures if stated else ()
    for measure in required:
        if not asked.measures.get(measure, "").strip():
            yield Reason("measure", f"say how this is met: {measure}", "measures")
    for measure in sorted(set(asked.measures) - set(required)):
        yield Reason("unknown-measure", f"the dataset asks for no such measure: {measure[:200]}", "measures")


def _credit(asked: Application, card: Dataset, standing: Standing, now: datetime) -> _Reasons:
    stated = condition(card, Credit)
    if stated is None:
        return
    for declaration in stated.declarations:
        if declaration not in asked.declarations:
            yield Reason("declaration", f"this must be declared: {declaration}", "declarations")
    months, last = stated.months_without_violation, standing.last_violation
    if months and last is not None and months_between(last, now) < months:
        yield Reason("violation", f"a violation was recorded within the last {months} months", "organization")


def _materials(asked: Application, card: Dataset, standing: Standing, _now: datetime) -> _Reasons:
    listed = {material.name: material for material in card.materials}
    for name, material in listed.items():
        digest = asked.materials.get(name)
        if digest is None:
            if material.is_required:
                yield Reason("material", f"this material is missing: {material.title}", f"materials.{name}")
        elif digest not in standing.files:
            yield Reason("unknown-file", "your organization uploaded no such file", f"materials.{name}")
        elif standing.files[digest] not in material.formats:
            wanted = ", ".join(material.formats)
            yield Reason("material-format", f"{material.title} comes as {wanted}", f"materials.{name}")
    for name in sorted(set(asked.materials) - set(listed)):
        yield Reason("unknown-material", "the dataset lists no such material", f"materials.{name[:60]}")


def _own(asked: Application, card: Dataset, _standing: Standing, _now: datetime) -> _Reasons:
    # Whoever decides on an application must not be who makes it.
    if asked.organization == card.provider:
        yield Reason("own-dataset", "a provider does not apply for its own dataset", "organization")


def _priority(asked: Application, _card: Dataset, _standing: Standing, _now: datetime) -> _Reasons:
    if asked.priority is not None and not asked.priority_reason.strip():
        yield Reason("priority-reason", "say why it should be given priority", "priority_reason")


def _covered(agreed: Terms, asked: Application) -> bool:
    wanted = asked.wanted.columns
    return all((table, "*") in wanted or (table, column) in wanted for table, column in agreed.columns)


def _named(agreed: frozenset[str] | None, asked: frozenset[str] | None) -> bool:
    return asked is None or (agreed is not None and agreed <= asked)


def _per_person(agreed: Terms, asked: Application) -> bool:
    most, each = asked.wanted.epsilon_per_person_micro, agreed.epsilon_per_person_micro
    return most is None or (each is not None and each <= most)


_Limit = tuple[str, Callable[[Terms, Application], bool], str]
_LIMITS: Final[tuple[_Limit, ...]] = (
    ("columns", _covered, "columns that were not applied for"),
    ("doors", lambda t, a: t.doors <= a.wanted.doors, "doors that were not applied for"),
    ("aggregates", lambda t, a: t.aggregates <= a.wanted.aggregates, "aggregates that were not applied for"),
    ("algorithms", lambda t, a: _named(t.algorithms, a.wanted.algorithms), "algorithms that were not applied for"),
    ("purposes", lambda t, a: t.purposes <= a.purposes, "purposes that were not applied for"),
    ("people", lambda t, a: _named(t.people, a.wanted.people), "people who were not applied for"),
    ("epsilon", lambda t, a: t.epsilon_micro <= a.wanted.epsilon_micro, "more epsilon than was applied for"),
    ("delta", lambda t, a: t.delta <= a.wanted.delta, "more delta than was applied for"),
    (
        "epsilon_per_query",
        lambda t, a: t.epsilon_per_query_micro <= a.wanted.epsilon_per_query_micro,
        "more epsilon per query than was applied for",
    ),
    ("epsilon_per_person", _per_person, "more epsilon for a person than was applied for"),
    (
        "queries_per_day",
        lambda t, a: t.queries_per_day <= a.wanted.queries_per_day,
        "more queries per day than were applied for",
    ),
)
