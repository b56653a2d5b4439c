"""Loading a dataset from its card: read, check, write an encrypted file, and only then let it answer.

A bad load leaves the last good version in place (Art. 16): the new file is written beside the old ones and its version
is entered in one transaction at the end.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dp_queries.loading.load import load
from enclave import open_loading
from enclave.room import Room
from policies.catalogue import Dataset, LoadedDataset, OpenDataset, read_entry
from policies.errors import CardRejected, Reason, Unavailable

MOST_CARD_BYTES = 1 << 20


def load_card(room: Room, path: Path, *, by: str) -> dict[str, Any]:
    """Load the card at `path`; what was found, for the operator. Raises CardRejected or LoadRejected.

    Of an unconditionally open dataset files are written that anybody may have (Art. 17); of others an encrypted one.
    """
    card = read_entry(_document(path))
    with _only_one(room.settings.datasets, card.name):
        if isinstance(card, OpenDataset):
            return open_loading.load_open(room, card, path.parent, by=by)
        if not isinstance(card, Dataset):
            reason = Reason("openness", f"nothing of {card.openness} data is loaded", "openness")
            raise CardRejected("the card has faults", (reason,))
        return _load(room, card, path.parent, by=by)


def _load(room: Room, card: Dataset, base: Path, *, by: str) -> dict[str, Any]:
    with room.database.reading() as session:
        room.datasets.check_population(session, card)
        room.withdrawals.check_loadable(session, card.name)
        version = room.datasets.next_version(session, card.name)
    key = room.vault.new_key()
    file = room.settings.datasets / f"{card.name}-{version}.duckdb"
    file.unlink(missing_ok=True)  # left by a load that was killed before it was entered
    with _Bar(card) as bar:
        result = load(card, base, file, key, progress=bar.show)
    loaded = LoadedDataset(card=card, version=version, loaded_at=room.clock(), domains=result.domains)
    with room.database.writing() as session:
        room.withdrawals.check_loadable(session, card.name)
        index = room.datasets.add_version(
            session,
            loaded,
            report=result.report.to_json(),
            file=file,
            wrapped_key=room.vault.wrap(card.name, key),
            by=by,
            now=room.clock(),
        )
    return {"dataset": card.name, "version": version, "log_index": index, "report": result.report.to_json()}


@contextmanager
def _only_one(folder: Path, dataset: str) -> Iterator[None]:
    """Two loads at once would write one version's file under two keys, and neither could be opened."""
    with (folder / f"{dataset}.lock").open("w") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"another load of {dataset} is running") from None
        yield


def _document(path: Path) -> Any:
    try:
        if path.stat().st_size > MOST_CARD_BYTES:
            raise CardRejected(f"{path} is larger than a card can be (1 MB)")
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CardRejected(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CardRejected(f"{path} can't be read: {type(error).__name__}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else None
        raise CardRejected(f"{path} is not YAML", (Reason("yaml", error.problem or "can't be read", where),)) from None
    except (yaml.YAMLError, RecursionError):
        raise CardRejected(f"{path} is not YAML") from None
    except ValueError:  # YAML reads dates and numbers itself, and says no more than that it can't
        reason = Reason("yaml", "a date, a time or a number in it does not exist (February 30?)")
        raise CardRejected(f"{path} can't be read", (reason,)) from None


class _Bar:
    """A progress bar on stderr; on a pipe, one line a stage."""

    def __init__(self, card: Dataset) -> None:
        self._card = card.name
        self._stage = ""
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._task = self._progress.add_task(f"loading {card.name}", total=1.0)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def show(self, stage: str, fraction: float) -> None:
        if stage != self._stage and self._progress.disable:
            print(f"loading {self._card}: {stage}", file=sys.stderr)
        self._stage = stage
        self._progress.update(self._task, completed=fraction, description=f"loading {self._card}: {stage}")
