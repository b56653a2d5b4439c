"""The terms of an agreement as typed values <-> ODRL 2.2 constraints (Art. 15, 20).

One table, `_SPELLINGS`, says how each term is spelled; a constraint that is not in it can't be signed, because we
couldn't compute it. Amounts are plain decimal strings outside and integers or exact fractions inside, never floats.
Source: W3C ODRL Information Model 2.2 and ODRL Vocabulary 2.2, 2018.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Literal

from policies.errors import AgreementRejected, Reason

AGGREGATES = frozenset({"count", "count_distinct", "sum", "avg", "variance", "quantile"})
MICRO = 1_000_000
MOST_EPSILON_MICRO = 1_000 * MICRO
MOST_DELTA = Fraction(1, 1_000)
MOST_QUERIES_PER_DAY = 1_000_000

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,30})?", re.ASCII)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_COLUMN = re.compile(r"([a-z][a-z0-9_]{0,62})\.([a-z][a-z0-9_]{0,62}|\*)", re.ASCII)
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Terms:
    """What both sides agreed on. Valid by construction; raises ValueError naming every fault.

    `columns` holds (table, column); column "*" stands for all of that table's columns. `epsilon_micro` and `delta`
    are the agreement's whole budget. Times are aware, in whole seconds; the agreement is in force from `not_before`
    until just before `expires_at`. `queries_per_day` counts by the UTC day.
    """

    dataset: str
    columns: frozenset[tuple[str, str]]
    aggregates: frozenset[str]
    purposes: frozenset[str]
    not_before: datetime
    expires_at: datetime
    epsilon_micro: int
    delta: Fraction
    epsilon_per_query_micro: int
    queries_per_day: int

    def __post_init__(self) -> None:
        faults = [message for holds, message in _RULES if not holds(self)]
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def tables(self) -> dict[str, tuple[str, ...] | Literal["*"]]:
        """Each agreed table with its agreed columns, or "*" for all; for pages and the human-readable text."""
        return {
            table: "*" if (table, "*") in self.columns else tuple(sorted(c for t, c in self.columns if t == table))
            for table in sorted({table for table, _ in self.columns})
        }

    def covers(self, table: str, column: str) -> bool:
        """Whether the column is agreed. Column "*" asks for the table's bare rows, as COUNT(*) does."""
        if (table, "*") in self.columns or (table, column) in self.columns:
            return True
        return column == "*" and any(agreed == table for agreed, _ in self.columns)


def all_columns(tables: Mapping[str, Iterable[str] | Literal["*"]]) -> frozenset[tuple[str, str]]:
    """Tables and their columns as `Terms.columns` holds them.

    >>> sorted(all_columns({"flights": ["origin", "dest"], "airports": "*"}))
    [('airports', '*'), ('flights', 'dest'), ('flights', 'origin')]
    """
    return frozenset((table, column) for table, columns in tables.items() for column in columns)


def _is_second(moment: datetime) -> bool:
    return moment.tzinfo is not None and moment.microsecond == 0


# (assertion, what is said when it does not hold): the whole of what makes terms valid.
_RULES: tuple[tuple[Callable[[Terms], bool], str], ...] = (
    (lambda t: bool(_IDENTIFIER.fullmatch(t.dataset)), "the dataset's name is not an identifier"),
    (lambda t: bool(t.columns), "at least one column must be agreed"),
    (lambda t: all(_COLUMN.fullmatch(f"{table}.{column}") for table, column in t.columns), "a column's name is wrong"),
    (lambda t: bool(t.aggregates) and t.aggregates <= AGGREGATES, "aggregates must be among those we can compute"),
    (lambda t: bool(t.purposes) and all(map(_is_line, t.purposes)), "purposes must be lines of 1 to 200 characters"),
    (lambda t: _is_second(t.not_before) and _is_second(t.expires_at), "times must be aware and in whole seconds"),
    (lambda t: _later(t.expires_at, t.not_before), "expires_at must lie after not_before"),
    (lambda t: 1 <= t.epsilon_micro <= MOST_EPSILON_MICRO, "the budget's epsilon must lie in [0.000001, 1000]"),
    (lambda t: 0 < t.delta <= MOST_DELTA, "the budget's delta must lie in (0, 0.001]"),
    (lambda t: 1 <= t.epsilon_per_query_micro, "the most epsilon per query must be at least 0.000001"),
    (lambda t: t.epsilon_per_query_micro <= t.epsilon_micro, "the most epsilon per query is above the budget"),
    (lambda t: 1 <= t.queries_per_day <= MOST_QUERIES_PER_DAY, "queries per day must lie in [1, 1000000]"),
)


def _later(one: datetime, other: datetime) -> bool:
    # A naive and an aware time can't be compared; the rule on aware times names that fault already.
    return (one.tzinfo is None) != (other.tzinfo is None) or one > other


def _is_line(text: str) -> bool:
    return 1 <= len(text) <= 200 and text.isprintable() and text == text.strip()


def read_time(value: Any) -> datetime:
    """An instant from its one accepted spelling, e.g. "2026-01-31T00:00:00Z"."""
    if not isinstance(value, str):
        raise ValueError("must be a UTC time as text, 2026-01-31T00:00:00Z")
    try:
        return datetime.strptime(value, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("must be a UTC time, 2026-01-31T00:00:00Z") from None


def write_time(moment: datetime) -> str:
    """The instant in UTC, whole seconds (fractions are cut off).

    >>> write_time(datetime(2026, 1, 31, tzinfo=UTC))
    '2026-01-31T00:00:00Z'
    """
    # Not strftime: it does not pad years below 1000 everywhere.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def read_decimal(value: Any) -> Fraction:
    """An amount from a plain decimal string; NaN, infinity, signs, exponents and numbers are refused.

    >>> read_decimal("0.25")
    Fraction(1, 4)
    """
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError('must be a plain decimal string such as "0.5"')
    return Fraction(value)


def write_decimal(amount: Fraction) -> str:
    """The shortest plain decimal string of an amount with at most 30 decimals. Raises ValueError for others.

    >>> write_decimal(Fraction(1, 4)), write_decimal(Fraction(3)), write_decimal(Fraction(1, 10**6))
    ('0.25', '3', '0.000001')
    """
    whole, rest = divmod(amount * 10**30, 10**30)
    if rest.denominator != 1 or amount < 0:
        raise ValueError("the amount is not a plain decimal with at most 30 decimals")
    return f"{whole}.{rest.numerator:030d}".rstrip("0").removesuffix(".")


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
    matches = [_COLUMN.fullmatch(entry) for entry in _read_texts(value)]
    if not all(matches):
        raise ValueError('must list columns as "table.column" or "table.*"')
    return frozenset((match[1], match[2]) for match in matches if match)


def _write_columns(columns: frozenset[tuple[str, str]]) -> list[str]:
    return sorted(f"{table}.{column}" for table, column in columns)


def _read_whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


@dataclass(frozen=True)
class _Spelling:
    term: str
    left: str
    operator: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


# Every term but the dataset (the permission's target), in the order in which the document lists them.
_SPELLINGS = (
    _Spelling("columns", "jali:column", "isPartOf", _read_columns, _write_columns),
    _Spelling("aggregates", "jali:aggregate", "isPartOf", _read_texts, sorted),
    _Spelling("purposes", "purpose", "isAnyOf", _read_texts, sorted),
    _Spelling("not_before", "dateTime", "gteq", read_time, write_time),
    _Spelling("expires_at", "dateTime", "lt", read_time, write_time),
    _Spelling("epsilon_micro", "jali:epsilon", "lteq", _read_micro, _write_micro),
    _Spelling("delta", "jali:delta", "lteq", read_decimal, write_decimal),
    _Spelling("epsilon_per_query_micro", "jali:epsilonPerQuery", "lteq", _read_micro, _write_micro),
    _Spelling("queries_per_day", "jali:queriesPerDay", "lteq", _read_whole, int),
)
TERM_NAMES = tuple(field.name for field in fields(Terms))


def write_constraints(terms: Terms) -> list[dict[str, Any]]:
    """The terms as ODRL constraints, in the one order that we sign."""
    return [
        {"leftOperand": each.left, "operator": each.operator, "rightOperand": each.write(getattr(terms, each.term))}
        for each in _SPELLINGS
    ]


def read_terms(dataset: str, constraints: Sequence[Any]) -> Terms:
    """The terms from ODRL constraints. Raises AgreementRejected with every fault, unknown terms among them."""
    values: dict[str, Any] = {}
    reasons: list[Reason] = []
    for position, constraint in enumerate(constraints):
        where = f"permission.constraint.{position}"
        try:
            spelling = _spelling_of(constraint)
            if spelling.term in values:
                raise _Fault("repeated-term", f"the term {spelling.term} is stated twice")
            values[spelling.term] = None  # counts as stated, even when its value is wrong
            values[spelling.term] = spelling.read(constraint["rightOperand"])
        except _Fault as fault:
            reasons.append(Reason(fault.code, str(fault), where))
        except ValueError as fault:
            reasons.append(Reason("wrong-value", f"{spelling.term} {fault}", where))
    for spelling in _SPELLINGS:
        if spelling.term not in values:
            reasons.append(Reason("missing-term", f"the term {spelling.term} is missing", "permission.constraint"))
    if reasons:
        raise AgreementRejected("the agreement's terms have faults", tuple(reasons))
    return _valid_terms(dataset, values)


class _Fault(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _spelling_of(constraint: Any) -> _Spelling:
    if not isinstance(constraint, dict) or set(constraint) != {"leftOperand", "operator", "rightOperand"}:
        raise _Fault("wrong-shape", "a constraint has exactly leftOperand, operator and rightOperand")
    for spelling in _SPELLINGS:
        if (constraint["leftOperand"], constraint["operator"]) == (spelling.left, spelling.operator):
            return spelling
    raise _Fault("unknown-term", "we can't compute this constraint, so it can't be signed")


def _valid_terms(dataset: str, values: dict[str, Any]) -> Terms:
    try:
        return Terms(dataset=dataset, **values)
    except ValueError as fault:
        reasons = tuple(Reason("wrong-terms", message, "permission") for message in str(fault).split("; "))
        raise AgreementRejected("the agreement's terms have faults", reasons) from None
