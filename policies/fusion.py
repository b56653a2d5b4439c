"""What an organization could join: the risk of fusing several sources, shown to the reviewer (Art. 19, item 3).

Under differential privacy over one population, answers from several datasets add up in one budget, which the ledger
counts. What it can't count is other populations about the same people, or tables that share a key: those are told here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from policies.catalogue import Dataset
from policies.terms import MICRO, write_decimal

Weight = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Holding:
    """An agreement that the organization holds: on which dataset, its budget, and what of it is spent."""

    agreement: str
    card: Dataset
    epsilon_micro: int
    spent_micro: int


@dataclass(frozen=True)
class Finding:
    """One thing that the reviewer should weigh: how much it matters, in one sentence, and by which agreement."""

    weight: Weight
    agreement: str
    message: str


def assess(card: Dataset, holdings: Iterable[Holding]) -> tuple[Finding, ...]:
    """Every way in which what is asked for could be joined with what the organization has, the weightiest first."""
    found = [finding for holding in holdings for finding in list(_findings(card, holding)) or [_unrelated(holding)]]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.weight)))


_ORDER: tuple[Weight, ...] = ("high", "medium", "low")


def _findings(card: Dataset, holding: Holding) -> Iterator[Finding]:
    other, budget = holding.card, _amount(holding.epsilon_micro)
    spent = f"epsilon {_amount(holding.spent_micro)} of {budget} is spent"
    if other.name == card.name:
        message = f"the organization holds an agreement on this very dataset already; {spent}"
        yield Finding("high", holding.agreement, message)
    elif other.unit.population == card.unit.population:
        message = f"{other.title}: the same {card.unit.noun}s, whose budget counts both together; {spent}"
        yield Finding("medium", holding.agreement, message)
    elif other.unit.noun == card.unit.noun:
        message = (
            f"{other.title}: about each single {card.unit.noun}, too, in another population; "
            f"what both tell of one {card.unit.noun} adds up, and no budget counts it; {spent}"
        )
        yield Finding("high", holding.agreement, message)
    for relation in (*_relations(card, other.name), *_relations(other, card.name)):
        yield Finding("medium", holding.agreement, f"{other.title}: declared relation, {relation}; {spent}")
    if other.name != card.name and (shared := sorted(_identifying(card) & _identifying(other))):
        message = f"{other.title}: fields of the same name that tell units apart: {', '.join(shared)}; {spent}"
        yield Finding("medium", holding.agreement, message)


def _unrelated(holding: Holding) -> Finding:
    return Finding("low", holding.agreement, f"{holding.card.title}: no common unit, relation or field is declared")


def _relations(card: Dataset, name: str) -> list[str]:
    return [f"{relation.kind}: {relation.description}" for relation in card.relations if relation.dataset == name]


def _identifying(card: Dataset) -> set[str]:
    """Names of fields that are about one person or organization (level 3 and above)."""
    return {column.name for table in card.tables for column in table.columns if table.level_of(column) >= 3}


def _amount(micro: int) -> str:
    return write_decimal(Fraction(micro, MICRO))
