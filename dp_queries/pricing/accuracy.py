"""Expected errors of a query's columns: functions of the noise scales, never of rows."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from dp_queries.plan import Aggregation, Measure
from dp_queries.post_processing import Above
from dp_queries.spreads import spread_half_width

_BARE: Final = re.compile(r's[0-9]+\."a([0-9]+)"', re.ASCII)


def expected_half_widths(above: Above, aggregations: Sequence[Aggregation], level: float) -> dict[str, Fraction]:
    """Half-width of the noise of every bare count and sum column, in the column's unit, by output column."""
    found = {}
    for name, aggregate in bare_columns(above).items():
        part = aggregations[0].aggregates[aggregate]
        if part.kind in ("count", "sum"):
            found[name] = measure_half_width(aggregations[0].measures[part.measures[0]], level)
    return found


def bare_columns(above: Above) -> dict[str, int]:
    """The output columns that are an aggregate of released0 as it is, with its number."""
    selected = above.rowwise.select if above.rowwise is not None else ()
    found = zip(above.columns, map(bare_aggregate, selected), strict=False)
    return {column.name: aggregate for column, aggregate in found if aggregate is not None}


def bare_aggregate(sql: str) -> int | None:
    """The index of the aggregate that a selected fragment is, None when it is derived or a key."""
    match = _BARE.fullmatch(sql)
    return int(match.group(1)) if match else None


def measure_half_width(measure: Measure, level: float) -> Fraction:
    """Half-width of a measure's noise in the column's unit, of what is left of it in a family (`families`)."""
    steps = Fraction(spread_half_width(measure.mechanism, measure.noise_scale, measure.spread, level))
    return steps / measure.norm.grid * measure.granularity
