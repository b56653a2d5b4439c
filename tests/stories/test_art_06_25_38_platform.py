"""Art. 6, 25, 38 as people live them: asking for data that are missing, the platform as a map and in figures."""

from datetime import datetime

from policies.working_days import SHANGHAI
from tests.stories.town import Town


def test_art_6_somebody_asks_for_a_dataset_and_hears_what_becomes_of_it(town: Town) -> None:
    with town.desk() as public, town.desk("operator") as operator, town.desk("parks") as parks:
        code = public.bring("dataset-request", "Where are drinking fountains?")
        asked = next(each for each in operator.matters("petitions") if each.document["matter"] == "dataset-request")
        asked.act("forward", "parks know", provider="parks-bureau")
        mine = next(each for each in parks.matters("petitions") if each.id == asked.id)
        mine.act("plan", "next year", feedback="We count them this winter.")
        told = public.feedback(code)
        assert (told["state"], told["feedback"]) == ("planned", "We count them this winter.")


def test_art_25_the_map_shows_what_is_listed(town: Town) -> None:
    told = town.get("resource-map").json()
    assert "visits" in [node["name"] for node in told["datasets"]]


def test_art_25_everybody_sees_what_awaits_them(town: Town) -> None:
    with town.desk("researcher") as researcher, town.desk("operator") as operator:
        applied = researcher.apply("visits", **town.stated())
        [task] = [each for each in operator.tasks() if each["id"] == applied.id]
        assert task["acts"] == ["return", "accept"]
        researcher.application(applied.id).act("withdraw")
        assert applied.id not in [each["id"] for each in operator.tasks()]


def test_art_38_the_operation_report_counts_what_was_done(town: Town) -> None:
    uid = town.agreed()
    with town.room(uid) as room:
        room.sql("SELECT COUNT(*) AS n FROM visits WHERE minutes > 1", epsilon=0.1)
    today = datetime.now(SHANGHAI).date().isoformat()
    report = town.get("operation-report", "regulator", first=today, last=today).json()
    assert report["invocations"]["answered"] >= 1
    assert 0 <= report["minutes_served"] <= report["minutes"]
    assert report["matters"]["application"]["signed"] >= 1
    assert dict(report["acts"])["agreement"] >= 1
    table = town.get("operation-report", "regulator", first=today, last=today, format="csv").text
    assert "invocations.answered" in table
    assert town.get("operation-report", "researcher", first=today, last=today).status_code == 403
