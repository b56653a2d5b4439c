"""The vault: keys come back only to the room that wrapped them."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from enclave.vault import Vault


def test_a_key_comes_back_after_a_restart(tmp_path: Path) -> None:
    key = Vault(tmp_path).new_key()
    wrapped = Vault(tmp_path).wrap(key)
    assert key not in wrapped
    assert Vault(tmp_path).unwrap(wrapped) == key


def test_another_room_opens_nothing(tmp_path: Path) -> None:
    wrapped = Vault(tmp_path / "a").wrap(b"k" * 32)
    with pytest.raises(InvalidUnwrap):
        Vault(tmp_path / "b").unwrap(wrapped)


def test_the_wrapping_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    Vault(tmp_path)
    assert (tmp_path / "wrapping.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["wrapping.key"]
