import logging
from typing import Any

import pytest

import dp_queries.errors
import dp_queries.loading.load
import enclave.audit.errors
from enclave_api.errors import PROBLEMS
from policies.errors import JaliError
from tests.enclave_api.conftest import House

LOADED = (dp_queries.errors, dp_queries.loading.load, enclave.audit.errors)


def kinds(error: type[JaliError] = JaliError) -> set[str]:
    return {error.kind}.union(*(kinds(child) for child in error.__subclasses__()))


def test_the_table_knows_every_kind_of_error_there_is() -> None:
    assert kinds() == set(PROBLEMS)


@pytest.mark.parametrize("kind", sorted(PROBLEMS))
def test_what_the_room_says_is_told_with_reasons_facts_and_log_index(house: House, kind: str) -> None:
    reason = {"code": "column", "message": "visits.cost is not agreed", "where": "columns", "line": 1, "column": 8}
    house.room.says["/datasets"] = {
        "kind": kind, "message": "so it is", "reasons": [reason], "log_index": 7, "needed": "2", "status": "x",
    }  # fmt: skip
    response = house.get("/api/v1/datasets")
    assert response.status_code == PROBLEMS[kind].status
    told = response.json
    assert told.pop("instance").startswith("urn:uuid:")
    assert told == {
        "type": f"urn:jali:problem:{kind}",
        "title": PROBLEMS[kind].title,
        "status": PROBLEMS[kind].status,
        "detail": "so it is",
        "kind": kind,
        "reasons": [reason],
        "log_index": 7,
        "facts": {"needed": "2", "status": "x"},
    }


def test_a_kind_that_nobody_knows_becomes_a_500_without_detail(house: House) -> None:
    house.room.says["/datasets"] = {"kind": "row-17", "message": "Li Wei", "reasons": [{"code": "Li Wei"}], "rows": 5}
    response = house.get("/api/v1/datasets")
    assert (response.status_code, response.json["kind"], response.json["reasons"]) == (500, "error", [])
    assert "detail" not in response.json
    assert "Li Wei" not in response.text


def test_a_failure_of_the_room_is_told_without_its_text(house: House) -> None:
    house.room.breaks.add("/datasets")
    response = house.get("/api/v1/datasets")
    assert (response.status_code, response.json["kind"]) == (503, "unavailable")
    assert response.headers["Retry-After"] == "5"
    assert "Li Wei" not in response.text


def test_an_unforeseen_error_says_nothing_and_forges_no_log_line(house: House, caplog: Any) -> None:
    text = " ".join(("Li", "Wei\nERROR:root:all is well"))  # not in one piece: a traceback shows the line that raised

    def fail() -> None:
        raise RuntimeError(text)

    house.client.application.extensions["jali"].link.datasets = fail
    with caplog.at_level(logging.WARNING):
        response = house.get("/api/v1/datasets")
    assert (response.status_code, response.json["kind"]) == (500, "error")
    assert "Li Wei" not in response.text + caplog.text
    assert response.json["instance"] in caplog.text
    assert "RuntimeError" in caplog.text
