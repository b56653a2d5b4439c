"""The body of an answer: kept whole, told under the names of each asking, and bound by its digest."""

from typing import Any

import pytest

from dp_queries.answer import Answer, Clipping
from dp_queries.plan import OutputColumn
from enclave import answers
from tests.enclave.test_lanes import work
from tests.world import World

SQL = "SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic"
STATEMENT = {"epsilon": "20", "spent": "1", "remaining": "19", "delta": "1e-06", "charges": "1"}


@pytest.fixture(scope="module")
def kept(world: World) -> dict[str, Any]:
    plan = work(world, SQL).plan
    columns = (OutputColumn("clinic", "text", False), OutputColumn("n", "integer", True))
    clipping = (Clipping("rows", 12.5, 3.0, is_chosen=True, left_out=40.0),)
    answer = Answer(columns, [["east", 7]], {"0.95": {"n": [(1.0, 13.0)]}}, ("a note",), clipping)
    with world.room.database.reading() as session:
        return answers.kept(answer, plan, world.room.datasets.get(session, "visits"))


def test_what_is_kept_tells_all_but_what_an_asking_costs(kept: dict[str, Any], world: World) -> None:
    assert (kept["dataset"], kept["version"], kept["rows"]) == ("visits", "1", [["east", 7]])
    assert kept["citation"] == "Jali's tests, visits. Version 1. Answered by Jali under differential privacy."
    assert "differential privacy" in kept["methods"]
    assert "norm 12.5 (chosen by a noisy histogram" in kept["methods"]
    assert "12.5 for rows (chosen privately)" in kept["notes"][-1]
    assert kept["clipping"][0]["left_out"] == 40.0
    assert Clipping.from_json(kept["clipping"][0]).to_json() == kept["clipping"][0]
    plan = work(world, SQL).plan
    assert kept["plan"] == {"digest": plan.digest, "mechanism": plan.measures[0].mechanism, "groups": 4}


def test_an_asking_that_was_charged_costs_its_price_and_another_nothing(kept: dict[str, Any]) -> None:
    body = answers.told(kept, is_charged=True, statement=STATEMENT)
    assert body["spent"] == {"epsilon": "1", "delta": "1e-09", "charged": True}
    assert body["remaining"] == {"epsilon": "19", "delta": "1e-06", "of": "20"}
    assert "price" not in body
    assert answers.told(kept, is_charged=False, statement=STATEMENT)["spent"]["epsilon"] == "0"


def test_a_stored_answer_takes_the_names_of_this_asking(kept: dict[str, Any], world: World) -> None:
    plan = work(world, "SELECT clinic AS place, COUNT(*) AS visits FROM visits GROUP BY clinic").plan
    renamed = answers.relabelled(kept, plan)
    assert [column["name"] for column in renamed["columns"]] == ["place", "visits"]
    assert renamed["intervals"] == {"0.95": {"visits": kept["intervals"]["0.95"]["n"]}}
    assert renamed["rows"] == kept["rows"]
    assert [column["name"] for column in kept["columns"]] == ["clinic", "n"]


def test_two_columns_may_swap_their_names(world: World) -> None:
    stored = {"columns": [{"name": "a"}, {"name": "b"}], "intervals": {"0.95": {"a": 1, "b": 2}}, "rows": []}
    plan = work(world, "SELECT COUNT(*) AS b, COUNT(cost) AS a FROM visits").plan
    renamed = answers.relabelled(stored, plan)
    assert renamed["columns"] == [{"name": "b"}, {"name": "a"}]
    assert renamed["intervals"] == {"0.95": {"b": 1, "a": 2}}


def test_the_digest_binds_columns_rows_and_intervals_and_nothing_else(kept: dict[str, Any]) -> None:
    digest = answers.digest_of(kept)
    assert answers.digest_of(kept | {"methods": "other", "version": "2"}) == digest
    for change in ({"rows": [["east", 8]]}, {"columns": []}, {"intervals": {}}):
        assert answers.digest_of(kept | change) != digest
