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
    answer = engines.perform(job.plan, job.charge, job.request.file).to_json()
    [[count]] = answer["rows"]
    assert count == pytest.approx(2600, abs=400)


def test_only_the_newest_few_stay_open(world: World, tmp_path: Path) -> None:
    job, engines = work(world, QUICK), Engines()
    copies = [Path(shutil.copy(job.request.file, tmp_path / f"{n}.duckdb")) for n in range(OPEN_DATASETS + 1)]
    for file in (*copies[:OPEN_DATASETS], copies[0], copies[-1]):  # the first is used again before the last comes
        engines.open(replace(job.request, file=file))
    for file in (copies[0], *copies[2:]):
        assert engines.perform(job.plan, job.charge, file).rows
    with pytest.raises(KeyError):
        engines.perform(job.plan, job.charge, copies[1])


def test_a_wrong_key_opens_nothing(world: World) -> None:
    job, engines = work(world, QUICK), Engines()
    with pytest.raises(Exception, match=r"key|decrypt"):
        engines.open(replace(job.request, key=bytes(32)))
    with pytest.raises(KeyError):
        engines.perform(job.plan, job.charge, job.request.file)
