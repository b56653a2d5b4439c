"""When an answer leaves: a time that is fixed by public facts before a row is read."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

TICK_SECONDS: Final = Fraction(1, 200)
LONGEST_SECONDS: Final = 200
LONGEST_WORK_SECONDS: Final = 20  # the same questions are too heavy on every machine


@dataclass(frozen=True)
class Pace:
    """What work takes on this machine; a public constant, measured on made-up rows before anybody asks.

    `slowness`: seconds at most for a second of `work`; `latency_seconds`: what comes on top of any work.
    """

    slowness: Fraction
    latency_seconds: Fraction

    def __post_init__(self) -> None:
        if self.slowness <= 0 or self.latency_seconds < 0:
            raise ValueError("work takes time")

    def to_json(self) -> dict[str, float]:
        """The pace for whoever wants to know how long answers take."""
        return {"slowness": float(self.slowness), "latency_seconds": float(self.latency_seconds)}


# Of a machine that nobody measured, or whose other processes may take the cores away in mid-query.
CAUTIOUS: Final = Pace(Fraction(5), Fraction(3, 10))


def slot_seconds(work_seconds: Fraction, pace: Pace = CAUTIOUS) -> Fraction:
    """Seconds from the charge at which the noise is released: the least number of ticks that holds the most work.

    `work_seconds` follows from what the card declares and from the text, never from a count of rows (see `work`), and
    `pace` from the machine. The time that a query really takes depends on rows (how many pass a filter, how many units
    they have), so it must not be seen: Haeberlen, Pierce, Narayan, "Differential Privacy Under Fire", USENIX Security
    2011, section 4.1; DESIGN 3. A fine grid tells no more than a coarse one, since rows move neither (decision 12).

    >>> slot_seconds(Fraction(24, 1000)), slot_seconds(Fraction(24, 1000), Pace(Fraction(1), Fraction(1, 100)))
    (Fraction(21, 50), Fraction(7, 200))
    """
    wanted = pace.latency_seconds + pace.slowness * work_seconds
    return -(-wanted // TICK_SECONDS) * TICK_SECONDS
