"""Expected errors of a query's columns: functions of the noise scales, never of rows."""

from fractions import Fraction

from dp_queries.plan import Above, Aggregate, Measure
from privacy.intervals import half_width


def expected_half_widths(
    above: Above, aggregates: tuple[Aggregate, ...], measures: tuple[Measure, ...], level: float
) -> dict[str, Fraction]:
    """Half-width of the noise of every bare count and sum column, in the column's unit, by output column."""
    found = {}
    for column, sql in zip(above.columns, above.select, strict=True):
        aggregate = bare_aggregate(sql)
        if aggregate is not None and aggregates[aggregate].kind != "avg":
            found[column.name] = measure_half_width(measures[aggregates[aggregate].measures[0]], level)
    return found


def bare_aggregate(sql: str) -> int | None:
    """The index of the aggregate that a selected fragment is, None when it is derived or a key."""
    return int(sql[2:-1]) if sql.startswith('"a') and sql[2:-1].isdigit() else None


def measure_half_width(measure: Measure, level: float) -> Fraction:
    """Half-width of a measure's noise in the column's unit."""
    steps = Fraction(half_width(measure.mechanism, measure.noise_scale, level))
    return steps / measure.norm.grid * measure.granularity
