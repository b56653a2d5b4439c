"""The room put together: made once, opened again as it was, for its owner alone."""

import os
from pathlib import Path
from threading import Lock

from enclave.config import Settings
from enclave.room import _JobLocks, open_room


def settings(home: Path) -> Settings:
    return Settings.from_environment({"JALI_HOME": str(home)})


def test_a_room_is_made_once_and_opened_again_as_it_was(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        first = open_room(settings(tmp_path), with_lanes=False)
        with first.database.writing() as session:
            index = first.holds.place(session, target="x", reason="r", by="operator:test", now=first.clock())
        wrapped = first.vault.wrap("visits", b"k" * 32)
        first.close()
        again = open_room(settings(tmp_path), with_lanes=False)
    finally:
        os.umask(before)
    assert again.pinned_log == first.pinned_log
    assert again.vault.unwrap("visits", wrapped) == b"k" * 32
    with again.database.reading() as session:
        assert [held.target for held in again.holds.in_force(session)] == ["x"]
    assert again.receipt(index)["index"] == index
    again.close()
    for path in (tmp_path / "room", tmp_path / "room" / "keys", tmp_path / "room" / "datasets"):
        assert path.stat().st_mode & 0o777 == 0o700
    for name in ("log.key", "wrapping.key"):
        assert (tmp_path / "room" / "keys" / name).stat().st_mode & 0o777 == 0o600


def test_there_is_one_lock_per_job_and_none_for_jobs_that_are_over() -> None:
    locks = _JobLocks()
    held = locks.of("a")
    assert locks.of("a") is held
    assert locks.of("b") is not held
    assert isinstance(held, type(Lock()))
    assert list(locks._locks) == ["a"]
