"""Art. 28, 29, 33 as people live them: what was done with the data is told, read, checked on the spot, and shown."""

import pytest

import jali
from tests.stories.town import Town

NARRATIVE = {
    "scenario": "Where clinics are missing.",
    "served": "People of the outer districts.",
    "business_model": "None: research.",
    "benefits": "Shorter ways to a clinic.",
}


def test_art_29_a_report_is_half_the_logs_and_half_the_researchers(town: Town) -> None:
    uid = town.agreed()
    with town.room(uid) as room:
        room.sql("SELECT clinic, AVG(cost) AS c FROM visits GROUP BY clinic", epsilon=0.5)
    with town.desk("researcher") as researcher, town.desk("provider") as provider:
        [first, *_] = researcher.reports(uid)
        assert (first["standing"], first["report"]) == ("running", None)
        with pytest.raises(jali.RequestRejected) as caught:
            researcher.file_report(uid, 1, **NARRATIVE)
        assert len(caught.value.reasons) >= 2  # measures, and results
        measures = dict.fromkeys(first["measures"], "As agreed.")
        result = {"title": "A map of missing clinics", "kind": "research report", "citation": first["source"]}
        filed = researcher.file_report(uid, 1, **NARRATIVE, measures=measures, results=[result])
        facts = filed.history[-1]["facts"]
        assert dict(facts["columns"])["visits.cost"] == 1
        assert facts["invocations"]["answered"] == 1
        report = next(each for each in provider.matters("reports") if each.id == filed.id)
        with pytest.raises(jali.RequestRejected):
            report.act("accept")  # the period still runs, and the facts can change
        report.act("return", "Name the districts.")
        again = researcher.file_report(
            uid, 1, **NARRATIVE | {"served": "Jiading."}, measures=measures, results=[result]
        )
        assert [step["act"] for step in again.history] == ["file", "return", "file"]


def test_art_29_supervisors_check_on_the_spot(town: Town) -> None:
    uid = town.agreed()
    for who in ("provider", "operator", "officer", "regulator"):
        assert town.get(f"agreements/{uid}/reports/1/usage", who).status_code == 200
    assert [leaf["by"] for leaf in town.leaves() if leaf.get("act") == "front:spot-check"][-4:] == [
        *("provider", "operator", "officer", "regulator"),
    ]
    check = town.post("spot-checks", {"agreement": uid, "statement": "Who has an account?"}, "officer").json()
    with town.desk("researcher") as researcher, town.desk("officer") as officer:
        mine = next(each for each in researcher.matters("petitions") if each.id == check["id"])
        mine.act("answer", "Two people, since March.")
        next(each for each in officer.matters("petitions") if each.id == check["id"]).act("close", "as agreed")
        assert next(each for each in researcher.matters("petitions") if each.id == check["id"]).state == "closed"


def test_art_28_33_uses_are_open_to_everybody(town: Town) -> None:
    assert town.get("uses").json() == []  # no report of this town was accepted: their periods still run
