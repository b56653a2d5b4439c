"""Guards in SQL that need their value several times, printed so that nested expressions don't grow exponentially.

A guard like "x where it is finite" names x twice; printed twice at every level, an expression of twenty levels would
have a million copies of its innermost column. So a value is printed twice only where it is short and cheap, and else
once, bound by a lambda over a list of one: that costs 20 to 30 ns a row, and the text stays linear in the expression.
"""

import re
from sys import float_info

from dp_queries.loading.encrypted import name

MOST_INTEGER = 2**53  # whatever a function counts is NULL beyond: until there doubles are exact, too
FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
FIRST_MOMENT, LAST_MOMENT = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"

_BOUND = name("given")
_SHORT = 100
_DEAR = re.compile(r"\b(?!CAST\()\w+\(|\[|\bCASE\b")  # a function, a list, a choice
_LARGEST = repr(float_info.max)


def bound(sql: str, guard: str) -> str:
    """`guard` with the value `sql` in place of each `{0}`; other braces are doubled, see `verbatim`.

    >>> bound('r0."a"', "({0} + {0})")
    '(r0."a" + r0."a")'
    >>> bound("sqrt(2)", "({0} + {0})")
    'list_transform([sqrt(2)], lambda "given": ("given" + "given"))[1]'
    """
    if is_cheap(sql):
        return guard.format(sql)
    return f"list_transform([{sql}], lambda {_BOUND}: {guard.format(_BOUND)})[1]"


def verbatim(sql: str) -> str:
    """SQL that stands in a guard as it is."""
    return sql.replace("{", "{{").replace("}", "}}")


def is_cheap(sql: str) -> bool:
    """Whether evaluating the value twice costs less than binding it: columns, constants, casts, a little arithmetic."""
    return len(sql) <= _SHORT and not _DEAR.search(sql)


def without_nan(sql: str) -> str:
    """A double in which NaN is NULL: DuckDB holds NaN to be equal to itself and above all numbers."""
    return bound(sql, "(CASE WHEN NOT isnan({0}) THEN {0} END)")


def finite(sql: str) -> str:
    """A double in which NaN and infinities are NULL."""
    return bound(sql, "(CASE WHEN isfinite({0}) THEN {0} END)")


def finite_between(sql: str, condition: str, guarded: str) -> str:
    """`guarded` where the double is finite and keeps `condition`, else NULL. NaN is above the largest double."""
    return bound(sql, f"(CASE WHEN {condition} AND {{0}} <= CAST('{_LARGEST}' AS DOUBLE) THEN {guarded} END)")


def whole(sql: str, function: str) -> str:
    """A double made whole by `function` (floor, round, ...) as BIGINT; NULL beyond +-2^53, and for NaN.

    Guarded before it is made whole, which is the same: at 2^53 and beyond doubles have no fraction.
    """
    made = f"CAST({function}({{0}}) AS BIGINT)"
    return bound(sql, f"(CASE WHEN {{0}} BETWEEN -{MOST_INTEGER} AND {MOST_INTEGER} THEN {made} END)")


def multiplied(sql: str, factor: int) -> str:
    """An integer times `factor` as BIGINT, NULL where the product lies beyond +-2^53."""
    most = MOST_INTEGER // factor
    product = "CAST({0} AS BIGINT)" + (f" * {min(factor, MOST_INTEGER)}" if factor != 1 else "")
    return bound(sql, f"(CASE WHEN {{0}} BETWEEN -{most} AND {most} THEN {product} END)")


def inside(sql: str, kind: str, first: str, last: str, result: str = "{0}") -> str:
    """`result` for a date or timestamp from `first` to `last`, else NULL."""
    of = kind.upper()
    return bound(sql, f"(CASE WHEN {{0}} BETWEEN {of} '{first}' AND {of} '{last}' THEN {result} END)")
