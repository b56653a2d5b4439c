"""The DP aggregates of one aggregation: which bounded integer vectors answer them, with which bounds and norms."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isqrt

from dp_queries.algebra.expressions import Call, ColumnRef, Expression
from dp_queries.algebra.relations import Below
from dp_queries.algebra.types import NUMBERS, type_of
from dp_queries.facts.expressions import Facts, Range, divides_by_zero, facts_of
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.value_steps import Unbounded, constant, norm, root_norm, steps
from dp_queries.plan import Aggregate, AggregateKind, Key, MeasureKind
from dp_queries.query import Climb, Draft, QuantileDraft
from privacy.quantiles import Rank
from privacy.units import ClampingBounds, ContributionNorm


@dataclass
class Middle:
    """Collects the aggregates of an aggregation, each once; measures that two aggregates share are asked once."""

    below: Below
    keys: tuple[Key, ...]
    relations: RelationFacts
    drafts: list[Draft] = field(default_factory=list)
    quantiles: list[QuantileDraft] = field(default_factory=list)
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

    def count_units(self, value: Expression | None = None) -> int:
        """COUNT(DISTINCT unit), of the rows where `value` is not NULL if it is given."""
        self.names.add("count_distinct")
        return self._aggregate(Aggregate("count", (self.units(value),)))

    def count_distinct(self, value: Expression) -> int:
        """COUNT(DISTINCT x) of a value that is not the unit: how many values the units claim."""
        self.names.add("count_distinct")
        most = self.relations.rows_norm(self.below)
        limit = root_norm(max(Fraction(1), most))
        whole = ContributionNorm(max(1, limit.l2_steps // limit.grid), 1)
        return self._aggregate(Aggregate("count", (self._draft(_draft("distinct", value, whole)),)))

    def units(self, value: Expression | None = None) -> int:
        """The measure of units: a unit adds 1 to each group it is in, so sqrt(groups it may be in) is its norm."""
        most = self.relations.groups_norm(self.below)
        if all(key.domain is not None for key in self.keys):
            most = min(Fraction(self._public_groups()), most)
        return self._draft(_draft("units", value, root_norm(most)))

    def sum(self, value: Expression) -> int:
        """SUM(x), clipped around 0."""
        self.names.add("sum")
        return self._aggregate(Aggregate("sum", (self._sum(value, is_centred=False),)))

    def avg(self, value: Expression) -> int:
        """AVG(x): the sum of deviations from the middle of the bounds, smaller than the values, and a count."""
        self.names.add("avg")
        return self._aggregate(Aggregate("avg", (self._sum(value, is_centred=True), self._present(value))))

    def variance(self, kind: AggregateKind, value: Expression) -> int:
        """VAR_* and STDDEV_*: deviations from the middle of the bounds, their squares, and a count, in one scan."""
        self.names.add("variance")
        first = self._sum(value, is_centred=True)
        return self._aggregate(Aggregate(kind, (first, self._squares(value, first), self._present(value))))

    def quantile(self, value: Expression, fraction: Fraction) -> int:
        """The value at a fraction of the group's rows; 0 is MIN, 1 is MAX."""
        self.names.add("quantile")
        lower, upper, granularity = steps(self._range(value))
        bounds = ClampingBounds(lower * granularity, upper * granularity, granularity)
        draft = QuantileDraft(value, bounds, Rank(fraction), self._rows_norm())
        if draft not in self.quantiles:
            self.quantiles.append(draft)
        return self._aggregate(Aggregate("quantile", (self.quantiles.index(draft),)))

    def is_whole(self, aggregate: int) -> bool:
        """Whether the aggregate is a whole number by nature."""
        found = self.aggregates[aggregate]
        if found.kind == "quantile":
            return self.quantiles[found.measures[0]].bounds.granularity.denominator == 1
        return found.kind in ("count", "sum") and self.drafts[found.measures[0]].granularity.denominator == 1

    def facts(self, value: Expression) -> Facts:
        """The facts of a value over the rows."""
        return facts_of(value, self.relations.columns(self.below))

    def _public_groups(self) -> int:
        groups = 1
        for key in self.keys:
            groups *= len(key.domain or ())
        return groups

    def _rows(self) -> int:
        return self._draft(_draft("rows", None, self._rows_norm()))

    def _present(self, value: Expression) -> int:
        # Where no NULL can be, rows are counted: AVG and COUNT(*) then share a measure and its price.
        if not self.facts(value).is_nullable:
            return self._rows()
        return self._draft(_draft("present", value, self._rows_norm()))

    def _rows_norm(self) -> ContributionNorm:
        return norm(self.relations.rows_norm(self.below))

    def _range(self, value: Expression) -> Range:
        """The bounds of a value. Raises Unbounded."""
        if type_of(value) not in NUMBERS:
            raise Unbounded("not-a-number", f"this aggregate takes numbers, not {type_of(value)}; use COUNT")
        facts = self.facts(value)
        if facts.is_unit:
            raise Unbounded("unit-column", "the privacy unit can't be summed; COUNT(DISTINCT ...) counts units")
        if facts.range is None and divides_by_zero(value, self.relations.columns(self.below)):
            message = "the divisor's bounds contain 0, so the quotient has none; divide the sums, or by GREATEST(y, 1)"
            raise Unbounded("division", message)
        if facts.range is None:
            named = f"{value.column} has no declared bounds; " if isinstance(value, ColumnRef) else ""
            instead = "bound it, as in LEAST(GREATEST(x, 0), 100) with values that are public, or COUNT rows"
            raise Unbounded(
                "no-bounds",
                f"{named}this aggregate takes columns with declared bounds, and arithmetic of them; {instead}",
            )
        return facts.range

    def _sum(self, value: Expression, *, is_centred: bool) -> int:
        rows_norm = self.relations.rows_norm(self.below)
        lower, upper, granularity = steps(self._range(value), rows_norm)
        facts = self.facts(value)
        plain = self._around(0, facts.sum_norm, lower, upper, granularity)
        if not is_centred:
            return self._draft(_summing(value, lower, upper, granularity, *plain))
        middle = self._around((lower + upper) // 2, facts.deviation_norm, lower, upper, granularity)
        # What is summed around 0 serves the mean as well, where it is known to be smaller.
        offset, limit = min(middle, plain, key=lambda offer: offer[1]) if facts.deviation_norm is None else middle
        return self._draft(_summing(value, lower, upper, granularity, offset, limit))

    def _around(
        self, offset: int, declared: Fraction | None, lower: int, upper: int, granularity: Fraction
    ) -> tuple[int, Fraction]:
        """An offset in steps, and the clipping norm around it: the declared one, or what the norm of rows allows."""
        if declared is not None:
            return offset, declared
        rows_norm = self.relations.rows_norm(self.below)
        return offset, rows_norm * max(abs(upper - offset), abs(offset - lower)) * granularity

    def _squares(self, value: Expression, first: int) -> int:
        """The measure of squared deviations from the very offset of the measure `first`."""
        centred = self.drafts[first]
        offset = centred.offset_steps * centred.granularity
        deviation = Call("-", (value, constant(offset)))
        widest = max(centred.upper_steps - centred.offset_steps, centred.offset_steps - centred.lower_steps)
        reach = widest * centred.granularity
        rows_norm = self.relations.rows_norm(self.below)
        lower, upper, granularity = steps(Range(Fraction(0), reach * reach, None), rows_norm)
        limit = Fraction(centred.norm.l2_steps, centred.norm.grid) * centred.granularity * reach
        square = Call("*", (deviation, deviation))
        return self._draft(Draft("sum", square, lower, upper, granularity, 0, norm(limit / granularity)))

    def _draft(self, draft: Draft) -> int:
        draft = replace(draft, climb=self._climb(draft))
        if draft not in self.drafts:
            self.drafts.append(draft)
        return self.drafts.index(draft)

    def _climb(self, draft: Draft) -> Climb | None:
        most = self._longest(draft)
        if draft.kind == "distinct" or most == 1:
            return None
        return Climb(most, self.relations.units_at_most(self.below))

    def _longest(self, draft: Draft) -> int:
        """The longest vector that a unit can have at all, in steps, rounded up."""
        rows = self.relations.rows_per_unit(self.below)
        if draft.kind == "units":
            is_public = all(key.domain is not None for key in self.keys)
            return isqrt(max(1, min(rows, self._public_groups()) if is_public else rows) - 1) + 1
        reach = max(draft.upper_steps - draft.offset_steps, draft.offset_steps - draft.lower_steps)
        return max(1, reach if draft.kind == "sum" else 1) * rows

    def _aggregate(self, aggregate: Aggregate) -> int:
        if aggregate not in self.aggregates:
            self.aggregates.append(aggregate)
        return self.aggregates.index(aggregate)


def _summing(value: Expression, lower: int, upper: int, granularity: Fraction, offset: int, limit: Fraction) -> Draft:
    return Draft("sum", value, lower, upper, granularity, offset, norm(limit / granularity))


def _draft(kind: MeasureKind, value: Expression | None, limit: ContributionNorm) -> Draft:
    return Draft(kind, value, 0, 1, Fraction(1), 0, limit)
