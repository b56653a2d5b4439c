"""A second reading of an agreement, straight from its ODRL document: which of its constraints a request breaks.

The slow, obvious twin of the Cedar policies: it shares nothing with their compiler but the request's facts, and tests
demand that both refuse the same requests for the same terms. What it doesn't know, it counts as broken.
Source: W3C ODRL Information Model 2.2 (2018), 2.5 (Constraint): a permission holds when all constraints are satisfied.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from policies.facts import Facts

_ACTION_OF = {"sql": "jali:query", "function": "jali:run", "training": "jali:train"}


def broken(document: Mapping[str, Any], facts: Facts) -> frozenset[str]:
    """What forbids the request: left operands with their operators, and the parts target, action, assignee, role."""
    (permission,) = document["permission"]
    parts = {
        "assignee": document["assignee"]["uid"] == f"urn:jali:party:{facts.organization}",
        "role": facts.role == "researcher",  # the profile: a party's researchers act for it
        "target": permission["target"] == f"urn:jali:dataset:{facts.dataset}",
        "action": _ACTION_OF.get(facts.door) in permission["action"],
        "epsilon": 0 < _epsilon(facts.epsilon_micro) <= 100,  # the profile: what any invocation may cost
    }
    for constraint in permission["constraint"]:
        name = f"{constraint['leftOperand']} {constraint['operator']}"
        parts[name] = name in _CONSTRAINTS and _CONSTRAINTS[name](constraint["rightOperand"], facts)
    return frozenset(name for name, holds in parts.items() if not holds)


def _epsilon(micro: int) -> Decimal:
    return Decimal(micro) / 10**6


def _column(agreed: list[str], facts: Facts) -> bool:
    for table, columns in facts.reads.items():
        of_table = {text.split(".")[1] for text in agreed if text.split(".")[0] == table}
        for column in columns:
            if not ({"*", column} & of_table or (column == "*" and of_table)):
                return False
        if not of_table:
            return False
    return True


def _person(most: str, facts: Facts) -> bool:
    spent = facts.spent_by_person_micro
    return spent is not None and _epsilon(spent + facts.epsilon_micro) <= Decimal(most)


def _algorithm(agreed: list[str], facts: Facts) -> bool:
    return facts.door == "sql" or (len(facts.algorithms) > 0 and all(name in agreed for name in facts.algorithms))


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _at(facts: Facts) -> datetime:
    return datetime.fromtimestamp(facts.now, UTC)


_CONSTRAINTS: dict[str, Callable[[Any, Facts], bool]] = {
    "jali:column isPartOf": _column,
    "jali:aggregate isPartOf": lambda agreed, facts: all(name in agreed for name in facts.aggregates),
    "jali:algorithm isPartOf": _algorithm,
    "purpose isAnyOf": lambda agreed, facts: facts.purpose in agreed,
    "jali:account isAnyOf": lambda agreed, facts: facts.account in agreed,
    "jali:vouchedByFront eq": lambda allowed, facts: allowed or facts.vouched_by not in ("", "front"),
    "dateTime gteq": lambda text, facts: _at(facts) >= _moment(text),
    "dateTime lt": lambda text, facts: _at(facts) < _moment(text),
    "jali:epsilon lteq": lambda most, facts: True,  # the ledger's: it alone knows what was spent
    "jali:delta lteq": lambda most, facts: True,
    "jali:epsilonPerQuery lteq": lambda most, facts: _epsilon(facts.epsilon_micro) <= Decimal(most),
    "jali:epsilonPerPerson lteq": _person,
    "jali:queriesPerDay lteq": lambda most, facts: facts.acts_today + 1 <= most,
}
