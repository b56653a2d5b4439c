"""The open list and its work orders, as providers, the operator and the public walk through them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.test import TestResponse

from tests.both import BOTH_LONG
from tests.enclave_api.conftest import House, bearer

STORES = BOTH_LONG
CARDS = Path(__file__).parents[2] / "examples" / "cards"
WHY = "New data for research on air traffic."


def card(name: str = "flights", **changes: Any) -> dict[str, Any]:
    document = yaml.safe_load((CARDS / f"{name}.yaml").read_text(encoding="utf-8")) | changes
    plain: dict[str, Any] = json.loads(json.dumps(document, default=str))
    return plain


def airports(openness: str = "unconditional", **changes: Any) -> dict[str, Any]:
    """The airports of the demo alone, opened or closed."""
    document = card(openness=openness, key_fields=["airports.faa"], **changes)
    for part in ("unit", "budget", "conditions", "materials"):
        del document[part]
    table = next(each for each in document["tables"] if each["name"] == "airports")
    kept = ("name", "description", "directory", "columns", *(["source"] if openness == "unconditional" else []))
    level = 1 if openness == "unconditional" else 4
    return document | {"tables": [{name: table[name] for name in kept} | {"level": level}]}


class Desk:
    """A provider and an operator at the open list."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.provider = house.token("data-provider", "transport-bureau")
        self.operator = house.token("operator", "operator")

    def ask(self, proposed: Any, kind: str = "list", *, token: str | None = None, **more: Any) -> TestResponse:
        body = {"kind": kind, "dataset": "flights", "reason": WHY, "card": proposed, **more}
        answer: TestResponse = self.house.post("/api/v1/work-orders", body, token or self.provider)
        return answer

    def decide(self, order: str, act: str, token: str | None = None, reason: str = "") -> TestResponse:
        body = {"act": act, "reason": reason}
        answer: TestResponse = self.house.post(f"/api/v1/work-orders/{order}/decision", body, token or self.operator)
        return answer

    def list(self, proposed: Any, kind: str = "list", **more: Any) -> None:
        order = self.ask(proposed, kind, **more)
        assert order.status_code == 200, order.json
        assert self.decide(order.json["id"], "accept").status_code == 200

    def upload(self, raw: bytes, token: str | None = None, name: str = "support.pdf") -> TestResponse:
        answer: TestResponse = self.house.client.post(
            "/api/v1/files", query_string={"name": name}, data=raw, headers=bearer(token or self.provider)
        )
        return answer


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def listed(house: House, **query: str) -> list[str]:
    return [entry["title"] for entry in house.get("/api/v1/catalogue", query_string=query).json]


def codes(answer: TestResponse) -> list[str]:
    return [reason["code"] for reason in answer.json["reasons"]]


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def test_a_dataset_is_listed_when_the_operator_accepts_its_order(desk: Desk, house: House) -> None:
    order = desk.ask(card()).json
    assert (order["state"], listed(house)) == ("submitted", [])
    assert house.get("/api/v1/catalogue/flights").status_code == 404
    assert desk.decide(order["id"], "accept").json["state"] == "accepted"
    entry = house.get("/api/v1/catalogue/flights").json
    assert (entry["version"], entry["doors"]) == (1, ["sql", "function", "training"])
    assert entry["card"]["conditions"][0]["kind"] == "scenario"
    assert any("tailnum has level 3" in cause for cause in entry["causes"])
    acts = [(act["act"], act["detail"].get("state")) for act in house.room.acts if "work-order" in act["act"]]
    assert acts == [("work-order-submit", "submitted"), ("work-order-accept", "accepted")]


def test_a_second_decision_is_refused_and_changes_nothing(desk: Desk, house: House) -> None:
    order = desk.ask(card()).json["id"]
    assert desk.decide(order, "accept").status_code == 200
    for act in ("accept", "return"):
        again = desk.decide(order, act, reason="Changed my mind.")
        assert (again.status_code, again.json["kind"]) == (409, "wrong-state")
    assert len(house.get("/api/v1/catalogue/flights/versions").json) == 1


def test_an_order_that_can_not_stand_is_returned_with_every_reason_and_not_kept(desk: Desk, house: House) -> None:
    answer = desk.ask(card(title="Flights by the CAAC", relations=None), reason="so")
    assert (answer.status_code, answer.json["kind"]) == (422, "work-order-returned")
    assert {reason["where"] for reason in answer.json["reasons"]} == {"relations", "glossary.CAAC", "reason"}
    assert house.get("/api/v1/work-orders", desk.provider).json == []


def test_a_returned_order_is_mended_and_accepted(desk: Desk, house: House) -> None:
    order = desk.ask(card()).json["id"]
    silent = desk.decide(order, "return")
    assert (silent.status_code, codes(silent)) == (400, ["missing"])
    assert desk.decide(order, "return", reason="The title says too little.").json["state"] == "returned"
    mended = {"reason": "A longer title.", "card": card(title="Flights of 2013 from New York")}
    again = house.post(f"/api/v1/work-orders/{order}/submission", mended, desk.provider)
    assert again.json["state"] == "submitted"
    assert desk.decide(order, "accept").status_code == 200
    assert listed(house) == ["Flights of 2013 from New York"]
    history = house.get(f"/api/v1/work-orders/{order}", desk.provider).json["history"]
    assert [step["act"] for step in history] == ["submit", "return", "resubmit", "accept"]
    assert history[1]["reason"] == "The title says too little."


def test_every_version_stays_on_record_with_its_order(desk: Desk, house: House) -> None:
    desk.list(card())
    house.clock.advance(days=3)
    desk.list(card(title="Flights, told better"), "revise")
    versions = house.get("/api/v1/catalogue/flights/versions").json
    assert [version["version"] for version in versions] == [2, 1]
    assert len({version["digest"] for version in versions}) == 2
    entry = house.get("/api/v1/catalogue/flights").json
    assert (entry["issued"][:10], entry["modified"][:10]) == ("2026-03-01", "2026-03-04")


def test_an_order_is_held_against_the_list_of_the_moment_in_which_it_is_accepted(desk: Desk, house: House) -> None:
    first, second = desk.ask(card()).json["id"], desk.ask(card(title="The same once more")).json["id"]
    assert desk.decide(first, "accept").status_code == 200
    late = desk.decide(second, "accept")
    assert (late.status_code, codes(late)) == (422, ["already-listed"])
    assert house.get(f"/api/v1/work-orders/{second}", desk.operator).json["state"] == "submitted"


def test_narrowing_needs_an_uploaded_document(desk: Desk, house: House) -> None:
    desk.list(airports())
    closing = airports("non-open")
    assert codes(desk.ask(closing, "revise")) == ["narrowing-without-document"]
    unknown = desk.ask(closing, "revise", document="ab" * 32)
    assert codes(unknown) == ["unknown-file"]
    document = desk.upload(PDF).json["digest"]
    desk.list(closing, "revise", document=document)
    assert house.get("/api/v1/catalogue/flights").json["doors"] == []


def test_another_organizations_document_supports_nothing(desk: Desk, house: House) -> None:
    theirs = desk.upload(PDF, house.token("data-provider", "weather-office")).json["digest"]
    desk.list(airports())
    assert codes(desk.ask(airports("non-open"), "revise", document=theirs)) == ["unknown-file"]


def test_data_that_stop_updating_become_static_and_stay_open(desk: Desk, house: House) -> None:
    desk.list(card(update_frequency="monthly"))
    desk.list(None, "make-static")
    told = house.get("/api/v1/catalogue/flights").json
    assert (told["card"]["update_frequency"], told["card"]["openness"]) == ("static", "conditional")


def test_duties_are_separate(desk: Desk, house: House) -> None:
    order = desk.ask(card()).json["id"]
    for role in ("data-provider", "researcher", "regulator", "security-officer"):
        own = house.token(role, "transport-bureau")
        assert desk.decide(order, "accept", own).status_code == 403
    assert desk.ask(card(), token=desk.operator).status_code == 403
    assert listed(house) == []


def test_a_foreign_order_reads_like_none(desk: Desk, house: House) -> None:
    order = desk.ask(card()).json["id"]
    stranger = house.token("data-provider", "weather-office")
    there = house.get(f"/api/v1/work-orders/{order}", stranger)
    none = house.get("/api/v1/work-orders/wo-0000000000000000", stranger)
    assert (
        (there.status_code, there.json["detail"])
        == (none.status_code, none.json["detail"])
        == (404, there.json["detail"])
    )
    assert house.get("/api/v1/work-orders", stranger).json == []
    assert desk.decide(order, "withdraw", stranger).status_code == 404


def test_a_foreign_dataset_can_not_be_taken(desk: Desk, house: House) -> None:
    desk.list(card())
    stranger = house.token("data-provider", "weather-office")
    taken = desk.ask(card(provider="weather-office", title="Mine"), "revise", token=stranger)
    assert codes(taken) == ["another-provider"]


def test_words_and_filters_narrow_the_list(desk: Desk, house: House) -> None:
    desk.list(card())
    desk.list(card("trips", provider="transport-bureau"), dataset="trips")
    both = [card()["title"], card("trips")["title"]]
    assert listed(house) == both
    assert listed(house, q="TAIL aircraft") == both[:1]
    assert listed(house, q="tail nothing-like-it") == []
    assert listed(house, keyword="traffic") == both[1:]
    assert listed(house, openness="non-open") == []
    assert listed(house, openness="conditional", update_frequency="static") == both


def test_the_list_is_published_in_the_fields_formats(desk: Desk, house: House) -> None:
    desk.list(card())
    catalogue = house.get("/catalogue.jsonld")
    assert catalogue.mimetype == "application/ld+json"
    assert catalogue.json["dcat:dataset"][0]["@id"] == "urn:jali:dataset:flights"
    assert house.get("/api/v1/catalogue/flights/dcat.jsonld").json["@type"] == "dcat:Dataset"
    assert house.get("/api/v1/catalogue/flights/croissant.jsonld").json["@type"] == "sc:Dataset"
    schema = house.get("/api/v1/catalogue/flights/tables/planes/schema.json").json
    assert schema["uniqueKeys"] == [["tailnum"]]
    assert house.get("/api/v1/catalogue/flights/tables/nothing/schema.json").status_code == 404
    assert house.get("/api/v1/classification-guide").json["version"] == "1"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (PDF, "pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 17, "png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 9 + b"\xff\xd9", "jpeg"),
        ("说明\n".encode(), "text"),
    ],
)
def test_a_file_is_what_its_bytes_say_and_comes_back_as_an_attachment(
    desk: Desk, house: House, raw: bytes, kind: str
) -> None:
    kept = desk.upload(raw, name="../../etc/passwd.html").json
    assert (kept["kind"], kept["size"]) == (kind, len(raw))
    answer = house.get(f"/api/v1/files/{kept['digest']}", desk.provider)
    assert answer.data == raw
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert [path.name for path in house.front.files.rglob("*") if path.is_file()] == [kept["digest"]]


@pytest.mark.parametrize(
    "raw", [b"", b"PK\x03\x04zip", b"MZ\x90", b"text\0with NUL", b"\xff\xfe", b"%PDF-1.7 cut off", b"\x1b[2J text"]
)
def test_what_is_none_of_them_is_refused(desk: Desk, raw: bytes) -> None:
    answer = desk.upload(raw)
    assert (answer.status_code, codes(answer)) == (400, ["wrong-file"])


def test_a_file_of_another_organization_reads_like_none_and_supervision_leaves_a_trace(
    desk: Desk, house: House
) -> None:
    digest = desk.upload(PDF).json["digest"]
    stranger = house.token("data-provider", "weather-office")
    assert house.get(f"/api/v1/files/{digest}", stranger).status_code == 404
    assert house.get(f"/api/v1/files/{digest}", house.token("security-officer", "city")).data == PDF
    assert [act["act"] for act in house.room.acts].count("file-read") == 1


def test_a_file_beyond_the_limit_is_refused_unread(desk: Desk, house: House) -> None:
    answer = desk.upload(b"a" * (20 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json["kind"]) == (413, "too-large")
    assert not house.front.files.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"{",
        b'{"kind": "list", "kind": "list"}',
        b'{"reason": NaN}',
        b'{"reason": ' + b"9" * 100_000 + b"}",
        b'{"card": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"reason": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_order_is_refused(desk: Desk, house: House, raw: bytes) -> None:
    headers = {**bearer(desk.provider), "Content-Type": "application/json"}
    answer = house.client.post("/api/v1/work-orders", data=raw, headers=headers)
    assert (answer.status_code, answer.json["kind"]) == (400, "request-rejected")


def test_every_wrong_field_of_a_body_is_told(desk: Desk, house: House) -> None:
    answer = house.post("/api/v1/work-orders", {"kind": "burn", "reason": 5, "colour": "red"}, desk.provider)
    assert {reason["where"] for reason in answer.json["reasons"]} == {"kind", "dataset", "reason", "colour"}
