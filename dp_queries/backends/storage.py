"""How a column is kept in a loaded dataset, as public facts: what `loading.physical` wrote, seen from a reader."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from policies.catalogue import LoadedDataset

StorageKind = Literal["enum", "text", "steps", "integer", "double", "boolean", "date", "timestamp"]


@dataclass(frozen=True)
class Storage:
    """A column's physical kind; an ENUM's texts in order; the granularity of steps (1 for integers)."""

    kind: StorageKind
    domain: tuple[str, ...] = ()
    granularity: Fraction = Fraction(1)


def storage(dataset: LoadedDataset, table: str, column: str) -> Storage:
    """The storage of a card's column. Raises KeyError for what the card does not have."""
    held = dataset.card.table(table)
    described = held.column(column) if held else None
    if described is None:
        raise KeyError(f"{table}.{column}")
    if described.type == "text":
        domain = described.domain or dataset.domains.get(f"{table}.{column}")
        return Storage("enum", tuple(map(str, domain))) if domain else Storage("text")
    if (clamping := described.clamping()) is not None:
        return Storage("steps", granularity=clamping.granularity)
    return Storage("double" if described.type == "number" else described.type)
