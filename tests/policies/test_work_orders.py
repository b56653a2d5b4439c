"""Work orders: each cause of Art. 11 returns one, all causes at once, and narrowing needs its document."""

from typing import Any

import pytest

from policies.catalogue import read_entry
from policies.entries import Entry
from policies.errors import WorkOrderReturned
from policies.work_orders import MACHINE, WorkOrder, examine
from tests.worlds.entries import entry

COLUMNS = [{"name": "station", "type": "text", "description": "Name of the station"}]
WHY = "The register was moved to another system."


def card(openness: str = "unconditional", **changes: Any) -> dict[str, Any]:
    level = {"unconditional": 1, "non-open": 4}[openness]
    source = {} if openness == "non-open" else {"source": {"csv": "stations.csv"}}
    table = {"name": "stations", "description": "One row a station.", "level": level, "directory": "-"}
    document = entry("stations", "stations.station", openness=openness, **{"provider": "weather-office", **changes})
    kept = {name: part for name, part in document.items() if name not in ("conditions", "materials")}
    return kept | {"tables": [table | source | {"columns": COLUMNS}]}


def order(kind: Any = "revise", proposed: dict[str, Any] | None = None, **changes: Any) -> WorkOrder:
    stated = {"dataset": "stations", "provider": "weather-office", "reason": WHY, "card": proposed, **changes}
    return WorkOrder(kind, **stated)


def listed(**changes: Any) -> Entry:
    return read_entry(card(**changes))


def returned(asked: WorkOrder, now: Entry | None) -> list[str]:
    with pytest.raises(WorkOrderReturned) as refused:
        examine(asked, now)
    return [reason.code for reason in refused.value.reasons]


def test_a_reasoned_order_is_what_will_be_listed():
    assert examine(order("list", card()), None) == listed()
    assert examine(order(proposed=card(title="Stations, moved")), listed()).title == "Stations, moved"


@pytest.mark.parametrize("reason", ["", "   \n ", "因为", "x" * 4001])
def test_without_a_reasonable_reason_it_is_returned(reason: str):
    assert returned(order("list", card(), reason=reason), None) == ["reason"]


def test_every_cause_is_told_at_once():
    proposed = card(title="Data of the NWS", key_fields=["stations.nothing"])
    asked = order("list", proposed, reason="so", dataset="others")
    with pytest.raises(WorkOrderReturned) as refused:
        examine(asked, listed())
    told = [(reason.code, reason.where) for reason in refused.value.reasons]
    assert told == [
        ("card-field", "key_fields.0"),
        ("card-field", "glossary.NWS"),
        ("reason", "reason"),
        ("already-listed", "dataset"),
    ]


def test_an_order_without_a_card_is_incomplete():
    assert "card-field" in returned(order("list", None), None)


def test_what_is_not_listed_can_not_be_changed():
    assert returned(order(proposed=card()), None) == ["not-listed"]
    assert returned(order("make-static"), None) == ["not-listed"]


def test_only_the_provider_changes_its_entry():
    assert returned(order(proposed=card(title="Mine"), provider="others"), listed()) == ["another-provider"]
    taken = card(title="Mine now", provider="others")
    assert returned(order(proposed=taken, provider="others"), listed()) == ["another-provider"]


def test_an_order_that_changes_nothing_is_returned():
    assert returned(order(proposed=card()), listed()) == ["nothing-changed"]
    assert returned(order(proposed=card(), dataset="others"), listed()) == ["another-dataset", "nothing-changed"]


def test_narrowing_needs_a_document_and_widening_does_not():
    closing = order(proposed=card("non-open"))
    assert returned(closing, listed()) == ["narrowing-without-document"]
    supported = order(proposed=card("non-open"), document="ab" * 32)
    assert examine(supported, listed()).openness == "non-open"
    assert examine(order(proposed=card()), read_entry(card("non-open"))).openness == "unconditional"


def test_data_that_stop_become_static_and_stay_open():
    daily = listed(update_frequency="daily")
    static = examine(order("make-static"), daily)
    assert (static.update_frequency, static.openness) == ("static", "unconditional")
    assert static == daily.as_static()
    assert returned(order("make-static"), static) == ["nothing-changed"]
    assert returned(order("make-static", card()), daily) == ["card"]


def test_who_may_do_what():
    assert MACHINE.step("submitted", "accept", "operator") == "accepted"
    assert MACHINE.step("returned", "resubmit", "data-provider") == "submitted"
    assert set(MACHINE.states) == {"submitted", "accepted", "returned", "withdrawn"}
