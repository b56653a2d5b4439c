"""Relations as DuckDB's SQL: rows of units within a range of units, each with its unit's code as `_unit`.

The range stands at every private table that is read, so that threads share no work. Unit codes delimit units and go
nowhere else: no expression sees them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

from dp_queries.algebra.expressions import ColumnRef, Expression
from dp_queries.algebra.relations import (
    Below,
    Derived,
    Order,
    PerUnit,
    Relation,
    Scan,
    UnionAll,
    UnitAggregate,
    Window,
    Windowed,
)
from dp_queries.backends.guards import MOST_INTEGER, bound
from dp_queries.backends.render import Renderer, alias
from dp_queries.backends.storage import storage
from dp_queries.backends.terms import Term, as_double, as_text, column_term, double_literal, without_nan
from dp_queries.loading.encrypted import DATABASE, name
from policies.catalogue import LoadedDataset

# Stand for the first and the last unit of a range; no text of a query holds control characters.
FIRST_UNIT: Final = "\x01"
LAST_UNIT: Final = "\x02"
UNIT: Final = "_unit"

_JOINS: Final = {"inner": "JOIN", "left": "LEFT JOIN", "semi": "SEMI JOIN", "anti": "ANTI JOIN"}
_NEED_TIES_BROKEN: Final = frozenset({"row_number", "lag", "lead", "first_value", "last_value"})
_WHOLE: Final = " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"


class RowsWriter:
    """Writes the SQL of joined and filtered rows, and knows the terms of their columns."""

    def __init__(self, below: Below, dataset: LoadedDataset) -> None:
        self._below = below
        self._items = [_Item(source, dataset, alias(index)) for index, source in enumerate(below.sources)]
        self._renderer = Renderer(lambda reference: self._items[reference.relation].term(reference.column))

    def term(self, expression: Expression) -> Term:
        """The term of an expression over these rows."""
        return self._renderer.term(expression)

    def unit(self) -> str:
        """The code of a row's unit."""
        if self._below.owner is None:
            raise ValueError("public rows have no unit")
        return f"{alias(self._below.owner)}.{UNIT}"

    def select(self, columns: list[str], tail: str = "") -> str:
        """A SELECT of columns (rendered already) from the rows."""
        conditions = [] if self._below.owner is None else list(self._ranges(self._below.owner))
        if self._below.where is not None:
            conditions.append(self._renderer.condition(self._below.where))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {', '.join(columns)} FROM {' '.join(self._from())}{where}{tail}"

    def _from(self) -> Iterator[str]:
        yield f"{self._items[0].sql} AS {alias(0)}"
        for join in self._below.joins:
            joined = alias(join.relation)
            conditions = [] if join.relation == self._below.owner else list(self._ranges(join.relation))
            if join.on_unit is not None:
                conditions.append(f"{joined}.{UNIT} = {alias(join.on_unit)}.{UNIT}")
            if join.condition is not None:
                conditions.append(self._renderer.condition(join.condition))
            on = " AND ".join(conditions) or "TRUE"
            yield f"{_JOINS[join.kind]} {self._items[join.relation].sql} AS {joined} ON ({on})"

    def _ranges(self, source: int) -> Iterator[str]:
        """The range of units of a private table; other relations hold it inside."""
        relation = self._below.sources[source]
        if isinstance(relation, Scan) and relation.has_unit:
            yield f"{alias(source)}.{UNIT} BETWEEN {FIRST_UNIT} AND {LAST_UNIT}"


class _Item:
    """A relation as an item of FROM, and its columns as terms."""

    def __init__(self, relation: Relation, dataset: LoadedDataset, called: str) -> None:
        self._called = called
        if isinstance(relation, Scan):
            self.sql = f"{DATABASE}.main.{name(relation.table)}"
            self.term: Callable[[str], Term] = lambda column: column_term(
                f"{called}.{name(column)}", storage(dataset, relation.table, column)
            )
        else:
            text, terms = _nested(relation, dataset)
            self.sql = f"({text})"
            self.term = lambda column: _outside(terms[column], f"{called}.{column}")


def _outside(term: Term, sql: str) -> Term:
    """A term as a column of what is around it."""
    return term if term.kind == "null" else replace(term, sql=sql, constant=None)


def _settled(term: Term) -> Term:
    """A term as a column: a whole constant counts steps, another is a double."""
    if not isinstance(term.constant, Fraction):
        return term
    if term.constant.denominator == 1 and abs(term.constant) <= MOST_INTEGER:
        return Term("steps", f"CAST({int(term.constant)} AS BIGINT)", is_bounded=True)
    return replace(term, kind="double", constant=None)


def _nested(relation: Relation, dataset: LoadedDataset) -> tuple[str, dict[str, Term]]:
    match relation:
        case Derived(below, columns):
            writer = RowsWriter(below, dataset)
            terms = {f"c{index}": _settled(writer.term(column)) for index, column in enumerate(columns)}
            return writer.select([*_unit_column(relation, writer), *_named(terms)]), terms
        case UnionAll(parts):
            return _union(parts, dataset)
        case PerUnit():
            return _per_unit(relation, dataset)
        case Windowed():
            return _windowed(relation, dataset)
        case Scan():
            raise ValueError("a table is no subquery")


def _unit_column(relation: Relation, writer: RowsWriter) -> list[str]:
    return [f"{writer.unit()} AS {UNIT}"] if relation.has_unit else []


def _named(terms: dict[str, Term]) -> list[str]:
    return [f"{term.sql} AS {column}" for column, term in terms.items()]


def _union(parts: tuple[Derived, ...], dataset: LoadedDataset) -> tuple[str, dict[str, Term]]:
    writers = [RowsWriter(part.below, dataset) for part in parts]
    terms_of_parts = [
        [_settled(writer.term(value)) for value in part.columns] for writer, part in zip(writers, parts, strict=True)
    ]
    unified = [_unified(list(place)) for place in zip(*terms_of_parts, strict=True)]
    texts = [
        writer.select(
            [*_unit_column(part, writer), *(f"{terms[index].sql} AS c{at}" for at, terms in enumerate(unified))]
        )
        for index, (writer, part) in enumerate(zip(writers, parts, strict=True))
    ]
    named = {
        f"c{at}": next((term for term in terms if term.kind != "null"), terms[0]) for at, terms in enumerate(unified)
    }
    return " UNION ALL ".join(texts), named


def _unified(terms: list[Term]) -> list[Term]:
    """Terms of one place in one kind; the resolver has made numbers of different steps doubles before."""
    kinds = {term.kind for term in terms} - {"null"}
    if kinds <= {"enum", "text"} and len({(term.kind, term.domain) for term in terms if term.kind != "null"}) > 1:
        return [term if term.kind == "null" else Term("text", as_text(term)) for term in terms]
    if kinds <= {"double"}:
        return [
            term if term.kind == "null" else replace(term, kind="double", constant=None, is_bounded=False)
            for term in terms
        ]
    if len({(term.kind, term.granularity) for term in terms if term.kind != "null"}) > 1:
        raise ValueError("the parts of a union differ in kind")
    is_bounded = all(term.is_bounded for term in terms if term.kind != "null")
    return [replace(term, is_bounded=is_bounded, constant=None) for term in terms]


def _per_unit(relation: PerUnit, dataset: LoadedDataset) -> tuple[str, dict[str, Term]]:
    writer = RowsWriter(relation.below, dataset)
    keys = {f"k{index}": _key(writer.term(key)) for index, key in enumerate(relation.keys)}
    aggregates = {f"a{index}": _aggregate(aggregate, writer) for index, aggregate in enumerate(relation.aggregates)}
    columns = [f"{writer.unit()} AS {UNIT}", *_named(keys), *_named(aggregates)]
    places = ", ".join(str(place) for place in range(1, len(keys) + 2))
    return writer.select(columns, f" GROUP BY {places}"), keys | aggregates


def _key(term: Term) -> Term:
    """A key in one form for values that are equal: NaN is NULL, and -0.0 is 0.0."""
    term = _settled(term)
    if term.kind == "double":
        return replace(term, kind="double", sql=f"({without_nan(term)} + {double_literal(0.0)})", constant=None)
    return replace(term, constant=None)


def _aggregate(aggregate: UnitAggregate, writer: RowsWriter) -> Term:
    """An aggregate as exact integers, or as one of the values."""
    whole = Term("steps", "", is_bounded=True)
    if aggregate.value is None:
        return replace(whole, sql="count(*)")
    value = writer.term(aggregate.value)
    match aggregate.kind:
        case "present" | "count":
            return replace(whole, sql=f"count({without_nan(value)})")
        case "distinct":
            return replace(whole, sql=f"count(DISTINCT {_key(value).sql})")
        case "sum":
            steps = quantized(value, aggregate)
            return replace(whole, sql=f"CAST(sum({steps}) AS BIGINT)", granularity=aggregate.granularity)
    if value.kind == "enum":  # codes are in the domain's order, texts in their own
        value = Term("text", as_text(value))
    return replace(_key(value), sql=f"{aggregate.kind}({_key(value).sql})")


def quantized(value: Term, aggregate: UnitAggregate) -> str:
    """A number as integer steps of the aggregate, within its bounds; NULL for NULL."""
    if value.kind == "null":
        return "CAST(NULL AS BIGINT)"
    if value.kind == "steps" and value.granularity == aggregate.granularity:
        return _clamped(f"CAST({value.sql} AS BIGINT)", str(aggregate.lower_steps), str(aggregate.upper_steps))
    bounds = (double_literal(float(steps)) for steps in (aggregate.lower_steps, aggregate.upper_steps))
    return f"CAST(round({_clamped(without_nan(_scaled(value, aggregate)), *bounds)}) AS BIGINT)"


def _clamped(sql: str, lower: str, upper: str) -> str:
    # CASE and not least and greatest, which skip NULLs.
    return bound(sql, f"(CASE WHEN {{0}} < {lower} THEN {lower} WHEN {{0}} > {upper} THEN {upper} ELSE {{0}} END)")


def _scaled(value: Term, aggregate: UnitAggregate) -> Term:
    """The number in steps, in the order in which the kernel and the twin scale."""
    step = aggregate.granularity
    sql = f"({as_double(value)} * {double_literal(float(step.denominator))} / {double_literal(float(step.numerator))})"
    return Term("double", sql)


def _windowed(relation: Windowed, dataset: LoadedDataset) -> tuple[str, dict[str, Term]]:
    writer = RowsWriter(relation.below, dataset)
    terms = {f"c{index}": _settled(writer.term(column)) for index, column in enumerate(relation.columns)}
    ties = [Order(column, descending=False, nulls_first=False) for column in relation.columns]
    windows = {f"w{index}": _window(window, ties, writer) for index, window in enumerate(relation.windows)}
    columns = [f"{writer.unit()} AS {UNIT}", *_named(terms), *_named(windows)]
    return writer.select(columns), terms | windows


def _window(window: Window, ties: list[Order], writer: RowsWriter) -> Term:
    is_tied = window.function not in _NEED_TIES_BROKEN
    order = list(window.order) if is_tied else [*window.order, *ties]
    partition = ", ".join([writer.unit(), *(_key(writer.term(part)).sql for part in window.partition)])
    over = f"PARTITION BY {partition}"
    if order:
        over += " ORDER BY " + ", ".join(_order(term, writer) for term in order)
    if window.function in ("first_value", "last_value"):
        over += _WHOLE
    term = _window_function(window, writer)
    sql = f"{term.sql} OVER ({over})"
    return replace(term, sql=f"CAST({sql} AS BIGINT)" if term.kind == "steps" and window.value is None else sql)


def _window_function(window: Window, writer: RowsWriter) -> Term:
    if window.aggregate is not None:
        found = _aggregate(window.aggregate, writer)
        return (
            replace(found, sql=found.sql.removeprefix("CAST(").removesuffix(" AS BIGINT)"))
            if window.aggregate.kind == "sum"
            else found
        )
    if window.value is None:
        return Term("steps", f"{window.function}()", is_bounded=True)
    value = replace(_settled(writer.term(window.value)), constant=None)
    if window.function in ("lag", "lead"):
        return replace(value, sql=f"{window.function}({value.sql}, {window.offset})")
    return replace(value, sql=f"{window.function}({value.sql})")


def _order(term: Order, writer: RowsWriter) -> str:
    value = writer.term(term.value)
    sql = as_text(value) if value.kind == "enum" else _key(value).sql
    direction = "DESC" if term.descending else "ASC"
    return f"{sql} {direction} NULLS {'FIRST' if term.nulls_first else 'LAST'}"


__all__ = ["FIRST_UNIT", "LAST_UNIT", "ColumnRef", "RowsWriter"]
