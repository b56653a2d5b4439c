"""The ODRL profile: how each term is spelled in the document and in words, and who checks it (Art. 15, 20).

One table, `PROFILE`, from which the JSON and the human-readable text are both made; a term that is not in it can't be
signed, because we couldn't compute it. `docs/agreements.md` shows it with what each term means.
Source: W3C ODRL Information Model 2.2 and ODRL Vocabulary 2.2, 2018; `jali:` names are this profile's own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from policies.errors import AgreementRejected, Reason
from policies.terms import (
    MICRO,
    Terms,
    read_columns,
    read_decimal,
    read_time,
    write_columns,
    write_decimal,
    write_time,
)

NAME: Final = "urn:jali:odrl-profile:2"
ACTIONS: Final = {"sql": "jali:query", "function": "jali:run", "training": "jali:train"}
"""Door -> ODRL action. A door that is not here can't be agreed on."""
_DOOR_OF: Final = {action: door for door, action in ACTIONS.items()}
_TARGET: Final = "urn:jali:dataset:"


class CheckedBy(StrEnum):
    """Who sees to it that a term is kept: at each invocation, at each charge, or people later on."""

    DECISION = "the decision"
    LEDGER = "the ledger"
    REPORTS = "the calendar of reports"
    PARTIES = "the parties and their spot checks"


@dataclass(frozen=True)
class Term:
    """One row: where the term stands in the permission, its spelling both ways, who checks it, and its sentence.

    `place` is target, action, constraint, or the action of the duty that it is a constraint of.
    """

    name: str
    place: str
    left: str
    operator: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    checked_by: CheckedBy
    says: Callable[[Any], str]
    leaves_open: str = ""
    """What is said where the term is left out."""


def _read_target(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(_TARGET):
        raise ValueError(f"must be a uid {_TARGET}<name>")
    return value.removeprefix(_TARGET)


def _read_actions(value: Any) -> frozenset[str]:
    if not _read_texts(value) <= set(_DOOR_OF):
        raise _Fault("unknown-term", "we know no such action, so it can't be signed")
    return frozenset(_DOOR_OF[action] for action in value)


def _write_actions(doors: frozenset[str]) -> list[str]:
    return sorted(ACTIONS[door] for door in doors)


def _read_micro(value: Any) -> int:
    micro = read_decimal(value) * MICRO
    if micro.denominator != 1:
        raise ValueError("must have at most 6 decimals")
    return micro.numerator


def _write_micro(micro: int) -> str:
    return write_decimal(Fraction(micro, MICRO))


def _read_texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValueError("must be a list of texts")
    return frozenset(value)


def _read_columns(value: Any) -> frozenset[tuple[str, str]]:
    return read_columns(_read_texts(value))


def _read_whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


def _read_flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("must be true or false")
    return value


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _same(value: Any) -> Any:
    return value


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))


def _quoted(values: frozenset[str]) -> str:
    return "; ".join(f'"{each}"' for each in sorted(values))


def _front_words(may_vouch: bool) -> str:
    if may_vouch:
        return "Requests may be signed by the researcher's own key, or vouched for by the platform's front."
    return "Each request is signed by the researcher's own key; the platform's front can't vouch for one."


_DECISION, _PARTIES = CheckedBy.DECISION, CheckedBy.PARTIES
# fmt: off
PROFILE: Final[tuple[Term, ...]] = (
    Term("dataset", "target", "", "", _read_target, lambda name: _TARGET + name, _DECISION,
         lambda name: f"The permission is for the dataset {name}. Its rows stay in the room; protected answers leave."),
    Term("doors", "action", "", "", _read_actions, _write_actions, _DECISION,
         lambda doors: f"It may be asked through these doors: {_listed(doors)}."),
    Term("columns", "constraint", "jali:column", "isPartOf", _read_columns, write_columns, _DECISION,
         lambda columns: f"Of these columns (* means all of a table): {', '.join(write_columns(columns))}."),
    Term("aggregates", "constraint", "jali:aggregate", "isPartOf", _read_texts, sorted, _DECISION,
         lambda names: f"With these aggregates: {_listed(names)}."),
    Term("algorithms", "constraint", "jali:algorithm", "isPartOf", _read_texts, sorted, _DECISION,
         lambda names: f"Functions and trainings use these algorithms only: {_listed(names)}.",
         "Functions and trainings, where their doors are open, may use any algorithm."),
    Term("purposes", "constraint", "purpose", "isAnyOf", _read_texts, sorted, _DECISION,
         lambda purposes: f"For these purposes: {_quoted(purposes)}."),
    Term("people", "constraint", "jali:account", "isAnyOf", _read_texts, sorted, _DECISION,
         lambda names: f"By these accounts of the organization only: {_listed(names)}.",
         "By all researchers of the organization."),
    Term("front_may_vouch", "constraint", "jali:vouchedByFront", "eq", _read_flag, _same, _DECISION, _front_words),
    Term("not_before", "constraint", "dateTime", "gteq", read_time, write_time, _DECISION,
         lambda moment: f"From {write_time(moment)} on."),
    Term("expires_at", "constraint", "dateTime", "lt", read_time, write_time, _DECISION,
         lambda moment: f"Until just before {write_time(moment)}."),
    Term("epsilon_micro", "constraint", "jali:epsilon", "lteq", _read_micro, _write_micro, CheckedBy.LEDGER,
         lambda micro: f"All answers together cost at most a privacy loss of epsilon {_write_micro(micro)}."),
    Term("delta", "constraint", "jali:delta", "lteq", read_decimal, write_decimal, CheckedBy.LEDGER,
         lambda delta: f"That loss is meant with a delta of {write_decimal(delta)}."),
    Term("epsilon_per_query_micro", "constraint", "jali:epsilonPerQuery", "lteq", _read_micro, _write_micro, _DECISION,
         lambda micro: f"One invocation costs at most epsilon {_write_micro(micro)}."),
    Term("epsilon_per_person_micro", "constraint", "jali:epsilonPerPerson", "lteq", _read_micro, _write_micro,
         _DECISION, lambda micro: f"Each account's invocations together cost at most epsilon {_write_micro(micro)}.",
         "One account may spend all of it."),
    Term("queries_per_day", "constraint", "jali:queriesPerDay", "lteq", _read_whole, _same, _DECISION,
         lambda most: f"There are at most {most} invocations a day (UTC)."),
    Term("reports_every_months", "jali:report", "jali:everyMonths", "eq", _read_whole, _same, CheckedBy.REPORTS,
         lambda months: f"A utilization report is due every {months} months, counted from the beginning (Art. 29)."),
    Term("reports_grace_days", "jali:report", "jali:graceDays", "lteq", _read_whole, _same, CheckedBy.REPORTS,
         lambda days: f"A report that is {days} days late or more suspends this agreement until it is there."),
    Term("measures", "jali:protect", "jali:measure", "isAllOf", _read_texts, sorted, _PARTIES,
         lambda measures: f"These security measures are taken: {_quoted(measures)}."),
    Term("citation", "attribute", "jali:citation", "eq", _read_text, _same, _PARTIES,
         lambda text: f"Citation: {text}"),
    Term("liability", "compensate", "jali:liability", "eq", _read_text, _same, _PARTIES,
         lambda text: f"Liability for breach: {text}"),
)
# fmt: on
DUTIES: Final = ("jali:report", "jali:protect", "attribute", "compensate")
"""Actions of the duties, in the order of the document."""
OPTIONAL: Final = frozenset(field.name for field in fields(Terms) if field.default is None)
"""Terms that may be left out; they then don't restrict. Every other stands in every document."""


def write_permission(terms: Terms) -> dict[str, Any]:
    """The terms as an ODRL permission with its duties, in the one order that we sign."""
    duties = [{"action": duty, "constraint": _write_place(terms, duty)} for duty in DUTIES]
    target, action = (next(_written(terms, place)) for place in ("target", "action"))
    return {"target": target, "action": action, "constraint": _write_place(terms, "constraint"), "duty": duties}


def read_permission(value: Any) -> Terms:
    """The terms from an ODRL permission. Raises AgreementRejected with every fault, unknown terms among them."""
    reasons: list[Reason] = []
    values: dict[str, Any] = {}
    for place, where, part in _places(value):
        for position, constraint in enumerate(part):
            _read_constraint(place, constraint, f"{where}.{position}", values, reasons)
    for name in ("dataset", "doors"):
        term = next(term for term in PROFILE if term.name == name)
        _read_value(term, value.get(term.place), f"permission.{term.place}", values, reasons)
    for term in PROFILE:
        if term.name not in values and term.name not in OPTIONAL:
            reasons.append(Reason("missing-term", f"the term {term.name} is missing", _where(term.place)))
    if reasons:
        raise _rejected(*reasons)
    return _valid_terms(values)


class _Fault(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _written(terms: Terms, place: str) -> Iterator[Any]:
    for term in PROFILE:
        value = getattr(terms, term.name)
        if term.place == place and value is not None:
            written = term.write(value)
            plain = {"leftOperand": term.left, "operator": term.operator, "rightOperand": written}
            yield plain if term.left else written


def _write_place(terms: Terms, place: str) -> list[Any]:
    return list(_written(terms, place))


def _where(place: str) -> str:
    if place in DUTIES:
        return f"permission.duty.{DUTIES.index(place)}.constraint"
    return f"permission.{place}"


def _places(value: Any) -> Iterator[tuple[str, str, list[Any]]]:
    """The lists of constraints with their places. Raises AgreementRejected where the permission has another shape."""
    if not isinstance(value, Mapping) or set(value) != {"target", "action", "constraint", "duty"}:
        raise _wrong_shape("a permission has exactly target, action, constraint and duty", "permission")
    duties = value["duty"]
    if not isinstance(duties, list) or [_action(duty) for duty in duties] != list(DUTIES):
        raise _wrong_shape(f"duties are exactly {', '.join(DUTIES)}, each with its constraint", "permission.duty")
    for place, part in (("constraint", value["constraint"]), *zip(DUTIES, map(_constraints, duties), strict=True)):
        if not isinstance(part, list):
            raise _wrong_shape("constraint must be a list", _where(place))
        yield place, _where(place), part


def _action(duty: Any) -> Any:
    return duty["action"] if isinstance(duty, Mapping) and set(duty) == {"action", "constraint"} else None


def _constraints(duty: Mapping[str, Any]) -> Any:
    return duty["constraint"]


def _read_constraint(place: str, constraint: Any, where: str, values: dict[str, Any], reasons: list[Reason]) -> None:
    if not isinstance(constraint, dict) or set(constraint) != {"leftOperand", "operator", "rightOperand"}:
        message = "a constraint has exactly leftOperand, operator and rightOperand"
        reasons.append(Reason("wrong-shape", message, where))
        return
    spelling = (place, constraint["leftOperand"], constraint["operator"])
    term = next((term for term in PROFILE if (term.place, term.left, term.operator) == spelling), None)
    if term is None:
        reasons.append(Reason("unknown-term", "we can't compute this constraint, so it can't be signed", where))
    elif term.name in values:
        reasons.append(Reason("repeated-term", f"the term {term.name} is stated twice", where))
    else:
        _read_value(term, constraint["rightOperand"], where, values, reasons)


def _read_value(term: Term, value: Any, where: str, values: dict[str, Any], reasons: list[Reason]) -> None:
    values[term.name] = None  # counts as stated, even when its value is wrong
    try:
        values[term.name] = term.read(value)
    except _Fault as fault:
        reasons.append(Reason(fault.code, str(fault), where))
    except ValueError as fault:
        reasons.append(Reason("wrong-value", f"{term.name} {fault}", where))


def _valid_terms(values: dict[str, Any]) -> Terms:
    try:
        return Terms(**values)
    except ValueError as fault:
        raise _rejected(*(Reason("wrong-terms", message, "permission") for message in str(fault).split("; "))) from None


def _wrong_shape(message: str, where: str) -> AgreementRejected:
    return _rejected(Reason("wrong-shape", message, where))


def _rejected(*reasons: Reason) -> AgreementRejected:
    return AgreementRejected("the agreement's terms have faults", reasons)
