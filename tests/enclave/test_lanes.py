"""Lanes: a slot is held to its end whatever happens in it, and no child that failed is used again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path
from threading import Thread, Timer

import pytest

from dp_queries import planner
from dp_queries.plan import Plan
from enclave.child import Breach
from enclave.lanes import Lanes
from enclave.line import LOOK_SECONDS, Stopped
from enclave.messages import OpenRequest
from policies.authorization import Act, decide
from privacy.budget import Charge, issue_charge
from tests.world import RESEARCHER, World

SLOT_SECONDS = 0.8
QUICK = "SELECT COUNT(*) AS n FROM visits"
SLOW = (
    f"SELECT day, clinic, region, {', '.join(f'SUM(minutes + {i}) AS s{i}' for i in range(16))}"
    " FROM visits JOIN people USING (person) GROUP BY day, clinic, region"
)


@dataclass(frozen=True)
class Work:
    """What the room hands to a lane."""

    plan: Plan
    charge: Charge
    request: OpenRequest

    def times(self, count: int) -> "Work":
        """The same with every measure taken so often: as much more work."""
        (one,) = self.plan.aggregations
        plan = replace(self.plan, aggregations=(replace(one, measures=one.measures * count),))
        return Work(plan, charge_for(plan), self.request)

    def in_slot(self, seconds: float) -> "Work":
        plan = replace(self.plan, slot_seconds=Fraction(seconds).limit_denominator(1000))
        return Work(plan, charge_for(plan), self.request)


def go_on() -> None:
    """A look at which nothing is found."""


def charge_for(plan: Plan, digest: str | None = None) -> Charge:
    return issue_charge(id="c", agreement=plan.agreement, plan_digest=digest or plan.digest, loss=plan.loss)


def work(world: World, sql: str | tuple[str, ...]) -> Work:
    """A question's work, in a slot of this file's own."""
    room = world.room
    with room.database.reading() as session:
        dataset = room.datasets.get(session, "visits")
        agreement = room.agreements.get(session, world.agreement)
        request = room.open_request(session, "visits", dataset.version)
    query = planner.analyse(sql, dataset)
    act = Act(door="sql", needs=query.needs, epsilon_micro=1_000_000, purpose=None)
    permit = decide(agreement, act, actor=RESEARCHER, holds=(), acts_today=0, now=room.clock())
    plan = planner.plan(query, dataset, permit, epsilon_micro=1_000_000)
    return Work(plan, charge_for(plan), request).in_slot(SLOT_SECONDS)


class OneLane:
    """Lanes with one child, and what is seen of it from outside."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    def perform(self, work: Work) -> float:
        """Perform the work; how long it took."""
        begun = time.monotonic()
        self._lanes.perform(work.plan, work.charge, work.request, look=go_on)
        return time.monotonic() - begun

    def fail(self, work: Work) -> tuple[str, float]:
        """Perform the work, which must be a breach; the operator's text, and how long it took."""
        begun = time.monotonic()
        with pytest.raises(Breach) as caught:
            self._lanes.perform(work.plan, work.charge, work.request, look=go_on)
        return str(caught.value), time.monotonic() - begun

    def child(self) -> int:
        """The pid of the child; only while the lane is free."""
        child = self._lanes._free.get()
        self._lanes._free.put(child)
        return child.process.pid if child is not None else 0

    def works_again(self, quick: Work, former: int) -> bool:
        """Whether another child answers, and the former one is gone."""
        self.perform(quick)
        return self.child() != former and not Path(f"/proc/{former}").exists()


@pytest.fixture(scope="module")
def quick(world: World) -> Work:
    return work(world, QUICK)


@pytest.fixture(scope="module")
def slow(world: World) -> Work:
    return work(world, SLOW)


@pytest.fixture(scope="module")
def lane(quick: Work, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneLane]:
    lanes = Lanes(1, cache=tmp_path_factory.mktemp("cache"))
    lanes.warm([quick.request])
    yield OneLane(lanes)
    lanes.close()


def test_a_slot_is_held_to_its_end_also_when_the_work_is_early(lane: OneLane, quick: Work) -> None:
    for slot in (0.5, SLOT_SECONDS):
        assert slot <= lane.perform(quick.in_slot(slot)) < slot + 0.2


def test_a_second_askers_wait_does_not_tell_how_long_the_firsts_work_took(lane: OneLane, quick: Work) -> None:
    """The first's work takes .6 s longer the second time: its child is stopped for so long."""
    waits, quick = [], quick.in_slot(1.5)
    for stopped in (False, True):
        child = lane.child()
        with ThreadPoolExecutor(2) as threads:
            begun = threads.submit(lane.perform, quick)
            time.sleep(0.05)
            if stopped:
                os.kill(child, signal.SIGSTOP)
                Timer(0.6, os.kill, (child, signal.SIGCONT)).start()
            waits.append(threads.submit(lane.perform, quick).result())
            begun.result()
    assert waits[1] == pytest.approx(waits[0], abs=0.4)
    assert min(waits) >= 2 * 1.5 - 0.1


def test_an_engine_that_raises_is_a_breach_at_the_end_of_the_slot(lane: OneLane, quick: Work) -> None:
    former = lane.child()
    text, took = lane.fail(replace(quick, charge=charge_for(quick.plan, "of another plan")))
    assert text == "the engine raised ValueError"  # and nothing of what it said
    assert SLOT_SECONDS <= took < SLOT_SECONDS + 0.2
    assert lane.works_again(quick, former)


def test_a_child_that_dies_is_a_breach_at_the_end_of_the_slot(lane: OneLane, quick: Work, slow: Work) -> None:
    former = lane.child()
    killer = Timer(0.2, os.kill, (former, signal.SIGKILL))
    killer.start()
    text, took = lane.fail(slow.times(12))
    assert text == "the worker died"
    assert SLOT_SECONDS <= took < SLOT_SECONDS + 0.2
    assert lane.works_again(quick, former)


def test_a_child_that_misses_its_slot_is_killed_at_the_end_of_it(lane: OneLane, quick: Work, slow: Work) -> None:
    former = lane.child()
    text, took = lane.fail(slow.times(20).in_slot(0.5))
    assert text == "the worker missed its slot"
    assert 0.5 <= took < 0.7
    assert lane.works_again(quick, former)


def test_a_child_that_died_between_jobs_is_replaced_and_nobody_notices(lane: OneLane, quick: Work) -> None:
    former = lane.child()
    os.kill(former, signal.SIGKILL)
    assert lane.works_again(quick, former)


def test_a_child_outlives_the_thread_that_asked_for_it(lane: OneLane, quick: Work) -> None:
    os.kill(lane.child(), signal.SIGKILL)
    asker = Thread(target=lane.perform, args=(quick,))
    asker.start()
    asker.join()
    made = lane.child()
    lane.perform(quick)
    assert lane.child() == made


def test_a_file_that_can_not_be_opened_is_a_breach_and_the_lane_is_free_again(
    lane: OneLane, quick: Work, tmp_path: Path
) -> None:
    former = lane.child()
    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(b"damaged" * 1000)
    text, _ = lane.fail(replace(quick, request=replace(quick.request, file=damaged)))
    assert text.startswith("the engine raised ")
    assert "damaged" not in text
    assert lane.works_again(quick, former)


def test_warming_goes_on_where_a_dataset_can_not_be_opened(lane: OneLane, quick: Work, tmp_path: Path) -> None:
    lane._lanes.warm([replace(quick.request, file=tmp_path / "missing.duckdb")])
    assert lane.child() == 0
    assert lane.perform(quick) >= SLOT_SECONDS


def test_keys_are_neither_in_a_childs_environment_nor_in_its_arguments(
    lane: OneLane, quick: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JALI_A_KEY", "secret-of-the-room")
    os.kill(lane.child(), signal.SIGKILL)
    lane.perform(quick)
    shown = b"".join(Path(f"/proc/{lane.child()}/{part}").read_bytes() for part in ("environ", "cmdline"))
    assert b"enclave.worker" in shown
    key = quick.request.key
    for secret in (b"secret-of-the-room", b"JALI", key, key.hex().encode(), str(quick.request.file).encode()):
        assert secret not in shown
    assert repr(key) not in repr(quick.request)


def test_closing_ends_the_children(quick: Work, tmp_path: Path) -> None:
    made = Lanes(1, cache=tmp_path)
    child = OneLane(made).child()
    made.close()
    assert not Path(f"/proc/{child}").exists()


@pytest.mark.long
@pytest.mark.alone
def test_no_slot_is_missed_while_the_machine_is_busy(world: World, quick: Work, slow: Work, tmp_path: Path) -> None:
    """The load comes after the machine was measured. Slots are those that a room would give.

    Its twin, which misses, is the test of a child that misses its slot.
    """
    made = Lanes(1, cache=tmp_path)
    if not made.goes_first:
        made.close()
        pytest.skip("nobody may go first here: slots have the former margins, and nothing new is claimed")
    made.warm([quick.request])
    with world.room.database.reading() as session:
        dataset = world.room.datasets.get(session, "visits")
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(8)]
    try:
        time.sleep(0.5)  # a room looks about itself ten times a second
        for _ in range(30):
            for sql, job in ((QUICK, quick), (SLOW, slow)):
                slot = planner.analyse(sql, dataset, made.pace).slot_seconds
                plan = replace(job.plan, slot_seconds=slot)
                assert made.perform(plan, charge_for(plan), job.request, look=go_on).statements[0].rows
    finally:
        for process in busy:
            process.kill()
            process.wait()
        made.close()


def test_what_a_query_does_to_the_machine_is_not_measured(lane: OneLane, quick: Work) -> None:
    """No round is taken while the lane is held, also when the work was done early."""
    rounds = lane._lanes._keeper._rounds
    asker = Thread(target=lane.perform, args=(quick.in_slot(5.0),))
    asker.start()
    time.sleep(0.5)
    before = list(rounds)
    time.sleep(4.0)
    assert list(rounds) == before
    asker.join()


def test_a_stop_tells_nothing_of_how_far_the_work_had_come(lane: OneLane, quick: Work, slow: Work) -> None:
    """The work was done at once, or is far from it. Told and freed at the same times either way."""
    told, freed = [], []
    for asked in (quick.in_slot(2.5), slow.times(20).in_slot(2.5)):
        lane.perform(quick.in_slot(0.5))
        former, looks = lane.child(), count(1)

        def look(looks: Iterator[int] = looks) -> None:
            if next(looks) == 4:
                raise Stopped

        begun = time.monotonic()
        with pytest.raises(Stopped) as caught:
            lane._lanes.perform(asked.plan, asked.charge, asked.request, look=look)
        told.append(time.monotonic() - begun)
        assert caught.value.was_begun
        assert lane.child() == 0  # waits until it is free
        freed.append(time.monotonic() - begun)
        assert not Path(f"/proc/{former}").exists()
    assert told == pytest.approx([4 * LOOK_SECONDS] * 2, abs=0.4)
    assert freed == pytest.approx([2.5, 2.5], abs=0.4)
