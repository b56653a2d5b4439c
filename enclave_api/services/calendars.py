"""Working calendars that the operator loaded, year by year (Art. 19); deadlines follow from what is loaded now."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave_api.front import Front
from enclave_api.services.acts import note
from enclave_api.store.catalogue_models import CalendarRow
from policies.canonical import digest
from policies.working_days import WorkingCalendar, read_published_year

Json = dict[str, Any]


def calendar(session: Session) -> WorkingCalendar:
    """The calendar of now, in the caller's transaction; read once in it, though a list asks for each of its lines."""
    if "calendar" not in session.info:
        rows = session.scalars(select(CalendarRow).order_by(CalendarRow.year))
        session.info["calendar"] = WorkingCalendar(tuple(read_published_year(row.calendar) for row in rows))
    found: WorkingCalendar = session.info["calendar"]
    return found


def load(front: Front, document: Any, *, by: Mapping[str, Any]) -> Json:
    """Take a year's published calendar, in place of an earlier one. Raises RequestRejected with every fault."""
    published = read_published_year(document)
    with front.store.writing() as session:
        session.merge(CalendarRow(year=published.year, calendar=document, loaded_at=front.now()))
        detail = {"year": published.year, "calendar": digest(document)}
        note(session, actor=by, act="calendar-loaded", detail=detail, now=front.now())
    return _told(document)


def listed(front: Front) -> list[Json]:
    """Every loaded calendar, by year."""
    with front.store.reading() as session:
        return [_told(row.calendar) for row in session.scalars(select(CalendarRow).order_by(CalendarRow.year))]


def _told(document: Mapping[str, Any]) -> Json:
    counts = {name: len(document[name]) for name in ("days_off", "workdays")}
    return {"year": document["year"], "source": document["source"], **counts}
