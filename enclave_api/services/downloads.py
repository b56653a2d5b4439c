"""Unconditionally open data for anybody (Art. 17): whole files, and rows a page at a time. No account, no application.

The files were written by the operator's load. What is on hold (Art. 31) is not handed out; where the room can't say
whether it is, nothing is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # pyarrow ships no types

from enclave_api.front import Front
from enclave_api.services import entries
from policies.entries import Entry
from policies.errors import NotFound, Reason, Refused, RequestRejected

Json = dict[str, Any]
MEDIA: Final = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
MOST_ROWS: Final = 10_000


@dataclass(frozen=True)
class Download:
    """A file that anybody may have: where it lies, its media type, the digest of its bytes, which version it is of."""

    path: Path
    media: str
    digest: str
    version: str


def facts(front: Front, name: str) -> Json:
    """The current version of an open dataset: when it was loaded, its files' digests, the figures of its tables."""
    return _current(front, _open(front, name))


def file(front: Front, name: str, file_name: str) -> Download:
    """A table's file. Raises NotFound, and Refused where the dataset is not open, or on hold."""
    entry = _open(front, name)
    current = _current(front, entry)
    ending = file_name.rpartition(".")[2]
    if file_name not in current["files"] or ending not in MEDIA:
        raise NotFound(f"the dataset {name} has no file {file_name!r}")
    path = front.open_files / entry.name / current["version"] / file_name
    return Download(path, MEDIA[ending], current["files"][file_name], current["version"])


def rows(front: Front, name: str, table: str, *, columns: Sequence[str], offset: int, limit: int) -> Json:
    """Rows of a table in the file's order, at most MOST_ROWS. Raises as `file`, and RequestRejected."""
    found = file(front, name, f"{table}.parquet")
    with pq.ParquetFile(found.path) as parquet:
        known = parquet.schema_arrow.names
        unknown = [column for column in columns if column not in known]
        if unknown or not 1 <= limit <= MOST_ROWS:
            reasons = [
                Reason("unknown-column", f"the table has no column {column[:60]}", "columns") for column in unknown
            ]
            if not 1 <= limit <= MOST_ROWS:
                reasons.append(Reason("out-of-range", f"1 to {MOST_ROWS} rows at a time", "limit"))
            raise RequestRejected("the request has faults", tuple(reasons))
        wanted = list(columns) or known
        return {
            "version": found.version,
            "total": parquet.metadata.num_rows,
            "offset": offset,
            "rows": _page(parquet, wanted, offset, limit),
        }


def _page(parquet: Any, columns: list[str], offset: int, limit: int) -> list[Json]:
    """The rows, read from the row groups that hold them alone."""
    begins, rows = 0, []
    for group in range(parquet.num_row_groups):
        size = parquet.metadata.row_group(group).num_rows
        if begins < offset + limit and offset < begins + size:
            start = max(offset - begins, 0)
            length = min(offset + limit - begins, size) - start
            rows += parquet.read_row_group(group, columns=columns).slice(start, length).to_pylist()
        begins += size
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else value.isoformat()


def _open(front: Front, name: str) -> Entry:
    entry = entries.one(front, name).entry
    if entry.openness != "unconditional":
        reason = Reason("openness", f"the dataset is {entry.openness}", "dataset")
        raise Refused("these data are not handed out", (reason,))
    if holds := [hold for hold in front.link.holds() if hold["target"] in (name, entry.provider)]:
        reason = Reason("held", "the dataset is suspended while a report is examined", "dataset")
        raise Refused("these data are not handed out now", (reason,), holds=[hold["log_index"] for hold in holds])
    return entry


def _current(front: Front, entry: Entry) -> Json:
    found = _stored(front, entry.name)
    if found is None:
        raise NotFound(f"the dataset {entry.name} is listed, and its files are not loaded yet")
    if found["card"] != entry.digest():
        # A column that is no longer listed may have been closed for a reason.
        reason = Reason("another-card", "the files are those of another version of the entry", "dataset")
        raise Refused("these data are not handed out now", (reason,))
    return found


def version(front: Front, name: str) -> str:
    """The version of the files that are there; empty where there are none."""
    found = _stored(front, name)
    return "" if found is None else str(found["version"])


def _stored(front: Front, name: str) -> Json | None:
    try:
        found: Json = json.loads((front.open_files / name / "current.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found
