"""The watch over the log: from what researchers ask to alerts that are entries, each raised once."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import update

from enclave import watch as module
from enclave.misuse import RULES
from enclave.observations import SENSITIVE_LEVEL
from enclave.server import make_app
from enclave.store.log_models import Leaf
from enclave.watch import Watch, alerts_told, keep_watch
from policies.authorization import Actor
from policies.errors import Refused, Unavailable
from tests.both import BOTH_LONG
from tests.world import UNIVERSITY, World, make_world

STORES = BOTH_LONG
THRESHOLDS = {rule.name: rule.threshold for rule in RULES}
MALLORY = Actor("mallory", "researcher", UNIVERSITY, vouched_by="front")


@pytest.fixture
def world(tmp_path: Path, store_url: str | None) -> Iterator[World]:
    """A room of this test's own. It performs nothing: a charge is what the watch sees, and no lane is needed for it."""
    made = make_world(tmp_path / "home", tmp_path / "source", with_lanes=False, store_url=store_url)
    yield made
    made.room.close()


def charge(world: World, sql: str | list[str], **more: Any) -> None:
    with pytest.raises(Unavailable):
        world.ask(sql, epsilon="0.001", **more)


def probe(world: World, times: int, *, first: int = 0) -> None:
    """Ask outside of the terms: for a purpose that was not agreed."""
    for number in range(first, first + times):
        with pytest.raises(Refused):
            world.ask(f"SELECT COUNT(*) AS n{number} FROM visits", actor=MALLORY, purpose="another")


def alerts(world: World) -> list[dict[str, Any]]:
    with world.room.database.reading() as session:
        return alerts_told(session)


def leaf(world: World, index: int) -> dict[str, Any]:
    with world.room.database.reading() as session:
        found: dict[str, Any] = json.loads(world.room.log.leaf(session, index))
    return found


def test_probing_is_found_and_a_restart_finds_nothing_new(world: World) -> None:
    probe(world, THRESHOLDS["probing-terms"] - 1)
    watch = Watch(world.room)
    watch.catch_up()
    assert alerts(world) == []
    probe(world, 1, first=1000)
    watch.catch_up()
    [alert] = alerts(world)
    assert (alert["rule"], alert["account"]) == ("probing-terms", "mallory")
    assert alert["count"] == alert["threshold"] == THRESHOLDS["probing-terms"]
    # The evidence is there for whoever looks it up, and so is the alert itself.
    assert {leaf(world, index)["kind"] for index in alert["entries"]} == {"refusal"}
    assert {leaf(world, index)["account"] for index in alert["entries"]} == {"mallory"}
    told = leaf(world, alert["log_index"])
    assert (told["kind"], told["act"], told["by"]) == ("act", "alert", "room")
    assert set(told) - set(alert) == {"format", "kind", "act", "by"}

    again = Watch(world.room)
    again.catch_up()
    watch.catch_up()
    assert again.position == watch.position > alert["log_index"]
    assert alerts(world) == [alert]


def test_near_duplicates_are_found_in_the_texts_of_what_was_charged(world: World) -> None:
    """Whatever the names, the order and the comments; statements of one call are looked at one by one."""
    charge(world, [near_duplicate(number) for number in range(THRESHOLDS["differencing"] // 2)])
    Watch(world.room).catch_up()
    assert alerts(world) == []
    charge(world, [near_duplicate(number) for number in range(THRESHOLDS["differencing"] // 2, 100)])
    Watch(world.room).catch_up()
    [alert] = alerts(world)
    assert (alert["rule"], alert["agreement"]) == ("differencing", world.agreement)
    assert [leaf(world, index)["kind"] for index in alert["entries"]] == ["intent", "intent"]


def near_duplicate(number: int) -> str:
    where = [f"minutes > {number - 300}.5", "clinic = 'east'"]
    return f"SELECT COUNT(*) AS n FROM visits WHERE {' AND '.join(where[:: (-1) ** number])} -- {number * 7}"


def test_an_intent_says_which_columns_and_aggregates_were_read(world: World) -> None:
    charge(world, "SELECT region, AVG(cost) AS c FROM visits JOIN people USING (person) WHERE minutes > 5 GROUP BY 1")
    with world.room.database.reading() as session:
        index = world.room.log.size(session) - 1
    intent = leaf(world, index)
    assert intent["kind"] == "intent"
    assert {"visits.cost", "visits.minutes", "people.region"} <= set(intent["columns"])
    assert intent["columns"] == sorted(intent["columns"])
    assert intent["aggregates"] == ["avg"]


def test_graded_columns_are_those_of_the_card(world: World) -> None:
    assert SENSITIVE_LEVEL == 3
    with world.room.database.reading() as session:
        graded = module._sensitive(world.room, session, "visits")
        assert module._sensitive(world.room, session, None) == frozenset()
    assert {"visits.cost", "people.region"} <= graded
    assert not {name for name in graded if name.startswith("clinics.")}


def test_the_socket_tells_alerts(world: World) -> None:
    probe(world, THRESHOLDS["probing-terms"])
    Watch(world.room).catch_up()
    told = make_app(world.room).test_client().get("/alerts").get_json()
    assert told == alerts(world) != []
    [entry] = world_entries(world, told[0]["log_index"])
    assert entry["rule"] == "probing-terms"


def world_entries(world: World, index: int) -> list[dict[str, Any]]:
    entries = make_app(world.room).test_client().get(f"/log/entries?start={index}&count=1").get_json()
    return [json.loads(b64decode(entry["leaf"])) for entry in entries]


class Lines:
    """Keeps what the operator is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.first = Event()

    def warning(self, event: str, **facts: Any) -> None:
        self.said.append((event, facts))
        self.first.set()


def test_a_watch_that_fails_is_told_and_begins_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AFTER_FAILURE_SECONDS", 0.05)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)
    probe(world, THRESHOLDS["probing-terms"])
    whole = leaf_body(world, 0)
    write_body(world, 0, b"{")
    lines, stop = Lines(), Event()
    thread = Thread(target=keep_watch, args=(replace(world.room, logger=lines), stop))
    thread.start()
    assert lines.first.wait(20)
    assert alerts(world) == []
    write_body(world, 0, whole)
    for _ in range(400):
        if alerts(world):
            break
        stop.wait(0.05)
    stop.set()
    thread.join(20)
    assert len(alerts(world)) == 1
    event, facts = lines.said[0]
    assert (event, facts["error"]) == ("watch-failed", "JSONDecodeError")


def leaf_body(world: World, index: int) -> bytes:
    with world.room.database.reading() as session:
        return world.room.log.leaf(session, index)


def write_body(world: World, index: int, body: bytes) -> None:
    with world.room.database.writing() as session:
        session.execute(update(Leaf).where(Leaf.index == index).values(body=body))
