"""The open list as the public reads it (Art. 9, 25): entries in force, their history, search and filters."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave_api.front import Front
from enclave_api.store.catalogue_models import EntryRow
from policies.catalogue import read_entry
from policies.entries import Entry
from policies.errors import NotFound
from policies.publication import Publication

FILTERS: Final = ("openness", "provider", "update_frequency", "keyword", "format")
"""What the list can be narrowed by, beside words."""
_IN_LISTS: Final = {
    *("name", "title", "description", "provider", "publisher", "keywords", "key_fields", "time_range"),
    *("geographic_range", "formats", "update_frequency", "openness"),
}


def listed(front: Front) -> list[Publication]:
    """Every listed dataset in its newest version, by name."""
    with front.store.reading() as session:
        rows = session.scalars(_newest().order_by(EntryRow.name)).all()
        return [_publication(front, session, row) for row in rows]


def one(front: Front, name: str) -> Publication:
    """A listed dataset. Raises NotFound."""
    with front.store.reading() as session:
        row = session.scalars(_newest().where(EntryRow.name == name)).one_or_none()
        if row is None:
            raise NotFound(f"no dataset {name!r} is listed")
        return _publication(front, session, row)


def versions(front: Front, name: str) -> list[dict[str, Any]]:
    """The history of an entry, newest first: version, time, work order, class, digest. Raises NotFound."""
    with front.store.reading() as session:
        rows = session.scalars(select(EntryRow).where(EntryRow.name == name).order_by(EntryRow.version.desc())).all()
        if not rows:
            raise NotFound(f"no dataset {name!r} is listed")
        return [_version(row) for row in rows]


def search(publications: Sequence[Publication], words: str, filters: Mapping[str, str]) -> list[Publication]:
    """Those that hold every word, in any case, somewhere in what describes them, and have every filtered value."""
    wanted = words.casefold().split()
    return [
        publication
        for publication in publications
        if all(value in _values(publication.entry, name) for name, value in filters.items())
        and all(word in _text(publication.entry) for word in wanted)
    ]


def summary(publication: Publication) -> dict[str, Any]:
    """A dataset in the list: what tells it from similar ones, its class, its version."""
    return {**publication.entry.model_dump(mode="json", include=_IN_LISTS), **_times(publication)}


def whole(publication: Publication) -> dict[str, Any]:
    """A dataset's whole entry, with the causes of its class and the doors that it can have (Art. 9, 14)."""
    classification = publication.entry.classification()
    return {
        "card": publication.entry.model_dump(mode="json"),
        "digest": publication.entry.digest(),
        "causes": list(classification.causes),
        "doors": list(classification.doors),
        **_times(publication),
    }


def _times(publication: Publication) -> dict[str, Any]:
    return {
        "version": publication.version,
        "issued": publication.issued.isoformat(timespec="seconds"),
        "modified": publication.modified.isoformat(timespec="seconds"),
    }


def current(session: Session, name: str) -> Entry | None:
    """The entry that is listed now, or None, in the caller's transaction."""
    row = session.scalars(_newest().where(EntryRow.name == name)).one_or_none()
    return None if row is None else _read(json.dumps(row.card))


def version(session: Session, name: str) -> int:
    """The version of the entry that is listed now; 0 where there is none."""
    return session.scalar(select(func.max(EntryRow.version)).where(EntryRow.name == name)) or 0


def publish(session: Session, entry: Entry, *, work_order: str, front: Front) -> int:
    """List an entry as its next version, in the caller's transaction; the version."""
    row = EntryRow(
        name=entry.name,
        version=version(session, entry.name) + 1,
        card=entry.model_dump(mode="json"),
        work_order=work_order,
        published_at=front.now(),
    )
    session.add(row)
    return row.version


def _newest() -> Any:
    newest = select(EntryRow.name, func.max(EntryRow.version).label("version")).group_by(EntryRow.name).subquery()
    return select(EntryRow).join(newest, (EntryRow.name == newest.c.name) & (EntryRow.version == newest.c.version))


def _publication(front: Front, session: Session, row: EntryRow) -> Publication:
    issued = session.scalar(select(func.min(EntryRow.published_at)).where(EntryRow.name == row.name))
    return Publication(
        entry=_read(json.dumps(row.card)),
        version=row.version,
        issued=issued or row.published_at,
        modified=row.published_at,
        base=front.base,
    )


@lru_cache(maxsize=1024)
def _read(text: str) -> Entry:
    """An entry of the store: checked when it was submitted, read anew with the rules of now."""
    return read_entry(json.loads(text))


def _version(row: EntryRow) -> dict[str, Any]:
    entry = _read(json.dumps(row.card))
    return {
        "version": row.version,
        "published_at": row.published_at.isoformat(timespec="seconds"),
        "work_order": row.work_order,
        "openness": entry.openness,
        "title": entry.title,
        "digest": entry.digest(),
    }


def _text(entry: Entry) -> str:
    """All that describes a dataset, as it is searched."""
    parts = [entry.name, entry.title, entry.description, entry.geographic_range, entry.provider, entry.publisher or ""]
    parts += [*entry.keywords, *entry.glossary, *entry.glossary.values()]
    for table in entry.tables:
        parts += [table.name, table.description]
        parts += [part for column in table.columns for part in (column.name, column.description)]
    return "\n".join(parts).casefold()


def _values(entry: Entry, name: str) -> tuple[str, ...]:
    return {
        "openness": (entry.openness,),
        "provider": (entry.provider,),
        "update_frequency": (entry.update_frequency,),
        "keyword": entry.keywords,
        "format": entry.formats,
    }[name]
