"""The body of an answer: kept whole, told as each asking wants it, and bound by its digest."""

from dataclasses import replace
from typing import Any

import pytest

from dp_queries.answers.answer import Answer, Answers, Clipping
from dp_queries.answers.wording import too_noisy_note
from dp_queries.plan import OutputColumn, Plan
from enclave import answers
from policies.errors import Conflict
from tests.enclave.test_lanes import work
from tests.world import World

SQL = "SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic"
TOTAL = "SELECT COUNT(*) AS b, COUNT(cost) AS a FROM visits"
STATEMENT = {"epsilon": "20", "spent": "1", "remaining": "19", "delta": "1e-06", "charges": "1"}
CLINICS = Answer(
    (OutputColumn("clinic", "text", False), OutputColumn("n", "integer", True)),
    [["east", 7]],
    {"0.95": {"n": [[1.0, 13.0]]}},
    ("a note",),
)
NUMBERS = Answer(
    (OutputColumn("b", "integer", True), OutputColumn("a", "integer", True)),
    [[7, 6]],
    {"0.95": {"b": [[5.0, 9.0]], "a": [[4.0, 8.0]]}},
    (),
)


def kept_of(world: World, plan: Plan, *statements: Answer) -> dict[str, Any]:
    clipping = Clipping("rows", 12.5, 3.0, is_chosen=True, left_out=40.0)
    released = Answers(statements, (clipping,) * len(plan.measures))
    with world.room.database.reading() as session:
        return answers.kept(released, plan, world.room.datasets.get(session, "visits"))


@pytest.fixture(scope="module")
def kept(world: World) -> dict[str, Any]:
    return kept_of(world, work(world, SQL).plan, CLINICS)


def test_what_is_kept_tells_all_but_what_an_asking_costs(kept: dict[str, Any], world: World) -> None:
    assert (kept["dataset"], kept["version"], kept["answers"][0]["rows"]) == ("visits", "1", [["east", 7]])
    assert kept["citation"] == "Jali's tests, visits. Version 1. Answered by Jali under differential privacy."
    assert "differential privacy" in kept["methods"]
    assert "norm 12.5 (chosen by a noisy histogram" in kept["methods"]
    assert "12.5 for rows (chosen privately)" in kept["notes"][-1]
    assert kept["clipping"][0]["left_out"] == 40.0
    assert Clipping.from_json(kept["clipping"][0]).to_json() == kept["clipping"][0]
    plan = work(world, SQL).plan
    assert kept["plan"] == {"digest": plan.digest, "mechanism": plan.measures[0].mechanism, "groups": 4}


def test_one_text_is_answered_by_the_body_itself_and_a_list_by_a_list(kept: dict[str, Any], world: World) -> None:
    plan = work(world, SQL).plan
    alone, listed = (answers.asked_for(kept, plan, is_list=is_list) for is_list in (False, True))
    assert alone["rows"] == [["east", 7]]
    assert alone["notes"] == ["a note", *kept["notes"]]
    assert "answers" not in alone
    assert listed["answers"] == [CLINICS.to_json()]
    assert listed["notes"] == kept["notes"]


def test_an_asking_that_was_charged_costs_its_price_and_another_nothing(kept: dict[str, Any]) -> None:
    body = answers.told(kept, is_charged=True, statement=STATEMENT)
    assert body["spent"] == {"epsilon": "1", "delta": "1e-09", "charged": True}
    assert body["remaining"] == {"epsilon": "19", "delta": "1e-06", "of": "20"}
    assert "price" not in body
    assert answers.told(kept, is_charged=False, statement=STATEMENT)["spent"]["epsilon"] == "0"


def test_a_stored_answer_takes_the_names_of_this_asking(kept: dict[str, Any], world: World) -> None:
    plan = work(world, "SELECT clinic AS place, COUNT(*) AS visits FROM visits GROUP BY clinic").plan
    renamed = answers.asked_for(kept, plan, is_list=False)
    assert [column["name"] for column in renamed["columns"]] == ["place", "visits"]
    assert renamed["intervals"] == {"0.95": {"visits": [[1.0, 13.0]]}}
    assert renamed["rows"] == [["east", 7]]
    assert [column["name"] for column in kept["answers"][0]["columns"]] == ["clinic", "n"]


def test_two_columns_may_swap_their_names(world: World) -> None:
    stored = kept_of(world, work(world, TOTAL).plan, NUMBERS)
    plan = work(world, "SELECT COUNT(*) AS a, COUNT(cost) AS b FROM visits").plan
    renamed = answers.asked_for(stored, plan, is_list=False)
    assert [column["name"] for column in renamed["columns"]] == ["a", "b"]
    assert renamed["intervals"] == {"0.95": {"a": [[5.0, 9.0]], "b": [[4.0, 8.0]]}}


def test_several_are_told_in_the_order_of_this_asking(world: World) -> None:
    stored = kept_of(world, work(world, (SQL, TOTAL)).plan, CLINICS, NUMBERS)
    swapped = work(world, (TOTAL, SQL.replace(" n ", " visits "), TOTAL)).plan
    told = answers.asked_for(stored, swapped, is_list=True)
    assert [answer["rows"] for answer in told["answers"]] == [[[7, 6]], [["east", 7]], [[7, 6]]]
    assert told["answers"][1]["columns"][1]["name"] == "visits"


def test_answers_of_other_data_are_told_to_who_got_them_first_and_to_nobody_else(world: World) -> None:
    plan = work(world, (SQL, TOTAL)).plan
    stored = kept_of(world, plan, CLINICS, NUMBERS)
    older = stored | {"plan": stored["plan"] | {"digest": "of another domain"}}
    told = answers.asked_for(older, plan, is_list=True, as_stored=True)
    assert [answer["rows"] for answer in told["answers"]] == [[["east", 7]], [[7, 6]]]
    with pytest.raises(Conflict):
        answers.asked_for(older, plan, is_list=True)
    alone = older | {"answers": older["answers"][:1]}
    assert answers.asked_for(alone, work(world, SQL).plan, is_list=False)["rows"] == [["east", 7]]
    with pytest.raises(Conflict):  # its columns are others
        answers.asked_for(alone, work(world, TOTAL.replace("AS a", "AS a, 1 AS c")).plan, is_list=False)


def test_an_answer_of_other_data_is_not_found_by_what_its_statement_is_now(world: World) -> None:
    """Under another card a text may be what another text was: a condition that always holds is dropped."""
    plan = work(world, (SQL, TOTAL)).plan
    stored = kept_of(world, plan, CLINICS, NUMBERS)
    names = [answer["statement"] for answer in stored["answers"]]
    renamed = [answer | {"statement": name} for answer, name in zip(stored["answers"], reversed(names), strict=True)]
    older = stored | {"answers": renamed, "plan": stored["plan"] | {"digest": "of another card"}}
    told = answers.asked_for(older, plan, is_list=True, as_stored=True)
    assert [answer["rows"] for answer in told["answers"]] == [[["east", 7]], [[7, 6]]]


def test_a_note_names_the_columns_of_this_asking(world: World) -> None:
    noisy = replace(CLINICS, notes=(too_noisy_note("n"), "a note"))
    stored = kept_of(world, work(world, SQL).plan, noisy)
    told = answers.asked_for(stored, work(world, SQL.replace(" n ", " visits ")).plan, is_list=True)
    assert told["answers"][0]["notes"] == [too_noisy_note("visits"), "a note"]


def test_the_digest_binds_columns_rows_and_intervals_and_nothing_else(kept: dict[str, Any], world: World) -> None:
    plan = work(world, SQL).plan
    for is_list in (False, True):
        body = answers.asked_for(kept, plan, is_list=is_list)
        digest = answers.digest_of(body)
        assert answers.digest_of(body | {"methods": "other", "version": "2"}) == digest
        for change in ({"rows": [["east", 8]]}, {"columns": []}, {"intervals": {}}):
            altered = {"answers": [body["answers"][0] | change]} if is_list else change
            assert answers.digest_of(body | altered) != digest
