"""A key per dataset version, wrapped by the room's key; destroying the wrapped key is the withdrawal (Art. 31).

Wrapping is AES key wrap (RFC 3394). The wrapping key lies in a file of its own (0600), apart from the store, so that a
copy of the store opens nothing.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

KEY_BYTES = 32


class Vault:
    """Makes, wraps and unwraps data keys. Raises cryptography's InvalidUnwrap for a key wrapped by another room."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._wrapping_key = _read_or_create(folder / "wrapping.key")

    def new_key(self) -> bytes:
        """A fresh 256-bit data key."""
        return secrets.token_bytes(KEY_BYTES)

    def wrap(self, key: bytes) -> bytes:
        """The data key as it may lie in the store."""
        return aes_key_wrap(self._wrapping_key, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key from its wrapped form."""
        return aes_key_unwrap(self._wrapping_key, wrapped)


def _read_or_create(path: Path) -> bytes:
    # A half-written key would make every dataset unreadable: the file appears whole, by link, or not at all,
    # and the first of two processes that start at once wins.
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(KEY_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
