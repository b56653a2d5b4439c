"""Art. 18-20 as people live them: applied for, told what is missing, decided in time, signed by both, in force."""

import base64
from typing import Any

import pytest

import jali
from tests.stories.town import PROVIDER, UNIVERSITY, Town, codes


def test_art_18_19_everything_that_is_missing_is_told_at_once_and_nothing_is_kept(town: Town) -> None:
    bare = town.stated(measures={}, materials={}, wanted={"columns": ["visits.pilot"], "epsilon": "9999"})
    with town.desk("researcher") as researcher:
        before = len(researcher.applications())
        with pytest.raises(jali.ApplicationIncomplete) as caught:
            researcher.apply("visits", **bare)
        assert codes(caught) == ["unknown-column", "epsilon", "measure", "material"]
        assert len(researcher.applications()) == before


def test_art_19_the_operator_returns_the_provider_decides_within_ten_working_days(town: Town) -> None:
    researcher, operator, provider = (town.desk(who) for who in ("researcher", "operator", "provider"))
    applied = researcher.apply("visits", **town.stated())
    operator.application(applied.id).act("return", "The scenario does not say who will use the data.")
    applied = researcher.complete(applied, **town.stated(wanted={"people": ["researcher"]}))
    assert operator.application(applied.id).act("accept").deadline is not None
    assert applied.id in [task["id"] for task in provider.tasks()]
    with pytest.raises(jali.RequestRejected):
        provider.application(applied.id).act("refuse")  # a refusal has its reason
    provider.application(applied.id).act("refuse", "A sample serves this purpose.")
    told = researcher.application(applied.id)
    assert (told.state, told.history[-1]["reason"]) == ("refused", "A sample serves this purpose.")
    with pytest.raises(jali.WrongState):
        provider.application(applied.id).act("approve")
    figures = town.get("applications/statistics", "regulator").json()
    assert sum(each["refused"] for each in figures) >= 1


def test_art_19_experts_are_heard_on_large_requests_and_risk_is_shown(town: Town) -> None:
    town.agreed()
    researcher, operator, provider = (town.desk(who) for who in ("researcher", "operator", "provider"))
    applied = researcher.apply("visits", **town.stated(wanted={"epsilon": "250"}))
    operator.application(applied.id).act("accept")
    review = provider.application(applied.id)
    assert {finding["weight"] for finding in review.risk()} == {"high"}
    with pytest.raises(jali.RequestRejected) as caught:
        review.act("approve")
    assert codes(caught) == ["experts"]
    review.act("ask-experts", "Professor Wu")
    review.act("note-opinion", "Professor Wu sees no harm.")
    review.act("approve")
    assert "Wu" not in str(researcher.application(applied.id).document)
    researcher.application(applied.id).act("withdraw")


def test_art_20_both_sides_sign_and_only_then_is_it_in_force(town: Town) -> None:
    researcher, operator, provider = (town.desk(who) for who in ("researcher", "operator", "provider"))
    applied = researcher.apply("visits", **town.stated(wanted={"people": ["researcher"]}))
    operator.application(applied.id).act("accept")
    provider.application(applied.id).act("approve")
    words = researcher.application(applied.id).text()
    assert "a study" in words
    wrong = {"value": base64.b64encode(bytes(64)).decode()}
    answer = town.post(f"applications/{applied.id}/signature", wrong, "researcher")
    assert (answer.status_code, codes(answer)) == (422, ["bad-signature"])
    half = researcher.application(applied.id).sign(town.pem(UNIVERSITY))
    uid = half.document["document"]["uid"]
    assert half.agreement is None
    ask = {"agreement": uid, "sql": "SELECT COUNT(*) AS n FROM visits", "epsilon": "0.1"}
    assert town.post("sql", ask, "researcher").status_code == 404
    signed = provider.application(applied.id).sign(town.pem(PROVIDER))
    assert signed.agreement == uid
    assert town.post("sql", ask, "researcher").status_code == 200


def test_art_20_it_is_amended_by_a_new_signature_of_both(town: Town) -> None:
    uid = town.agreed()
    assert town.agreed(amends=uid, wanted={"epsilon": "3"}) == uid
    versions = town.get(f"agreements/{uid}/versions", "researcher").json()
    assert [document["version"] for document in versions] == [1, 2]
    assert town.get("budget", "researcher", agreement=uid).json()["epsilon"] == "3"


@pytest.mark.parametrize(
    ("who", "status"), [("rival", 404), ("parks", 404), (None, 401)], ids=["another organization", "provider", "nobody"]
)
def test_what_is_not_yours_reads_like_what_is_not_there(town: Town, who: str | None, status: int) -> None:
    with town.desk("researcher") as researcher:
        applied = researcher.apply("visits", **town.stated())
        for path, body in (("acts", {"act": "approve"}), ("signature", {"value": "AAAA"})):
            asked = "provider" if who == "parks" else who
            answer = town.post(f"applications/{applied.id}/{path}", body, "parks" if asked == "provider" else who)
            assert answer.status_code == status
        assert town.get(f"applications/{applied.id}", who).status_code == status
        researcher.application(applied.id).act("withdraw")


def test_an_agreement_that_falls_short_of_the_conditions_is_refused_by_the_room_itself(town: Town) -> None:
    """Whatever a front let pass: the room holds what was signed against the conditions of its own card."""
    uid = town.agreed()
    document: dict[str, Any] = town.get(f"agreements/{uid}", "researcher").json()
    altered = document | {"version": 2}
    answer = town.post("agreements", {"document": altered}, "provider")
    assert answer.status_code in (404, 405)  # there is no way in but through an application
