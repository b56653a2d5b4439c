"""The signed agreement (ODRL JSON) as the client's root of trust: it names the log and the log's key.

Read by code of the client's own. The document carries signatures but no public keys, so whose they are can only be
checked with keys that the researcher got from the parties themselves; without them we say so, and never "verified".
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from jali.canonical import canonical_bytes
from jali.checkpoint import LogKey
from jali.errors import Flaw, RequestRejected, VerificationError

PREFIX = "urn:jali:agreement:"


class Pin(StrEnum):
    """How the log's key came to us, strongest first."""

    SIGNED = "agreement file, both signatures checked"
    FILE = "agreement file, signatures not checked"
    FIRST_USE = "fetched from the server and pinned on first use"


@dataclass(frozen=True)
class PinnedAgreement:
    """What the client takes from an agreement: uid, version, parties, log, and how far that is to be trusted."""

    uid: str
    assigner: str
    assignee: str
    log: LogKey
    pin: Pin
    document: Mapping[str, Any]
    version: int = 1

    def __str__(self) -> str:
        return f"{self.uid} (version {self.version}) between {self.assigner} and {self.assignee} ({self.pin})"


def full_uid(name: str) -> str:
    """The agreement's uid from its uid or its bare id."""
    return name if name.startswith("urn:") else PREFIX + name


def read_agreement(document: Any, pin: Pin) -> PinnedAgreement:
    """The agreement that a document states, signatures not looked at. Raises VerificationError for a wrong form."""
    try:
        log = LogKey(_text(document["log"]["origin"]), base64.b64decode(_text(document["log"]["key"]), validate=True))
        parties = (_party(document["assigner"]["uid"]), _party(document["assignee"]["uid"]))
        return PinnedAgreement(_text(document["uid"]), *parties, log, pin, document, _version(document["version"]))
    except (KeyError, TypeError, ValueError) as fault:
        raise _malformed(f"this isn't an agreement that names its log ({fault})") from None


def open_file(path: Path, keys: Mapping[str, Ed25519PublicKey]) -> PinnedAgreement:
    """The agreement in a file. With keys of both parties their signatures must hold; with one, that one's."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise RequestRejected(f"the agreement file {path} can't be read: {fault.strerror}") from None
    except ValueError:
        raise _malformed(f"{path} isn't JSON") from None
    agreement = read_agreement(document, Pin.FILE)
    checked = {party for party in (agreement.assigner, agreement.assignee) if _signed_by(agreement, party, keys)}
    return read_agreement(document, Pin.SIGNED) if len(checked) == 2 else agreement


def public_key(text: str) -> Ed25519PublicKey:
    """An Ed25519 public key from base64 of its 32 bytes, from PEM text, or from a file that holds either."""
    try:
        found = Path(text).read_text(encoding="utf-8") if Path(text).is_file() else text
        if "-----BEGIN" not in found:
            return Ed25519PublicKey.from_public_bytes(base64.b64decode(found.strip(), validate=True))
        key = load_pem_public_key(found.encode())
    except (ValueError, OSError, UnsupportedAlgorithm):
        raise RequestRejected("a party's key is base64 of 32 bytes, PEM, or a file that holds either") from None
    if not isinstance(key, Ed25519PublicKey):
        raise RequestRejected("a party's key must be an Ed25519 public key")
    return key


def _signed_by(agreement: PinnedAgreement, party: str, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    """Whether we hold the party's key; raises if its signature is missing or wrong (Ed25519, RFC 8032)."""
    stated = {name: part for name, part in agreement.document.items() if name != "proof"}
    values = _signatures(agreement.document.get("proof"), f"urn:jali:party:{party}")
    if not values:
        raise VerificationError(Flaw.AGREEMENT_SIGNATURE, f"{party} has not signed this agreement")
    if party not in keys:
        return False
    try:
        keys[party].verify(values[0], canonical_bytes(stated))
    except (InvalidSignature, ValueError):
        raise VerificationError(
            Flaw.AGREEMENT_SIGNATURE, f"the agreement isn't signed with the key of {party}"
        ) from None
    return True


def _signatures(proofs: Any, party: str) -> list[bytes]:
    try:
        return [base64.b64decode(_text(proof["value"]), validate=True) for proof in proofs if proof["party"] == party]
    except (KeyError, TypeError, ValueError):
        raise _malformed("the agreement's signatures can't be read") from None


def _party(uid: Any) -> str:
    return _text(uid).removeprefix("urn:jali:party:")


def _version(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("the version isn't a whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text is missing")
    return value


def _malformed(message: str) -> VerificationError:
    return VerificationError(Flaw.AGREEMENT_MALFORMED, message)
