"""The trips workload: a generated table of taxi trips with skewed users, loaded as a provider would load it.

The generator draws the same numbers on every machine, so figures of different days are about the same rows. Files are
made once, under `var/bench`, and made again when the generator, the card or the loader changed.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships without types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships without types
import yaml
from numpy.typing import NDArray

from dp_queries.loading.load import load
from policies.catalogue import Dataset, LoadedDataset, read_card

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "var" / "bench"
CARD = ROOT / "examples" / "cards" / "trips.yaml"
KEY = hashlib.sha256(b"a key of made-up rows, which need no secret").digest()

_SEED = 20250101
_ROWS_AT_ONCE = 2_000_000
_ROW_GROUP = 122_880
_ZONES = 1000
_CATEGORIES = 10
_BOROUGHS = 6
_DAYS = 30
_SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying by it is a bijection: users' numbers carry no order
_MOST_USERS = 1_000_000
_LETTERS = {"k": 10**3, "m": 10**6}
_MADE_BY = (
    Path(__file__),
    ROOT / "dp_queries/loading/load.py",
    ROOT / "dp_queries/loading/physical.py",
    ROOT / "dp_queries/loading/quality.py",
)


@dataclass(frozen=True)
class Size:
    """How large a workload is; ten trips a user, until there are a million users.

    >>> Size("10m").rows, Size("10m").users
    (10000000, 1000000)
    """

    name: str

    @property
    def rows(self) -> int:
        """Rows of the table trips."""
        return int(self.name[:-1]) * _LETTERS[self.name[-1]]

    @property
    def users(self) -> int:
        """Users from whom trips are drawn; a few of a million draw none."""
        return min(self.rows // 10, _MOST_USERS)


@dataclass(frozen=True)
class Trips:
    """A workload that lies ready: its Parquet files in `folder`, and the loaded dataset in the encrypted `file`."""

    size: Size
    folder: Path
    file: Path
    dataset: LoadedDataset


def prepared(size: Size, folder: Path = FOLDER, card: Dataset | None = None) -> Trips:
    """The workload of this size, made and loaded unless it lies there already. `card` replaces the example card."""
    card = card or read_card(yaml.safe_load(CARD.read_text(encoding="utf-8")))
    home = folder / size.name
    home.mkdir(parents=True, exist_ok=True)
    stamp, file = home / "loaded.json", home / "trips.duckdb"
    wanted = _stamp(size, card)
    found = json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() and file.exists() else {}
    if found.get("stamp") != wanted:
        stamp.unlink(missing_ok=True)
        print(f"making {size.rows:,} trips and loading them (once)", file=sys.stderr)
        write_parquet(size, home)
        domains = load(card, home, file, KEY).domains
        dataset = LoadedDataset(card=card, version=wanted[:16], loaded_at=datetime.now(UTC), domains=domains)
        found = {"stamp": wanted, "dataset": dataset.model_dump_json()}
        stamp.write_text(json.dumps(found), encoding="utf-8")
    return Trips(size, home, file, LoadedDataset.model_validate_json(found["dataset"]))


def _stamp(size: Size, card: Dataset) -> str:
    """What the files depend on, as a digest."""
    parts = [size.name.encode(), card.digest().encode(), *(path.read_bytes() for path in _MADE_BY)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def write_parquet(size: Size, folder: Path) -> None:
    """Write trips.parquet and zones.parquet.

    trips(trip_id, user_id, cat10 c0..c9, zone 0..999, fare with 2 % NULL, ts); zones(zone, borough b0..b5).
    A trip's user has rank x with P(x) ~ x^-0.6.
    """
    draw = np.random.Generator(np.random.PCG64(_SEED))
    with pq.ParquetWriter(folder / "trips.parquet", _SCHEMA, compression="zstd") as writer:
        for part in _trips(size, draw):
            writer.write_table(part, row_group_size=_ROW_GROUP)
    boroughs = (_BOROUGHS * draw.random(_ZONES) ** 1.3).astype(int)
    zones = {"zone": pa.array(np.arange(_ZONES, dtype=np.int32)), "borough": [f"b{number}" for number in boroughs]}
    pq.write_table(pa.table(zones), folder / "zones.parquet")


_SCHEMA = pa.schema(
    {
        "trip_id": pa.int64(),
        "user_id": pa.int64(),
        "cat10": pa.string(),
        "zone": pa.int32(),
        "fare": pa.float64(),
        "ts": pa.timestamp("us"),
    }
)


def _trips(size: Size, draw: np.random.Generator) -> Iterator[pa.Table]:
    for first in range(0, size.rows, _ROWS_AT_ONCE):
        count = min(_ROWS_AT_ONCE, size.rows - first)
        # The order of the draws is part of the workload: another order would be other rows.
        users = _users(size, draw.random(count))
        categories = (_CATEGORIES * draw.random(count) ** 1.6).astype(np.int32)
        zones = (_ZONES * draw.random(count) ** 1.8).astype(np.int32)
        fares = np.round(np.exp(2.5 + 0.8 * draw.standard_normal(count)), 2)
        is_null = draw.random(count) < 0.02
        seconds = (draw.random(count) * _DAYS * 86400).astype(np.int64)
        columns = [
            pa.array(np.arange(first, first + count)),
            pa.array(users),
            pa.array([f"c{number}" for number in range(_CATEGORIES)]).take(pa.array(categories)),
            pa.array(zones),
            pa.array(fares, mask=is_null),
            pa.array(np.datetime64("2025-01-01", "us") + seconds.astype("timedelta64[s]")),
        ]
        yield pa.Table.from_arrays(columns, schema=_SCHEMA)


def _users(size: Size, uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    ranks = (size.users * uniform**2.5).astype(np.uint64)
    return ((ranks + np.uint64(1)) * _SCRAMBLE >> np.uint64(20)).astype(np.int64)
