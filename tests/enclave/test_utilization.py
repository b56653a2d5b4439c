"""Reports at the room: due by the agreement, filled in from the log, and nothing is allowed while one is overdue."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave import utilization
from enclave.room import Room
from policies.agreements import amendment_document, sign
from policies.authorization import Actor
from policies.errors import NotFound, Refused, RequestRejected, WrongState
from policies.terms import write_time
from tests.world import PROVIDER, RESEARCHER, World, trust

BUREAU = Actor("bureau", "data-provider", PROVIDER, vouched_by="front")
COUNT = "SELECT COUNT(*) AS n FROM visits WHERE minutes > 12"
DIGEST = "d" * 64


def begun(months: int) -> datetime:
    return (datetime.now(UTC) - timedelta(days=31 * months)).replace(microsecond=0)


def monthly(world: World, name: str, months_ago: int) -> World:
    """An agreement that asks for a report every month, and began some months ago."""
    began = begun(months_ago)
    document_of = {"not_before": began, "reports_every_months": 1, "reports_grace_days": 5}
    return replace(world, agreement=world.sign_agreement(name, issued=began, **document_of))


def codes(caught: Any) -> list[str]:
    return [reason.code for reason in caught.value.reasons]


def file(world: World, number: int = 1, act: str = "file", actor: Actor = RESEARCHER, **more: Any) -> dict[str, Any]:
    body = {"agreement": world.agreement, "number": number, "act": act, "digest": DIGEST, **more}
    return utilization.take(world.room, actor, body)


def test_an_overdue_report_stops_the_agreement_until_it_is_filed(world: World) -> None:
    asker = monthly(world, "late", 2)
    first, *_ = utilization.calendar(asker.room, asker.agreement)
    assert first["standing"] == "overdue"
    with pytest.raises(Refused) as caught:
        asker.ask(COUNT, epsilon="0.1")
    assert codes(caught) == ["report-overdue"]
    assert first["due_at"] in str(caught.value.reasons[0].message)
    with pytest.raises(Refused):
        asker.explain(COUNT)
    assert file(asker)["standing"] == "filed"
    assert asker.ask(COUNT, epsilon="0.1")["rows"]
    assert utilization.calendar(asker.room, asker.agreement)[0]["standing"] == "filed"


def test_a_returned_report_has_its_days_of_grace_again(world: World) -> None:
    asker = monthly(world, "returned", 2)
    file(asker)
    assert file(asker, act="return", actor=BUREAU)["standing"] == "due"
    asker.ask(COUNT, epsilon="0.1")
    later = replace(asker, room=at(asker.room, days=6))
    with pytest.raises(Refused) as caught:
        later.ask(COUNT, epsilon="0.1")
    assert set(codes(caught)) == {"report-overdue"}
    file(later)
    assert file(later, act="accept", actor=BUREAU)["standing"] == "accepted"
    with pytest.raises(WrongState):
        file(later)


def at(room: Room, days: int) -> Room:
    return replace(room, clock=lambda: datetime.now(UTC) + timedelta(days=days))


def test_the_facts_are_those_of_the_log(world: World) -> None:
    asker = monthly(world, "told", 0)
    asker.ask(COUNT, epsilon="0.25")
    asker.ask(COUNT, epsilon="0.25")
    asker.ask("SELECT clinic, AVG(cost) AS c FROM visits GROUP BY clinic", epsilon="0.5")
    with pytest.raises(Refused):
        asker.ask(COUNT, epsilon="0.25", purpose="marketing")
    facts = utilization.usage(asker.room, asker.agreement, number=1)
    told = {name: count for name, count in facts["invocations"].items() if count}
    assert told == {"charged": 2, "answered": 2, "repeated": 1, "refused": 1}
    assert dict(facts["columns"])["visits.cost"] == 1
    assert 700_000 <= facts["epsilon_micro"] <= 760_000
    assert facts["people"] == 1
    with pytest.raises(NotFound):
        utilization.usage(asker.room, asker.agreement, number=99)


def test_a_report_is_filed_by_those_it_is_asked_of_and_accepted_when_its_period_is_over(world: World) -> None:
    asker = monthly(world, "by-whom", 2)
    for stranger in (replace(RESEARCHER, organization="elsewhere"), replace(BUREAU, organization="rival")):
        with pytest.raises(NotFound):
            file(asker, actor=stranger)
    for act, actor in (("accept", RESEARCHER), ("file", BUREAU)):
        with pytest.raises(Refused):
            file(asker, act=act, actor=actor)
    running = next(line for line in utilization.calendar(asker.room, asker.agreement) if line["standing"] == "running")
    assert file(asker, number=running["number"])["standing"] == "filed"  # the use may be over before the period is
    with pytest.raises(RequestRejected):
        file(asker, number=running["number"], act="accept", actor=BUREAU)
    with pytest.raises(RequestRejected):
        file(asker, digest=7)
    with pytest.raises(WrongState):
        file(asker, act="accept", actor=BUREAU)


def test_whoever_waits_for_a_report_finds_it(world: World) -> None:
    asker = monthly(world, "awaited", 2)
    found = [each for each in utilization.awaited(asker.room, None) if each["agreement"] == asker.agreement]
    assert [each["standing"] for each in found][:1] == ["overdue"]
    assert (found[0]["organization"], found[0]["provider"]) == (RESEARCHER.organization, PROVIDER)
    assert utilization.awaited(asker.room, "elsewhere") == []


def test_each_step_is_a_leaf(world: World) -> None:
    asker = monthly(world, "leaves", 2)
    index = file(asker)["log_index"]
    with asker.room.database.reading() as session:
        leaf = asker.room.log.leaf(session, index).decode()
    for part in ('"act":"report-file"', DIGEST, asker.agreement, write_time(begun(0))[:4]):
        assert part in leaf


def test_a_report_is_not_filed_before_its_period_begins(world: World) -> None:
    ends = begun(0) + timedelta(days=90)
    asker = replace(world, agreement=world.sign_agreement("ahead", reports_every_months=1, expires_at=ends))
    later = utilization.calendar(asker.room, asker.agreement)[1]
    with pytest.raises(RequestRejected):
        file(asker, number=later["number"])


def test_the_same_step_again_is_told_the_same(world: World) -> None:
    asker = monthly(world, "again", 2)
    first = file(asker)
    assert file(asker) == first
    assert file(asker, act="accept", actor=BUREAU) == file(asker, act="accept", actor=BUREAU)


def test_an_amendment_ends_no_duty(fresh_world: World) -> None:
    asker = monthly(fresh_world, "amended", 2)
    with asker.room.database.reading() as session:
        first = asker.room.agreements.get(session, asker.agreement)
    document = amendment_document(first, issued=datetime.now(UTC).replace(microsecond=0), terms=first.terms)
    document = sign(sign(document, asker.provider_key, PROVIDER), asker.university_key, RESEARCHER.organization)
    with asker.room.database.writing() as session:
        asker.room.agreements.register(session, document, log=asker.room.pinned_log, now=asker.room.clock())
    with pytest.raises(Refused) as caught:
        asker.ask(COUNT, epsilon="0.1")
    assert codes(caught) == ["report-overdue"]
    assert file(asker)["standing"] == "filed"
    assert asker.ask(COUNT, epsilon="0.1")["rows"]


def test_a_key_that_was_replaced_leaves_the_lists_readable(fresh_world: World) -> None:
    asker = monthly(fresh_world, "other-key", 2)
    trust(asker.room, PROVIDER, "provider", Ed25519PrivateKey.generate())
    assert asker.agreement in [each["agreement"] for each in utilization.awaited(asker.room, RESEARCHER.organization)]
    assert utilization.nearly_spent(asker.room, None) == []


def test_both_sides_are_told_when_four_fifths_are_spent(world: World) -> None:
    asker = replace(
        world, agreement=world.sign_agreement("small", epsilon_micro=1_000_000, epsilon_per_query_micro=900_000)
    )
    asker.ask("SELECT COUNT(DISTINCT person) AS n FROM visits WHERE minutes > 21", epsilon="0.7")
    assert asker.agreement not in [each["agreement"] for each in utilization.nearly_spent(asker.room, None)]
    asker.ask("SELECT COUNT(DISTINCT person) AS n FROM visits WHERE minutes > 22", epsilon="0.15")
    [told] = [each for each in utilization.nearly_spent(asker.room, None) if each["agreement"] == asker.agreement]
    assert (told["provider"], told["organization"], told["epsilon"]) == (PROVIDER, RESEARCHER.organization, "1")
    assert utilization.nearly_spent(asker.room, "elsewhere") == []
