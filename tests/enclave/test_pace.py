"""The pace of lanes: what was measured with a margin, or what is safe where nothing can be relied on."""

from fractions import Fraction
from threading import Timer

from dp_queries.backends.yardstick import USUAL_SECONDS
from dp_queries.slots import CAUTIOUS, slot_seconds
from enclave.pace import PaceKeeper, pace_of, running_now

WORK = Fraction(1, 10)
QUIET = [USUAL_SECONDS] * 20


def test_a_usual_machine_gets_the_work_with_a_margin() -> None:
    pace = pace_of(QUIET, goes_first=True)
    assert pace.slowness == Fraction(5, 4)
    assert WORK < slot_seconds(WORK, pace) < 2 * WORK


def test_a_slow_machine_has_slower_work_and_one_with_bad_moments_longer_latency() -> None:
    slow = pace_of([2 * seconds for seconds in QUIET], goes_first=True)
    assert slow.slowness == Fraction(5, 2)
    moments = pace_of([*QUIET, USUAL_SECONDS + 0.1], goes_first=True)
    assert moments.slowness == Fraction(5, 4)
    assert moments.latency_seconds == Fraction(2, 10)


def test_without_precedence_slots_are_never_shorter_than_on_a_machine_that_nobody_knows() -> None:
    for factor in (0.0, 0.5, 1.0, 3.0):
        rounds = [factor * seconds for seconds in QUIET]
        assert slot_seconds(WORK, pace_of(rounds, goes_first=False)) >= slot_seconds(WORK, CAUTIOUS)
    assert pace_of([3 * seconds for seconds in QUIET], goes_first=False).slowness > CAUTIOUS.slowness


def test_a_machine_that_is_infinitely_fast_still_takes_time() -> None:
    assert slot_seconds(WORK, pace_of([0.0], goes_first=True)) > 0


def test_who_asks_first_waits_and_bad_moments_are_forgotten_in_time() -> None:
    keeper = PaceKeeper()
    assert not keeper.is_known
    Timer(0.1, keeper.heed, (QUIET,), {"goes_first": True}).start()
    before = keeper.pace
    keeper.heed([1.0], goes_first=True)
    assert keeper.pace.latency_seconds > before.latency_seconds
    for _ in range(20):
        keeper.heed(QUIET, goes_first=True)
    assert keeper.pace == before


def test_a_machine_that_others_keep_busy_has_longer_latency_at_once() -> None:
    keeper = PaceKeeper()
    keeper.heed(QUIET, goes_first=True)
    before = keeper.pace
    keeper.look(4, cores=2)
    assert keeper.pace == before
    keeper.look(5, cores=2)
    assert keeper.pace.slowness == before.slowness
    assert keeper.pace.latency_seconds > 2 * before.latency_seconds


def test_who_runs_now_is_seen() -> None:
    assert running_now() >= 1  # we do


def test_where_nothing_can_be_measured_the_machine_is_unknown() -> None:
    keeper = PaceKeeper()
    keeper.give_up()
    assert keeper.pace == CAUTIOUS
