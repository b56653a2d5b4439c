"""What a plan will cost and how noisy it will be, in words and numbers that no row can change; free to ask."""

from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any, Final

from dp_queries.accuracy import bare_aggregate, expected_half_widths, measure_half_width
from dp_queries.expressions import ColumnRef, Expression
from dp_queries.plan import Measure, Plan
from policies.catalogue import LoadedDataset
from privacy.loss import MICRO

LEVEL: Final = 0.95


def explain(plan: Plan, dataset: LoadedDataset) -> dict[str, Any]:
    """Price, expected error, bounds, clipping norms and slot of a plan as JSON; independent of rows (DESIGN 3)."""
    return {
        "cost": {"epsilon": _decimal(plan.epsilon_micro), "delta": f"{float(dataset.card.budget.query_delta):g}"},
        "mechanism": plan.measures[0].mechanism,
        "groups": plan.groups,
        "expected_error": _expected_error(plan),
        "bounds": [_bounds(plan, measure) for measure in plan.measures if measure.kind == "sum"],
        "clipping": [_clipping(plan, measure) for measure in plan.measures],
        "slot_seconds": float(plan.slot_seconds),
        "notes": _notes(plan, dataset),
    }


def described(plan: Plan, measure: Measure) -> str:
    """What a measure is, in the query's words."""
    what = {"rows": "rows", "units": "units", "present": "values present", "sum": "sum"}[measure.kind]
    return f"{what} of {_expression_text(plan, measure.value)}" if measure.value is not None else what


def norm_in_units(measure: Measure) -> float:
    """The clipping norm in the column's unit."""
    return float(Fraction(measure.norm.l2_steps, measure.norm.grid) * measure.granularity)


def clipping_note(plan: Plan, noun: str) -> str:
    """What an interval does not cover, by the plan alone; how much of it concerns these rows would be an answer."""
    norms = dict.fromkeys(f"{norm_in_units(measure):g} for {described(plan, measure)}" for measure in plan.measures)
    return (
        f"Of one {noun} at most so much counts (L2 norm over all groups): {', '.join(norms)}. "
        "± covers the noise, not what this leaves out."
    )


def _decimal(epsilon_micro: int) -> str:
    return f"{(Decimal(epsilon_micro) / MICRO).normalize():f}"


def _expected_error(plan: Plan) -> dict[str, Any]:
    """By column: a half-width at 95 %, two of them for an average, None for what is derived; keys have no error."""
    bare = expected_half_widths(plan.above, plan.aggregates, plan.measures, LEVEL)
    found: dict[str, Any] = {}
    for column, sql in zip(plan.above.columns, plan.above.select, strict=True):
        aggregate = bare_aggregate(sql)
        if column.name in bare:
            found[column.name] = float(bare[column.name])
        elif aggregate is not None:
            total, count = (plan.measures[index] for index in plan.aggregates[aggregate].measures)
            found[column.name] = {
                name: float(measure_half_width(part, LEVEL)) for name, part in (("sum", total), ("count", count))
            }
        elif column.is_noisy:
            found[column.name] = None
    return found


def _bounds(plan: Plan, measure: Measure) -> dict[str, Any]:
    return {
        "of": described(plan, measure),
        "lower": float(measure.lower_steps * measure.granularity),
        "upper": float(measure.upper_steps * measure.granularity),
        "granularity": float(measure.granularity),
    }


def _clipping(plan: Plan, measure: Measure) -> dict[str, Any]:
    return {
        "of": described(plan, measure),
        "l2_norm_per_unit": norm_in_units(measure),
        "noise_scale": float(measure.noise_scale / measure.norm.grid * measure.granularity),
    }


def _notes(plan: Plan, dataset: LoadedDataset) -> list[str]:
    unit = dataset.card.unit
    notes = [f"What is protected: all rows of one {unit.noun}.", clipping_note(plan, unit.noun)]
    if unit.period:
        notes.append(f"Protection holds per {unit.period}; a whole history is protected only period by period.")
    if plan.groups > 1:
        notes.append(f"All {plan.groups} groups appear, also those without rows.")
    if len(plan.measures) > 1:
        share = sqrt(len(plan.measures)) if plan.measures[0].mechanism == "gaussian" else len(plan.measures)
        notes.append(
            f"{len(plan.measures)} measures share the epsilon: each has {share:.3g} times the noise it had alone."
        )
    return notes


def _expression_text(plan: Plan, expression: Expression) -> str:
    """A short text of a row-level expression, of our own making."""
    if isinstance(expression, ColumnRef):
        return f"{plan.below.relations[expression.relation].table}.{expression.column}"
    arguments = getattr(expression, "arguments", None)
    if arguments is None:
        return str(getattr(expression, "value", ""))
    parts = [_expression_text(plan, argument) for argument in arguments]
    operator = getattr(expression, "operator", "")
    return f"({f' {operator} '.join(parts)})" if len(parts) > 1 else f"{operator}({parts[0]})"
