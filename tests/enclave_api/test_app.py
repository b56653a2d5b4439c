"""The API over a socket to a fake room: who may ask what, what is passed on, how it is refused."""

import json
from typing import Any

import pytest

from enclave_api.app import HEADERS, MOST_BODY_BYTES, described_views
from enclave_api.services import accounts
from tests.both import BOTH_LONG
from tests.enclave_api.conftest import OPERATOR, House, bearer
from tests.enclave_api.fake_room import ANSWER, CHECKPOINT

STORES = BOTH_LONG
QUESTION = {"agreement": "urn:jali:agreement:a1", "sql": "SELECT COUNT(*) AS n FROM visits", "epsilon": "0.5"}
OTHERS = "urn:jali:agreement:b1"
MISSING = "urn:jali:agreement:none"
GUARDED = ["/agreements", f"/agreements/{OTHERS}", f"/budget?agreement={OTHERS}", f"/invocations?agreement={OTHERS}",
           "/log/entries?start=0", "/alerts"]  # fmt: skip


def problem(response: Any, status: int, kind: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = response.json
    assert (body["kind"], body["status"], body["type"]) == (kind, status, f"urn:jali:problem:{kind}")
    return body


def test_the_catalogue_and_the_proofs_need_no_account(house: House) -> None:
    assert house.get("/api/v1/datasets").json[0]["card"]["name"] == "visits"
    assert house.get("/api/v1/datasets/visits").json["version"] == "1"
    checkpoint = house.get("/api/v1/log/checkpoint")
    assert (checkpoint.mimetype, checkpoint.text) == ("text/plain", CHECKPOINT)
    assert house.get("/api/v1/log/inclusion?index=1&size=3").json == {"proof": ["AAAA"]}
    assert house.get("/api/v1/log/consistency?from=1&to=3").json == {"proof": []}
    assert house.room.asked[-1] == ("GET", "/log/consistency", {"from": "1", "to": "3"})
    problem(house.get("/api/v1/datasets/nothing"), 404, "not-found")


def test_a_question_reaches_the_room_with_its_actor_and_its_key(house: House) -> None:
    answer = house.post("/api/v1/sql", QUESTION, house.token(), **{"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json) == (200, ANSWER)
    method, path, body = house.room.asked[-1]
    assert (method, path) == ("POST", "/invocations")
    assert body == {
        "actor": {
            "account": "researcher@open-university",
            "role": "researcher",
            "organization": "open-university",
            "vouched_by": "front",
        },
        "door": "sql",
        "accuracy": None,
        "clipping": None,
        "purpose": None,
        "idempotency_key": "k-1",
        **QUESTION,
    }


def test_a_dry_run_goes_to_explain(house: House) -> None:
    assert house.post("/api/v1/explain", QUESTION, house.token()).json == {"cost": {"epsilon": "0.5"}}
    assert house.room.asked[-1][:2] == ("POST", "/explain")


def test_budget_and_invocations_of_the_own_agreement(house: House) -> None:
    token, own = house.token(), QUESTION["agreement"]
    assert house.get(f"/api/v1/budget?agreement={own}", token).json["remaining"] == "7.5"
    assert house.get(f"/api/v1/invocations?agreement={own}", token).json[0]["id"] == "i1"
    assert house.get(f"/api/v1/agreements/{own}", token).json["uid"] == own
    assert [each["uid"] for each in house.get("/api/v1/agreements", token).json] == [own]


@pytest.mark.parametrize(
    "path", ["/agreements/{}", "/budget?agreement={}", "/invocations?agreement={}", "sql", "explain"]
)
def test_another_organizations_agreement_reads_like_one_that_is_not_there(house: House, path: str) -> None:
    def told(uid: str) -> dict[str, Any]:
        if path.startswith("/"):
            response = house.get("/api/v1" + path.format(uid), token)
        else:
            response = house.post(f"/api/v1/{path}", {**QUESTION, "agreement": uid}, token)
        return {name: value for name, value in problem(response, 404, "not-found").items() if name != "instance"}

    token = house.token()
    assert told(OTHERS) == told(MISSING)
    if not path.startswith("/"):  # the room is told who asks: it refuses, and logs it
        assert [asked[2]["actor"]["organization"] for asked in house.room.asked] == ["open-university"] * 2


def test_each_role_sees_the_agreements_that_concern_it(house: House) -> None:
    def seen(role: str, organization: str) -> list[str]:
        return [each["uid"][-2:] for each in house.get("/api/v1/agreements", house.token(role, organization)).json]

    assert seen("researcher", "other") == ["b1"]
    assert seen("data-provider", "health-bureau") == ["a1", "b1"]
    assert seen("data-provider", "open-university") == []
    assert seen("security-officer", "security") == ["a1", "b1"]
    assert seen("regulator", "commission") == ["a1", "b1"]
    assert seen("public", "open-university") == []


@pytest.mark.parametrize("role", [role for role in accounts.ROLES if role != "researcher"])
def test_only_researchers_ask(house: House, role: str) -> None:
    for path in ("/api/v1/sql", "/api/v1/explain"):
        told = problem(house.post(path, QUESTION, house.token(role)), 403, "refused")
        assert [reason["code"] for reason in told["reasons"]] == ["role"]


def test_only_officers_and_regulators_read_entries_and_reading_is_logged(house: House) -> None:
    for role in ("researcher", "data-provider", "operator", "public"):
        problem(house.get("/api/v1/log/entries?start=0", house.token(role)), 403, "refused")
    assert not [act for act in house.room.acts if act["act"] == "log-read"]
    entries = house.get("/api/v1/log/entries?start=4&count=7", house.token("security-officer", "security"))
    assert entries.json == [{"kind": "act"}]
    assert house.room.asked[-1] == ("GET", "/log/entries", {"start": "4", "count": "7"})
    act = house.room.acts[-1]
    assert (act["act"], act["actor"]["account"]) == ("log-read", "security-officer@security")
    assert (act["detail"]["start"], act["detail"]["count"]) == (4, 7)
    assert house.get("/api/v1/log/entries?start=0", house.token("regulator", "commission")).status_code == 200


def test_who_supervises_reads_alerts_and_reading_is_logged(house: House) -> None:
    for role in ("researcher", "data-provider", "public"):
        problem(house.get("/api/v1/alerts", house.token(role)), 403, "refused")
    assert not [act for act in house.room.acts if act["act"] == "alerts-read"]
    for role in ("security-officer", "operator", "regulator"):
        assert house.get("/api/v1/alerts", house.token(role)).json == [{"rule": "burst", "log_index": 7}]
        act = house.room.acts[-1]
        assert (act["act"], act["actor"]["account"]) == ("alerts-read", f"{role}@open-university")
    house.room.breaks.add("/alerts")
    problem(house.get("/api/v1/alerts", house.token("operator")), 503, "unavailable")


def test_without_a_valid_token_all_reads_alike(house: House) -> None:
    good = house.token()
    revoked, expired = house.token(), house.token(days=1)
    accounts.revoke(house.front, revoked.split("_")[1], by=OPERATOR)
    house.clock.advance(days=1)
    wrong_secret = good[:-1] + ("A" if good[-1] != "A" else "B")
    unknown = "jali_zzzzzzzz_" + good.split("_", 2)[2]
    headers: list[dict[str, str]] = [
        bearer(token) for token in (revoked, expired, wrong_secret, unknown, "x", good + "x")
    ]
    headers += [{}, {"Authorization": ""}, {"Authorization": good}, {"Authorization": f"Basic {good}"}]
    told = set()
    for header in headers:
        response = house.client.get("/api/v1/agreements", headers=header)
        body = problem(response, 401, "not-authenticated")
        body.pop("instance")
        told.add((json.dumps(body), response.headers["WWW-Authenticate"]))
    assert len(told) == 1
    assert house.get("/api/v1/agreements", good).status_code == 200


@pytest.mark.parametrize("path", GUARDED)
def test_guarded_routes_ask_for_a_token(house: House, path: str) -> None:
    problem(house.get("/api/v1" + path), 401, "not-authenticated")
    problem(house.post("/api/v1/sql", QUESTION), 401, "not-authenticated")
    assert house.room.asked == []


@pytest.mark.parametrize("key", ["", " ", "a" * 201, "a b", "ä", "a\tb"])
def test_an_idempotency_key_that_can_not_be_kept_is_refused(house: House, key: str) -> None:
    told = problem(
        house.post("/api/v1/sql", QUESTION, house.token(), **{"Idempotency-Key": key}), 400, "request-rejected"
    )
    assert told["reasons"][0]["where"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "query", ["", "start=-1", "start=1.5", "start=x", "start=0&count=0", "start=0&count=1001", "start=" + "9" * 17]
)
def test_numbers_in_the_query_are_checked(house: House, query: str) -> None:
    token = house.token("regulator", "commission")
    problem(house.get(f"/api/v1/log/entries?{query}", token), 400, "request-rejected")


def test_a_body_that_is_too_large_is_refused_in_words(house: House) -> None:
    token = house.token()
    told = problem(house.post("/api/v1/sql", {**QUESTION, "sql": "x" * MOST_BODY_BYTES}, token), 413, "too-large")
    assert str(MOST_BODY_BYTES) in told["detail"]
    filler = "x" * (MOST_BODY_BYTES - len(json.dumps({**QUESTION, "sql": ""})))
    assert house.post("/api/v1/explain", {**QUESTION, "sql": filler}, token).status_code == 200


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_a_body_that_is_not_declared_as_json_is_refused(house: House, content_type: str | None) -> None:
    # A page of another origin can send these without asking the browser's leave, JSON it can't.
    response = house.client.post(
        "/api/v1/sql", data=json.dumps(QUESTION), headers=bearer(house.token()), content_type=content_type
    )
    problem(response, 415, "wrong-media-type")


def test_routes_and_methods_that_are_not_there(house: House) -> None:
    problem(house.get("/api/v1/nothing"), 404, "not-found")
    problem(house.get("/api/v1/datasets/a%2Fb"), 404, "not-found")
    response = house.get("/api/v1/sql")
    problem(response, 405, "wrong-method")
    assert "POST" in response.headers["Allow"]


def test_every_response_is_uncached_and_closed_to_other_origins(house: House) -> None:
    token = house.token()
    house.room.breaks.add("/datasets")
    for path in ("/health", "/api/v1/openapi.json", "/api/v1/nothing", "/api/v1/datasets", "/api/v1/agreements"):
        response = house.client.get(path, headers={**bearer(token), "Origin": "https://elsewhere.test"})
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert not [name for name, _ in response.headers if name.lower().startswith("access-control")]
    assert HEADERS["Cache-Control"] == "no-store"


def test_the_description_is_openapi_3_1_and_names_every_route(house: House) -> None:
    spec = house.get("/api/v1/openapi.json").json
    assert spec["openapi"].startswith("3.1.")
    described = {(path, method) for path, operations in spec["paths"].items() for method in operations}
    assert described == set(described_views(house.client.application))
    sql = spec["paths"]["/api/v1/sql"]["post"]
    assert set(sql["responses"]) == {"200", "400", "401", "403", "404", "405", "409", "413", "415", "422", "500", "503"}
    assert sql["security"] == [{"token": []}]
    assert set(sql["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {
        *QUESTION,
        "accuracy",
        "clipping",
        "purpose",
    }
    assert "security" not in spec["paths"]["/api/v1/datasets"]["get"]
    assert [each["name"] for each in spec["paths"]["/api/v1/datasets/{name}"]["get"]["parameters"]] == ["name"]


def test_health_says_whether_room_and_front_are_separated(house: House) -> None:
    assert house.get("/health").json == {"status": "ok", "separation": "not separated: fake"}
    house.room.breaks.add("/status")
    assert problem(house.get("/health"), 503, "unavailable")


def test_hostile_questions_never_end_in_a_500(house: House) -> None:
    token = house.token()
    for raw in (
        b"{",
        b"[" * 50_000,
        b'{"epsilon": 1e400}',
        b'{"sql": "\\ud800"}',
        b"\x00",
        b'{"epsilon": ' + b"9" * 9999 + b"}",
    ):
        response = house.client.post("/api/v1/sql", data=raw, headers=bearer(token), content_type="application/json")
        problem(response, 400, "request-rejected")
