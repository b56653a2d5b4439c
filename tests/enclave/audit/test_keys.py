"""The room's key: made once, kept from others, read whole or not at all."""

import os
from base64 import b64encode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from enclave.audit.keys import FILE_NAME, RoomKey, public_key_from_text
from policies.errors import AgreementRejected, Unavailable


def test_a_key_comes_back_and_signs(tmp_path):
    made = RoomKey.load_or_create(tmp_path)
    loaded = RoomKey.load_or_create(tmp_path)
    assert loaded.public_bytes == made.public_bytes
    public_key_from_text(made.public_text).verify(loaded.sign(b"text"), b"text")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(made.public_bytes).verify(loaded.sign(b"text"), b"another")


def test_the_file_is_its_owners_alone_and_nothing_is_left_beside_it(tmp_path):
    RoomKey.create(tmp_path)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [FILE_NAME]


def test_a_key_is_never_overwritten(tmp_path):
    first = RoomKey.create(tmp_path)
    with pytest.raises(FileExistsError):
        RoomKey.create(tmp_path)
    assert RoomKey.load(tmp_path).public_bytes == first.public_bytes
    assert os.listdir(tmp_path) == [FILE_NAME]


def test_the_first_of_two_that_start_at_once_wins(tmp_path, monkeypatch):
    first = RoomKey.create(tmp_path)
    loads = iter([FileNotFoundError, None])
    load = RoomKey.load

    def too_early(folder):
        if next(loads):
            raise FileNotFoundError
        return load(folder)

    monkeypatch.setattr(RoomKey, "load", too_early)
    assert RoomKey.load_or_create(tmp_path).public_bytes == first.public_bytes


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    RoomKey.create(tmp_path)
    (tmp_path / FILE_NAME).chmod(mode)
    with pytest.raises(Unavailable, match="others"):
        RoomKey.load(tmp_path)


def test_a_file_that_is_no_ed25519_key_is_refused(tmp_path):
    RoomKey.create(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(Unavailable, match="read as a key"):
        RoomKey.load(tmp_path)
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / FILE_NAME).write_bytes(other)
    with pytest.raises(Unavailable, match="not an Ed25519"):
        RoomKey.load(tmp_path)


@pytest.mark.parametrize("text", ["", "not base64!", b64encode(bytes(31)).decode()])
def test_texts_that_are_no_public_key(text):
    with pytest.raises(AgreementRejected):
        public_key_from_text(text)
