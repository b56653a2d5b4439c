"""The engines inside a worker: what was opened answers, and only the newest few stay open."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from enclave.engines import OPEN_DATASETS, Engines
from tests.enclave.test_lanes import QUICK, work
from tests.world import World


def test_a_dataset_that_was_opened_answers(world: World) -> None:
    job, engines = work(world, QUICK), Engines()
    engines.open(job.request)
    engines.perform(job.plan, job.charge, job.request.file)
    (answer,) = engines.tell().statements
    [[count]] = answer.rows
    assert count == pytest.approx(2600, abs=400)


def test_only_the_newest_few_stay_open(world: World, tmp_path: Path) -> None:
    job, engines = work(world, QUICK), Engines()
    copies = [Path(shutil.copy(job.request.file, tmp_path / f"{n}.duckdb")) for n in range(OPEN_DATASETS + 1)]
    for file in (*copies[:OPEN_DATASETS], copies[0], copies[-1]):  # the first is used again before the last comes
        engines.open(replace(job.request, file=file))
    for file in (copies[0], *copies[2:]):
        engines.perform(job.plan, job.charge, file)
        assert engines.tell().statements[0].rows
    with pytest.raises(KeyError):
        engines.perform(job.plan, job.charge, copies[1])


def test_a_wrong_key_opens_nothing(world: World) -> None:
    job, engines = work(world, QUICK), Engines()
    with pytest.raises(Exception, match=r"key|decrypt"):
        engines.open(replace(job.request, key=bytes(32)))
    with pytest.raises(KeyError):
        engines.perform(job.plan, job.charge, job.request.file)


def test_what_was_released_is_told_once_and_nothing_before_it(world: World) -> None:
    job, engines = work(world, QUICK), Engines()
    engines.open(job.request)
    with pytest.raises(ValueError, match="nothing was released"):
        engines.tell()
    assert engines.perform(job.plan, job.charge, job.request.file) is None
    engines.tell()
    with pytest.raises(ValueError, match="nothing was released"):
        engines.tell()
