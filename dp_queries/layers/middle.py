"""The DP aggregates of a query: which bounded integer vectors answer them, within which bounds and clipping norms.

Bounds of expressions follow from the card by interval arithmetic, granularities exactly where that is possible; a
clipping norm is public, and any choice of it is private, a bad one is only less accurate.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, gcd, isqrt
from typing import Final

from dp_queries.expression_types import NUMBERS, type_of
from dp_queries.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.layers.scope import Scope
from dp_queries.plan import Aggregate
from dp_queries.query import Draft
from policies.errors import Reason
from privacy.units import ContributionNorm

MOST_GRID: Final = 1024
MOST_NORM_STEPS: Final = 2**30
MOST_VALUE_STEPS: Final = 2**31 - 1
FINENESS: Final = 2**20


class Unbounded(Exception):
    """A sum that can't be bounded; `reason` says what to change."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code, message)


@dataclass(frozen=True)
class Range:
    """Values lie in [lower, upper] and are multiples of `granularity`, None if they may be anything."""

    lower: Fraction
    upper: Fraction
    granularity: Fraction | None


@dataclass
class Middle:
    """Collects the aggregates of a query, each once; measures that two aggregates share are asked once."""

    scope: Scope
    groups: int
    drafts: list[Draft] = field(default_factory=list)
    aggregates: list[Aggregate] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def count_rows(self) -> int:
        """COUNT(*): the aggregate's index."""
        self.names.add("count")
        return self._aggregate(Aggregate("count", (self._rows(),)))

    def count_present(self, value: Expression) -> int:
        """COUNT(x)."""
        self.names.add("count")
        return self._aggregate(Aggregate("count", (self._present(value),)))

    def count_units(self) -> int:
        """COUNT(DISTINCT unit): a unit adds 1 to each group it is in, so sqrt(groups it may be in) is its norm."""
        self.names.add("count_distinct")
        table = self.scope.table(0)
        most = min(Fraction(self.groups), Fraction(table.groups_norm or table.rows_norm or 1))
        draft = Draft("units", None, 0, 1, Fraction(1), 0, root_norm(most))
        return self._aggregate(Aggregate("count", (self._draft(draft),)))

    def sum(self, value: Expression) -> int:
        """SUM(x), clipped around 0."""
        self.names.add("sum")
        return self._aggregate(Aggregate("sum", (self._sum(value, is_centred=False),)))

    def avg(self, value: Expression) -> int:
        """AVG(x): the sum of deviations from the middle of the bounds, smaller than the values, and a count."""
        self.names.add("avg")
        return self._aggregate(Aggregate("avg", (self._sum(value, is_centred=True), self._present(value))))

    def is_whole(self, aggregate: int) -> bool:
        """Whether the aggregate is a whole number by nature."""
        found = self.aggregates[aggregate]
        return found.kind != "avg" and self.drafts[found.measures[0]].granularity.denominator == 1

    def _rows(self) -> int:
        return self._draft(Draft("rows", None, 0, 1, Fraction(1), 0, self._rows_norm()))

    def _present(self, value: Expression) -> int:
        # Where no NULL can be, rows are counted: AVG and COUNT(*) then share a measure and its price.
        if not is_nullable(value, self.scope.is_nullable):
            return self._rows()
        return self._draft(Draft("present", value, 0, 1, Fraction(1), 0, self._rows_norm()))

    def _rows_norm(self) -> ContributionNorm:
        return norm(Fraction(self.scope.table(0).rows_norm or 1))

    def _sum(self, value: Expression, *, is_centred: bool) -> int:
        lower, upper, granularity = steps(value_range(value, self.scope), Fraction(self.scope.table(0).rows_norm or 1))
        offset = (lower + upper) // 2 if is_centred else 0
        limit = self._declared_norm(value, is_centred=is_centred)
        if limit is None:
            limit = Fraction(self.scope.table(0).rows_norm or 1) * max(upper - offset, offset - lower) * granularity
        draft = Draft("sum", value, lower, upper, granularity, offset, norm(limit / granularity))
        return self._draft(draft)

    def _declared_norm(self, value: Expression, *, is_centred: bool) -> Fraction | None:
        if not isinstance(value, ColumnRef):
            return None
        clipping = self.scope.column(value).clipping
        declared = clipping.deviation if is_centred else clipping.sum
        return None if declared is None else Fraction(declared)

    def _draft(self, draft: Draft) -> int:
        if draft not in self.drafts:
            self.drafts.append(draft)
        return self.drafts.index(draft)

    def _aggregate(self, aggregate: Aggregate) -> int:
        if aggregate not in self.aggregates:
            self.aggregates.append(aggregate)
        return self.aggregates.index(aggregate)


def norm(limit: Fraction) -> ContributionNorm:
    """A clipping norm of `limit` steps on the finest grid that keeps it within 2^30 grid steps."""
    grid = MOST_GRID
    while grid > 1 and limit * grid > MOST_NORM_STEPS:
        grid //= 2
    return ContributionNorm(max(1, min(MOST_NORM_STEPS, floor(limit * grid))), grid)


def root_norm(square: Fraction) -> ContributionNorm:
    """A clipping norm of sqrt(square) steps, rounded down to the grid.

    >>> root_norm(Fraction(4))
    ContributionNorm(l2_steps=2048, grid=1024)
    """
    return ContributionNorm(max(1, isqrt(floor(square * MOST_GRID**2))), MOST_GRID)


def steps(values: Range, rows_norm: Fraction) -> tuple[int, int, Fraction]:
    """Bounds in steps, and the granularity: a coarser one where the norm would leave its 2^30 steps."""
    width = max(abs(values.lower), abs(values.upper), Fraction(1, 10**15))
    granularity = values.granularity or _power_of_two(max(values.upper - values.lower, width / FINENESS) / FINENESS)
    while width / granularity > MOST_VALUE_STEPS or rows_norm * width / granularity > MOST_NORM_STEPS:
        granularity *= 2
    return floor(values.lower / granularity), -floor(-values.upper / granularity), granularity


def _power_of_two(most: Fraction) -> Fraction:
    """The largest power of two at most `most`."""
    exponent = most.numerator.bit_length() - most.denominator.bit_length()
    power = Fraction(2) ** exponent
    return power if power <= most else power / 2


def is_nullable(value: Expression, column: Callable[[ColumnRef], bool]) -> bool:
    """Whether the expression may be NULL; division may always be."""
    match value:
        case ColumnRef():
            return column(value)
        case Literal(constant):
            return constant is None
        case Call(operator, arguments):
            return operator == "/" or any(is_nullable(argument, column) for argument in arguments)


def value_range(value: Expression, scope: Scope) -> Range:
    """Bounds of a summed expression by interval arithmetic over the card's bounds. Raises Unbounded."""
    if type_of(value) not in NUMBERS:
        raise Unbounded("not-a-number", f"SUM and AVG take numbers, this is {type_of(value)}; use COUNT")
    match value:
        case ColumnRef():
            return _column_range(value, scope)
        case Literal(constant):
            amount = Fraction(constant)  # type: ignore[arg-type]  # a number, by its type above
            return Range(amount, amount, Fraction(1, amount.denominator))
        case Call("neg", (inner,)):
            found = value_range(inner, scope)
            return Range(-found.upper, -found.lower, found.granularity)
        case Call("+" | "-" | "*" | "/" as operator, (left, right)):
            return _combined(operator, value_range(left, scope), value_range(right, scope))
    raise Unbounded("no-bounds", "SUM and AVG take columns with declared bounds, and + - * / of them")


def _column_range(value: ColumnRef, scope: Scope) -> Range:
    if scope.is_unit(value):
        raise Unbounded("unit-column", "the privacy unit can't be summed; COUNT(DISTINCT ...) counts units")
    bounds = scope.column(value).clamping()
    if bounds is None:
        raise Unbounded("no-bounds", f"{value.column} has no declared bounds; the card must declare bounds to sum it")
    return Range(bounds.lower, bounds.upper, bounds.granularity)


def _combined(operator: str, left: Range, right: Range) -> Range:
    if operator == "+":
        return Range(left.lower + right.lower, left.upper + right.upper, _common(left, right))
    if operator == "-":
        return Range(left.lower - right.upper, left.upper - right.lower, _common(left, right))
    if operator == "/" and right.lower <= 0 <= right.upper:
        raise Unbounded("division", "the divisor's bounds contain 0, so the quotient has none; divide the sums instead")
    ends = [_apply(operator, one, other) for one in (left.lower, left.upper) for other in (right.lower, right.upper)]
    exact = operator == "*" and left.granularity and right.granularity
    return Range(min(ends), max(ends), left.granularity * right.granularity if exact else None)  # type: ignore[operator]  # both are there


def _apply(operator: str, left: Fraction, right: Fraction) -> Fraction:
    return left * right if operator == "*" else left / right


def _common(left: Range, right: Range) -> Fraction | None:
    """The largest granularity that both are multiples of."""
    if left.granularity is None or right.granularity is None:
        return None
    one, other = left.granularity, right.granularity
    numerator = gcd(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(numerator, one.denominator * other.denominator)
