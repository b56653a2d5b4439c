"""From a plan to the one SELECT that feeds the kernel: unit, group code, integer values."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from dp_queries.backends.groups import group_code
from dp_queries.backends.render import Renderer, alias
from dp_queries.backends.terms import Term, as_double, without_nan
from dp_queries.encrypted import DATABASE, name
from dp_queries.expressions import Expression
from dp_queries.plan import Below, Measure, Plan
from policies.catalogue import LoadedDataset


@dataclass(frozen=True)
class Stream:
    """A SELECT over a range of units. `sources[m]` is the number of measure m's value column; None counts rows."""

    select: str
    source: str
    where: str | None
    order_by: str
    is_grouped: bool
    sources: tuple[int | None, ...]

    def sql(self, first_unit: int, last_unit: int) -> str:
        """The statement for the units first_unit..last_unit, both inside."""
        units = f"{alias(0)}._unit BETWEEN {int(first_unit)} AND {int(last_unit)}"
        where = units if self.where is None else f"{units} AND {self.where}"
        return f"SELECT {self.select} FROM {self.source} WHERE {where}{self.order_by}"


def stream(plan: Plan, dataset: LoadedDataset) -> Stream:
    """The statement that a plan needs. Raises ValueError where an expression's types don't fit."""
    renderer = Renderer(dataset, plan.below.relations)
    values: dict[str, int] = {}
    sources = tuple(_source(measure, plan, renderer, values) for measure in plan.measures)
    code = group_code(plan.keys, renderer)
    columns = [f"{alias(0)}._unit", *([] if code is None else [code]), *values]
    return Stream(
        select=", ".join(columns),
        source=" ".join(_from(plan.below, renderer)),
        where=None if plan.below.where is None else renderer.condition(plan.below.where),
        order_by=f" ORDER BY {alias(0)}._unit" if plan.needs_sort else "",
        is_grouped=code is not None,
        sources=sources,
    )


def _source(measure: Measure, plan: Plan, renderer: Renderer, values: dict[str, int]) -> int | None:
    """Which value column a measure reads; equal ones are streamed once."""
    if measure.value is None or measure.kind in ("rows", "units"):
        return None
    granularity = measure.granularity if measure.kind == "sum" else _summed(measure.value, plan)
    sql = _value(renderer.term(measure.value), granularity)
    return values.setdefault(sql, len(values))


def _summed(value: Expression, plan: Plan) -> Fraction | None:
    """The granularity in which another measure sums this value, so that counting its NULLs costs no second column."""
    return next((other.granularity for other in plan.measures if other.kind == "sum" and other.value == value), None)


def _value(term: Term, granularity: Fraction | None) -> str:
    """Integer steps where they are stored so, else a double, which the kernel quantizes; NULL (or NaN) is no value.

    Unbounded integers go as doubles: the kernel reserves an integer's smallest value, and they may hold it.
    """
    if term.kind == "steps" and term.is_bounded and granularity in (None, term.granularity):
        return term.sql
    if granularity is not None or term.kind == "double":
        return as_double(term) if term.is_number else _null(term)
    return f"(CASE WHEN {without_nan(term)} IS NOT NULL THEN 1 END)"


def _null(term: Term) -> str:
    if term.kind != "null":
        raise ValueError(f"{term.kind} can't be summed")
    return "CAST(NULL AS DOUBLE)"


def _from(below: Below, renderer: Renderer) -> Iterator[str]:
    """The relations with their joins, in order."""
    yield _table(below, 0)
    for join in below.joins:
        conditions = [f"{alias(join.relation)}._unit = {alias(0)}._unit"] if join.on_unit else []
        if join.condition is not None:
            conditions.append(renderer.condition(join.condition))
        yield f"{join.kind.upper()} JOIN {_table(below, join.relation)} ON ({' AND '.join(conditions) or 'TRUE'})"


def _table(below: Below, relation: int) -> str:
    return f"{DATABASE}.main.{name(below.relations[relation].table)} AS {alias(relation)}"
