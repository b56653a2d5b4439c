"""When an answer leaves: a time that is fixed by public facts before a row is read."""

from fractions import Fraction
from typing import Final

TICK_SECONDS: Final = Fraction(1, 20)
_OVERHEAD_SECONDS: Final = Fraction(3, 10)
LONGEST_SECONDS: Final = 200
_SECONDS_PER_CELL: Final = Fraction(30, 10**6)  # the exact sampler takes most of it
_MARGIN: Final = 10


def slot_seconds(*, rows_at_most: int, row_nanoseconds: int, joins: int, cells: int) -> Fraction:
    """Seconds after submission at which the answer leaves: the least 50 ms * 2^k above ten times the expected work.

    `rows_at_most` is what the card declares, never a count; `row_nanoseconds` the most that one of them may take (see
    `costs`); `cells` is groups times measures. The time that a query
    really takes depends on rows (how many pass a filter, how many units they have), so it must not be seen: Haeberlen,
    Pierce, Narayan, "Differential Privacy Under Fire", USENIX Security 2011, section 4.1; DESIGN 3.

    >>> slot_seconds(rows_at_most=400_000, row_nanoseconds=60, joins=0, cells=3)
    Fraction(4, 5)
    """
    work = Fraction(rows_at_most * row_nanoseconds * (1 + joins), 10**9) + cells * _SECONDS_PER_CELL
    wanted = _OVERHEAD_SECONDS + _MARGIN * work
    slot = TICK_SECONDS
    while slot < wanted:
        slot *= 2
    return slot
