"""When an answer leaves: a time that is fixed by public facts before a row is read."""

from fractions import Fraction
from typing import Final

TICK_SECONDS: Final = Fraction(1, 20)
_OVERHEAD_SECONDS: Final = Fraction(3, 10)
LONGEST_SECONDS: Final = 200
_MARGIN: Final = 5  # of costs that are twice what was measured of the worst rows


def slot_seconds(work_seconds: Fraction) -> Fraction:
    """Seconds after submission at which the answer leaves: the least 50 ms * 2^k above five times the expected work.

    `work_seconds` follows from what the card declares and from the text, never from a count of rows (see `work`). The
    time that a query really takes depends on rows (how many pass a filter, how many units they have), so it must not be
    seen: Haeberlen, Pierce, Narayan, "Differential Privacy Under Fire", USENIX Security 2011, section 4.1; DESIGN 3.

    >>> slot_seconds(Fraction(24, 1000))
    Fraction(4, 5)
    """
    wanted = _OVERHEAD_SECONDS + _MARGIN * work_seconds
    slot = TICK_SECONDS
    while slot < wanted:
        slot *= 2
    return slot
