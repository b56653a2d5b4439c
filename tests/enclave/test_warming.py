"""Warming: right after its start every lane has the current datasets open."""

from pathlib import Path

from sqlalchemy import update

from enclave.store.models import VersionRow
from enclave.warming import warm
from tests.world import make_world


def test_a_warm_lane_answers_in_its_slot_and_a_withdrawn_dataset_is_left_out(tmp_path: Path) -> None:
    world = make_world(tmp_path / "home", tmp_path / "source")
    warm(world.room)
    lanes = world.room.lanes
    assert lanes is not None
    child = lanes._free.get()
    lanes._free.put(child)
    assert child is not None
    assert child.is_started
    # It is open: without its file nothing could open it any more, and yet it answers.
    for file in world.room.settings.datasets.glob("*.duckdb"):
        file.rename(tmp_path / "elsewhere.duckdb")
    assert world.ask("SELECT COUNT(*) AS n FROM visits", epsilon="1")["rows"]
    with world.room.database.writing() as session:
        session.execute(update(VersionRow).values(wrapped_key=None))
    warm(world.room)
    assert child.process.poll() is None
    world.room.close()
