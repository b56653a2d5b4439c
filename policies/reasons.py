"""Why a request is refused: what is said where a policy of the agreement forbids, with a stable code and its place."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

from policies.cedar import INVOKING_ROLE, PERMIT, Verdict
from policies.errors import Reason
from policies.facts import Facts
from policies.terms import MICRO, Terms, write_decimal, write_time

UNDECIDED: Final = "undecided"


def why(terms: Terms, facts: Facts, verdict: Verdict) -> Iterator[Reason]:
    """The reasons of the policies that forbid, in the order of the table below; each gives at least one.

    A verdict that neither allows nor forbids, or that could not be evaluated whole, is a reason of its own.
    """
    forbidding = set(verdict.policies) - {PERMIT}
    for name, tell in REASONS.items():
        if name in forbidding:
            yield from list(tell(terms, facts)) or [Reason(UNDECIDED, f"the term {name} is not met", name)]
    if not (verdict.is_complete and (verdict.allowed or forbidding)):
        yield Reason(UNDECIDED, "the agreement's policies can't be evaluated for this request", "agreement")


def _not_yet(terms: Terms, facts: Facts) -> Iterator[Reason]:
    begins = write_time(terms.not_before)
    yield Reason("not-yet-in-force", f"the agreement begins at {begins}", "not_before")


def _expired(terms: Terms, facts: Facts) -> Iterator[Reason]:
    ended = write_time(terms.expires_at)
    yield Reason("expired", f"the agreement ended at {ended}", "expires_at")


def _role(terms: Terms, facts: Facts) -> Iterator[Reason]:
    yield Reason("role", f"only a {INVOKING_ROLE} may invoke", "actor.role")


def _organization(terms: Terms, facts: Facts) -> Iterator[Reason]:
    yield Reason("organization", "the agreement is with another organization", "assignee")


def _people(terms: Terms, facts: Facts) -> Iterator[Reason]:
    yield Reason("person", f"{facts.account} is not among the people who may use it", "people")


def _vouching(terms: Terms, facts: Facts) -> Iterator[Reason]:
    yield Reason("vouching", "only requests signed by the researcher's own key are allowed", "front_may_vouch")


def _door(terms: Terms, facts: Facts) -> Iterator[Reason]:
    doors = ", ".join(sorted(terms.doors))
    yield Reason("door", f"the agreement opens these doors only: {doors}", "action")


def _dataset(terms: Terms, facts: Facts) -> Iterator[Reason]:
    yield Reason("dataset", f"the agreement is on {terms.dataset}", "target")


def _columns(terms: Terms, facts: Facts) -> Iterator[Reason]:
    for table, column in sorted((table, column) for table, columns in facts.reads.items() for column in columns):
        if not terms.covers(table, column):
            yield Reason("column", f"{table}.{column} is not among the agreed columns", "columns")


def _aggregates(terms: Terms, facts: Facts) -> Iterator[Reason]:
    for aggregate in sorted(facts.aggregates - terms.aggregates):
        yield Reason("aggregate", f"{aggregate} is not among the agreed aggregates", "aggregates")


def _algorithms(terms: Terms, facts: Facts) -> Iterator[Reason]:
    agreed = terms.algorithms or frozenset()
    if not facts.algorithms:
        yield Reason("algorithm", f"name the algorithm, one of {', '.join(sorted(agreed))}", "algorithms")
    for algorithm in sorted(facts.algorithms - agreed):
        yield Reason("algorithm", f"{algorithm} is not among the agreed algorithms", "algorithms")


def _purpose(terms: Terms, facts: Facts) -> Iterator[Reason]:
    agreed = "; ".join(sorted(terms.purposes))
    yield Reason("purpose", f"state one of the agreed purposes: {agreed}", "purposes")


def _epsilon(terms: Terms, facts: Facts) -> Iterator[Reason]:
    yield Reason("epsilon-range", "epsilon must lie in [0.000001, 100]", "epsilon")


def _per_query(terms: Terms, facts: Facts) -> Iterator[Reason]:
    most = _decimal(terms.epsilon_per_query_micro)
    yield Reason("epsilon-per-query", f"a query may cost at most {most}", "epsilon_per_query")


def _per_person(terms: Terms, facts: Facts) -> Iterator[Reason]:
    most = _decimal(terms.epsilon_per_person_micro or 0)
    yield Reason("epsilon-per-person", f"one person's queries may cost at most {most} together", "epsilon_per_person")


def _frequency(terms: Terms, facts: Facts) -> Iterator[Reason]:
    most = terms.queries_per_day
    yield Reason("queries-per-day", f"the agreement allows {most} queries a UTC day", "queries_per_day")


def _decimal(micro: int) -> str:
    return write_decimal(Fraction(micro, MICRO))


REASONS: Final[dict[str, Callable[[Terms, Facts], Iterator[Reason]]]] = {
    "not_before": _not_yet,
    "expires_at": _expired,
    "role": _role,
    "assignee": _organization,
    "people": _people,
    "front_may_vouch": _vouching,
    "doors": _door,
    "dataset": _dataset,
    "columns": _columns,
    "aggregates": _aggregates,
    "algorithms": _algorithms,
    "purposes": _purpose,
    "epsilon": _epsilon,
    "epsilon_per_query_micro": _per_query,
    "epsilon_per_person_micro": _per_person,
    "queries_per_day": _frequency,
}
"""Policy id -> what is said where it forbids, in the order in which reasons are told."""
