"""The front's acts reach the room's log in order, also when the room was away meanwhile."""

import pytest

from enclave_api.app import create_app
from enclave_api.services import accounts, acts
from enclave_api.services.accounts import Account
from policies.errors import Conflict
from tests.both import BOTH
from tests.enclave_api.conftest import OPERATOR, House

STORES = BOTH

LI = Account("li.wei", "researcher", "open-university")


def told(house: House) -> list[str]:
    return [act["act"] for act in house.room.acts]


def test_acts_wait_while_the_room_fails_and_arrive_in_order(house: House) -> None:
    house.room.breaks.add("/acts")
    accounts.create(house.front, LI, by=OPERATOR)
    token = accounts.make_token(house.front, LI.name, days=1, by=OPERATOR)
    accounts.revoke(house.front, token.split("_")[1], by=OPERATOR)
    assert acts.deliver(house.front) == 3
    house.room.breaks.clear()
    house.room.asked.clear()
    assert acts.deliver(house.front) == 0
    assert told(house) == ["account-created", "token-made", "token-revoked"]
    assert [act["detail"]["front_act"] for act in house.room.acts] == [1, 2, 3]
    assert house.room.acts[0]["actor"] == OPERATOR
    assert token.split("_", 2)[2] not in str(house.room.acts)
    assert acts.deliver(house.front) == 0
    assert len(told(house)) == 3


def test_a_start_of_the_front_is_a_chance_to_deliver(house: House) -> None:
    accounts.create(house.front, LI, by=OPERATOR)
    app = create_app(house.settings)
    assert told(house) == ["account-created"]
    app.extensions["jali"].close()


def test_an_act_that_the_room_refuses_does_not_hold_up_later_ones(house: House) -> None:
    house.room.says["/acts"] = {"kind": "request-rejected", "message": "no", "reasons": []}
    assert acts.record(house.front, actor=OPERATOR, act="first", detail={}) == 1
    del house.room.says["/acts"]
    assert acts.record(house.front, actor=OPERATOR, act="second", detail={}) == 0
    assert told(house) == ["first", "first", "second"]


def test_what_did_not_happen_leaves_no_act(house: House) -> None:
    accounts.create(house.front, LI, by=OPERATOR)
    with pytest.raises(Conflict):
        accounts.create(house.front, LI, by=OPERATOR)
    acts.deliver(house.front)
    assert told(house) == ["account-created"]
