"""The operator's command line, as it is typed."""

import json
import stat
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from enclave_api.__main__ import main
from enclave_api.services import accounts
from policies.agreements import verify
from tests.enclave_api.conftest import House

TERMS = {
    "columns": ["visits.clinic", "clinics.*"],
    "aggregates": ["count", "sum"],
    "purposes": ["planning of clinics"],
    "not_before": "2026-01-01T00:00:00Z",
    "expires_at": "2027-01-01T00:00:00Z",
    "epsilon": "8",
    "delta": "0.000001",
    "epsilon_per_query": "2",
    "queries_per_day": 200,
}


@pytest.fixture(autouse=True)
def _environment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JALI_FRONT_HOME", str(house.settings.home))
    monkeypatch.setenv("JALI_ROOM_SOCKET", str(house.settings.room_socket))


def run(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    assert main([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_an_account_from_its_making_to_its_last_token(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "account", "create", "li.wei", "--role", "researcher", "--organization", "open-university")
    token = run(capsys, "account", "token", "li.wei", "--days", "30")["token"]
    assert accounts.recognize(house.front, token).organization == "open-university"
    [listed] = run(capsys, "account", "list")
    assert (listed["name"], listed["role"]) == ("li.wei", "researcher")
    [state] = listed["tokens"]
    assert state["prefix"] == token.split("_")[1]
    run(capsys, "account", "revoke", state["prefix"])
    assert main(["account", "list"]) == 0
    assert capsys.readouterr().out == f"li.wei\tresearcher\topen-university\t{state['prefix']} revoked\n"
    assert [act["act"] for act in house.room.acts] == ["account-created", "token-made", "token-revoked"]
    assert house.room.acts[0]["actor"]["role"] == "operator"


def test_a_command_says_when_the_room_does_not_log(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.room.breaks.add("/acts")
    assert main(["account", "create", "li", "--role", "public", "--organization", "nobody"]) == 0
    assert "1 act(s) wait" in capsys.readouterr().err
    house.room.breaks.clear()
    assert main(["account", "list"]) == 0
    assert capsys.readouterr().err == ""
    assert [act["act"] for act in house.room.acts[-1:]] == ["account-created"]


def test_what_goes_wrong_is_said_and_the_exit_status_is_not_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "token", "nobody"]) == 1
    assert "no account" in capsys.readouterr().err
    told = run(capsys, "account", "create", "Li Wei", "--role", "public", "--organization", "o", status=1)
    assert (told["kind"], told["reasons"][0]["where"]) == ("request-rejected", "name")
    assert main(["account", "revoke", "zzzzzzzz"]) == 1
    with pytest.raises(SystemExit) as ended:
        main(["account", "create", "li", "--role", "root", "--organization", "o"])
    assert ended.value.code != 0


@pytest.mark.parametrize(
    "command", [[], ["migrate"], ["account"], ["account", "create"], ["account", "token"], ["grant"], ["keygen"]]
)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage: python -m enclave_api" in capsys.readouterr().out


def test_migrate_may_be_run_again(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert run(capsys, "migrate") == {"database": str(house.settings.database)}


def test_keygen_writes_a_closed_file_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "key.pem"
    public = run(capsys, "keygen", str(file))["public_key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key: Any = load_pem_private_key(file.read_bytes(), password=None)
    assert key.public_key().public_bytes_raw() == b64decode(public)
    before = file.read_bytes()
    assert main(["keygen", str(file)]) == 1
    assert file.read_bytes() == before


def granting(folder: Path, capsys: pytest.CaptureFixture[str], terms: Any = TERMS) -> tuple[list[str], dict[str, Any]]:
    keys = {}
    for party in ("health-bureau", "open-university"):
        run(capsys, "keygen", str(folder / f"{party}.pem"))
        loaded: Any = load_pem_private_key((folder / f"{party}.pem").read_bytes(), password=None)
        keys[party] = loaded.public_key()
    (folder / "terms.json").write_text(json.dumps(terms))
    (folder / "scenario.txt").write_text("Where clinics are missing.\n")
    command = [
        "grant", "--dataset", "visits", "--researcher-organization", "open-university", "--provider-key",
        str(folder / "health-bureau.pem"), "--researcher-key", str(folder / "open-university.pem"), "--terms",
        str(folder / "terms.json"), "--out", str(folder / "agreement.json"),
        "--material", f"scenario={folder / 'scenario.txt'}",
    ]  # fmt: skip
    return command, keys


def trusting(house: House, keys: dict[str, Any]) -> None:
    house.room.keys = {party: b64encode(key.public_bytes_raw()).decode() for party, key in keys.items()}


def test_grant_signs_for_both_parties_and_registers(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, keys = granting(tmp_path, capsys)
    trusting(house, keys)
    uid = run(capsys, *command)["agreement"]
    document = json.loads((tmp_path / "agreement.json").read_text())
    agreement = verify(document, keys)
    assert (agreement.uid, agreement.assigner, agreement.assignee) == (uid, "health-bureau", "open-university")
    assert agreement.log.origin == "jali.test/room"
    assert agreement.terms.epsilon_micro == 8_000_000
    assert agreement.terms.columns == {("visits", "clinic"), ("clinics", "*")}
    assert house.room.agreements[uid] == document
    assert house.room.acts[-1]["detail"]["agreement"] == uid


def test_grant_amends_and_the_front_tells_it_in_words(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, keys = granting(tmp_path, capsys)
    trusting(house, keys)
    uid = run(capsys, *command)["agreement"]
    first = verify(json.loads((tmp_path / "agreement.json").read_text()), keys)
    more = TERMS | {
        "doors": ["sql", "function"],
        "people": ["li.wei"],
        "epsilon_per_person": "2",
        "citation": "Cite us.",
    }
    (tmp_path / "terms.json").write_text(json.dumps(more))
    assert run(capsys, *command, "--amend", uid)["agreement"] == uid
    second = verify(json.loads((tmp_path / "agreement.json").read_text()), keys)
    assert (second.version, second.replaces) == (2, first.digest)
    assert (second.terms.people, second.terms.epsilon_per_person_micro) == ({"li.wei"}, 2_000_000)
    assert house.room.acts[-1]["detail"] | {"version": 2} == house.room.acts[-1]["detail"]
    token = house.token()
    told = house.get(f"/api/v1/agreements/{uid}/text", token)
    assert told.mimetype == "text/markdown"
    assert "replaces version 1" in told.text
    assert "Citation: Cite us." in told.text
    assert [each["version"] for each in house.get(f"/api/v1/agreements/{uid}/versions", token).json] == [2]
    stranger = house.token("researcher", "other")
    for part in ("text", "versions"):
        assert house.get(f"/api/v1/agreements/{uid}/{part}", stranger).status_code == 404


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"doors": "sql"}, "doors"),
        ({"people": [7]}, "people"),
        ({"front_may_vouch": "yes"}, "front_may_vouch"),
        ({"reports_every_months": "6"}, "reports_every_months"),
        ({"citation": None}, "citation"),
        ({"doors": []}, None),
        ({"epsilon": 8.0}, "epsilon"),
        ({"epsilon": "NaN"}, "epsilon"),
        ({"epsilon": "0.1234567"}, "epsilon"),
        ({"columns": ["visits"]}, "columns"),
        ({"columns": "visits.*"}, "columns"),
        ({"queries_per_day": True}, "queries_per_day"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"surprise": 1}, "surprise"),
        ({"delta": "1"}, None),
    ],
)
def test_grant_refuses_terms_with_faults_before_anything_is_signed(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], where: str | None
) -> None:
    command, _ = granting(tmp_path, capsys, {**TERMS, **change})
    told = run(capsys, *command, status=1)
    assert [reason.get("where") for reason in told["reasons"]] == [where]
    assert not (tmp_path / "agreement.json").exists()
    assert ("POST", "/agreements") not in [asked[:2] for asked in house.room.asked]


def test_grant_tells_what_the_room_says(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, _ = granting(tmp_path, capsys)
    house.room.says["/agreements"] = {"kind": "agreement-rejected", "message": "no key is held", "reasons": []}
    assert run(capsys, *command, status=1)["kind"] == "agreement-rejected"
    assert not (tmp_path / "agreement.json").exists()


def test_grant_takes_ed25519_keys_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, _ = granting(tmp_path, capsys)
    (tmp_path / "health-bureau.pem").write_text("no key")
    assert main(command) == 1
