"""One invocation, where stories do not look: between charge and answer, over new versions, and in the log."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dp_queries.errors import QueryRejected
from enclave import invocations, ledger
from enclave.loading import load_card
from enclave.requests import read_ask
from enclave.store.models import Invocation, Job
from policies.authorization import Actor
from policies.errors import (
    BudgetExceeded,
    Conflict,
    JaliError,
    NotFound,
    Refused,
    RequestRejected,
    Unavailable,
    Withheld,
)
from tests.both import BOTH_LONG
from tests.world import RESEARCHER, World, make_world, write_csv_files


@pytest.fixture(scope="module", params=BOTH_LONG)
def own_world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world that this file may reload, hold and break."""
    folder = tmp_path_factory.mktemp("world")
    store_url = None if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    made = make_world(folder / "home", folder / "source", store_url=store_url)
    yield made
    made.room.close()


@pytest.fixture
def asker(own_world: World, request: pytest.FixtureRequest) -> World:
    """The world under an agreement of this test's own."""
    name = request.node.name.removeprefix("test_")[:60].replace("[", "-").replace("]", "").lower().strip("-")
    return under(own_world, own_world.sign_agreement(name))


def under(world: World, agreement: str) -> World:
    return World(world.room, world.provider_key, world.university_key, agreement)


def count_where(minutes: int) -> str:
    return f"SELECT COUNT(*) AS n FROM visits WHERE minutes > {minutes}"


def leaves(world: World, since: int) -> list[dict[str, Any]]:
    """What the log says since then about this agreement's invocations."""
    with world.room.database.reading() as session:
        size = world.room.log.size(session)
        found = [json.loads(world.room.log.leaf(session, index)) for index in range(since, size)]
    return [leaf for leaf in found if leaf["kind"] != "act"]


def log_size(world: World) -> int:
    with world.room.database.reading() as session:
        return world.room.log.size(session)


def charges(world: World) -> int:
    with world.room.database.reading() as session:
        return int(ledger.statement(session, world.agreement)["charges"])


def states(world: World) -> list[str]:
    with world.room.database.reading() as session:
        return [job.state for job in session.query(Job).filter(Job.agreement == world.agreement)]


def hold(world: World, target: str) -> None:
    room = world.room
    with room.database.writing() as session:
        room.holds.place(session, target=target, reason="a case", by="officer", now=room.clock())


def lift(world: World, target: str) -> None:
    room = world.room
    with room.database.writing() as session:
        room.holds.lift(session, target=target, by="officer", now=room.clock())


def admitted(world: World, sql: str, **more: Any) -> Any:
    """Charge for a question as `submit` does, and stop there, as if the room died."""
    body = {"agreement": world.agreement, "sql": sql, "epsilon": "0.1", **more}
    question = invocations._question(world.room, RESEARCHER, read_ask(body))
    return question, invocations._admit(world.room, question)


def load_again(world: World, folder: Path, **changes: Any) -> str:
    version: str = load_card(world.room, write_csv_files(folder, **changes), by="operator:test")["version"]
    return version


def test_a_charged_invocation_is_one_intent_and_one_outcome_in_that_order(asker: World) -> None:
    since = log_size(asker)
    answer = asker.ask(count_where(1), epsilon="0.1")
    intent, outcome = leaves(asker, since)
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert intent["plan"] == outcome["plan"] == answer["plan"]["digest"]
    assert outcome["intent"] == answer["receipt"]["index"] - 1
    assert outcome["outcome"] == "answered"
    assert intent["loss"]["events"]
    for leaf in (intent, outcome):
        assert (leaf["account"], leaf["organization"], leaf["vouched_by"]) == ("li.wei", "open-university", "front")
        assert "rows" not in json.dumps(leaf)
    asker.ask(count_where(1), epsilon="0.1")
    [repeated] = leaves(asker, since)[2:]
    assert (repeated["outcome"], repeated["intent"]) == ("repeated", outcome["intent"])
    assert charges(asker) == 1


REFUSED: list[tuple[dict[str, Any], type[JaliError]]] = [
    ({"sql": "SELECT COUNT(*) FROM nothing"}, QueryRejected),
    ({"sql": "SELEC"}, QueryRejected),
    ({"epsilon": "6"}, Refused),
    ({"purpose": "another study"}, Refused),
    ({"actor": Actor("eve", "researcher", "elsewhere", vouched_by="front")}, NotFound),
    ({"actor": Actor("li.wei", "operator", "open-university", vouched_by="front")}, Refused),
]


@pytest.mark.parametrize(("change", "error"), REFUSED, ids=lambda value: str(getattr(value, "kind", value))[:25])
def test_a_refusal_leaves_nothing_charged_and_one_leaf(
    own_world: World, change: dict[str, Any], error: type[JaliError]
) -> None:
    since, before = log_size(own_world), charges(own_world)
    asked: dict[str, Any] = {"sql": count_where(2), "epsilon": "0.1"} | change
    for ask in (own_world.ask, own_world.explain if "actor" not in change else own_world.ask):
        with pytest.raises(error) as caught:
            ask(**asked)
        assert leaves(own_world, caught.value.facts["log_index"])[0]["refused"] == error.kind
    assert [leaf["kind"] for leaf in leaves(own_world, since)] == ["refusal", "refusal"]
    assert charges(own_world) == before


def test_another_organizations_agreement_reads_like_one_that_is_not_there(own_world: World) -> None:
    """Attack 28. Whatever is asked of it: what is wrong with the SQL would tell that there are data to ask."""
    eve = Actor("eve", "researcher", "elsewhere", vouched_by="front")
    missing = replace(own_world, agreement="urn:jali:agreement:missing")
    for sql in (count_where(2), "SELEC", "SELECT COUNT(*) FROM nothing", "SELECT COUNT(nothing) FROM visits"):
        told = []
        for world in (own_world, missing):
            with pytest.raises(NotFound) as caught:
                world.ask(sql, epsilon="0.1", actor=eve)
            told.append({**caught.value.to_json(), "log_index": None})
            assert leaves(world, log_size(world) - 1)[0]["refused"] == "not-found"
        assert told[0] == told[1]


def test_a_refusal_by_the_budget_charges_neither_budget(own_world: World) -> None:
    terms = {"epsilon_micro": 100_000, "epsilon_per_query_micro": 100_000}
    asker = under(own_world, own_world.sign_agreement("a-small-one", **terms))
    asker.ask(count_where(3), epsilon="0.08")
    with own_world.room.database.reading() as session:
        before = [ledger.statement(session, name) for name in (asker.agreement, "people")]
    since = log_size(own_world)
    with pytest.raises(BudgetExceeded):
        asker.ask(count_where(4), epsilon="0.09")
    assert [leaf["kind"] for leaf in leaves(asker, since)] == ["refusal"]
    with own_world.room.database.reading() as session:
        assert [ledger.statement(session, name) for name in (asker.agreement, "people")] == before


def test_a_hold_between_charge_and_answer_keeps_the_charge_until_it_is_lifted(asker: World) -> None:
    since = log_size(asker)
    question, invocation = admitted(asker, count_where(5), idempotency_key="k")
    hold(asker, asker.agreement)
    with pytest.raises(Refused):
        invocations._perform(asker.room, question, invocation)
    assert (states(asker), charges(asker)) == (["charged"], 1)
    lift(asker, asker.agreement)
    answer = asker.ask(count_where(5), epsilon="0.1", idempotency_key="k")
    assert answer["spent"]["charged"]  # this very invocation was
    assert (states(asker), charges(asker)) == (["answered"], 1)
    assert [leaf["kind"] for leaf in leaves(asker, since)] == ["intent", "outcome"]


def test_a_hold_on_a_short_name_an_account_or_a_party_bites(asker: World) -> None:
    for target in (asker.agreement.rpartition(":")[2], "li.wei", "open-university", "health-bureau"):
        hold(asker, target)
        with pytest.raises(Refused) as caught:
            asker.ask(count_where(6), epsilon="0.1")
        assert [reason.code for reason in caught.value.reasons] == ["held"]
        lift(asker, target)
    assert asker.ask(count_where(6), epsilon="0.1")["rows"]


def test_accuracy_costs_as_much_as_it_needs(asker: World) -> None:
    wanted: dict[str, Any] = {"epsilon": None, "accuracy": {"n": "60"}}
    priced = asker.explain(count_where(7), **wanted)
    answer = asker.ask(count_where(7), **wanted)
    assert answer["spent"]["epsilon"] == priced["cost"]["epsilon"]
    [[lower, upper]] = answer["intervals"]["0.95"]["n"]
    assert (upper - lower) / 2 <= 61  # counts are rounded to integers
    dearer = asker.explain(count_where(7), epsilon=None, accuracy={"n": "30"})
    assert float(dearer["cost"]["epsilon"]) > float(priced["cost"]["epsilon"])
    for accuracy in ({"n": "0.000001"}, {"no_such_column": "5"}):
        with pytest.raises(RequestRejected):
            asker.ask(count_where(7), epsilon=None, accuracy=accuracy)
    assert charges(asker) == 1


def test_a_norm_that_is_named_clips_and_is_told(asker: World) -> None:
    named: dict[str, Any] = {"clipping": {"n": "1.5"}}
    assert asker.explain(count_where(7), **named)["clipping"][0]["l2_norm_per_unit"] == 1.5
    answer = asker.ask(count_where(7), **named)
    assert answer["clipping"] == [answer["clipping"][0] | {"l2_norm_per_unit": 1.5, "is_chosen": False}]
    assert "1.5 for rows." in answer["notes"][-1]
    with pytest.raises(RequestRejected):
        asker.ask(count_where(7), clipping={"no_such_column": "5"})


def test_a_purpose_of_the_agreement_is_kept_in_the_log(own_world: World) -> None:
    purposes = frozenset({"a study", "study"})
    asker = under(own_world, own_world.sign_agreement("two-purposes", purposes=purposes))
    since = log_size(asker)
    with pytest.raises(Refused):  # of two purposes one must be named
        asker.ask(count_where(8), epsilon="0.1")
    asker.ask(count_where(8), epsilon="0.1", purpose="study")
    assert [leaf["purpose"] for leaf in leaves(asker, since)[1:]] == ["study", "study"]


def test_a_question_over_new_data_is_a_new_plan_with_a_new_charge(asker: World, tmp_path: Path) -> None:
    first = asker.ask(count_where(9), epsilon="0.5", idempotency_key="old")
    version = load_again(asker, tmp_path, people=40)
    second = asker.ask(count_where(9), epsilon="0.5")
    assert (int(second["version"]), second["version"]) == (int(first["version"]) + 1, version)
    assert second["plan"]["digest"] != first["plan"]["digest"]
    assert second["spent"]["charged"]
    assert charges(asker) == 2
    assert second["rows"][0][0] < first["rows"][0][0] - 500  # and it is of the new data

    # Who sends the old request again gets the old answer, told as what it is, with the receipt that binds it.
    again = asker.ask(count_where(9), epsilon="0.5", idempotency_key="old")
    assert {**again, "remaining": None, "receipt": None} == {**first, "remaining": None, "receipt": None}
    assert again["receipt"]["index"] == first["receipt"]["index"]
    assert charges(asker) == 2


def test_an_old_answer_that_was_never_taken_is_told_as_what_it_is(asker: World, tmp_path: Path) -> None:
    question, invocation = admitted(asker, count_where(10), idempotency_key="k")
    invocations._perform(asker.room, question, invocation)  # ... the room dies; the operator loads anew
    load_again(asker, tmp_path)
    since = log_size(asker)
    answer = asker.ask(count_where(10), epsilon="0.1", idempotency_key="k")
    assert answer["plan"]["digest"] == question.plan.digest
    assert answer["version"] == question.plan.version
    assert leaves(asker, since) == []  # its outcome was logged with the answer, for this very asking
    [told] = leaves(asker, answer["receipt"]["index"])[:1]
    assert (told["plan"], told["version"]) == (question.plan.digest, question.plan.version)
    since = log_size(asker)
    asker.ask(count_where(10), epsilon="0.1", idempotency_key="k")
    assert (leaves(asker, since), charges(asker)) == ([], 1)


def test_a_charge_of_former_data_is_not_performed_on_new_data(asker: World, tmp_path: Path) -> None:
    admitted(asker, count_where(11), idempotency_key="k")
    load_again(asker, tmp_path)
    with pytest.raises(Conflict):
        asker.ask(count_where(11), epsilon="0.1", idempotency_key="k")
    assert (states(asker), charges(asker)) == (["charged"], 1)
    assert asker.ask(count_where(11), epsilon="0.1", idempotency_key="k2")["spent"]["charged"]
    assert charges(asker) == 2


def test_a_withheld_question_stays_withheld_and_others_go_on_after_the_lift(asker: World) -> None:
    room = asker.room
    file = max(room.settings.datasets.glob("*.duckdb"), key=lambda path: path.stat().st_mtime_ns)
    whole = file.read_bytes()
    file.write_bytes(b"damaged" * 1000)
    with pytest.raises(Withheld):  # the child that holds the file open is killed first, else it would answer
        kill_the_child(asker)
        asker.ask(count_where(12), epsilon="0.1", idempotency_key="k")
    file.write_bytes(whole)
    since = log_size(asker)
    with pytest.raises(Refused):
        asker.ask(count_where(13), epsilon="0.1")
    lift(asker, asker.agreement)
    for key in ("k", None):  # its charge was used: fresh noise for it would be a second answer
        with pytest.raises(Withheld) as caught:
            asker.ask(count_where(12), epsilon="0.1", idempotency_key=key)
        assert leaves(asker, caught.value.facts["log_index"])[0]["outcome"] == "withheld"
    assert (states(asker), charges(asker)) == (["withheld"], 1)
    assert asker.ask(count_where(13), epsilon="0.1")["spent"]["charged"]
    assert [leaf["kind"] for leaf in leaves(asker, since)] == ["refusal", "intent", "outcome"]


def kill_the_child(world: World) -> None:
    assert world.room.lanes is not None
    child = world.room.lanes._free.get()
    if child is not None:
        child.kill()
    world.room.lanes._free.put(child)


def test_a_command_line_performs_nothing_and_keeps_the_charge(asker: World) -> None:
    lanes = asker.room.lanes
    object.__setattr__(asker.room, "lanes", None)
    with pytest.raises(Unavailable):
        asker.ask(count_where(14), epsilon="0.1")
    object.__setattr__(asker.room, "lanes", lanes)
    assert states(asker) == ["charged"]
    assert asker.ask(count_where(14), epsilon="0.1")["rows"]
    assert charges(asker) == 1


def test_yesterdays_invocations_do_not_count_today(own_world: World) -> None:
    rare = under(own_world, own_world.sign_agreement("once-a-day", queries_per_day=1))
    rare.ask(count_where(15), epsilon="0.1")
    with pytest.raises(Refused):
        rare.ask(count_where(16), epsilon="0.1")
    with rare.room.database.writing() as session:
        [row] = session.query(Invocation).filter(Invocation.agreement == rare.agreement)
        row.submitted_at -= timedelta(days=1)
    assert rare.ask(count_where(16), epsilon="0.1")["rows"]
