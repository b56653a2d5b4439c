"""The operation report (Art. 38) and the resource map (Art. 25): figures of the whole platform, as JSON or CSV."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from enclave_api.front import Front
from enclave_api.services import entries, treatment
from enclave_api.services.accounts import Account
from enclave_api.services.acts import record
from enclave_api.store.matter_models import MatterRow
from policies.entries import Entry
from policies.errors import Reason, RequestRejected
from policies.terms import write_time
from policies.working_days import SHANGHAI

Json = dict[str, Any]
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def report(front: Front, account: Account, first: str, last: str) -> Json:
    """The figures of the days from `first` to `last`, both included, in Shanghai. The reading is noted before."""
    begins, ends = _period(first, last)
    record(front, actor=account.actor(), act="operation-report", detail={"first": first, "last": last})
    room = front.link.operation(write_time(begins), write_time(ends))
    listed = [publication.entry for publication in entries.listed(front)]
    awaited = Counter(line["standing"] for line in front.link.awaited_reports())
    minutes = room["minutes"]
    return {
        "first": first,
        "last": last,
        "uptime": round(room["minutes_served"] / minutes, 5) if minutes else None,
        "datasets": dict(Counter(entry.openness for entry in listed)),
        "matters": _matters(front, begins, ends),
        "applications": treatment.statistics(front, account),
        "reports_awaited": dict(awaited),
        **room,
    }


def as_table(figures: Json) -> str:
    """The same figures as CSV: the path to each, and its value."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(("figure", "value"))
    table.writerows(_flat(figures, ""))
    return written.getvalue()


def resource_map(front: Front) -> Json:
    """The listed datasets and how they hang together: relations that are declared, and populations that are one."""
    listed = [publication.entry for publication in entries.listed(front)]
    names = {entry.name for entry in listed}
    declared = [
        {"from": entry.name, "to": relation.dataset, "kind": relation.kind, "description": relation.description}
        for entry in listed
        for relation in entry.relations
        if relation.dataset in names
    ]
    return {"datasets": [_node(entry) for entry in listed], "relations": [*declared, *_same_population(listed)]}


def _node(entry: Entry) -> Json:
    unit = getattr(entry, "unit", None)
    return {
        "name": entry.name,
        "title": entry.title,
        "provider": entry.provider,
        "openness": entry.openness,
        "tables": len(entry.tables),
        "population": unit and unit.population,
    }


def _same_population(listed: list[Entry]) -> Iterator[Json]:
    """Datasets about the same units share one budget for life; whoever applies for one should know of the other."""
    about = [(entry, entry.unit.population) for entry in listed if hasattr(entry, "unit")]
    for number, (one, population) in enumerate(about):
        for other, same in about[number + 1 :]:
            if population == same:
                message = f"one budget for life: {population}"
                yield {"from": one.name, "to": other.name, "kind": "same-population", "description": message}


def _matters(front: Front, begins: datetime, ends: datetime) -> Json:
    """How many matters of each kind were opened in the period, by where they stand now."""
    counted = (
        select(MatterRow.matter, MatterRow.state, func.count())
        .where(MatterRow.opened_at >= begins, MatterRow.opened_at < ends)
        .group_by(MatterRow.matter, MatterRow.state)
    )
    found: dict[str, dict[str, int]] = {}
    with front.store.reading() as session:
        for matter, state, count in session.execute(counted):
            found.setdefault(matter, {})[state] = count
    return found


def _period(first: str, last: str) -> tuple[datetime, datetime]:
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
        if not _FIRST_YEAR <= days[0].year <= days[1].year < _LAST_YEAR:
            raise ValueError(days)
    except ValueError:
        reason = Reason(
            "wrong-value", "a day is written as 2026-01-31, and the last does not lie before the first", "first"
        )
        raise RequestRejected("the period can't be read", (reason,)) from None
    if days[1] < days[0]:
        reason = Reason("wrong-value", "the last day lies before the first", "last")
        raise RequestRejected("the period can't be read", (reason,))
    begins, after = (datetime.combine(day, time(), SHANGHAI) for day in (days[0], days[1] + timedelta(days=1)))
    return begins.astimezone(UTC), after.astimezone(UTC)


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _flat(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            named = isinstance(part, list) and len(part) == 2 and isinstance(part[0], str)
            yield from _flat(part[1], f"{path}.{part[0]}") if named else _flat(part, f"{path}.{number}")
    else:
        yield path, value
