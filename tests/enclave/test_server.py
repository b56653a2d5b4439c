"""The room's end of the socket: every route, what it takes and what it refuses, and that it never tells too much."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from enclave.audit import tlog
from enclave.config import Settings
from enclave.room import open_room
from enclave.server import MOST_BODY_BYTES, make_app
from tests.world import UNIVERSITY, World, signed_document

ACTOR = {"account": "li.wei", "role": "researcher", "organization": UNIVERSITY}
SQL = "SELECT COUNT(*) AS n FROM visits WHERE minutes > 60"


@pytest.fixture(scope="module")
def client(world: World) -> FlaskClient:
    return make_app(world.room).test_client()


def ask(world: World, **changes: Any) -> dict[str, Any]:
    return {"actor": ACTOR, "agreement": world.agreement, "door": "sql", "sql": SQL, "epsilon": "0.1"} | changes


def refusal(response: Any) -> dict[str, Any]:
    assert response.status_code == 400
    body: dict[str, Any] = response.get_json()
    assert body["message"]
    return body


def test_status(world: World, client: FlaskClient) -> None:
    status = client.get("/status").get_json()
    assert status["doors"] == ["sql"]
    assert b64decode(status["log"]["key"]) == world.room.log.public_key
    assert status["hardened"] is False  # this test's process; a served room says true
    assert status["separation"].startswith("not separated")


def test_datasets(client: FlaskClient) -> None:
    [dataset] = client.get("/datasets").get_json()
    assert dataset == client.get("/datasets/visits").get_json()
    assert (dataset["card"]["name"], dataset["version"]) == ("visits", "1")
    assert "report" not in dataset  # its figures are exact
    assert refusal(client.get("/datasets/others"))["kind"] == "not-found"


def test_agreements(world: World, client: FlaskClient) -> None:
    document = signed_document(world.room, world.provider_key, world.university_key, "through-the-socket")
    uid = client.post("/agreements", json={"document": document}).get_json()["uid"]
    assert client.get(f"/agreements/{uid}").get_json() == document
    assert document in client.get(f"/agreements?organization={UNIVERSITY}").get_json()
    assert client.get("/agreements?organization=nobody").get_json() == []
    assert document in client.get("/agreements").get_json()
    assert refusal(client.get("/agreements/nothing"))["kind"] == "not-found"
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    for bad in (
        {},
        {"document": "x"},
        {"document": deep},
        {"document": document | {"proof": deep}},
        {"document": document | {"uid": "urn:jali:agreement:other"}},
    ):
        assert refusal(client.post("/agreements", json=bad))["kind"] == "agreement-rejected"


def test_a_question_its_price_its_answer_and_its_trace(world: World, client: FlaskClient) -> None:
    assert client.post("/explain", json=ask(world)).get_json()["cost"]["epsilon"] == "0.1"
    answer = client.post("/invocations", json=ask(world)).get_json()
    assert answer["spent"] == {"epsilon": "0.1", "delta": "1e-09", "charged": True}
    newest = client.get(f"/invocations?agreement={world.agreement}").get_json()[0]
    assert (newest["id"], newest["outcome"], newest["sql"]) == (answer["id"], "answered", SQL)
    budget = client.get(f"/budget?agreement={world.agreement}").get_json()
    assert budget["remaining"] == answer["remaining"]["epsilon"]
    for route in ("/invocations", "/budget"):
        assert refusal(client.get(route))["kind"] == "not-found"


def test_the_log_proves_itself(world: World, client: FlaskClient) -> None:
    room = world.room
    response = client.get("/log/checkpoint")
    assert response.mimetype == "text/plain"
    head = tlog.open_checkpoint(response.get_data(as_text=True), origin=room.log.origin, public_key=room.log.public_key)
    [entry] = client.get("/log/entries?start=1&count=1").get_json()
    proof = client.get(f"/log/inclusion?index=1&size={head.size}").get_json()["proof"]
    hash_of_leaf = tlog.leaf_hash(b64decode(entry["leaf"]))
    tlog.check_inclusion(hash_of_leaf, 1, head.size, [b64decode(step) for step in proof], head.root)
    assert client.get(f"/log/consistency?from={head.size}&to={head.size}").get_json()["proof"] == []
    assert client.get(f"/log/consistency?from=1&to={head.size}").get_json()["proof"]
    assert refusal(client.get(f"/log/inclusion?index={head.size + 99}&size=1"))["kind"] == "not-found"


@pytest.mark.parametrize("number", ["", "-1", "1.5", "x", "٣", "1e3", "0x1", " 1", "1_0", "9" * 16, "9" * 5000, "NaN"])
def test_what_is_no_number_is_told_so(client: FlaskClient, number: str) -> None:
    for route, names in {
        "entries": ("start", "count"),
        "inclusion": ("index", "size"),
        "consistency": ("from", "to"),
    }.items():
        for name in names:
            body = refusal(client.get(f"/log/{route}", query_string=dict.fromkeys(names, "1") | {name: number}))
            assert (body["kind"], body["reasons"][0]["where"]) == ("request-rejected", name)


def test_nobody_reads_the_whole_log_at_once(client: FlaskClient) -> None:
    assert len(client.get("/log/entries?start=0&count=999999999999999").get_json()) <= 1000


def test_an_act_of_the_front_is_a_leaf(world: World, client: FlaskClient) -> None:
    act = {"actor": ACTOR, "act": "token-made", "detail": {"account": "li.wei", "prefix": "abcdefgh"}}
    index = client.post("/acts", json=act).get_json()["log_index"]
    with world.room.database.reading() as session:
        leaf = json.loads(world.room.log.leaf(session, index))
    # The front can't forge an act of the room or of its operator: what it says is marked as its own.
    assert (leaf["act"], leaf["by"], leaf["vouched_by"]) == ("front:token-made", "li.wei", "front")
    assert leaf["detail"] == act["detail"]
    for bad in (act | {"detail": {"value": 1.5}}, act | {"detail": {"n": 2**60}}, act | {"actor": None}):
        assert refusal(client.post("/acts", json=bad))["kind"] == "request-rejected"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"7", b"\xff", b"[" * 100_000, b"9" * 5000])
@pytest.mark.parametrize("route", ["/explain", "/invocations", "/agreements", "/acts"])
def test_a_body_that_is_no_json_object_is_told_so(client: FlaskClient, route: str, body: bytes) -> None:
    assert refusal(client.post(route, data=body))["kind"] == "request-rejected"


def test_a_question_with_faults_names_each_field(world: World, client: FlaskClient) -> None:
    for route in ("/explain", "/invocations"):
        body = refusal(client.post(route, json={"actor": ACTOR, "epsilon": "NaN", "sql": "", "agreement": 3}))
        assert {reason["where"] for reason in body["reasons"]} == {"epsilon", "sql", "agreement"}
        assert refusal(client.post(route, json=ask(world, actor={})))["kind"] == "request-rejected"


def test_a_refused_question_says_where_it_is_logged(world: World, client: FlaskClient) -> None:
    body = refusal(client.post("/invocations", json=ask(world, sql="SELECT person FROM visits")))
    assert body["kind"] == "query-rejected"
    [entry] = client.get(f"/log/entries?start={body['log_index']}&count=1").get_json()
    assert json.loads(b64decode(entry["leaf"]))["refused"] == "query-rejected"


def test_what_nobody_foresaw_tells_nothing(tmp_path: Path) -> None:
    room = open_room(Settings.from_environment({"JALI_HOME": str(tmp_path)}), with_lanes=False)
    with room.database.writing() as session:
        session.execute(text("DROP TABLE dataset_version"))
        session.execute(text("INSERT INTO budget VALUES ('secret-people', 1, '0', '0', '[]', '0', 0)"))
        session.execute(text("INSERT INTO dataset VALUES ('visits', 'secret-people', '1')"))
    response = make_app(room).test_client().get("/datasets/visits")
    assert response.status_code == 500
    assert response.get_json() == {"kind": "unavailable", "message": "the room could not answer", "reasons": []}
    room.close()


def test_there_is_nothing_else(client: FlaskClient) -> None:
    for response in (client.get("/nothing"), client.delete("/datasets/visits"), client.get("/static/x")):
        assert response.status_code == 500
        assert response.get_json()["kind"] == "unavailable"
    assert client.post("/explain", data=b"x" * (MOST_BODY_BYTES + 1)).status_code == 500
