"""The methods paragraph of an answer: what a paper would say about how the figures were made."""

from collections.abc import Iterator, Sequence

from dp_queries.answers.answer import Clipping
from dp_queries.answers.wording import quantile_words
from dp_queries.plan import Aggregation, Plan
from policies.catalogue import LoadedDataset
from privacy.loss import MICRO
from privacy.quantiles import Drawing

_MECHANISMS = {
    "laplace": "discrete Laplace noise (Ghosh, Roughgarden and Sundararajan 2012)",
    "gaussian": "discrete Gaussian noise (Canonne, Kamath and Steinke 2020)",
    "permute_and_flip": "permute-and-flip (McKenna and Sheldon 2020)",
    "exponential": "the exponential mechanism (McSherry and Talwar 2007)",
}


def methods_text(plan: Plan, dataset: LoadedDataset, clipping: Sequence[Clipping]) -> str:
    """Mechanism, scales, clipping norms, groups, privacy unit and period, as text; `clipping` is the answer's."""
    unit = dataset.card.unit
    period = f" within one {unit.period}" if unit.period else ""
    is_one = len(plan.statements) == 1
    what, it = (
        ("The answer satisfies", "It was") if is_one else ("The answers of this call together satisfy", "They were")
    )
    head = (
        f"{what} ({plan.epsilon_micro / MICRO:g}, {float(dataset.card.budget.query_delta):g})-"
        f"differential privacy for adding or removing all rows of one {unit.noun}{period}. "
        f"{it} computed on {dataset.card.name}, version {plan.version}."
    )
    parts = iter(clipping)
    told = [(part, [next(parts) for _ in part.measures]) for part in plan.aggregations]
    return " ".join([head, *(sentence for pair in told for sentence in _sentences(*pair, unit.noun))])


def _sentences(aggregation: Aggregation, clipping: Sequence[Clipping], noun: str) -> Iterator[str]:
    if aggregation.selection is None:
        many = f"are {aggregation.groups} public groups" if aggregation.groups > 1 else "is 1 public group"
        yield f"There {many}."
    else:
        yield (
            "Groups were chosen by private partition selection on units "
            "(Gopi et al. 2020; Desfontaines et al. 2022; Wilkins et al. 2024)."
        )
    if aggregation.measures:
        kind = aggregation.measures[0].mechanism
        parts = "; ".join(_clipping_text(part, kind) for part in clipping)
        mechanism = _MECHANISMS[kind]
        yield (
            f"Each {noun}'s contribution over all groups was clipped by its L2 norm, and {mechanism} was added to"
            f" every group: {parts}."
        )
    for quantile in aggregation.quantiles:
        drawing, step = quantile.drawing, float(quantile.granularity)
        yield (
            f"The {quantile_words(aggregation, quantile)} was drawn by {_MECHANISMS[drawing.mechanism]} among bins of "
            f"width {drawing.bins.width * step:g}, rows of one {noun} weighing at most "
            f"{quantile.norm.l2_steps / quantile.norm.grid:g} in L2 over all groups{_ends_text(drawing)}."
        )


def _ends_text(drawing: Drawing) -> str:
    return "" if drawing.rank.is_end else "; the ends of its interval were drawn likewise, at neighbouring ranks"


def _clipping_text(clipping: Clipping, mechanism: str) -> str:
    kind = "scale" if mechanism == "laplace" else "standard deviation"
    how = " (chosen by a noisy histogram of norms, for a 25th of the budget)" if clipping.is_chosen else ""
    return f"{clipping.of}: norm {clipping.norm:g}{how}, {kind} {clipping.noise_scale:.4g}"
