"""How the measures of a query share its budget, so that the errors of its columns are least.

A column's variance is a sum over its measures of (effect / share of budget), so measures that matter less to a column
can do with less. Effects are public: rules about the kind of aggregate, never about rows. Any split is private, as the
shares add up to at most the whole (composition: Bun, Steinke, TCC 2016, Lemma 1.7; Dwork, McSherry, Nissim, Smith, TCC
2006); a bad one is only less accurate.

Source: weighing parts of a workload by what its answers need: Li, Hay, Rastogi, Miklau, McGregor, "Optimizing Linear
Counting Queries under Differential Privacy", PODS 2010; the closed form is Lagrange's.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt
from types import MappingProxyType
from typing import Final

from dp_queries.plan import Aggregate, AggregateKind

# What each measure adds to a column's error (standard deviation) when all have the same budget, in the order in which
# the aggregate names its measures. With D and N the norms of the deviations' sum and of the count, AVG errs by
# (D + |avg - offset| * N) / count. A unit that reaches both norms deviates by D / N on average; a third of that is
# taken to be usual. Against the best split for a known average within D / N this costs a Gaussian at most 16 %, where
# equal shares cost up to 41 %. For VAR no rule that was tried did better than equal shares on flights and on trips:
# there the count's part is small in the one and as large as that of the squares in the other.
_THIRD: Final = Fraction(1, 3)
_EQUAL: Final = (Fraction(1), Fraction(1), Fraction(1))
EFFECTS: Final[Mapping[AggregateKind, tuple[Fraction, ...]]] = MappingProxyType(
    {
        "count": (Fraction(1),),
        "sum": (Fraction(1),),
        "avg": (Fraction(1), _THIRD),
        "var_pop": _EQUAL,
        "var_samp": _EQUAL,
        "stddev_pop": _EQUAL,
        "stddev_samp": _EQUAL,
    }
)

# The power of a share by which a measure's variance falls, plus one: rho / x, and (epsilon / x)^2.
GAUSSIAN_DEGREE: Final = 2
LAPLACE_DEGREE: Final = 3

_ROOT_BITS: Final = 40


def measure_weights(aggregates: Sequence[Aggregate], measures: int) -> list[Fraction]:
    """What a measure weighs in the sum over columns of variances, each relative to the least it could have alone.

    Columns count alike, since how large they are, rows alone know. A measure that no column needs weighs nothing;
    quantiles are no measures: give each a weight of 1.

    >>> measure_weights([Aggregate("avg", (0, 1)), Aggregate("count", (1,))], 2)
    [Fraction(9, 16), Fraction(17, 16)]
    """
    weights = [Fraction(0)] * measures
    for aggregate in aggregates:
        effects = EFFECTS.get(aggregate.kind, ())
        for measure, effect in zip(aggregate.measures, effects, strict=bool(effects)):
            weights[measure] += (effect / sum(effects)) ** 2
    return weights


def split(total: int, weights: Sequence[Fraction], *, degree: int) -> list[int]:
    """Shares of `total`, at least 1 each, that make the sum of weight / share^(degree - 1) least.

    So shares go with the `degree`-th roots of weights. Integers that sum to at most the total; the same on every
    machine. Empty when the total has no 1 for each.

    >>> split(1_000_000, [Fraction(9, 16), Fraction(1, 16)], degree=GAUSSIAN_DEGREE)
    [749999, 250000]
    """
    if not weights or total < len(weights):
        return []
    roots = [_root(int(weight * 2 ** (degree * _ROOT_BITS)), degree) for weight in weights]
    left = total - len(weights)
    return [1 + left * root // max(1, sum(roots)) for root in roots]


def _root(number: int, degree: int) -> int:
    """The integer root, rounded down, by bisection; exact, unlike a float's power."""
    if degree == GAUSSIAN_DEGREE:
        return isqrt(number)
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle)
    return low
