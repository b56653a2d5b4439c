"""Terms at work in the room: what one of several people spent is counted, and the log names what decided."""

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from policies.errors import Refused
from tests.world import RESEARCHER, World

COUNT = "SELECT COUNT(*) AS n FROM visits WHERE clinic = '{name}'"


def test_each_person_has_a_reserve_of_their_own(world: World) -> None:
    people = frozenset({RESEARCHER.account, "wang.fang"})
    uid = world.sign_agreement("reserves", people=people, epsilon_per_person_micro=2_500_000)

    def ask(name: str, epsilon: str, account: str = RESEARCHER.account) -> dict[str, Any]:
        actor = replace(RESEARCHER, account=account)
        return world.ask(COUNT.format(name=name), epsilon=epsilon, actor=actor, agreement=uid)

    def refused(name: str, epsilon: str, account: str = RESEARCHER.account) -> list[str]:
        with pytest.raises(Refused) as caught:
            ask(name, epsilon, account)
        return list(caught.value.facts["policies"])

    assert ask("east", "1")["spent"]["charged"]
    assert ask("north", "1")["spent"]["charged"]
    assert refused("south", "1") == ["epsilon_per_person_micro"]
    assert ask("south", "0.4")["spent"]["charged"]
    assert ask("west", "2", "wang.fang")["spent"]["charged"]
    assert refused("none", "0.1", "eve") == ["people"]


def test_the_log_names_what_decided(world: World) -> None:
    room = world.room
    answered = world.ask(COUNT.format(name="hill"), epsilon="0.1")
    with pytest.raises(Refused) as caught:
        world.ask(COUNT.format(name="hill"), epsilon="0.1", purpose="advertising")
    with room.database.reading() as session:
        agreement = room.agreements.get(session, world.agreement)
        stored = room.log.entries(session, start=0, count=room.log.size(session))
    entries = [json.loads(b64decode(entry["leaf"])) for entry in stored]
    refusal = entries[caught.value.facts["log_index"]]
    outcome = entries[answered["receipt"]["index"]]
    intent = entries[outcome["intent"]]
    assert (intent["policies"], intent["terms"], intent["terms_version"]) == (["agreement"], agreement.digest, 1)
    assert (refusal["policies"], refusal["codes"]) == (["purposes"], ["purpose"])
