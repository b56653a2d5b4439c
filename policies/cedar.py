"""An agreement as Cedar policies: deterministic text, validated, parsed once, asked at each decision (Art. 20, 26).

One `permit`, and one `forbid ... unless` for each term, whose @id names it; so the policies that hit are the terms that
fail, all of them. Cedar fails open where a policy errs: it skips it. So allowed means Allow *and* no errors, and
whatever can't be evaluated is refused. The text is validated against the schema when it is compiled. A request is not:
that would cost half as much again, and what is missing or of a wrong type makes the policy err that asks for it.
Source: Cutler et al., "Cedar: A New Language for Expressive, Fast, Safe, and Analyzable Authorization", OOPSLA 2024.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cedarpy import AuthzResult, Decision, PolicySet, Schema, is_authorized, validate_policies

from policies.errors import AgreementRejected, Reason
from policies.facts import Facts
from policies.terms import MICRO, Terms, write_time

PERMIT: Final = "agreement"
"""@id of the one policy that permits; every other forbids."""
INVOKING_ROLE: Final = "researcher"
LEAST_EPSILON_MICRO: Final = 1
MOST_EPSILON_MICRO: Final = 100 * MICRO

# A dataset's tags are what one request reads of it: table -> columns.
SCHEMA_TEXT: Final = """
entity Account;
entity Dataset tags Set<String>;
action invoke appliesTo {
  principal: Account,
  resource: Dataset,
  context: {
    role: String,
    organization: String,
    vouched_by: String,
    door: String,
    tables: Set<String>,
    aggregates: Set<String>,
    algorithms: Set<String>,
    purpose: String,
    epsilon_micro: Long,
    acts_today: Long,
    spent_by_person_micro?: Long,
    now: Long,
  },
};
"""
_SCHEMA: Final = Schema.from_str(SCHEMA_TEXT)
_ACTION: Final = {"type": "Action", "id": "invoke"}


@dataclass(frozen=True)
class Verdict:
    """What the policies say: allowed or not, by which of them (@ids), and whether all could be evaluated."""

    allowed: bool
    policies: tuple[str, ...]
    is_complete: bool


class Policies:
    """An agreement's policies: their text, and the parsed set. Made by `compile_policies`."""

    def __init__(self, text: str, parsed: PolicySet) -> None:
        self.text = text
        self._parsed = parsed

    def verdict(self, facts: Facts) -> Verdict:
        """What the policies say about a request. What Cedar can't read or evaluate is not allowed."""
        try:
            return _verdict(is_authorized(*_request(facts, self._parsed)))
        except (TypeError, ValueError):
            return Verdict(allowed=False, policies=(), is_complete=False)


Clause = Callable[[Terms, str], str | None]


def compile_policies(terms: Terms, assignee: str, clauses: Sequence[tuple[str, Clause]] | None = None) -> Policies:
    """The policies of an agreement with `assignee`. Raises AgreementRejected where a term does not compile."""
    text = "\n".join(_policies(terms, assignee, CLAUSES if clauses is None else clauses))
    result = validate_policies(text, _SCHEMA)
    if not result.validation_passed:
        named = result.id_annotations_by_policy_id
        failing = {named.get(error.policy_id, "agreement") for error in result.errors} or {"agreement"}
        reasons = (Reason("uncompilable-term", f"{name} can't be decided", name) for name in sorted(failing))
        raise AgreementRejected("terms that can't be decided can't be signed", tuple(reasons))
    return Policies(text, PolicySet.from_str(text))


def _policies(terms: Terms, assignee: str, clauses: Sequence[tuple[str, Clause]]) -> list[str]:
    permit = f'@id("{PERMIT}")\npermit (principal, action == Action::"invoke", resource);\n'
    stated = ((name, clause(terms, assignee)) for name, clause in clauses)
    forbids = (
        f'@id("{name}")\nforbid (principal, action, resource)\nunless {{\n  {condition}\n}};\n'
        for name, condition in stated
        if condition is not None
    )
    return [permit, *forbids]


def _text(value: str) -> str:
    """A Cedar string literal."""
    return '"' + "".join(f"\\{sign}" if sign in '"\\' else sign for sign in value) + '"'


def _set(values: Sequence[str] | frozenset[str]) -> str:
    return "[" + ", ".join(_text(each) for each in sorted(values)) + "]"


def _columns(terms: Terms, _: str) -> str:
    """Every table is agreed, and of tables that are not agreed whole every column. A table's bare rows come with it."""
    conditions = [f"{_set(list(terms.tables))}.containsAll(context.tables)"]
    for table, columns in terms.tables.items():
        if columns != "*":
            name, agreed = _text(table), _set([*columns, "*"])
            # The tag's presence is asked, so that a table without its columns is refused, not passed over.
            read = f"resource.hasTag({name}) && {agreed}.containsAll(resource.getTag({name}))"
            conditions.append(f"(!context.tables.contains({name}) || ({read}))")
    return " &&\n  ".join(conditions)


def _algorithms(terms: Terms, _: str) -> str | None:
    if terms.algorithms is None:
        return None
    named = f"(!context.algorithms.isEmpty() && {_set(terms.algorithms)}.containsAll(context.algorithms))"
    return f'context.door == "sql" || {named}'


def _people(terms: Terms, _: str) -> str | None:
    if terms.people is None:
        return None
    return "[" + ", ".join(f"Account::{_text(name)}" for name in sorted(terms.people)) + "].contains(principal)"


def _vouching(terms: Terms, _: str) -> str | None:
    return None if terms.front_may_vouch else '!["", "front"].contains(context.vouched_by)'


def _per_person(terms: Terms, _: str) -> str | None:
    if terms.epsilon_per_person_micro is None:
        return None
    spent = f"context.spent_by_person_micro + context.epsilon_micro <= {terms.epsilon_per_person_micro}"
    return f"context has spent_by_person_micro && {spent}"


def _seconds(moment: Any) -> str:
    """An instant as its seconds since 1970, told in a comment."""
    return f"{int(moment.timestamp())} // {write_time(moment)}"


CLAUSES: Final[tuple[tuple[str, Clause], ...]] = (
    ("not_before", lambda terms, _: f"context.now >= {_seconds(terms.not_before)}"),
    ("expires_at", lambda terms, _: f"context.now < {_seconds(terms.expires_at)}"),
    ("role", lambda terms, _: f"context.role == {_text(INVOKING_ROLE)}"),
    ("assignee", lambda _, assignee: f"context.organization == {_text(assignee)}"),
    ("people", _people),
    ("front_may_vouch", _vouching),
    ("doors", lambda terms, _: f"{_set(terms.doors)}.contains(context.door)"),
    ("dataset", lambda terms, _: f"resource == Dataset::{_text(terms.dataset)}"),
    ("columns", _columns),
    ("aggregates", lambda terms, _: f"{_set(terms.aggregates)}.containsAll(context.aggregates)"),
    ("algorithms", _algorithms),
    ("purposes", lambda terms, _: f"{_set(terms.purposes)}.contains(context.purpose)"),
    (
        "epsilon",
        lambda terms, _: (
            f"{LEAST_EPSILON_MICRO} <= context.epsilon_micro && context.epsilon_micro <= {MOST_EPSILON_MICRO}"
        ),
    ),
    ("epsilon_per_query_micro", lambda terms, _: f"context.epsilon_micro <= {terms.epsilon_per_query_micro}"),
    ("epsilon_per_person_micro", _per_person),
    ("queries_per_day", lambda terms, _: f"context.acts_today < {terms.queries_per_day}"),
)
"""@id -> the condition without which its policy forbids, or None where the agreement leaves the term out."""


def _request(facts: Facts, parsed: PolicySet) -> tuple[dict[str, Any], PolicySet, str]:
    dataset = {"type": "Dataset", "id": facts.dataset}
    request = {
        "principal": {"type": "Account", "id": facts.account},
        "action": _ACTION,
        "resource": dataset,
        "context": json.dumps(_context(facts)),
    }
    tags = {table: list(columns) for table, columns in facts.reads.items()}
    return request, parsed, json.dumps([{"uid": dataset, "attrs": {}, "parents": [], "tags": tags}])


def _context(facts: Facts) -> dict[str, Any]:
    context = {
        "role": facts.role,
        "organization": facts.organization,
        "vouched_by": facts.vouched_by,
        "door": facts.door,
        "tables": list(facts.reads),
        "aggregates": list(facts.aggregates),
        "algorithms": list(facts.algorithms),
        "purpose": facts.purpose,
        "epsilon_micro": facts.epsilon_micro,
        "acts_today": facts.acts_today,
        "now": facts.now,
    }
    if facts.spent_by_person_micro is not None:
        context["spent_by_person_micro"] = facts.spent_by_person_micro
    return context


def _verdict(told: AuthzResult) -> Verdict:
    found, errors = told.diagnostics, told.diagnostics.errors
    policies = tuple(sorted(found.id_annotations_by_reason.get(reason, reason) for reason in found.reasons))
    allowed = told.decision == Decision.Allow and not errors and policies == (PERMIT,)
    return Verdict(allowed, policies, is_complete=not errors)
