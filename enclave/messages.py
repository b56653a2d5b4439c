"""What the room sends to its workers."""

from dataclasses import dataclass, field
from pathlib import Path

from policies.catalogue import LoadedDataset


@dataclass(frozen=True)
class OpenRequest:
    """Which dataset file to open, and with what; the key never appears in a repr."""

    dataset: LoadedDataset
    file: Path
    key: bytes = field(repr=False)
    memory_bytes: int
