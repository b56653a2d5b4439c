"""How applications were treated, told so that unequal treatment shows (Art. 19). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from statistics import median
from typing import Final

_OUTCOMES: Final[Mapping[str, str]] = {
    "approved": "approved",
    "half-signed": "approved",
    "signed": "approved",
    "refused": "refused",
    "withdrawn": "withdrawn",
}


@dataclass(frozen=True)
class Treated:
    """One application: by whom, for what, its state, how often it was returned, and when it was accepted and decided.

    `is_late` where the provider's time was over before it decided, or is over now.
    """

    dataset: str
    organization: str
    state: str
    returns: int
    accepted_at: datetime | None
    decided_at: datetime | None
    is_late: bool


@dataclass(frozen=True)
class Treatment:
    """How one organization's applications for one dataset went. `median_days` from acceptance to decision."""

    dataset: str
    organization: str
    approved: int
    refused: int
    withdrawn: int
    pending: int
    returns: int
    late: int
    median_days: float | None


def treatment(applications: Iterable[Treated]) -> tuple[Treatment, ...]:
    """The figures of each dataset and organization, by name."""
    ordered = sorted(applications, key=_whose)
    return tuple(_figures(dataset, name, list(found)) for (dataset, name), found in groupby(ordered, _whose))


def _whose(application: Treated) -> tuple[str, str]:
    return application.dataset, application.organization


def _figures(dataset: str, organization: str, found: list[Treated]) -> Treatment:
    outcomes = [_OUTCOMES.get(each.state, "pending") for each in found]
    return Treatment(
        dataset=dataset,
        organization=organization,
        **{name: outcomes.count(name) for name in ("approved", "refused", "withdrawn", "pending")},
        returns=sum(each.returns for each in found),
        late=sum(each.is_late for each in found),
        median_days=_median_days(found),
    )


def _median_days(found: list[Treated]) -> float | None:
    days = [
        (each.decided_at - each.accepted_at).total_seconds() / 86400
        for each in found
        if each.accepted_at is not None and each.decided_at is not None and each.state != "withdrawn"
    ]
    return round(median(days), 1) if days else None
