"""Signed checkpoints of a log: C2SP signed-note and tlog-checkpoint, checked under a key that the agreement names.

A note is text, a blank line, and lines "— name base64(key hash || signature)". Lines of other signers (witnesses)
are passed over; a line that claims to be the log's must hold.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jali.errors import Flaw, VerificationError

_ED25519 = b"\x01"
_MARK = "\u2014 "


@dataclass(frozen=True)
class LogKey:
    """The log as the signed agreement names it: its origin and its raw Ed25519 public key (32 bytes)."""

    origin: str
    key: bytes

    def __post_init__(self) -> None:
        if not self.origin or len(self.key) != 32 or any(sign.isspace() or sign == "+" for sign in self.origin):
            raise VerificationError(
                Flaw.AGREEMENT_MALFORMED, "a log has an origin without spaces and a key of 32 bytes"
            )

    @property
    def key_hash(self) -> bytes:
        """First four bytes of SHA-256(name || 0x0A || 0x01 || key) (C2SP signed-note, "Ed25519")."""
        return hashlib.sha256(self.origin.encode() + b"\n" + _ED25519 + self.key).digest()[:4]


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement: the log `origin` had `size` entries under this `root`."""

    origin: str
    size: int
    root: bytes
    note: str


def open_checkpoint(note: str, log: LogKey) -> Checkpoint:
    """The checkpoint in a note, after its signature was found to be the log's. Raises VerificationError."""
    text, signatures = _parts(note)
    checkpoint = _read(text, note)
    if checkpoint.origin != log.origin:
        raise VerificationError(
            Flaw.OTHER_LOG, f"the checkpoint is of log {checkpoint.origin!r}, the agreement names {log.origin!r}"
        )
    ours = [signature for name, hash_, signature in signatures if name == log.origin and hash_ == log.key_hash]
    if not ours:
        raise VerificationError(
            Flaw.CHECKPOINT_SIGNATURE, "the checkpoint isn't signed by the log key of the agreement"
        )
    for signature in ours:
        _check_signature(log.key, signature, text)
    return checkpoint


def _check_signature(key: bytes, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode())
    except InvalidSignature:
        raise VerificationError(Flaw.CHECKPOINT_SIGNATURE, "the log's signature on the checkpoint is wrong") from None


def _parts(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The signed text (with its last newline) and the signature lines as (name, key hash, signature)."""
    body, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise VerificationError(Flaw.CHECKPOINT_MALFORMED, "the checkpoint isn't a signed note")
    return body + "\n", [_signature_line(line) for line in tail[:-1].split("\n")]


def _signature_line(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    blob = _base64(encoded)
    if not line.startswith(_MARK) or not name or len(blob) < 5:
        raise VerificationError(Flaw.CHECKPOINT_MALFORMED, "a signature line of the checkpoint can't be read")
    return name, blob[:4], blob[4:]


def _read(text: str, note: str) -> Checkpoint:
    lines = text.split("\n")
    size = lines[1] if len(lines) > 3 else ""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size, re.ASCII):
        raise VerificationError(Flaw.CHECKPOINT_MALFORMED, "the checkpoint has no size")
    root = _base64(lines[2])
    if len(root) != 32:
        raise VerificationError(Flaw.CHECKPOINT_MALFORMED, "the checkpoint's root isn't a SHA-256 hash")
    return Checkpoint(lines[0], int(size), root, note)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VerificationError(Flaw.CHECKPOINT_MALFORMED, "the checkpoint holds something that isn't base64") from None
