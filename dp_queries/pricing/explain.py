"""What a plan will cost and how noisy it will be, in words and numbers that no row can change; free to ask."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import hypot
from typing import Any, Final

from dp_queries.answers.wording import clipping_note, clipping_of, described, expression_text, in_units, quantile_words
from dp_queries.plan import Above, Aggregation, Measure, Plan, QuantileMeasure
from dp_queries.pricing.accuracy import bare_columns, expected_half_widths, measure_half_width
from policies.catalogue import LoadedDataset
from privacy.intervals import standard_deviation
from privacy.loss import MICRO

LEVEL: Final = 0.95


def explain(plan: Plan, dataset: LoadedDataset) -> dict[str, Any]:
    """Price, expected error, bounds, clipping norms and slot of a plan as JSON; independent of rows (DESIGN 3).

    `expected_error` is that of the first statement, which is most plans' only one.
    """
    return _common(plan, dataset) | {"expected_error": _expected_error(plan, plan.statements[0])}


def explain_together(plan: Plan, dataset: LoadedDataset, alone: Sequence[Mapping[str, Fraction]]) -> dict[str, Any]:
    """The same of a plan with several statements; `alone`: half-widths of each by itself for its part of epsilon."""
    statements = [
        {"expected_error": _expected_error(plan, above), "expected_error_alone": _floats(widths)}
        for above, widths in zip(plan.statements, alone, strict=True)
    ]
    told = _common(plan, dataset)
    return told | {"statements": statements, "notes": [*told["notes"], *_comparison(plan, alone)]}


def _floats(widths: Mapping[str, Fraction]) -> dict[str, float]:
    return {name: float(width) for name, width in widths.items()}


def _comparison(plan: Plan, alone: Sequence[Mapping[str, Fraction]]) -> Iterator[str]:
    """How much noisier each statement would be by itself; of bare counts and sums, whose noise is known."""
    ratios = []
    for above, widths in zip(plan.statements, alone, strict=True):
        mine = expected_half_widths(above, above.own(plan.aggregations), LEVEL)
        ratios += [float(widths[name] / mine[name]) for name in mine if name in widths]
    if ratios and len(plan.statements) > 1:
        low, high = f"{min(ratios):.2g}", f"{max(ratios):.2g}"
        yield (
            f"Asked one by one, each with an equal part of epsilon, their ± would be "
            f"{low if low == high else f'{low} to {high}'} times as wide."
        )


def _common(plan: Plan, dataset: LoadedDataset) -> dict[str, Any]:
    pairs = [(aggregation, measure) for aggregation in plan.aggregations for measure in aggregation.measures]
    return {
        "cost": {"epsilon": _decimal(plan.epsilon_micro), "delta": f"{float(dataset.card.budget.query_delta):g}"},
        "mechanism": plan.mechanism,
        "groups": plan.groups,
        "bounds": [_bounds(part, measure) for part, measure in pairs if measure.kind == "sum"],
        "clipping": [_clipping(part, measure) for part, measure in pairs],
        "quantiles": [_quantile(part, drawn) for part in plan.aggregations for drawn in part.quantiles],
        "selection": [_selection(part) for part in plan.aggregations if part.selection is not None],
        "slot_seconds": float(plan.slot_seconds),
        "notes": list(_notes(plan, dataset)),
    }


def _decimal(epsilon_micro: int) -> str:
    return f"{(Decimal(epsilon_micro) / MICRO).normalize():f}"


def _expected_error(plan: Plan, above: Above) -> dict[str, Any]:
    """By column of a statement: a half-width at 95 %; of what is made from several measures, that of each.

    None for what is derived; keys have no error.
    """
    own = above.own(plan.aggregations)
    widths, bare = expected_half_widths(above, own, LEVEL), bare_columns(above)
    return {
        column.name: float(widths[column.name])
        if column.name in widths
        else _parts_error(own[0], bare.get(column.name))
        for column in above.columns
        if column.is_noisy
    }


def _parts_error(aggregation: Aggregation, aggregate: int | None) -> Any:
    if aggregate is None:
        return None
    found = aggregation.aggregates[aggregate]
    if found.kind == "quantile":
        quantile = aggregation.quantiles[found.measures[0]]
        return {"rows": float(quantile.drawing.rank_error(quantile.norm))}
    names = ("sum", "count") if found.kind == "avg" else ("sum", "squares", "count")
    parts = (measure_half_width(aggregation.measures[index], LEVEL) for index in found.measures)
    return {name: float(part) for name, part in zip(names, parts, strict=True)}


def _bounds(aggregation: Aggregation, measure: Measure) -> dict[str, Any]:
    return {
        "of": described(aggregation, measure),
        "lower": float(measure.lower_steps * measure.granularity),
        "upper": float(measure.upper_steps * measure.granularity),
        "granularity": float(measure.granularity),
    }


def _clipping(aggregation: Aggregation, measure: Measure) -> dict[str, Any]:
    """The declared norm and its noise; where the query chooses, among which norms, smallest and largest."""
    told = {
        "of": described(aggregation, measure),
        "l2_norm_per_unit": in_units(measure.norm.l2_steps, measure),
        "noise_scale": in_units(measure.noise_scale, measure),
    }
    ends = [in_units(norm.l2_steps, measure) for norm in (measure.norms[0], measure.norms[-1])]
    return told | ({"chosen_between": ends} if measure.choice else {})


def _quantile(aggregation: Aggregation, quantile: QuantileMeasure) -> dict[str, Any]:
    drawing = quantile.drawing
    return {
        "of": quantile_words(aggregation, quantile),
        "lower": float(drawing.bins.lower_steps * quantile.granularity),
        "upper": float(drawing.bins.upper_steps * quantile.granularity),
        "bin_width": float(drawing.bins.width * quantile.granularity),
        "rank_error_rows": float(drawing.rank_error(quantile.norm)),
    }


def _selection(aggregation: Aggregation) -> dict[str, Any]:
    selection = aggregation.selection
    if selection is None:
        raise ValueError("only private keys are selected")
    keys = [expression_text(aggregation.below, key.expression) for key in aggregation.keys]
    return {
        "keys": keys,
        "units_for_an_even_chance": selection.units_at_half(),
        "delta": f"{float(selection.loss.selection_delta):g}",
    }


def _notes(plan: Plan, dataset: LoadedDataset) -> Iterator[str]:
    unit = dataset.card.unit
    yield f"What is protected: all rows of one {unit.noun}."
    yield from _clipping_notes(plan, unit.noun)
    if unit.period:
        yield f"Protection holds per {unit.period}; a whole history is protected only period by period."
    for aggregation in plan.aggregations:
        yield from _groups_notes(aggregation, unit.noun)
    parts = sum(len(part.measures) + len(part.quantiles) for part in plan.aggregations)
    if parts > 1:
        yield f"{parts} measures share the epsilon: each is noisier than it would be alone."
    yield from _families_notes(plan)


def _families_notes(plan: Plan) -> Iterator[str]:
    shares = [hypot(part.spread.own, part.spread.rest / _deviation(part)) for part in plan.measures]
    agreeing = [share for share in shares if share < 1]
    if agreeing:
        low, high = f"{min(agreeing):.2g}", f"{max(agreeing):.2g}"
        yield (
            "Tables of the same rows are made to agree, totals with their parts, which leaves "
            f"{low if low == high else f'{low} to {high}'} of the noise in {len(agreeing)} measures."
        )


def _deviation(measure: Measure) -> float:
    return standard_deviation(measure.mechanism, measure.noise_scale)


def _clipping_notes(plan: Plan, noun: str) -> Iterator[str]:
    pairs = [(part, measure) for part in plan.aggregations for measure in part.measures]
    yield clipping_note((clipping_of(part, measure, is_chosen=False) for part, measure in pairs), noun)
    if any(measure.choice for _, measure in pairs):
        yield (
            "These are the card's norms. A 25th of the budget chooses better ones from how much units really add, so "
            "the noise may be smaller or larger than told here; for a promise ask with accuracy=."
        )


def _groups_notes(aggregation: Aggregation, noun: str) -> Iterator[str]:
    if aggregation.selection is None and aggregation.groups > 1:
        yield f"All {aggregation.groups} groups appear, also those without rows."
    if aggregation.selection is not None:
        units = aggregation.selection.units_at_half()
        yield (
            f"The keys have no public domain: a group appears when enough {noun} units are in it, with an even chance "
            f"at {units} that are in no other group, and at more where they are in many."
        )
