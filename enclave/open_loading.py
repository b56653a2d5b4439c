"""Loading unconditionally open data (Art. 17): files that the front hands to anybody, a version at a time.

They lie in a folder that both may read and only who loads may write. A version is whole before it is current, and what
is current changes after its leaf is in the log; a bad load leaves the last good version where it is.
"""

import json
from hashlib import file_digest
from pathlib import Path
from typing import Any

from dp_queries.loading.open_files import OpenReport, write_open_files
from enclave.registry.acts import append_act
from enclave.room import Room
from policies.catalogue import OpenDataset
from policies.terms import write_time

CURRENT = "current.json"


def load_open(room: Room, card: OpenDataset, base: Path, *, by: str) -> dict[str, Any]:
    """Write the next version's files; what was found, for the operator. Raises LoadRejected."""
    home = room.settings.open_files / card.name
    home.mkdir(parents=True, exist_ok=True)
    version = str(1 + max((int(each.name) for each in home.iterdir() if each.name.isdigit()), default=0))
    folder = home / version
    folder.mkdir()
    reports = write_open_files(card, base, folder)
    now = room.clock()
    files = {file.name: _digest(file) for file in sorted(folder.iterdir())}
    with room.database.writing() as session:
        facts = {"dataset": card.name, "version": version, "card": card.digest(), "files": files}
        index = append_act(room.log, session, "open-load", by=by, now=now, **facts)
    _make_current(
        home, folder, {"version": version, "card": card.digest(), "loaded_at": write_time(now), "files": files}, reports
    )
    told = [report.to_json() for report in reports]
    return {"dataset": card.name, "version": version, "log_index": index, "report": told}


def _digest(file: Path) -> str:
    with file.open("rb") as read:
        return file_digest(read, "sha256").hexdigest()


def _make_current(home: Path, folder: Path, facts: dict[str, Any], reports: tuple[OpenReport, ...]) -> None:
    """Let everybody read the version, and name it as the current one, in one rename."""
    draft = home / f".{CURRENT}.{folder.name}"
    draft.write_text(json.dumps(facts | {"tables": [report.to_json() for report in reports]}, ensure_ascii=False))
    for readable in (home.parent, home, folder):
        readable.chmod(0o755)
    for file in (*folder.iterdir(), draft):
        file.chmod(0o644)
    draft.replace(home / CURRENT)
