"""The client's desk against the real front: every role's way, as its people would write it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import jali
from jali import cli
from jali.transport import Transport
from tests.enclave_api.conftest import House
from tests.enclave_api.fake_room import CARD
from tests.enclave_api.test_applications import MEASURE, WANTED, Office

STATED: dict[str, Any] = {
    "purposes": ["a study"],
    "scenario": "Where clinics are missing, and for whom.",
    "wanted": WANTED,
    "measures": {MEASURE: "Each person has an account."},
}


@pytest.fixture
def office(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Office:
    """Every client of this process speaks to the front without a socket."""
    wired, monkeys = httpx.WSGITransport(app=house.client.application), httpx.Client.__init__

    def without_socket(self: httpx.Client, **given: Any) -> None:
        monkeys(self, **{**given, "transport": wired})

    office = Office(house)
    monkeypatch.setattr(httpx.Client, "__init__", without_socket)
    monkeypatch.setenv("JALI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name, key in office.keys.items():
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / f"{name}.pem").write_bytes(pem)
    (tmp_path / "scenario.txt").write_text("Where clinics are missing, and for whom.\n")
    return office


def at(office: Office, who: str | None) -> jali.Desk:
    return jali.desk("http://localhost", who and office.tokens[who])


def test_the_whole_way_as_its_people_write_it(office: Office, tmp_path: Path) -> None:
    researcher, operator, provider = (at(office, who) for who in ("researcher", "operator", "provider"))
    with pytest.raises(jali.ApplicationIncomplete) as caught:
        researcher.apply("visits", **STATED)
    assert [reason.code for reason in caught.value.reasons] == ["material"]
    applied = researcher.apply("visits", **STATED, materials={"scenario": tmp_path / "scenario.txt"})
    assert [task["acts"] for task in operator.tasks()] == [["return", "accept"]]
    operator.application(applied.id).act("return", "Say who will use it.")
    stated = STATED | {"wanted": WANTED | {"people": ["li.wei"]}}
    applied = researcher.complete(
        applied, **stated, materials={"scenario": researcher.upload(tmp_path / "scenario.txt")}
    )
    operator.application(applied.id).act("accept")
    review = provider.application(applied.id)
    assert review.deadline is not None
    with pytest.raises(jali.WrongState):
        operator.application(applied.id).act("accept")
    review.act("approve")
    assert "li.wei" in researcher.application(applied.id).text()
    with pytest.raises(jali.AgreementRejected):
        researcher.application(applied.id).sign(Ed25519PrivateKey.generate())
    researcher.application(applied.id).sign(tmp_path / "open-university.pem")
    signed = provider.application(applied.id).sign(office.keys["health-bureau"])
    assert signed.agreement is not None
    assert researcher.agreement(signed.agreement)["permission"][0]["target"] == "urn:jali:dataset:visits"
    assert "signed" in repr(signed)
    assert [each.id for each in researcher.applications()] == [applied.id]


def test_the_public_brings_something_forward_and_reads_its_feedback(office: Office) -> None:
    public, provider = at(office, None), at(office, "provider")
    code = public.bring("objection", "Clinic east was closed in January.", dataset="visits")
    (objection,) = provider.matters("petitions")
    assert objection.open_acts == ["examine", "reject"]
    objection.act("reject", "It was open.", feedback="It was open on Mondays.")
    assert public.feedback(code)["feedback"] == "It was open on Mondays."
    with pytest.raises(jali.NotFound):
        public.feedback(f"{code}x")
    with pytest.raises(jali.NotAuthenticated):
        public.tasks()


def test_a_provider_revises_the_list(office: Office) -> None:
    provider, operator = at(office, "provider"), at(office, "operator")
    card = CARD | {"title": "Visits, told better"}
    provider.order("revise", "visits", "A better title.", card=card)
    next(each for each in operator.matters("work-orders") if each.state == "submitted").act("accept")
    assert [each["title"] for each in provider.catalogue("better", openness="conditional")] == ["Visits, told better"]


def test_a_lost_connection_is_not_tried_twice_where_it_would_change_something_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def lost(self: Transport, method: str, *_: Any, **__: Any) -> Any:
        tried.append(method)
        raise jali.Unavailable("lost")

    researcher = at(office, "researcher")
    monkeypatch.setattr(Transport, "_try", lost)
    with pytest.raises(jali.Unavailable):
        researcher.bring("objection", "lost on its way", dataset="visits")
    assert tried == ["POST"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    assert cli.main([*arguments, "--url", "http://localhost", "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_the_same_from_a_shell(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JALI_TOKEN", office.tokens["researcher"])
    file, material = tmp_path / "application.json", f"scenario={tmp_path / 'scenario.txt'}"
    file.write_text(json.dumps(STATED | {"dataset": "visits"}))
    assert run(capsys, "apply", str(file), status=1)["kind"] == "application-incomplete"
    applied = run(capsys, "apply", str(file), "--material", material)["id"]
    for role, act in (("operator", "accept"), ("provider", "approve")):
        monkeypatch.setenv("JALI_TOKEN", office.tokens[role])
        assert [task["id"] for task in run(capsys, "tasks")] == [applied]
        run(capsys, "act", "applications", applied, act)
    assert run(capsys, "act", "applications", "app-none", "accept", status=1)["kind"] == "request-rejected"
    for role, party in (("provider", "health-bureau"), ("researcher", "open-university")):
        monkeypatch.setenv("JALI_TOKEN", office.tokens[role])
        out = ("--out", str(tmp_path / "agreement.json"))
        uid = run(capsys, "sign", applied, "--key", str(tmp_path / f"{party}.pem"), *out)["agreement"]
    assert json.loads((tmp_path / "agreement.json").read_text())["uid"] == uid
    assert run(capsys, "report", "--agreement", uid) == []
    assert cli.main(["tasks", "--url", "http://localhost"]) == 0
    assert cli.main(["matters", "application", "--url", "http://localhost"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "nothing awaits you"
    assert lines[1].split("\t")[0] == "id"
    assert lines[2].split("\t")[:4] == [applied, "application", "visits", "signed"]
    assert "jali sign" in run(capsys, "act", "application", applied, "sign", status=1)["message"]
    assert run(capsys, "agreement", uid)["uid"] == uid
    monkeypatch.setenv("JALI_AGREEMENT", str(tmp_path / "agreement.json"))
    assert run(capsys, "report") == []
    nowhere = ("--out", str(tmp_path / "nowhere" / "agreement.json"))
    assert "no folder" in run(capsys, "sign", applied, "--key", "x.pem", *nowhere, status=1)["message"]
