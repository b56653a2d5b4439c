"""The room's settings: safe defaults, and a wrong one is told, not guessed."""

import os
from pathlib import Path

import pytest

from enclave.config import Settings
from policies.errors import Unavailable


def test_without_an_environment_only_our_own_uid_is_let_in() -> None:
    settings = Settings.from_environment({})
    assert settings.home == Path("var/room").absolute()
    assert settings.allowed_uids == {os.geteuid()}
    assert settings.separation.startswith("not separated")
    cores = len(os.sched_getaffinity(0))
    assert (settings.lanes, settings.memory_bytes) == (max(1, cores // 2), 2 * 2**30)


def test_what_the_environment_says() -> None:
    settings = Settings.from_environment(
        {"JALI_HOME": "/srv/jali", "JALI_ALLOWED_UIDS": "1,2,", "JALI_LANES": "3", "JALI_ROOM_HOME": "/srv/room"}
    )
    assert (settings.home, settings.socket) == (Path("/srv/room"), Path("/srv/jali/run/room.sock"))
    assert settings.allowed_uids == {1, 2}
    assert settings.lanes == 3
    assert (settings.store, settings.keys, settings.datasets) == (
        Path("/srv/room/room.sqlite"), Path("/srv/room/keys"), Path("/srv/room/datasets"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "setting",
    [
        {"JALI_LANES": "0"},
        {"JALI_LANES": "-1"},
        {"JALI_LANES": ""},
        {"JALI_LANES": "2.5"},
        {"JALI_LANES": "٣"},
        {"JALI_LANES": "9" * 5000},
        {"JALI_ALLOWED_UIDS": "root"},
        {"JALI_QUERY_MEMORY_BYTES": "1000"},
    ],
)
def test_a_setting_that_is_no_number_is_named(setting: dict[str, str]) -> None:
    with pytest.raises(Unavailable) as caught:
        Settings.from_environment(setting)
    assert [reason.where for reason in caught.value.reasons] == list(setting)
