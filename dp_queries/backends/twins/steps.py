"""Numbers as integer steps, in plain Python: the rule by which every engine quantizes."""

from fractions import Fraction
from math import floor
from typing import Any

from dp_queries.backends.twins.values import Steps, double


def rounded(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def quantized(value: Any, lower_steps: int, upper_steps: int, granularity: Fraction) -> int:
    """A number as steps of the granularity, within its bounds."""
    if isinstance(value, Steps) and value.granularity == granularity:
        return min(max(value.count, lower_steps), upper_steps)
    steps = double(value) * float(granularity.denominator) / float(granularity.numerator)
    return rounded(Fraction(min(max(steps, float(lower_steps)), float(upper_steps))))
