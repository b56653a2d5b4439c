"""The vault: keys come back only to the room that wrapped them."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from enclave.vault import Vault
from policies.errors import NotFound


def test_a_key_comes_back_after_a_restart(tmp_path: Path) -> None:
    key = Vault(tmp_path).new_key()
    wrapped = Vault(tmp_path).wrap("visits", key)
    assert key not in wrapped
    assert Vault(tmp_path).unwrap("visits", wrapped) == key


def test_another_room_opens_nothing(tmp_path: Path) -> None:
    wrapped = Vault(tmp_path / "a").wrap("visits", b"k" * 32)
    other = Vault(tmp_path / "b")
    shutil.copytree(tmp_path / "a" / "datasets", tmp_path / "b" / "datasets", dirs_exist_ok=True)
    with pytest.raises(InvalidUnwrap):
        other.unwrap("visits", wrapped)


def test_a_destroyed_key_opens_no_version_and_touches_no_other_dataset(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    kept = [vault.wrap(name, b"k" * 32) for name in ("visits", "visits", "trips")]
    for _ in range(2):
        vault.destroy("visits")
    for wrapped in kept[:2]:
        with pytest.raises(NotFound):
            Vault(tmp_path).unwrap("visits", wrapped)
    assert vault.unwrap("trips", kept[2]) == b"k" * 32
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == ["trips.key"]


def test_the_wrapping_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    Vault(tmp_path)
    assert (tmp_path / "wrapping.key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["datasets", "wrapping.key"]
