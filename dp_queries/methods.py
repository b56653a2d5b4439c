"""The methods paragraph of an answer: what a paper would say about how the figures were made."""

from dp_queries.explain import described, norm_in_units
from dp_queries.plan import Measure, Plan
from policies.catalogue import LoadedDataset
from privacy.loss import MICRO

_MECHANISMS = {
    "laplace": "discrete Laplace noise (Ghosh, Roughgarden and Sundararajan 2012)",
    "gaussian": "discrete Gaussian noise (Canonne, Kamath and Steinke 2020)",
}


def methods_text(plan: Plan, dataset: LoadedDataset) -> str:
    """Mechanism, scales, clipping norms, groups, privacy unit and period, as text. Independent of rows."""
    unit = dataset.card.unit
    period = f" within one {unit.period}" if unit.period else ""
    sentences = [
        f"The answer satisfies ({plan.epsilon_micro / MICRO:g}, {float(dataset.card.budget.query_delta):g})-"
        f"differential privacy for adding or removing all rows of one {unit.noun}{period}.",
        f"It was computed on {dataset.card.name}, version {plan.version}, over {plan.groups} public"
        f" group{'s' if plan.groups > 1 else ''}.",
        f"Each {unit.noun}'s contribution over all groups was clipped by its L2 norm, and"
        f" {_MECHANISMS[plan.measures[0].mechanism]} was added to every group:",
    ]
    return " ".join(sentences) + " " + "; ".join(_measure_text(plan, measure) for measure in plan.measures) + "."


def _measure_text(plan: Plan, measure: Measure) -> str:
    step = measure.granularity / measure.norm.grid
    kind = "scale" if measure.mechanism == "laplace" else "standard deviation"
    return (
        f"{described(plan, measure)}: norm {norm_in_units(measure):g}, {kind} {float(measure.noise_scale * step):.4g}"
    )
