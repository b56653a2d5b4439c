"""A key per dataset version, wrapped by a key per dataset; destroying that key is the withdrawal (Art. 31).

Wrapping is AES key wrap (RFC 3394). A dataset's key lies in a file of its own (0600), itself wrapped by the room's
wrapping key, apart from the store; so a copy of the store opens nothing, and an old copy of it opens nothing that was
withdrawn since.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from policies.errors import NotFound

KEY_BYTES = 32


class Vault:
    """Makes, wraps and unwraps data keys. Raises cryptography's InvalidUnwrap for a key wrapped by another room."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "datasets"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._wrapping_key = _read_or_create(folder / "wrapping.key", secrets.token_bytes(KEY_BYTES))

    def new_key(self) -> bytes:
        """A fresh 256-bit data key."""
        return secrets.token_bytes(KEY_BYTES)

    def wrap(self, dataset: str, key: bytes) -> bytes:
        """A version's data key as it may lie in the store; makes the dataset's key where there is none yet."""
        new = aes_key_wrap(self._wrapping_key, self.new_key())
        return aes_key_wrap(self._key_of(_read_or_create(self._file(dataset), new)), key)

    def unwrap(self, dataset: str, wrapped: bytes) -> bytes:
        """The data key from its wrapped form. Raises NotFound when the dataset's key was destroyed."""
        try:
            return aes_key_unwrap(self._key_of(self._file(dataset).read_bytes()), wrapped)
        except FileNotFoundError:
            raise NotFound(f"the key of dataset {dataset!r} is not here") from None

    def destroy(self, dataset: str) -> None:
        """Destroy a dataset's key, and with it every version's. There is no way back; twice is once."""
        file = self._file(dataset)
        if file.exists():
            with file.open("r+b") as held:  # what the disk itself still remembers is not ours to reach
                held.write(bytes(file.stat().st_size))
                held.flush()
                os.fsync(held.fileno())
            file.unlink()

    def _file(self, dataset: str) -> Path:
        return self._folder / f"{dataset}.key"

    def _key_of(self, content: bytes) -> bytes:
        return aes_key_unwrap(self._wrapping_key, content)


def _read_or_create(path: Path, content: bytes) -> bytes:
    # A half-written key would make every dataset unreadable: the file appears whole, by link, or not at all,
    # and the first of two processes that start at once wins.
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, content)
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
