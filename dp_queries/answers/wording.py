"""Measures and expressions of a plan in words of our own making: no text of a query passes."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.algebra.relations import Below, PerUnit, Scan
from dp_queries.answers.answer import Clipping
from dp_queries.plan import Aggregation, Measure, QuantileMeasure
from privacy.intervals import half_width

_LEVEL: Final = 0.95

_MEASURES = {
    "rows": "rows",
    "units": "units",
    "present": "values present",
    "sum": "sum",
    "distinct": "different values",
}
_AGGREGATES = {"count": "rows", "present": "values present", "distinct": "different values"}


def described(aggregation: Aggregation, measure: Measure) -> str:
    """What a measure is, in the query's words."""
    what = _MEASURES[measure.kind]
    if measure.value is None:
        return what
    return f"{what} of {expression_text(aggregation.below, measure.value)}"


def quantile_words(aggregation: Aggregation, quantile: QuantileMeasure) -> str:
    """What a quantile is, in the query's words."""
    fraction = quantile.drawing.rank.fraction
    what = {Fraction(0): "least", Fraction(1): "greatest", Fraction(1, 2): "median"}.get(fraction)
    return f"{what or f'quantile {float(fraction):g}'} of {expression_text(aggregation.below, quantile.value)}"


def in_units(steps: Fraction | int, measure: Measure) -> float:
    """Grid steps of a measure in its column's unit."""
    return float(steps * measure.granularity / measure.norm.grid)


def clipping_of(aggregation: Aggregation, measure: Measure, *, is_chosen: bool) -> Clipping:
    """How a settled measure was bounded and noised."""
    norm, scale = in_units(measure.norm.l2_steps, measure), in_units(measure.noise_scale, measure)
    left_out = None if measure.loss_steps is None else in_units(Fraction(round(measure.loss_steps)), measure)
    return Clipping(described(aggregation, measure), norm, scale, is_chosen, left_out)


def left_out_notes(aggregation: Aggregation) -> Iterator[str]:
    """What clipping took away, where that may be more than what the intervals of all groups together cover."""
    for measure in aggregation.measures:
        left_out = measure.loss_steps or 0.0
        if left_out > half_width(measure.mechanism, measure.noise_scale, _LEVEL) * aggregation.groups**0.5:
            amount = _roughly(in_units(Fraction(round(left_out)), measure))
            yield (
                f"Clipping took up to about {amount} from the {described(aggregation, measure)}, over all groups: "
                "more than ± covers. Ask with a larger clipping= or with fewer groups."
            )


def _roughly(amount: float) -> str:
    """Two significant digits, as people write them.

    >>> _roughly(7712.0), _roughly(0.0123)
    ('7,700', '0.012')
    """
    rounded = float(f"{amount:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def too_noisy_note(column: str) -> str:
    """That a column of an answer is little but noise; names are no part of a plan, so who asks again sees their own."""
    return f"{column} is too noisy to use: raise epsilon or use fewer groups"


def clipping_note(clipping: Iterable[Clipping], noun: str) -> str:
    """What an interval does not cover; how much of it concerns these rows would be an answer."""
    norms = dict.fromkeys(
        f"{part.norm:g} for {part.of}{' (chosen privately)' if part.is_chosen else ''}" for part in clipping
    )
    if not norms:
        return f"Rows of one {noun} weigh less where they are many. ± covers the noise, not what this changes."
    return (
        f"Of one {noun} at most so much counts (L2 norm over all groups): {', '.join(norms)}. "
        "± covers the noise, not what this leaves out."
    )


def expression_text(below: Below, expression: Expression) -> str:
    """A short text of a row-level expression."""
    match expression:
        case ColumnRef():
            return _column(below, expression)
        case Literal(value):
            return "NULL" if value is None else str(value)
        case Call(operator, arguments):
            parts = [expression_text(below, argument) for argument in arguments]
            if len(parts) == 2 and not operator[0].isalpha():
                return f"({f' {operator} '.join(parts)})"
            return f"{operator}({', '.join(parts)})"


def _column(below: Below, reference: ColumnRef) -> str:
    source = below.sources[reference.relation]
    if isinstance(source, Scan):
        return f"{source.table}.{reference.column}"
    if isinstance(source, PerUnit):
        index = int(reference.column[1:])
        if reference.column[0] == "k":
            return expression_text(source.below, source.keys[index])
        found = source.aggregates[index]
        what = _AGGREGATES.get(found.kind, found.kind)
        inner = "" if found.value is None else f" of {expression_text(source.below, found.value)}"
        return f"({what}{inner}, per unit)"
    return f"column {int(reference.column[1:]) + 1} of a subquery"
