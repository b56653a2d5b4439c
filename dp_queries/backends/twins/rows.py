"""Relations as lists of rows in plain Python: joins, groups and windows by their definitions.

A relation's row is its unit (None for public rows) with its columns; rows of a `Below` are one such per source.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

from dp_queries.algebra.expressions import Expression
from dp_queries.algebra.relations import (
    Below,
    Derived,
    Join,
    Order,
    PerUnit,
    Relation,
    Scan,
    UnionAll,
    UnitAggregate,
    Window,
    Windowed,
)
from dp_queries.backends.evaluate import Row, Steps, double, evaluate, known
from dp_queries.backends.twins.steps import quantized

Held = tuple[Any, dict[str, Any]]  # a unit and columns
Stored = Mapping[str, Sequence[Held]]
Joined = tuple[tuple[Any, ...], Row]  # the unit of each source, and its columns


def joined_rows(below: Below, tables: Stored) -> Iterator[tuple[Any, Row]]:
    """Joined and filtered rows, each with its unit."""
    rows: list[Joined] = [((unit,), (columns,)) for unit, columns in relation_rows(below.sources[0], tables)]
    for join in below.joins:
        partners = relation_rows(below.sources[join.relation], tables)
        rows = [longer for row in rows for longer in _joined(row, join, partners)]
    for units, row in rows:
        if below.where is None or evaluate(below.where, row) is True:
            yield (None if below.owner is None else units[below.owner]), row


def _joined(row: Joined, join: Join, partners: Sequence[Held]) -> list[Joined]:
    units, columns = row
    candidates = [((*units, unit), (*columns, held)) for unit, held in partners]
    matching = [candidate for candidate in candidates if _matches(candidate, join)]
    missing: Joined = ((*units, None), (*columns, None))
    match join.kind:
        case "inner":
            return matching
        case "left":
            return matching or [missing]
        case "semi":
            return [missing] if matching else []
        case "anti":
            return [] if matching else [missing]


def _matches(row: Joined, join: Join) -> bool:
    units, columns = row
    if join.on_unit is not None and (units[join.on_unit] is None or units[join.on_unit] != units[join.relation]):
        return False
    return join.condition is None or evaluate(join.condition, columns) is True


def relation_rows(relation: Relation, tables: Stored) -> list[Held]:
    """All rows of a relation."""
    match relation:
        case Scan(table, _):
            return list(tables[table])
        case Derived(below, columns):
            return [(unit, _computed("c", columns, row)) for unit, row in joined_rows(below, tables)]
        case UnionAll(parts):
            return [held for part in parts for held in relation_rows(part, tables)]
        case PerUnit():
            return _per_unit(relation, tables)
        case Windowed():
            return _windowed(relation, tables)


def _computed(prefix: str, expressions: Sequence[Expression], row: Row) -> dict[str, Any]:
    return {f"{prefix}{index}": _settled(evaluate(expression, row)) for index, expression in enumerate(expressions)}


def _settled(value: Any) -> Any:
    """A value as a column: a whole constant counts steps, another is a double from here on, like in every engine."""
    if not isinstance(value, Fraction):
        return value
    return Steps(int(value)) if value.denominator == 1 and abs(value) <= 2**53 else double(value)


def _per_unit(relation: PerUnit, tables: Stored) -> list[Held]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for unit, row in joined_rows(relation.below, tables):
        keys = tuple(_same(evaluate(key, row)) for key in relation.keys)
        groups.setdefault((unit, *keys), []).append(row)
    found = []
    for (unit, *values), rows in groups.items():
        columns = {f"k{index}": value for index, value in enumerate(values)}
        columns |= {f"a{index}": aggregated(part, rows) for index, part in enumerate(relation.aggregates)}
        found.append((unit, columns))
    return found


def _same(value: Any) -> Any:
    """One value for all that are equal: NaN is NULL, and -0.0 is 0.0."""
    value = _settled(known(value))
    return value + 0.0 if isinstance(value, float) else value


def aggregated(aggregate: UnitAggregate, rows: Sequence[Row]) -> Any:
    """An aggregate over rows of one unit."""
    if aggregate.value is None:
        return Steps(len(rows))
    values = [value for row in rows if (value := _same(evaluate(aggregate.value, row))) is not None]
    match aggregate.kind:
        case "count" | "present":
            return Steps(len(values))
        case "distinct":
            return Steps(len({ordered(value) for value in values}))
        case "sum":
            counts = [_quantized(value, aggregate) for value in values]
            return Steps(sum(counts), aggregate.granularity) if counts else None
        case "min":
            return min(values, key=ordered, default=None)
        case "max":
            return max(values, key=ordered, default=None)


def _quantized(value: Any, aggregate: UnitAggregate) -> int:
    return quantized(value, aggregate.lower_steps, aggregate.upper_steps, aggregate.granularity)


def ordered(value: Any) -> Any:
    """A value by which those of one column are ordered and told apart."""
    return value.exact if isinstance(value, Steps) else value


def _windowed(relation: Windowed, tables: Stored) -> list[Held]:
    rows = list(joined_rows(relation.below, tables))
    columns = [_computed("c", relation.columns, row) for _, row in rows]
    for index, window in enumerate(relation.windows):
        for place, value in _window_values(window, relation, rows).items():
            columns[place][f"w{index}"] = value
    return [(unit, held) for (unit, _), held in zip(rows, columns, strict=True)]


def _window_values(window: Window, relation: Windowed, rows: Sequence[tuple[Any, Row]]) -> dict[int, Any]:
    """The window's value for each row, by its place."""
    partitions: dict[tuple[Any, ...], list[int]] = {}
    for place, (unit, row) in enumerate(rows):
        key = (unit, *(ordered(_same(evaluate(part, row))) for part in window.partition))
        partitions.setdefault(key, []).append(place)
    ties = [Order(column, descending=False, nulls_first=False) for column in relation.columns]
    found: dict[int, Any] = {}
    for places in partitions.values():
        in_order = _sorted(places, [*window.order, *ties], rows)
        found |= _function(window, in_order, [rows[place][1] for place in in_order])
    return found


def _sorted(places: Sequence[int], order: Sequence[Order], rows: Sequence[tuple[Any, Row]]) -> list[int]:
    def compare(left: int, right: int) -> int:
        return _compared(order, rows[left][1], rows[right][1])

    return sorted(places, key=cmp_to_key(compare))


def _compared(order: Sequence[Order], left: Row, right: Row) -> int:
    """-1, 0 or 1, as the first row comes before, with, or after the second."""
    for term in order:
        one, other = (_same(evaluate(term.value, row)) for row in (left, right))
        if one is None or other is None:
            if (one is None) != (other is None):
                return -1 if (one is None) == term.nulls_first else 1
            continue
        if ordered(one) != ordered(other):
            return -1 if (ordered(one) < ordered(other)) != term.descending else 1
    return 0


def _function(window: Window, places: Sequence[int], rows: Sequence[Row]) -> dict[int, Any]:
    found = {}
    for at, place in enumerate(places):
        peers = [index for index in range(len(rows)) if _compared(window.order, rows[index], rows[at]) <= 0]
        found[place] = _value(window, at, rows, before=peers)
    return found


def _value(window: Window, at: int, rows: Sequence[Row], before: Sequence[int]) -> Any:
    """The window's value at the row `at`; `before` are the rows up to this one and its peers."""
    if window.aggregate is not None:
        return aggregated(window.aggregate, [rows[index] for index in before])
    earlier = [index for index in before if _compared(window.order, rows[index], rows[at]) < 0]
    match window.function:
        case "row_number":
            return Steps(at + 1)
        case "rank":
            return Steps(len(earlier) + 1)
        case "dense_rank":
            distinct = [
                i for i in earlier if not any(_compared(window.order, rows[i], rows[j]) == 0 for j in earlier if j < i)
            ]
            return Steps(len(distinct) + 1)
        case "lag":
            return _at(window, rows, at - window.offset)
        case "lead":
            return _at(window, rows, at + window.offset)
        case "first_value":
            return _at(window, rows, 0)
        case _:
            return _at(window, rows, len(rows) - 1)


def _at(window: Window, rows: Sequence[Row], place: int) -> Any:
    if window.value is None or not 0 <= place < len(rows):
        return None
    return _settled(evaluate(window.value, rows[place]))
