"""Art. 9-15 as people live them: what is listed, in which class, under which conditions, and how that changes."""

from pathlib import Path
from typing import Any

import pytest

import jali
from tests.enclave.test_open_loading import CARD as PARKS
from tests.stories.town import Town


def test_art_9_an_entry_with_a_part_missing_is_returned_with_every_reason(town: Town) -> None:
    card = town.card | {"name": "returned"}
    del card["key_fields"]
    card["description"] = "Visits by ICD code."
    with town.desk("provider") as provider, pytest.raises(jali.JaliError) as caught:
        provider.order("list", "returned", "wanted", card=card)
    places = [reason.where for reason in caught.value.reasons]
    assert caught.value.facts.get("kind", "") == ""
    assert "key_fields" in str(places)
    assert any("ICD" in reason.message for reason in caught.value.reasons)
    assert town.get("catalogue/returned").status_code == 404


def test_art_9_an_entry_is_published_in_every_form(town: Town) -> None:
    names = {node["@id"] for node in town_graph(town)}
    assert "urn:jali:dataset:visits" in names
    assert town.get("catalogue/visits/croissant.jsonld").json()["name"] == "visits"
    fields = town.get("catalogue/visits/tables/visits/schema.json").json()["fields"]
    assert [field["name"] for field in fields][:2] == ["person", "clinic"]
    with town.desk() as public:
        assert [found["name"] for found in public.catalogue("clinics minutes", openness="conditional")] == ["visits"]


def town_graph(town: Town) -> list[dict[str, Any]]:
    import httpx

    graph: list[dict[str, Any]] = httpx.get(f"{town.house.url}/catalogue.jsonld").json()["dcat:dataset"]
    return graph


def test_art_10_11_narrowing_needs_its_document_and_every_change_its_reason(town: Town, tmp_path: Path) -> None:
    town.have_listed(PARKS, who="parks")
    closed = PARKS | {"openness": "non-open", "tables": [
        {name: part for name, part in PARKS["tables"][0].items() if name != "source"} | {"level": 4}
    ]}  # fmt: skip
    with town.desk("parks") as parks, pytest.raises(jali.JaliError) as caught:
        parks.order("revise", "parks", "", card=closed)
    assert [reason.code for reason in caught.value.reasons] == ["reason", "narrowing-without-document"]
    document = tmp_path / "decree.pdf"
    document.write_bytes(b"%PDF-1.4\n% a decree\n%%EOF\n")
    town.have_listed(closed, "revise", who="parks", document=document)
    told = town.get("catalogue/parks").json()
    assert (told["card"]["openness"], told["doors"]) == ("non-open", [])
    history = town.get("catalogue/parks/versions").json()
    assert [entry["openness"] for entry in history] == ["non-open", "unconditional"]


def test_art_10_what_is_returned_is_handed_in_again_and_what_stops_becomes_static(town: Town) -> None:
    card = town.card | {"name": "stays", "title": "Stays", "update_frequency": "daily"}
    with town.desk("provider") as provider, town.desk("operator") as operator:
        order = provider.order("list", "stays", "asked for by many", card=card)
        mine = next(each for each in operator.matters("work-orders") if each.id == order.id)
        mine.act("return", "The title says too little.")
        with pytest.raises(jali.WrongState):
            mine.act("accept")
    body = {"reason": "a longer title", "card": card | {"title": "Stays in clinics of the city"}}
    assert town.post(f"work-orders/{order.id}/submission", body, "provider").json()["state"] == "submitted"
    assert town.post(f"work-orders/{order.id}/decision", {"act": "accept"}, "operator").status_code == 200
    static = {"kind": "make-static", "dataset": "stays", "reason": "no more stays are counted"}
    order_id = town.post("work-orders", static, "provider").json()["id"]
    town.post(f"work-orders/{order_id}/decision", {"act": "accept"}, "operator")
    told = town.get("catalogue/stays").json()["card"]
    assert (told["update_frequency"], told["openness"]) == ("static", "conditional")


def test_art_13_14_the_class_follows_from_levels_by_a_published_guide(town: Town) -> None:
    assert town.get("classification-guide").json()["levels"]
    told = town.get("catalogue/visits").json()
    assert told["doors"] == ["sql", "function", "training"]
    assert told["causes"]
    opened = PARKS | {"name": "patients", "provider": "health-bureau", "key_fields": ["parks.park"]}
    opened["tables"] = [PARKS["tables"][0] | {"level": 4}]
    answer = town.post(
        "work-orders", {"kind": "list", "dataset": "patients", "reason": "why not", "card": opened}, "provider"
    )
    assert (answer.status_code, answer.json()["kind"]) == (422, "work-order-returned")


def test_art_15_conditions_are_an_offer_and_bind_what_is_agreed_later(town: Town) -> None:
    offer = town.get("catalogue/visits/offer.jsonld").json()
    [permission] = offer["odrl:permission"]
    [purposes] = permission["odrl:constraint"]
    assert "a study" in purposes["odrl:rightOperand"]
    with town.desk("researcher") as researcher, pytest.raises(jali.ApplicationIncomplete) as caught:
        researcher.apply("visits", **town.stated(purposes=["advertising"]))
    assert [reason.code for reason in caught.value.reasons] == ["purpose"]
