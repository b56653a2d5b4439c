"""Art. 30, 32 as people live them: misuse is seen or reported, recorded, and answered at the next invocation."""

import time

import pytest

import jali
from tests.stories.town import UNIVERSITY, Town, codes


def test_art_30_probing_raises_an_alert_with_its_evidence(town: Town) -> None:
    uid = town.agreed(wanted={"queries_per_day": 1000})
    ask = {"agreement": uid, "epsilon": "0.01"}
    for number in range(65):
        sql = f"SELECT COUNT(*) AS n FROM people WHERE person = 'p{number}'"
        assert town.post("sql", ask | {"sql": sql}, "researcher").status_code in (403, 422)
    until = time.monotonic() + 60
    while not (found := [each for each in town.get("alerts", "officer").json() if each["rule"].startswith("probing")]):
        assert time.monotonic() < until
        time.sleep(1)
    assert (found[0]["rule"], found[0]["account"]) == ("probing-terms", "researcher")
    assert len(found[0]["entries"]) >= 1
    assert town.get("alerts", "researcher").status_code == 403


def test_art_30_anybody_reports_misuse_and_hears_of_it(town: Town) -> None:
    with town.desk() as public, town.desk("officer") as officer:
        code = public.bring(
            "misuse-report", "An app sells scores made of it.", dataset="visits", contact="wang@example.org"
        )
        report = next(each for each in officer.matters("petitions") if each.document["matter"] == "misuse-report")
        report.act("examine", "we look")
        report.act("confirm", "it is so", feedback="It is recorded as a violation.")
        assert public.feedback(code) | {
            "state": "confirmed",
            "feedback": "It is recorded as a violation.",
        } == public.feedback(code)
    assert "wang@example.org" not in str(town.leaves())


def test_art_32_a_violation_restricts_from_its_leaf_on_and_is_published(town: Town) -> None:
    uid = town.agreed()
    violation = {
        "violation": "beyond-agreement",
        "measure": "restrict",
        "is_published": True,
        "most_epsilon": "0.05",
        "doors": None,
    }
    with town.room(uid) as room:
        room.sql("SELECT COUNT(*) AS n FROM visits WHERE minutes > 3", epsilon=0.1)
        order = {"document": town.order("violation", UNIVERSITY, "zhou", violation)}
        recorded = town.post("orders", order, "regulator").json()["log_index"]
        with pytest.raises(jali.Refused) as caught:
            room.sql("SELECT COUNT(*) AS n FROM visits WHERE minutes > 4", epsilon=0.1)
        assert codes(caught)
        assert caught.value.log_position is not None
        assert caught.value.log_position > recorded
        room.sql("SELECT COUNT(*) AS n FROM visits WHERE minutes > 5", epsilon=0.05)
        [published] = town.get("violations").json()
        assert (published["organization"], published["log_index"]) == (UNIVERSITY, recorded)
        ended = {"document": town.order("end-violation", UNIVERSITY, "zhou", {"violation": recorded})}
        assert town.post("orders", ended, "regulator").status_code == 200
        room.sql("SELECT COUNT(*) AS n FROM visits WHERE minutes > 6", epsilon=0.1)


def test_art_32_nobody_else_records_or_ends_one(town: Town) -> None:
    violation = {"violation": "other", "measure": "close", "is_published": False, "most_epsilon": None, "doors": None}
    order = {"document": town.order("violation", UNIVERSITY, "chen", violation)}
    assert town.post("orders", order, "officer").status_code == 403
    forged = {"document": town.order("violation", UNIVERSITY, "zhou", violation) | {"target": "elsewhere"}}
    assert town.post("orders", forged, "regulator").status_code == 422
