"""Bad input through the served house: told clearly, charged never, and the house goes on.

By raw HTTP as any program may send it, and by the client as a researcher meets it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

import httpx
import pytest

import jali
from tests.stories.served import ROOT, House, Researcher

SQL = "SELECT COUNT(*) AS n FROM visits"
PARSES_NOT = "SELEC COUNT(*) FRM visits"
A_MEGABYTE = "SELECT COUNT(*) FROM visits WHERE minutes > 1" + " OR minutes > 1" * 70_000


@dataclass
class Standing:
    """A furnished house that serves, and what its researchers hold."""

    house: House
    researcher: Researcher
    agreement: str
    expired: str
    expired_file: str
    stranger: str
    revoked: str

    def send(self, route: str = "sql", *, token: str | None = None, content: str | None = None, **changes: Any) -> Any:
        """POST a question, good but for what is changed; `content` is sent as it stands."""
        question = {"agreement": self.agreement, "sql": SQL, "epsilon": "0.5"} | changes
        headers = {"Authorization": f"Bearer {self.researcher.token if token is None else token}"}
        headers["Content-Type"] = "application/json"
        body = json.dumps(question) if content is None else content
        return httpx.post(f"{self.house.url}/api/v1/{route}", content=body, headers=headers, timeout=60)

    def budget(self) -> Any:
        headers = {"Authorization": f"Bearer {self.researcher.token}"}
        query = {"agreement": self.agreement}
        return httpx.get(f"{self.house.url}/api/v1/budget", params=query, headers=headers, timeout=60).json()


@pytest.fixture(scope="module")
def standing(furnished: Researcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    researcher = furnished.moved_to(tmp_path_factory.mktemp("house"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JALI_STATE", researcher.house.environment["JALI_STATE"])
        with researcher.house.serving():
            yield standing_of(researcher)


def standing_of(researcher: Researcher) -> Standing:
    house = researcher.house
    now = datetime.now(UTC)
    # What ended already can't be registered; so it ends while the rest is prepared.
    ends_at = now + timedelta(seconds=12)
    ended = {"not_before": now - timedelta(days=9), "expires_at": ends_at}
    expired = house.grant("expired", **{name: time.strftime("%Y-%m-%dT%H:%M:%SZ") for name, time in ended.items()})
    house.run("enclave_api", "account", "create", "eve", "--role", "researcher", "--organization", "elsewhere")
    stranger = house.run("enclave_api", "account", "token", "eve")["token"]
    revoked = house.run("enclave_api", "account", "token", "li.wei")["token"]
    house.run("enclave_api", "account", "revoke", revoked.split("_")[1])
    sleep(max(0.0, (ends_at - datetime.now(UTC)).total_seconds()))
    uids = [json.loads(path.read_text())["uid"] for path in (researcher.agreement, expired)]
    return Standing(house, researcher, *uids, str(expired), stranger, revoked)


@pytest.fixture
def nothing_charged(standing: Standing) -> Iterator[None]:
    """Around a test: the budget is what it was, and the house answers."""
    before = standing.budget()
    yield
    assert standing.budget() == before
    assert standing.house.is_up()


def told(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem, after checking that it is one (RFC 9457) and has something for a human to read."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (problem["kind"], problem["status"], problem["type"]) == (kind, status, f"urn:jali:problem:{kind}")
    assert len(problem["title"].split()) >= 3
    assert len(problem["detail"].split()) >= 3
    assert all(len(reason["message"].split()) >= 3 for reason in problem["reasons"])
    for ours in ("Traceback", ".py", "sqlglot", "Exception"):
        assert ours not in response.text
    return problem


EPSILONS = ["0", "-1", "-0.0", "NaN", "Infinity", "-Infinity", "1e400", "1e-400", "1e999999999", "100.000001", "1e-7"]
NOT_JSON = ["0x10", "1_0", "+1", "nan", "1e", ".5.5", "--1", "٣"]


@pytest.mark.usefixtures("nothing_charged")
@pytest.mark.parametrize("route", ["sql", "explain"])
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_an_epsilon_that_is_none_is_told_as_number_and_as_text(standing: Standing, route: str, epsilon: str) -> None:
    for spelled in (epsilon, f'"{epsilon}"'):
        content = f'{{"agreement": "{standing.agreement}", "sql": "{SQL}", "epsilon": {spelled}}}'
        problem = told(standing.send(route, content=content), 400, "request-rejected")
        assert [reason["where"] for reason in problem["reasons"]] == ["epsilon"]


@pytest.mark.usefixtures("nothing_charged")
@pytest.mark.parametrize("epsilon", NOT_JSON)
def test_an_epsilon_in_no_spelling_of_json_is_told(standing: Standing, epsilon: str) -> None:
    told(standing.send(epsilon=epsilon), 400, "request-rejected")
    content = f'{{"agreement": "{standing.agreement}", "sql": "{SQL}", "epsilon": {epsilon}}}'
    told(standing.send(content=content), 400, "request-rejected")


@pytest.mark.usefixtures("nothing_charged")
@pytest.mark.parametrize("epsilon", [None, True, [], {}, [0.5], ""])
def test_an_epsilon_of_another_type_is_told(standing: Standing, epsilon: Any) -> None:
    assert told(standing.send(epsilon=epsilon), 400, "request-rejected")["reasons"]


@pytest.mark.usefixtures("nothing_charged")
@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"sql": 1, "sql": 2}', "[" * 50_000, '{"sql": "\\ud800"}'])
def test_a_body_that_is_no_json_object_is_told(standing: Standing, content: str) -> None:
    told(standing.send(content=content), 400, "request-rejected")


@pytest.mark.usefixtures("nothing_charged")
@pytest.mark.parametrize("route", ["sql", "explain"])
def test_sql_that_does_not_parse_is_told_with_the_place(standing: Standing, route: str) -> None:
    for sql in (PARSES_NOT, "SELECT COUNT(*) FROM visits WHERE (", "'", "SELECT 'a", "\u0000", "🂡", ";;"):
        problem = told(standing.send(route, sql=sql), 422, "query-rejected")
        assert problem["reasons"]
        assert problem["log_index"] >= 0
    [reason] = told(standing.send(sql="SELECT COUNT(*)\nFROM nothing"), 422, "query-rejected")["reasons"]
    assert reason["line"] == 2
    assert "table" in reason["message"]


@pytest.mark.usefixtures("nothing_charged")
@pytest.mark.parametrize("route", ["sql", "explain"])
def test_a_query_of_a_megabyte_is_told_to_be_too_large(standing: Standing, route: str) -> None:
    assert len(A_MEGABYTE) > 1_000_000
    told(standing.send(route, sql=A_MEGABYTE), 413, "too-large")
    # One that the front lets through is still too long for the room's parser.
    told(standing.send(route, sql=A_MEGABYTE[:200_000]), 422, "query-rejected")


@pytest.mark.usefixtures("nothing_charged")
@pytest.mark.parametrize("route", ["sql", "explain"])
def test_a_token_that_is_none_is_told_in_the_same_words_whatever_is_wrong(standing: Standing, route: str) -> None:
    details = set()
    unknown = standing.researcher.token[:-4] + "AAAA"
    for token in (standing.revoked, unknown, f"jali_aaaaaaaa_{'A' * 43}", "rubbish", "jali_", "."):
        response = standing.send(route, token=token)
        details.add(told(response, 401, "not-authenticated")["detail"])
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert len(details) == 1


@pytest.mark.usefixtures("nothing_charged")
def test_an_expired_agreement_is_told_with_its_end(standing: Standing) -> None:
    problem = told(standing.send(agreement=standing.expired), 403, "refused")
    assert [reason["code"] for reason in problem["reasons"]] == ["expired"]
    assert problem["log_index"] >= 0


@pytest.mark.usefixtures("nothing_charged")
def test_a_foreign_agreement_reads_like_one_that_is_not_there(standing: Standing) -> None:
    foreign = told(standing.send(token=standing.stranger), 404, "not-found")
    missing = told(standing.send(token=standing.stranger, agreement="urn:jali:agreement:none"), 404, "not-found")
    assert foreign["detail"] == missing["detail"]
    for wrong in ("", "../../status", "a b", "x" * 300, 7, None):
        told(standing.send(agreement=wrong), 400, "request-rejected")


@pytest.mark.usefixtures("nothing_charged")
def test_every_fault_of_a_question_is_told_at_once(standing: Standing) -> None:
    problem = told(
        standing.send(epsilon="NaN", sql="", agreement="a b", purpose=7, surprise=1), 400, "request-rejected"
    )
    assert {reason["where"] for reason in problem["reasons"]} == {"epsilon", "sql", "agreement", "purpose", "surprise"}


@pytest.mark.usefixtures("nothing_charged")
def test_the_client_tells_the_same(standing: Standing) -> None:
    with standing.researcher.connect() as room:
        for epsilon in (0, -1, float("nan"), "1e400", "-inf", "x", None, True):
            with pytest.raises(jali.RequestRejected, match="epsilon"):
                room.sql(SQL, epsilon=epsilon)
        for sql in (PARSES_NOT, A_MEGABYTE[:200_000]):
            with pytest.raises(jali.QueryRejected) as rejected:
                room.sql(sql, epsilon="0.5")
            assert rejected.value.reasons
        with pytest.raises(jali.RequestRejected, match="large"):
            room.sql(A_MEGABYTE, epsilon="0.5")


@pytest.mark.usefixtures("nothing_charged")
def test_the_client_tells_who_is_not_let_in(standing: Standing) -> None:
    house, researcher = standing.house, standing.researcher
    for token in (standing.revoked, f"jali_aaaaaaaa_{'A' * 43}"):
        with (
            pytest.raises(jali.NotAuthenticated),
            Researcher(house, token, researcher.agreement, researcher.parties).connect() as room,
        ):
            room.sql(SQL, epsilon="0.5")
    with (
        pytest.raises(jali.NotFound),
        Researcher(house, standing.stranger, researcher.agreement, researcher.parties).connect() as room,
    ):
        room.sql(SQL, epsilon="0.5")
    with (
        pytest.raises(jali.Refused, match="ended"),
        jali.connect(house.url, researcher.token, standing.expired_file, parties=researcher.parties) as room,
    ):
        room.sql(SQL, epsilon="0.5")


def test_the_command_line_exits_with_1_and_tells_why(standing: Standing) -> None:
    environment = standing.house.environment | {
        "JALI_URL": standing.house.url,
        "JALI_AGREEMENT": str(standing.researcher.agreement),
        "PYTHONPATH": str(ROOT / "client"),
    }
    for token, epsilon, sql, words in (
        (standing.researcher.token, "NaN", SQL, "epsilon"),
        (standing.researcher.token, "0.5", PARSES_NOT, "SELEC"),
        (standing.revoked, "0.5", SQL, "token"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "jali.cli", "sql", sql, "--epsilon", epsilon],
            cwd=standing.house.home, env=environment | {"JALI_TOKEN": token}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode not in (0, -9), done.stdout
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_share_and_a_norm_reach_the_room_and_a_share_out_of_reach_keeps_its_pilot(standing: Standing) -> None:
    with standing.researcher.connect() as room:
        answer = room.sql(SQL, epsilon=4, accuracy={"n": "90%"}, clipping={"n": 2})
        assert answer.pilot is not None
        low, high = answer.interval("n")[0] or (0, 1e9)
        size = min(map(abs, answer.pilot.interval("n")[0] or (0, 0)))
        assert (high - low) / 2 <= 0.9 * size + 1
        assert answer.document["clipping"][0]["l2_norm_per_unit"] == 2
        assert answer.pilot.receipt.verify()
        assert answer.receipt.verify()
        spent = room.budget().spent
        with pytest.raises(jali.RequestRejected) as refused:
            room.sql(SQL, epsilon=3, accuracy={"n": "0.01%"}, clipping={"n": 2})
        assert refused.value.reasons[0].code == "out-of-reach"
        assert refused.value.facts["pilot"].spent.epsilon < 1
        assert room.budget().spent - spent < 1


def test_a_second_serve_is_refused_and_a_restart_finds_everything(standing: Standing) -> None:
    house = standing.house
    second = subprocess.run(
        [sys.executable, "serve.py"], cwd=ROOT, env=house.environment | {"PORT": "0"}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert second.returncode == 1
    assert "another serve" in second.stderr
    assert "Traceback" not in second.stderr
    with standing.researcher.connect() as room:
        first = room.sql(SQL, epsilon="0.5")
        first.receipt.verify()
    before = standing.budget()
    assert house.stop() == 0
    assert not house.is_up()
    house.run("enclave", "check-log")
    house.start()
    assert standing.budget() == before
    with standing.researcher.connect() as room:
        again = room.sql(SQL, epsilon="0.5")
        again.receipt.verify()
        room.verify(first.document)  # under the log as it is now
    assert again.document["rows"] == first.document["rows"]
    assert again.document["spent"]["charged"] is False
    told(standing.send(token=standing.revoked), 401, "not-authenticated")
    assert not [name for name in os.listdir(house.home / "var" / "run") if name != "room.sock"]
