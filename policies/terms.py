"""The terms of an agreement as typed values, valid by construction (Art. 15, 20).

How each is spelled, what it says in words and who checks it is the table in `policies/profile.py`. Amounts are plain
decimal strings outside and integers or exact fractions inside, never floats.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Literal

AGGREGATES = frozenset({"count", "count_distinct", "sum", "avg", "variance", "quantile"})
MICRO = 1_000_000
MOST_EPSILON_MICRO = 1_000 * MICRO
MOST_DELTA = Fraction(1, 1_000)
MOST_QUERIES_PER_DAY = 1_000_000
MOST_LISTED = 1_000
DOORS = frozenset({"sql", "function", "training"})

# What an agreement says where its parties say nothing else: Art. 20 asks for all of these, so none may be missing.
STANDARD_MEASURES = frozenset(
    {
        "Accounts, tokens and keys are personal and are not passed on.",
        "Nobody tries to learn about single persons or objects behind the answers.",
    }
)
STANDARD_CITATION = "Whatever is published names its source as the citation of each answer does."
STANDARD_LIABILITY = "Who breaks this agreement answers for the damage under the law, and access may be restricted."

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,30})?", re.ASCII)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_ALGORITHM = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}", re.ASCII)
_COLUMN = re.compile(r"([a-z][a-z0-9_]{0,62})\.([a-z][a-z0-9_]{0,62}|\*)", re.ASCII)
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Terms:
    """What both sides agreed on. Valid by construction; raises ValueError naming every fault.

    `columns` holds (table, column); column "*" stands for all of that table's columns. `epsilon_micro` and `delta`
    are the agreement's whole budget. Times are aware, in whole seconds; the agreement is in force from `not_before`
    until just before `expires_at`. `queries_per_day` counts by the UTC day. `algorithms` None: any algorithm of the
    doors for functions and training; `people` None: every researcher of the organization. `epsilon_per_person_micro`
    is kept for each of the named people, and is the most that one of them may spend. A report is due every
    `reports_every_months` from `not_before` on, and `reports_grace_days` later at the latest. Without `front_may_vouch`
    only requests that the researcher's own key signed are allowed.
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
    doors: frozenset[str] = frozenset({"sql"})
    algorithms: frozenset[str] | None = None
    people: frozenset[str] | None = None
    epsilon_per_person_micro: int | None = None
    front_may_vouch: bool = True
    reports_every_months: int = 6
    reports_grace_days: int = 30
    measures: frozenset[str] = STANDARD_MEASURES
    citation: str = STANDARD_CITATION
    liability: str = STANDARD_LIABILITY

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
    (lambda t: t.not_before.year >= 2000 and t.expires_at.year <= 2200, "times must lie in the years 2000 to 2200"),
    (lambda t: 1 <= t.epsilon_micro <= MOST_EPSILON_MICRO, "the budget's epsilon must lie in [0.000001, 1000]"),
    (lambda t: 0 < t.delta <= MOST_DELTA, "the budget's delta must lie in (0, 0.001]"),
    (lambda t: 1 <= t.epsilon_per_query_micro, "the most epsilon per query must be at least 0.000001"),
    (lambda t: t.epsilon_per_query_micro <= t.epsilon_micro, "the most epsilon per query is above the budget"),
    (lambda t: 1 <= t.queries_per_day <= MOST_QUERIES_PER_DAY, "queries per day must lie in [1, 1000000]"),
    (lambda t: bool(t.doors) and t.doors <= DOORS, "doors must be among sql, function and training"),
    (lambda t: t.algorithms is None or bool(t.doors - {"sql"}), "algorithms need the function or the training door"),
    (lambda t: _are_named(t.algorithms, _ALGORITHM), "an algorithm's name is wrong, or none is named"),
    (lambda t: _are_named(t.people, _ACCOUNT), "an account's name is wrong, or none is named"),
    (lambda t: t.epsilon_per_person_micro is None or t.people is not None, "epsilon per person needs people by name"),
    (lambda t: _reserves_fit(t), "epsilon per person, for all of the people, must be above 0 and fit the budget"),
    (lambda t: 1 <= t.reports_every_months <= 120, "reports must be due every 1 to 120 months"),
    (lambda t: 0 <= t.reports_grace_days <= 365, "the days of grace for reports must lie in [0, 365]"),
    (lambda t: bool(t.measures) and all(map(_is_line, t.measures)), "measures must be lines of 1 to 200 characters"),
    (lambda t: _is_line(t.citation, 1000), "the citation must be a line of 1 to 1000 characters"),
    (lambda t: _is_line(t.liability, 1000), "the liability must be a line of 1 to 1000 characters"),
    (lambda t: all(len(each) <= MOST_LISTED for each in _lists(t)), "a term lists at most 1000 entries"),
)
TERM_NAMES = tuple(field.name for field in fields(Terms))


def _are_named(names: frozenset[str] | None, form: re.Pattern[str]) -> bool:
    return names is None or (bool(names) and all(map(form.fullmatch, names)))


def _reserves_fit(terms: Terms) -> bool:
    each = terms.epsilon_per_person_micro
    return each is None or 1 <= each * len(terms.people or {""}) <= terms.epsilon_micro


def _lists(terms: Terms) -> tuple[frozenset[Any], ...]:
    return tuple(value for value in vars(terms).values() if isinstance(value, frozenset))


def _later(one: datetime, other: datetime) -> bool:
    # A naive and an aware time can't be compared; the rule on aware times names that fault already.
    return (one.tzinfo is None) != (other.tzinfo is None) or one > other


def _is_line(text: str, most: int = 200) -> bool:
    return 1 <= len(text) <= most and text.isprintable() and text == text.strip()


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


def read_columns(entries: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Columns as `Terms.columns` holds them, from "table.column" or "table.*". Raises ValueError for another form."""
    matches = [_COLUMN.fullmatch(entry) for entry in entries]
    if not all(matches):
        raise ValueError('must list columns as "table.column" or "table.*"')
    return frozenset((match[1], match[2]) for match in matches if match)


def write_columns(columns: Iterable[tuple[str, str]]) -> list[str]:
    """Columns as texts, sorted.

    >>> write_columns({("flights", "origin"), ("airports", "*")})
    ['airports.*', 'flights.origin']
    """
    return sorted(f"{table}.{column}" for table, column in columns)
