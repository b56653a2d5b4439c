"""Terms as people write them: a JSON object, spelled as in `docs/api.md`, read with every fault at once."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from policies.errors import Reason, RequestRejected
from policies.terms import MICRO, Terms, read_columns, read_decimal, read_time


def read_terms(dataset: str, stated: Any) -> Terms:
    """Terms from a JSON object, spelled as in `docs/api.md`. Raises RequestRejected with every fault."""
    if not isinstance(stated, Mapping):
        raise RequestRejected("the terms have faults", (Reason("not-an-object", "terms are a JSON object"),))
    values: dict[str, Any] = {"dataset": dataset}
    reasons = [Reason("unknown-field", "there is no such term", str(name)) for name in stated if name not in _READERS]
    for name, (term, read) in _READERS.items():
        try:
            if name in stated or term not in _WITH_DEFAULT:
                values[term] = read(stated[name])
        except KeyError:
            reasons.append(Reason("missing", "this term is missing", name))
        except (ValueError, TypeError) as fault:
            reasons.append(Reason("wrong-value", str(fault), name))
    if reasons:
        raise RequestRejected("the terms have faults", tuple(reasons))
    return _valid(values)


def _valid(values: dict[str, Any]) -> Terms:
    try:
        return Terms(**values)
    except ValueError as fault:
        reasons = (Reason("wrong-value", message) for message in str(fault).split("; "))
        raise RequestRejected("the terms have faults", tuple(reasons)) from None


def _columns(stated: Any) -> frozenset[tuple[str, str]]:
    return read_columns(_texts(stated))


def _texts(stated: Any) -> frozenset[str]:
    if not isinstance(stated, list) or not all(isinstance(text, str) for text in stated):
        raise ValueError("must be a list of texts")
    return frozenset(stated)


def _micro(stated: Any) -> int:
    micro = read_decimal(stated) * MICRO
    if micro.denominator != 1:
        raise ValueError("must have at most 6 decimals")
    return micro.numerator


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(stated: Any) -> Any:
        if type(stated) is not kind:
            raise ValueError(f"must be {_KINDS[kind]}")
        return stated

    return read


_KINDS = {int: "a whole number", bool: "true or false", str: "a text"}
_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "doors": ("doors", _texts),
    "columns": ("columns", _columns),
    "aggregates": ("aggregates", _texts),
    "algorithms": ("algorithms", _texts),
    "purposes": ("purposes", _texts),
    "people": ("people", _texts),
    "front_may_vouch": ("front_may_vouch", _exactly(bool)),
    "not_before": ("not_before", read_time),
    "expires_at": ("expires_at", read_time),
    "epsilon": ("epsilon_micro", _micro),
    "delta": ("delta", read_decimal),
    "epsilon_per_query": ("epsilon_per_query_micro", _micro),
    "epsilon_per_person": ("epsilon_per_person_micro", _micro),
    "queries_per_day": ("queries_per_day", _exactly(int)),
    "reports_every_months": ("reports_every_months", _exactly(int)),
    "reports_grace_days": ("reports_grace_days", _exactly(int)),
    "measures": ("measures", _texts),
    "citation": ("citation", _exactly(str)),
    "liability": ("liability", _exactly(str)),
}
# Who leaves one of these out gets what `Terms` says then, and the document that is signed says it, too.
_WITH_DEFAULT = frozenset(field.name for field in fields(Terms) if field.default is not MISSING)
