"""What a dataset's opening conditions ask of an agreement (Art. 15, 20): terms that fall short of them are named.

The room holds every agreement against them when it is registered, whoever drafted it. Conditions that are revised later
change nothing in an agreement that is signed; its next amendment has to meet them.
"""

from collections.abc import Iterator
from typing import Final, TypeVar

from policies.card_types import Frozen
from policies.catalogue import Dataset
from policies.conditions import Feedback, Scenario, Security
from policies.entries import Entry
from policies.errors import Reason
from policies.terms import Terms

C = TypeVar("C", bound=Frozen)


def condition(card: Entry, kind: type[C]) -> C | None:
    """The dataset's condition of a kind, or None. There is one of each kind at most, except for others."""
    return next((each for each in card.conditions if isinstance(each, kind)), None)


def unmet(terms: Terms, card: Dataset) -> tuple[Reason, ...]:
    """Every way in which terms fall short of the dataset's conditions; empty when they meet them all."""
    return tuple(reason for check in _CHECKS for reason in check(terms, card))


def _purposes(terms: Terms, card: Dataset) -> Iterator[Reason]:
    stated = condition(card, Scenario)
    for purpose in sorted(terms.purposes - set(stated.purposes) if stated else ()):
        yield Reason("purpose", f"the data are not open for this purpose: {purpose}", "purposes")


def _measures(terms: Terms, card: Dataset) -> Iterator[Reason]:
    stated = condition(card, Security)
    for measure in stated.measures if stated else ():
        if measure not in terms.measures:
            yield Reason("measure", f"the conditions ask for this measure: {measure}", "measures")


def _reports(terms: Terms, card: Dataset) -> Iterator[Reason]:
    stated = condition(card, Feedback)
    if stated is None:
        return
    if terms.reports_every_months > stated.report_months:
        message = f"the conditions ask for a report every {stated.report_months} months"
        yield Reason("reports", message, "reports_every_months")
    if terms.reports_grace_days > stated.grace_days:
        yield Reason("reports", f"the conditions give {stated.grace_days} days of grace", "reports_grace_days")


_CHECKS: Final = (_purposes, _measures, _reports)
