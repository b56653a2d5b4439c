"""Noisy measures -> released tables: one per aggregation, with columns g, k0, k1, ... and a0, a1, ...

`_KINDS` says how each kind of aggregate is computed from its measures; all of it is post-processing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships without types

from dp_queries.algebra.expressions import Value
from dp_queries.answers.engine import Floats, Processed, process, try_empty
from dp_queries.answers.families import Families
from dp_queries.plan import Above, Aggregate, Aggregation, Measure
from policies.catalogue import Table
from privacy.quantiles import Quantile

__all__ = [
    "Floats",
    "Noisy",
    "Processed",
    "aggregate_values",
    "dry_run",
    "group_keys",
    "made_consistent",
    "named_tables",
    "nothing_shown",
    "post_process",
    "public_table",
    "quantile_steps",
    "released_table",
    "rounded_values",
    "shown_table",
]

_SIGNIFICANT: Final = 6
_TYPES: Final = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Noisy:
    """What left the mechanisms for one aggregation, group by group.

    `aggregation` has the groups and the norms that were settled; `measures`: in grid steps; `quantiles`: in steps of
    their values. Where they were made consistent, `families` has all aggregations, of which this is that `number`.
    """

    aggregation: Aggregation
    measures: tuple[Floats, ...]
    quantiles: tuple[tuple[Quantile, ...], ...] = ()
    families: Families | None = None
    number: int = 0

    @cached_property
    def keys(self) -> tuple[pa.Array, ...]:
        """The groups' values of each key."""
        return group_keys(self.aggregation)


def nothing_shown(aggregation: Aggregation) -> Noisy:
    """What is released when no group appears."""
    empty = tuple(np.zeros(0) for _ in aggregation.measures)
    return Noisy(aggregation, empty, tuple(() for _ in aggregation.quantiles))


def made_consistent(released: Sequence[Noisy]) -> list[Noisy]:
    """All that left the mechanisms, with the measures of families made consistent. Post-processing: it costs nothing.

    Source: Dwork, Roth, "The Algorithmic Foundations of Differential Privacy", 2014, Proposition 2.1.
    """
    families = Families([noisy.aggregation for noisy in released])
    if not families:
        return list(released)
    noisy_ones = {number: noisy.measures for number, noisy in enumerate(released)}
    measures = families.whole(families.consistent(noisy_ones))
    return [
        replace(noisy, aggregation=aggregation, measures=tuple(measures[number]), families=families, number=number)
        for number, (noisy, aggregation) in enumerate(zip(released, families.settled(), strict=True))
    ]


def group_keys(aggregation: Aggregation) -> tuple[pa.Array, ...]:
    """The key values of all groups, when every key has a public domain."""
    domains = [key.domain or () for key in aggregation.keys]
    if aggregation.shown is not None:
        codes = tuple(np.array(aggregation.shown, np.int64).reshape(-1, len(domains)).T)
    else:
        sizes = [len(domain) for domain in domains]
        codes = np.unravel_index(np.arange(aggregation.groups), sizes) if domains else ()
    return tuple(
        _key_array(domain, key.type).take(pa.array(code))
        for key, domain, code in zip(aggregation.keys, domains, codes, strict=True)
    )


def _key_array(values: Sequence[Value], kind: str) -> pa.Array:
    """Values of a key of this type; the numbers of a domain are exact decimals."""
    return pa.array([float(value) if isinstance(value, Decimal) else value for value in values], type=_TYPES[kind])


def aggregate_values(aggregation: Aggregation, measures: Sequence[Floats], quantiles: Sequence[Floats]) -> list[Floats]:
    """The aggregates a0.. from measures in grid steps and quantiles in steps, unrounded; any shape, all alike."""
    return [_value(aggregate, aggregation, measures, quantiles) for aggregate in aggregation.aggregates]


def rounded_values(aggregation: Aggregation, values: Sequence[Floats]) -> list[Floats]:
    """The aggregates as they are shown: counts whole, sums to their granularity, averages to six digits."""
    return [
        _rounded(aggregate, aggregation, column)
        for aggregate, column in zip(aggregation.aggregates, values, strict=True)
    ]


def quantile_steps(noisy: Noisy) -> list[Floats]:
    """The quantiles' values in steps."""
    return [np.array([found.value_steps for found in column], dtype=np.float64) for column in noisy.quantiles]


def released_table(keys: Sequence[pa.Array], values: Sequence[Floats], groups: int) -> pa.Table:
    """A released table of so many groups."""
    columns = {"g": pa.array(np.arange(groups, dtype=np.int64))}
    columns |= {f"k{index}": column for index, column in enumerate(keys)}
    return pa.table(columns | {f"a{index}": pa.array(column) for index, column in enumerate(values)})


def shown_table(noisy: Noisy) -> pa.Table:
    """The released table as it is shown."""
    values = aggregate_values(noisy.aggregation, noisy.measures, quantile_steps(noisy))
    return released_table(noisy.keys, rounded_values(noisy.aggregation, values), noisy.aggregation.groups)


def public_table(table: Table, columns: Mapping[str, Sequence[Any]] | None = None) -> pa.Table:
    """A public table for the engine, by the card's types; without rows unless columns are given."""
    given = columns or {}
    return pa.table({part.name: pa.array(given.get(part.name, ()), type=_TYPES[part.type]) for part in table.columns})


def post_process(above: Above, released: Sequence[Noisy], publics: Mapping[str, pa.Table] | None = None) -> Processed:
    """A statement's rows from what left the mechanisms for it; `publics`: tables by their names on the card."""
    return process(above, named_tables(above, list(map(shown_table, released)), publics or {}))


def dry_run(above: Above, aggregations: Sequence[Aggregation], publics: Mapping[str, pa.Table] | None = None) -> None:
    """Post-process tables without rows: raises duckdb.Error now for what the engine would refuse after the charge."""
    tables = named_tables(above, list(map(_empty, aggregations)), publics or {})
    try_empty(above, {name: table.slice(0, 0) for name, table in tables.items()})


def named_tables(above: Above, released: Sequence[pa.Table], publics: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables that the statement names."""
    found = {f"released{index}": table for index, table in enumerate(released)}
    return {name: found[name] if name in found else publics[name.removeprefix("public_")] for name in above.tables}


def _empty(aggregation: Aggregation) -> pa.Table:
    keys = [pa.array([], type=_TYPES[key.type]) for key in aggregation.keys]
    return released_table(keys, [np.zeros(0) for _ in aggregation.aggregates], 0)


def _value(
    aggregate: Aggregate, aggregation: Aggregation, measures: Sequence[Floats], quantiles: Sequence[Floats]
) -> Floats:
    if aggregate.kind == "quantile":
        (index,) = aggregate.measures
        return quantiles[index] * float(aggregation.quantiles[index].granularity)
    parts = [aggregation.measures[index] for index in aggregate.measures]
    return _KINDS[aggregate.kind](parts, [_amount(aggregation.measures[i], measures[i]) for i in aggregate.measures])


def _amount(measure: Measure, values: Floats) -> Floats:
    """A measure in the unit of its column."""
    amount: Floats = values / measure.norm.grid * measure.granularity.numerator / measure.granularity.denominator
    return amount


def _total(parts: Sequence[Measure], amounts: Sequence[Floats]) -> Floats:
    return amounts[0]


def _mean(parts: Sequence[Measure], amounts: Sequence[Floats]) -> Floats:
    first = parts[0]
    mean = amounts[0] / np.maximum(amounts[1], 1.0) + float(first.offset_steps * first.granularity)
    # A mean lies within the column's bounds; so a group of few rows says "anywhere" and not "a million".
    lower, upper = (float(steps * first.granularity) for steps in (first.lower_steps, first.upper_steps))
    clipped: Floats = np.clip(mean, lower, upper)
    return clipped


def _variance(parts: Sequence[Measure], amounts: Sequence[Floats]) -> Floats:
    """E[(x - o)^2] - E[x - o]^2, which is the same for every offset o; at most a quarter of the squared width.

    Source: Popoviciu's inequality on variances (Mathematica 9, 1935), for values within bounds.
    """
    first, rows = parts[0], np.maximum(amounts[2], 1.0)
    width = float((first.upper_steps - first.lower_steps) * first.granularity)
    variance: Floats = np.clip(amounts[1] / rows - (amounts[0] / rows) ** 2, 0.0, width**2 / 4)
    return variance


def _sample_variance(parts: Sequence[Measure], amounts: Sequence[Floats]) -> Floats:
    """n / (n - 1) times the variance, n at least 2: of fewer rows there is none."""
    rows = np.maximum(amounts[2], 2.0)
    variance: Floats = _variance(parts, amounts) * rows / (rows - 1)
    return variance


def _root(of: Callable[[Sequence[Measure], Sequence[Floats]], Floats]) -> Callable[..., Floats]:
    return lambda parts, amounts: np.sqrt(of(parts, amounts))


_KINDS: Final[Mapping[str, Callable[[Sequence[Measure], Sequence[Floats]], Floats]]] = {
    "count": _total,
    "sum": _total,
    "avg": _mean,
    "var_pop": _variance,
    "var_samp": _sample_variance,
    "stddev_pop": _root(_variance),
    "stddev_samp": _root(_sample_variance),
}


def _rounded(aggregate: Aggregate, aggregation: Aggregation, values: Floats) -> Floats:
    if aggregate.kind == "quantile":
        return values
    if aggregate.kind not in ("count", "sum"):
        return _significant(values)
    granularity = aggregation.measures[aggregate.measures[0]].granularity
    steps: Floats = np.rint(values * granularity.denominator / granularity.numerator)
    return steps * granularity.numerator / granularity.denominator


def _significant(values: Floats) -> Floats:
    """Six significant digits: more would only show noise."""
    magnitude = np.floor(np.log10(np.maximum(np.abs(values), 1e-300)))
    scale = 10.0 ** np.clip(_SIGNIFICANT - 1 - magnitude, -300, 300)
    shown: Floats = np.rint(values * scale) / scale
    return shown
