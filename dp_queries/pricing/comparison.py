"""What the statements of a workload would be like one by one: what asking them together is worth, free to know."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from dp_queries.plan import Above, Plan
from dp_queries.planner import analyse
from dp_queries.pricing.accuracy import expected_half_widths
from dp_queries.pricing.explain import explain_together
from dp_queries.pricing.offers import priced
from policies.catalogue import LoadedDataset
from policies.errors import RequestRejected

LEVEL: Final = 0.95


def explain_workload(
    texts: Sequence[str], plan: Plan, dataset: LoadedDataset, clipping: Mapping[str, Fraction]
) -> dict[str, Any]:
    """What the plan of these statements will cost and how noisy each is, also beside being asked alone."""
    return explain_together(plan, dataset, one_by_one(texts, dataset, plan, clipping))


def one_by_one(
    texts: Sequence[str], dataset: LoadedDataset, plan: Plan, clipping: Mapping[str, Fraction]
) -> list[dict[str, Fraction]]:
    """Half-widths at 95 % of each statement's counts and sums, were it asked alone with an equal part of epsilon.

    Empty where that is too little.
    """
    part = plan.epsilon_micro // len(texts)
    if part < 1:
        return [{} for _ in texts]
    return [
        _alone(text, dataset, part, {name: norm for name, norm in clipping.items() if name in names})
        for text, names in zip(texts, map(_noisy_names, plan.statements), strict=True)
    ]


def _noisy_names(above: Above) -> frozenset[str]:
    return frozenset(column.name for column in above.columns if column.is_noisy)


def _alone(
    text: str, dataset: LoadedDataset, epsilon_micro: int, clipping: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    query = analyse(text, dataset, clipping=clipping)
    try:
        aggregations, _ = priced(query, epsilon_micro)
    except RequestRejected:
        return {}
    return expected_half_widths(query.layers.statements[0], aggregations, LEVEL)
