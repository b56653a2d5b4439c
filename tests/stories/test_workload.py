"""A researcher asks several questions in one call: one price, one receipt, answers that agree."""

from collections.abc import Iterator
from typing import Any

import pytest

import jali
from dp_queries.errors import QueryRejected
from enclave import history, ledger
from policies.errors import Refused
from tests.stories.served import Researcher
from tests.stories.test_sql_door import jobs, leaf_of
from tests.world import World

PER_CLINIC = "SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic ORDER BY clinic"
BUSY = "SELECT clinic, COUNT(*) AS n, SUM(cost) AS s FROM visits GROUP BY clinic ORDER BY n DESC LIMIT 2"
TOTAL = "SELECT COUNT(*) AS n FROM visits"
ALL = [PER_CLINIC, BUSY, TOTAL]


def budget(world: World) -> dict[str, str]:
    with world.room.database.reading() as session:
        return ledger.statement(session, world.agreement)


def test_several_are_answered_under_one_charge_and_agree(world: World) -> None:
    before = jobs(world)
    answer = world.ask(ALL, epsilon="1.5")
    clinics, busy, total = answer["answers"]
    counts = dict(clinics["rows"])
    assert [counts[clinic] for clinic, n, _ in busy["rows"]] == [n for _, n, _ in busy["rows"]]
    assert [column["name"] for column in total["columns"]] == ["n"]
    assert answer["spent"] == {"epsilon": "1.5", "delta": "1e-09", "charged": True}
    assert "answers of this call together satisfy (1.5," in answer["methods"]
    assert leaf_of(answer)["plan"] == answer["plan"]["digest"]
    assert jobs(world) == before + 1


def test_asked_again_in_another_order_they_are_free_and_the_same(world: World) -> None:
    texts = [PER_CLINIC, "SELECT AVG(cost) AS a FROM visits", "SELECT AVG(cost) AS mean FROM visits"]
    first = world.ask(texts, epsilon="0.4")
    again = world.ask([texts[1], PER_CLINIC.replace(" n ", " visits ")], epsilon="0.4")
    assert again["spent"] == {"epsilon": "0", "delta": "1e-09", "charged": False}
    assert again["remaining"] == first["remaining"]
    assert again["answers"][1]["rows"] == first["answers"][0]["rows"]
    assert again["answers"][1]["columns"][1]["name"] == "visits"
    assert again["answers"][0] == first["answers"][1]
    assert leaf_of(again)["outcome"] == "repeated"
    assert leaf_of(again)["answer"] != leaf_of(first)["answer"]


def test_a_list_of_one_is_the_plan_of_its_text(world: World) -> None:
    sql = "SELECT COUNT(*) AS n FROM visits WHERE minutes > 77"
    listed, alone = world.ask([sql], epsilon="0.2"), world.ask(sql, epsilon="0.2")
    assert not alone["spent"]["charged"]
    assert alone["rows"] == listed["answers"][0]["rows"]
    assert leaf_of(alone)["answer"] != leaf_of(listed)["answer"]


def test_one_bad_statement_refuses_all_and_charges_nothing(world: World) -> None:
    before = budget(world)
    with pytest.raises(QueryRejected) as refused:
        world.ask([PER_CLINIC, "SELECT person FROM visits", TOTAL])
    assert [reason.where for reason in refused.value.reasons] == ["statement 2"]
    assert refused.value.facts["log_index"] > 0
    with pytest.raises(Refused):
        world.ask(["SELECT VAR_POP(cost) AS v FROM visits", TOTAL])  # an aggregate that the agreement does not have
    assert budget(world) == before


def test_a_dry_run_tells_what_asking_together_is_worth(world: World) -> None:
    before = jobs(world)
    told = world.explain(ALL, epsilon="1.5")
    assert told["cost"]["epsilon"] == "1.5"
    assert [set(part["expected_error"]) for part in told["statements"]] == [{"n"}, {"n", "s"}, {"n"}]
    shared = told["statements"][1]
    assert shared["expected_error_alone"]["n"] > 1.9 * shared["expected_error"]["n"]
    assert jobs(world) == before


def test_an_accuracy_is_kept_in_every_statement(world: World) -> None:
    answer = world.ask([PER_CLINIC, TOTAL], epsilon=None, accuracy={"n": "400"})
    for part in answer["answers"]:
        assert all(high - low <= 800 + 2 for low, high in part["intervals"]["0.95"]["n"])


def test_the_history_shows_all_texts(world: World) -> None:
    world.ask(ALL, epsilon="1.5")
    with world.room.database.reading() as session:
        lines = history.invocations(session, world.agreement)
    assert any(all(text in line["sql"] for text in ALL) for line in lines)


@pytest.fixture(scope="module")
def served(furnished: Researcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Researcher]:
    researcher = furnished.moved_to(tmp_path_factory.mktemp("house"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JALI_STATE", researcher.house.environment["JALI_STATE"])
        with researcher.house.serving():
            yield researcher


@pytest.mark.long
@pytest.mark.alone
def test_through_the_served_house(served: Researcher) -> None:
    with served.connect() as room:
        plans = room.explain(ALL, epsilon=2)
        answers = room.sql(ALL, epsilon=2)
        assert answers.receipt.verify().index == answers.receipt.index
        assert plans.digest == answers.document["plan"]["digest"]
        assert answers.spent == plans.cost == 2
        counts: dict[Any, Any] = dict(answers[0].rows)
        assert all(counts[clinic] == n for clinic, n, _ in answers[1].rows)
        again = room.sql([TOTAL, BUSY, PER_CLINIC], epsilon=2)
        assert [part.rows for part in again] == [part.rows for part in reversed(list(answers))]
        assert again.spent == 0
        again.receipt.verify()
        room.verify(answers.document)
        spent, charges = room.budget().spent, room.budget().charges
        with pytest.raises(jali.QueryRejected) as refused:
            room.sql([TOTAL, "SELECT sky FROM visits"], epsilon=1)
        assert refused.value.reasons[0].where == "statement 2"
        assert refused.value.log_position is not None
        assert (room.budget().spent, room.budget().charges, charges) == (spent, 1, 1)
