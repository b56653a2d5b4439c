"""Applications for conditionally open data: what they say, what is missing, what may follow (Art. 18, 19).

Pure: what the organization uploaded, its violations and the time are arguments. An incomplete application is told every
reason at once; a complete one is a work order to the provider, with its deadline in working days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, Literal, TypeVar

from policies.card_types import Frozen
from policies.catalogue import Dataset
from policies.conditions import Credit, Feedback, Scenario, Security
from policies.errors import Reason
from policies.states import Machine, Transition
from policies.terms import AGGREGATES, MICRO, MOST_QUERIES_PER_DAY, STANDARD_MEASURES, Terms

Priority = Literal["livelihood", "economic-development", "replicable"]
LEAST_SCENARIO: Final = 20
MOST_MONTHS: Final = 60
C = TypeVar("C", bound=Frozen)
_RESEARCHER: Final = frozenset({"researcher"})
_OPERATOR: Final = frozenset({"operator"})
_PROVIDER: Final = frozenset({"data-provider"})

MACHINE: Final = Machine(
    matter="application",
    initial="submitted",
    transitions=(
        Transition("return", ("submitted",), "incomplete", _OPERATOR),
        Transition("complete", ("incomplete",), "submitted", _RESEARCHER),
        Transition("accept", ("submitted",), "under-review", _OPERATOR),
        Transition("ask-experts", ("under-review",), "with-experts", _PROVIDER),
        Transition("note-opinion", ("with-experts",), "under-review", _PROVIDER),
        Transition("approve", ("under-review",), "approved", _PROVIDER),
        Transition("refuse", ("under-review", "with-experts"), "refused", _PROVIDER),
        Transition("sign", ("approved",), "signed", _RESEARCHER),
        Transition(
            "withdraw",
            ("submitted", "incomplete", "under-review", "with-experts", "approved"),
            "withdrawn",
            _RESEARCHER,
        ),
    ),
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for: doors, columns as (table, column), aggregates, people by account, and amounts.

    `months` is how long the agreement shall hold from its signature on.
    """

    doors: frozenset[str]
    columns: frozenset[tuple[str, str]]
    aggregates: frozenset[str]
    people: frozenset[str]
    epsilon_micro: int
    delta: Fraction
    epsilon_per_query_micro: int
    queries_per_day: int
    months: int


@dataclass(frozen=True)
class Application:
    """An application as it was handed in. `measures` says of each security measure how it is met, `materials` which
    uploaded file (by digest) is which of the dataset's materials. `priority` is claimed, with its reason (Art. 19)."""

    dataset: str
    organization: str
    purpose: str
    scenario: str
    wanted: Wanted
    measures: Mapping[str, str]
    declarations: frozenset[str]
    materials: Mapping[str, str]
    priority: Priority | None = None
    priority_reason: str = ""


@dataclass(frozen=True)
class Standing:
    """What is known of the applicant: its uploads as digest -> kind, and when its last violation was recorded."""

    files: Mapping[str, str]
    last_violation: datetime | None


def missing(application: Application, card: Dataset, standing: Standing, *, now: datetime) -> tuple[Reason, ...]:
    """Everything that keeps an application from being complete, at once (Art. 19); empty when nothing does."""
    return tuple(
        reason
        for check in (_scenario, _wanted, _security, _credit, _materials, _priority)
        for reason in check(application, card, standing, now)
    )


def is_large_scale(application: Application, card: Dataset) -> bool:
    """Whether experts are to be heard first (Art. 19): it asks for a quarter of what the population has for life."""
    return Fraction(application.wanted.epsilon_micro, MICRO) * 4 >= Fraction(card.budget.epsilon)


def terms(application: Application, card: Dataset, *, begins_at: datetime, expires_at: datetime) -> Terms:
    """The terms of the agreement that an approved application leads to; what the conditions ask for becomes theirs.

    Raises ValueError where they are not valid. Source: Art. 15, 20.
    """
    wanted, duties, security = application.wanted, _condition(card, Feedback), _condition(card, Security)
    stated: dict[str, Any] = {}
    if duties is not None:
        stated = {"reports_every_months": duties.report_months, "reports_grace_days": duties.grace_days}
    return Terms(
        dataset=application.dataset,
        columns=wanted.columns,
        aggregates=wanted.aggregates,
        purposes=frozenset({application.purpose}),
        not_before=begins_at,
        expires_at=expires_at,
        epsilon_micro=wanted.epsilon_micro,
        delta=wanted.delta,
        epsilon_per_query_micro=wanted.epsilon_per_query_micro,
        queries_per_day=wanted.queries_per_day,
        doors=wanted.doors,
        people=wanted.people,
        measures=STANDARD_MEASURES | set(security.measures if security else ()),
        **stated,
    )


def _condition(card: Dataset, kind: type[C]) -> C | None:
    return next((condition for condition in card.conditions if isinstance(condition, kind)), None)


_Reasons = Iterator[Reason]


def _scenario(asked: Application, card: Dataset, _standing: Standing, _now: datetime) -> _Reasons:
    stated = _condition(card, Scenario)
    if stated is not None and asked.purpose not in stated.purposes:
        allowed = "; ".join(stated.purposes)
        yield Reason("purpose", f"the data are open for these purposes: {allowed}", "purpose")
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
    for name in ("columns", "doors", "aggregates", "people"):
        if not getattr(wanted, name):
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
    condition = _condition(card, Security)
    required = condition.measures if condition else ()
    for measure in required:
        if not asked.measures.get(measure, "").strip():
            yield Reason("measure", f"say how this is met: {measure}", "measures")
    for measure in sorted(set(asked.measures) - set(required)):
        yield Reason("unknown-measure", f"the dataset asks for no such measure: {measure[:200]}", "measures")


def _credit(asked: Application, card: Dataset, standing: Standing, now: datetime) -> _Reasons:
    condition = _condition(card, Credit)
    if condition is None:
        return
    for declaration in condition.declarations:
        if declaration not in asked.declarations:
            yield Reason("declaration", f"this must be declared: {declaration}", "declarations")
    months, last = condition.months_without_violation, standing.last_violation
    if months and last is not None and _months_between(last, now) < months:
        yield Reason("violation", f"a violation was recorded within the last {months} months", "organization")


def _months_between(earlier: datetime, later: datetime) -> int:
    whole = (later.year - earlier.year) * 12 + later.month - earlier.month
    return whole - ((later.day, later.timetz()) < (earlier.day, earlier.timetz()))


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


def _priority(asked: Application, _card: Dataset, _standing: Standing, _now: datetime) -> _Reasons:
    if asked.priority is not None and not asked.priority_reason.strip():
        yield Reason("priority-reason", "say why it should be given priority", "priority_reason")
