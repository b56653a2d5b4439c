"""kill -9 at any moment: nothing released uncharged, nothing charged twice, the log whole and only ever grown.

Ten times over, 8 threads ask 50 questions while the room or the front is killed; whoever was cut off asks again.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

import jali
from enclave.config import Settings
from enclave.room import open_room
from enclave.store.log_models import Leaf
from enclave.store.models import BudgetRow, Job
from privacy.loss import Loss
from tests.postgres import Server, running
from tests.stories.served import House, Researcher

ROUNDS, THREADS, QUESTIONS = 10, 8, 50
DATABASE_ROUNDS = 4
GIVE_UP_SECONDS = 240


@pytest.fixture
def researcher(furnished: Researcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Researcher]:
    moved = furnished.moved_to(tmp_path)
    monkeypatch.setenv("JALI_STATE", moved.house.environment["JALI_STATE"])
    moved.house.start()
    yield moved
    with suppress(ProcessLookupError, AssertionError):
        moved.house.stop()


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(1800)
# httpcore leaves the sockets of cut connections to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_kill_9_of_room_or_front_while_8_threads_ask(researcher: Researcher) -> None:
    house = researcher.house
    held: list[jali.Answer] = []
    for number in range(ROUNDS):
        killer = threading.Thread(target=kill_somebody, args=(house, number))
        killer.start()
        questions = range(number * QUESTIONS, (number + 1) * QUESTIONS)
        with ThreadPoolExecutor(THREADS) as threads:
            held += threads.map(partial(ask_until_answered, researcher), questions)
        killer.join()
        revive(house)
        researcher.connect().checkpoint()  # the client holds it against every checkpoint that it saw before
        every_answer_was_charged_once(house, held)
    assert len({answer.document["plan"]["digest"] for answer in held}) == ROUNDS * QUESTIONS


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_kill_9_of_the_database_server_while_8_threads_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room and front on PostgreSQL. The server is killed with all that it runs, in every second round the room, too."""
    with running() as server:
        stores = {"JALI_STORE_URL": server.database(), "JALI_FRONT_STORE_URL": server.database()}
        house = House(tmp_path, **stores)
        monkeypatch.setenv("JALI_STATE", house.environment["JALI_STATE"])
        held: list[jali.Answer] = []
        with house.serving():
            researcher = house.furnish()
            workers = [Path(f"/proc/{pid}/environ").read_bytes() for pid in processes(house, "enclave.worker")]
            assert workers
            assert not any(b"JALI_STORE_URL" in environment for environment in workers)  # it may hold a password
            for number in range(DATABASE_ROUNDS):
                killer = threading.Thread(target=kill_server, args=(house, server, number))
                killer.start()
                questions = range(number * QUESTIONS, (number + 1) * QUESTIONS)
                with ThreadPoolExecutor(THREADS) as threads:
                    held += threads.map(partial(ask_until_answered, researcher), questions)
                killer.join()
                researcher.connect().checkpoint()
                every_answer_was_charged_once(house, held)
    assert len({answer.document["plan"]["digest"] for answer in held}) == DATABASE_ROUNDS * QUESTIONS
    assert not list(tmp_path.rglob("room.sqlite")) + list(tmp_path.rglob("front.db"))


def kill_server(house: House, server: Server, number: int) -> None:
    time.sleep(random.Random(number).uniform(0.2, 3.0))
    server.kill()
    if number % 2:
        for pid in processes(house, "enclave.server"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    time.sleep(1)
    server.start()
    revive(house)


def ask_until_answered(researcher: Researcher, question: int) -> jali.Answer:
    sql = f"SELECT COUNT(*) AS n FROM visits WHERE minutes > {question % 100} AND cost < {question // 100 + 1}"
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            with researcher.connect() as room:
                answer = room.sql(sql, epsilon="0.01")
                answer.receipt.verify()
                return answer
        except jali.Unavailable:
            assert time.monotonic() < deadline, "the house did not come back"
            time.sleep(0.3)


def kill_somebody(house: House, number: int) -> None:
    """After a while that a fixed seed draws, kill the whole room, the whole front, or one process of either."""
    time.sleep(random.Random(number).uniform(0.2, 8.0))
    target, whole = (("enclave.server", True), ("wsgi", True), ("enclave.server", False), ("wsgi", False))[number % 4]
    pids = processes(house, target)
    for pid in pids if whole else pids[-1:]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    revive(house)


def processes(house: House, target: str) -> list[int]:
    assert house.process is not None
    found, waiting = [], [house.process.pid]
    while waiting:
        pid = waiting.pop()
        with suppress(FileNotFoundError, ProcessLookupError):
            if target in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                found.append(pid)
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return found


def revive(house: House) -> None:
    """The supervisor ends when room or front dies; whoever watches over it starts it anew."""
    assert house.process is not None
    deadline = time.monotonic() + 60
    while not house.is_up() and house.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    if house.process.poll() is not None:
        house.start()


def every_answer_was_charged_once(house: House, held: list[jali.Answer]) -> None:
    house.run("enclave", "check-log")
    room = open_room(Settings.from_environment(house.environment), with_lanes=False)
    with room.database.reading() as session:
        jobs = session.scalars(select(Job)).all()
        plans = [job.plan_digest for job in jobs]
        assert len(set(plans)) == len(plans)
        assert {answer.document["plan"]["digest"] for answer in held} <= set(plans)
        assert {job.state for job in jobs} <= {"charged", "answered"}
        intents = session.scalar(select(func.count()).select_from(Leaf).where(Leaf.kind == "intent"))
        assert intents == len(jobs)
        for budget in session.scalars(select(BudgetRow)):
            assert budget.charges == len(jobs)
            curves = [Loss.from_json(job.loss).curve_nano() for job in jobs]
            assert budget.spent_curve == [sum(column) for column in zip(*curves, strict=True)]
    room.close()
