"""The room's half of the operation report: minutes that were served, what the log says, what is in force."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from enclave import operation
from enclave.uptime import count_minute, served_minutes
from policies.errors import RequestRejected
from policies.terms import write_time
from tests.world import World

START = datetime(2031, 1, 1, 10, 58, tzinfo=UTC)


def test_each_minute_in_which_it_served_counts_once(world: World) -> None:
    for seconds in (0, 20, 40, 60, 190, 200, 3700):
        count_minute(replace(world.room, clock=lambda seconds=seconds: START + timedelta(seconds=seconds)))
    assert served_minutes(world.room, START, START + timedelta(hours=2)) == 4
    assert served_minutes(world.room, START + timedelta(minutes=1), START + timedelta(minutes=4)) == 2
    assert served_minutes(world.room, START + timedelta(minutes=4), START + timedelta(minutes=60)) == 0


def test_the_figures_of_a_period(world: World) -> None:
    asker = replace(world, agreement=world.sign_agreement("operated"))
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    before, after = write_time(now), write_time(now + timedelta(minutes=10))
    asker.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 71", epsilon="0.1")
    count_minute(asker.room)
    told = operation.facts(asker.room, before, after)
    assert told["invocations"]["answered"] >= 1
    assert told["minutes"] <= 10
    assert told["minutes_served"] <= told["minutes"]
    assert list(told["budgets"]) == ["people"]
    assert told["agreements"] >= 2
    assert dict(told["by_dataset"])["visits"] >= 1
    past = operation.facts(asker.room, "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
    assert (sum(past["invocations"].values()), past["minutes"], past["minutes_served"]) == (0, 1440, 0)


@pytest.mark.parametrize(
    "period",
    [("", ""), ("2026-01-01", "2026-01-02"), ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")],
)
def test_a_period_that_is_none_is_refused(world: World, period: tuple[str, str]) -> None:
    with pytest.raises(RequestRejected):
        operation.facts(world.room, *period)
