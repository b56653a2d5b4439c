"""A researcher's story through the SQL door: price, ask, ask again, be refused, run out of budget."""

import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dp_queries.errors import QueryRejected
from enclave import ledger
from enclave.audit.receipts import check_receipt
from enclave.store.models import Job
from policies.authorization import Actor
from policies.errors import BudgetExceeded, Conflict, NotFound, Refused, Withheld
from tests.world import World

PER_CLINIC = "SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic ORDER BY clinic"


def jobs(world: World) -> int:
    with world.room.database.reading() as session:
        return session.query(Job).count()


def leaf_of(answer: dict[str, Any]) -> dict[str, Any]:
    leaf: dict[str, Any] = json.loads(b64decode(answer["receipt"]["leaf"]))
    return leaf


def test_an_answer_has_everything_that_was_promised(world: World) -> None:
    answer = world.ask(PER_CLINIC, epsilon="2")
    assert [column["name"] for column in answer["columns"]] == ["clinic", "n"]
    assert [row[0] for row in answer["rows"]] == ["east", "north", "south", "west"]
    assert len(answer["intervals"]["0.95"]["n"]) == 4
    assert answer["spent"] == {"epsilon": "2", "delta": "1e-09", "charged": True}
    assert 0 < float(answer["remaining"]["epsilon"]) < 20
    assert "visits" in answer["citation"]
    assert "person" in answer["methods"]
    assert leaf_of(answer)["outcome"] == "answered"
    assert leaf_of(answer)["plan"] == answer["plan"]["digest"]


def test_a_dry_run_is_free_and_charges_nothing(world: World) -> None:
    before = jobs(world)
    shown = world.explain("SELECT clinic, SUM(cost) AS s FROM visits GROUP BY clinic", epsilon="0.7")
    assert shown["cost"]["epsilon"] == "0.7"
    assert shown["expected_error"]["s"] > 0
    assert jobs(world) == before


def test_the_same_question_again_is_free_and_the_same(world: World) -> None:
    first = world.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 30 AND cost < 50", epsilon="0.3")
    again = world.ask("select  count(*) as people from visits where cost < 50.00 and minutes > 30", epsilon="0.3")
    assert again["rows"] == first["rows"]
    assert again["columns"][0]["name"] == "people"
    assert again["intervals"]["0.95"]["people"] == first["intervals"]["0.95"]["n"]
    assert again["spent"] == {"epsilon": "0", "delta": "1e-09", "charged": False}
    assert again["remaining"] == first["remaining"]
    assert leaf_of(again)["outcome"] == "repeated"
    assert again["receipt"]["index"] > first["receipt"]["index"]


def test_another_epsilon_or_agreement_is_another_question(world: World) -> None:
    sql = "SELECT COUNT(*) AS n FROM visits WHERE minutes > 31"
    assert world.ask(sql, epsilon="0.2")["spent"]["charged"]
    assert world.ask(sql, epsilon="0.21")["spent"]["charged"]
    other = World(world.room, world.provider_key, world.university_key, world.sign_agreement("other"))
    assert other.ask(sql, epsilon="0.2")["spent"]["charged"]


def test_an_idempotency_key_answers_once(world: World) -> None:
    sql = "SELECT COUNT(*) AS n FROM visits WHERE minutes > 32"
    first = world.ask(sql, epsilon="0.2", idempotency_key="k1")
    again = world.ask(sql, epsilon="0.2", idempotency_key="k1")
    assert again["rows"] == first["rows"]
    assert (again["id"], again["receipt"]["index"]) == (first["id"], first["receipt"]["index"])
    with pytest.raises(Conflict):
        world.ask(sql, epsilon="0.3", idempotency_key="k1")


def test_an_idempotency_key_is_an_accounts_own(world: World) -> None:
    colleague = Actor("wang.fang", "researcher", "open-university", vouched_by="front")
    first = world.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 33", epsilon="0.2", idempotency_key="k2")
    other = world.ask(
        "SELECT COUNT(*) AS n FROM visits WHERE minutes > 34", epsilon="0.2", idempotency_key="k2", actor=colleague
    )
    assert other["plan"]["digest"] != first["plan"]["digest"]


def test_many_asking_one_question_at_once_are_charged_once(world: World) -> None:
    before = jobs(world)
    sql = "SELECT COUNT(*) AS n FROM visits WHERE minutes > 35"
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: world.ask(sql, epsilon="0.2"), range(8)))
    assert jobs(world) == before + 1
    assert len({json.dumps(answer["rows"]) for answer in answers}) == 1
    assert sum(answer["spent"]["charged"] for answer in answers) == 1


def test_64_threads_race_for_the_last_of_a_budget(world: World) -> None:
    uid = world.sign_agreement("raced", epsilon_micro=700_000, epsilon_per_query_micro=200_000)
    racer = World(world.room, world.provider_key, world.university_key, uid)
    fitting = 700_000 // 200_000  # pure losses add up (the filter's last order), and fewer than this would be a waste

    def ask(number: int) -> bool:
        try:
            return bool(racer.ask(f"SELECT COUNT(*) AS n FROM visits WHERE minutes > {number}", epsilon="0.2")["rows"])
        except BudgetExceeded:
            return False

    with ThreadPoolExecutor(64) as threads:
        answered = list(threads.map(ask, range(64)))
    assert sum(answered) == fitting
    with world.room.database.reading() as session:
        assert ledger.statement(session, uid)["charges"] == str(fitting)


def test_what_the_agreement_forbids_is_refused_with_every_reason(world: World) -> None:
    narrow = world.sign_agreement(
        "narrow",
        columns=frozenset({("visits", "clinic")}),
        aggregates=frozenset({"count"}),
        epsilon_per_query_micro=500_000,
    )
    asker = World(world.room, world.provider_key, world.university_key, narrow)
    with pytest.raises(Refused) as caught:
        asker.ask("SELECT region, SUM(cost) AS s FROM visits JOIN people USING (person) GROUP BY region", epsilon="1")
    text = " ".join(f"{reason.code} {reason.message}" for reason in caught.value.reasons)
    for named in ("cost", "region", "sum", "epsilon"):
        assert named in text
    assert asker.ask(PER_CLINIC, epsilon="0.5")["spent"]["charged"]


def test_a_refusal_is_in_the_log_and_carries_its_position(world: World) -> None:
    with pytest.raises(QueryRejected) as caught:
        world.ask("SELECT person FROM visits")
    index = caught.value.facts["log_index"]
    with world.room.database.reading() as session:
        entry = world.room.log.entries(session, start=index, count=1)[0]
    leaf = json.loads(b64decode(entry["leaf"]))
    assert (leaf["kind"], leaf["refused"]) == ("refusal", "query-rejected")


def test_somebody_elses_agreement_is_refused(world: World) -> None:
    stranger = Actor("eve", "researcher", "elsewhere", vouched_by="front")
    with pytest.raises(NotFound):  # in the same words as what is not there
        world.ask(PER_CLINIC, actor=stranger)
    with pytest.raises(NotFound):
        World(world.room, world.provider_key, world.university_key, "nowhere").ask(PER_CLINIC)


def test_the_budget_ends_and_says_so(world: World) -> None:
    poor = World(
        world.room,
        world.provider_key,
        world.university_key,
        world.sign_agreement("poor", epsilon_micro=1_000_000, epsilon_per_query_micro=1_000_000),
    )
    assert poor.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 40", epsilon="0.6")["spent"]["charged"]
    with pytest.raises(BudgetExceeded) as caught:
        poor.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 41", epsilon="1")
    assert 0 < float(caught.value.facts["remaining"]) < 1
    assert poor.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 40", epsilon="0.6")["rows"]


def test_the_day_ends_and_says_so(world: World) -> None:
    uid = world.sign_agreement("rare", queries_per_day=2)
    rare = World(world.room, world.provider_key, world.university_key, uid)
    for minutes in (50, 51):
        rare.ask(f"SELECT COUNT(*) AS n FROM visits WHERE minutes > {minutes}", epsilon="0.1")
    with pytest.raises(Refused):
        rare.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 52", epsilon="0.1")


def test_an_expired_agreement_is_refused(fresh_world: World) -> None:
    room, now = fresh_world.room, datetime.now(UTC).replace(microsecond=0)
    uid = fresh_world.sign_agreement("old", expires_at=now + timedelta(hours=1))
    object.__setattr__(room, "clock", lambda: now + timedelta(hours=1))
    with pytest.raises(Refused) as caught:
        fresh_world.ask(PER_CLINIC, agreement=uid)
    assert [reason.code for reason in caught.value.reasons] == ["expired"]


def test_a_hold_bites_at_once_and_a_lift_opens_again(fresh_world: World) -> None:
    room = fresh_world.room
    with room.database.writing() as session:
        room.holds.place(session, target="visits", reason="a case", by="officer", now=room.clock())
    with pytest.raises(Refused) as caught:
        fresh_world.ask(PER_CLINIC)
    assert caught.value.reasons[0].code == "held"
    with room.database.writing() as session:
        room.holds.lift(session, target="visits", by="officer", now=room.clock())
    assert fresh_world.ask(PER_CLINIC)["spent"]["charged"]


def test_a_breach_is_withheld_charged_and_shuts_the_door(fresh_world: World) -> None:
    # The dataset's file is damaged behind the room's back: the engine fails, as no admissible data could make it.
    room = fresh_world.room
    file = next(room.settings.datasets.glob("*.duckdb"))
    file.write_bytes(b"damaged" * 1000)
    with pytest.raises(Withheld) as caught:
        fresh_world.ask(PER_CLINIC)
    assert "damaged" not in str(caught.value.to_json())
    assert jobs(fresh_world) == 1
    with pytest.raises(Refused):
        fresh_world.ask("SELECT COUNT(*) AS n FROM visits")


def test_a_question_whose_room_died_is_performed_under_the_charge_it_has(fresh_world: World) -> None:
    from enclave import invocations
    from enclave.requests import read_ask
    from tests.world import RESEARCHER

    ask = read_ask({"agreement": fresh_world.agreement, "sql": PER_CLINIC, "epsilon": "1"})
    question = invocations._question(fresh_world.room, RESEARCHER, ask)
    invocations._admit(fresh_world.room, question)  # ... and here the room dies
    answer = fresh_world.ask(PER_CLINIC, epsilon="1")
    assert answer["spent"]["charged"] is False
    assert jobs(fresh_world) == 1
    assert len(answer["rows"]) == 4


def test_every_receipt_proves_its_leaf(world: World) -> None:
    world.ask(PER_CLINIC, epsilon="2")
    receipt = world.ask(PER_CLINIC, epsilon="2")["receipt"]
    room = world.room
    assert check_receipt(receipt, origin=room.log.origin, public_key=room.log.public_key)["outcome"] == "repeated"
