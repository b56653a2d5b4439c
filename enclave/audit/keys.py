"""The room's Ed25519 key (RFC 8032): it signs the log's checkpoints, and through them every receipt.

It lies in a file of its own (0600, PKCS #8), apart from the store, so that a copy of the store forges nothing.
"""

import os
import secrets
import stat
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from policies.errors import AgreementRejected, Reason, Unavailable

FILE_NAME = "log.key"


class RoomKey:
    """The room's signing key. Its private half never leaves this object but into its file."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make a fresh key in the folder. Raises FileExistsError where there is one: a log has one key."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write_whole(folder / FILE_NAME, pem)
        return cls(private)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The key in the folder. Raises Unavailable when others may read it or it is no Ed25519 key."""
        path = folder / FILE_NAME
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Unavailable("the room's key may be read by others; set its mode to 0600, or make a new log")
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except ValueError:
            raise Unavailable("the room's key file can't be read as a key") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise Unavailable("the room's key is not an Ed25519 key")
        return cls(private)

    @classmethod
    def load_or_create(cls, folder: Path) -> Self:
        """The key in the folder, made at the first start."""
        try:
            return cls.load(folder)
        except FileNotFoundError:
            pass
        try:
            return cls.create(folder)
        except FileExistsError:  # another process started at the same moment and was first
            return cls.load(folder)

    @property
    def public_bytes(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def public_text(self) -> str:
        """The public key as agreements and the operator spell it: base64 of its 32 bytes."""
        return b64encode(self.public_bytes).decode()

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature over the message."""
        return self._private.sign(message)


def public_key_from_text(text: str) -> Ed25519PublicKey:
    """A party's public key from base64 of its 32 bytes. Raises AgreementRejected for anything else."""
    try:
        return Ed25519PublicKey.from_public_bytes(b64decode(text, validate=True))
    except ValueError:
        reason = Reason("bad-key", "a public key is base64 of the 32 bytes of an Ed25519 key", "key")
        raise AgreementRejected("this is not a public key", (reason,)) from None


def _write_whole(path: Path, content: bytes) -> None:
    # A half-written key would end the log: the file appears whole, by link, or not at all, and never twice.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
