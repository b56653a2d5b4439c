"""The data utilization agreement (Art. 20): typed values <-> ODRL 2.2 JSON-LD, signed by both sides.

The signature is Ed25519 (RFC 8032) over the canonical JSON (RFC 8785) of the document without `proof`. A document
has one spelling only: what is read and written again must be the same bytes, so nothing in it escapes our reading.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policies.canonical import canonical_bytes
from policies.errors import AgreementRejected, Reason
from policies.terms import Terms, all_columns, read_terms, read_time, write_constraints, write_time

__all__ = ["Agreement", "PinnedLog", "Terms", "agreement_document", "all_columns", "read_agreement", "sign", "verify"]

PROFILE = "urn:jali:odrl-profile:1"
DOORS = {"jali:query": "sql"}
"""ODRL action -> door. A door that is not here can't be agreed on."""

PARTY_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_ORIGIN = re.compile(r"[!-*,-~]{1,200}", re.ASCII)  # C2SP key names: no space, no plus; we keep to ASCII


def _context() -> list[Any]:
    return ["http://www.w3.org/ns/odrl.jsonld", {"jali": "urn:jali:term:"}]


@dataclass(frozen=True)
class PinnedLog:
    """The log that will record this agreement's invocations: its C2SP origin and raw Ed25519 public key."""

    origin: str
    key: bytes

    def __post_init__(self) -> None:
        if not _ORIGIN.fullmatch(self.origin):
            raise ValueError("the log's origin must be 1 to 200 visible ASCII characters without a plus")
        if len(self.key) != 32:
            raise ValueError("the log's key must be 32 bytes")


@dataclass(frozen=True)
class Agreement:
    """A signed agreement, as `verify` returns it. `assigner` is the provider, `assignee` the organization."""

    id: str
    assigner: str
    assignee: str
    issued: datetime
    log: PinnedLog
    terms: Terms
    action: str = "jali:query"

    def __post_init__(self) -> None:
        if not all(PARTY_NAME.fullmatch(name) for name in (self.id, self.assigner, self.assignee)):
            raise ValueError("ids and party names are lower-case letters, digits, dots, dashes, underscores")
        if self.assigner == self.assignee:
            raise ValueError("assigner and assignee must be two parties")
        if self.action not in DOORS:
            raise ValueError("the action is unknown")

    @property
    def uid(self) -> str:
        """The agreement's name everywhere: in the log, the ledger and the API."""
        return f"urn:jali:agreement:{self.id}"

    @property
    def door(self) -> str:
        """The one door that the agreement opens."""
        return DOORS[self.action]

    def to_json(self) -> dict[str, Any]:
        """The ODRL document without proof, in its one spelling."""
        return {
            "@context": _context(),
            "@type": "Agreement",
            "profile": PROFILE,
            "uid": self.uid,
            "issued": write_time(self.issued),
            "assigner": {"@type": "Party", "uid": f"urn:jali:party:{self.assigner}"},
            "assignee": {"@type": "Party", "uid": f"urn:jali:party:{self.assignee}"},
            "log": {"origin": self.log.origin, "key": b64encode(self.log.key).decode()},
            "permission": [
                {
                    "target": f"urn:jali:dataset:{self.terms.dataset}",
                    "action": self.action,
                    "constraint": write_constraints(self.terms),
                }
            ],
        }


def agreement_document(
    *, id: str, assigner: str, assignee: str, issued: datetime, log: PinnedLog, terms: Terms
) -> dict[str, Any]:
    """An unsigned agreement document. Raises ValueError where a part is not valid."""
    agreement = Agreement(id=id, assigner=assigner, assignee=assignee, issued=issued, log=log, terms=terms)
    return {**agreement.to_json(), "proof": []}


def sign(document: Mapping[str, Any], private_key: Ed25519PrivateKey, party: str) -> dict[str, Any]:
    """The document with the party's signature added. Raises AgreementRejected if it can't be signed.

    Only what we read whole is signed, so nobody is bound to a term that the room would not compute.
    """
    agreement = read_agreement(document)
    if party not in (agreement.assigner, agreement.assignee):
        raise _rejected(Reason("unknown-party", f"{party} is not a party of this agreement", "proof"))
    proofs = [proof for proof in (document.get("proof") or ()) if proof["party"] != f"urn:jali:party:{party}"]
    signature = private_key.sign(canonical_bytes(agreement.to_json()))
    proof = {"type": "jali:Ed25519", "party": f"urn:jali:party:{party}", "value": b64encode(signature).decode()}
    return {**agreement.to_json(), "proof": sorted([*proofs, proof], key=lambda each: str(each["party"]))}


def verify(document: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey]) -> Agreement:
    """The agreement, if both parties of it signed it with the keys that we hold for them (Art. 20).

    Raises AgreementRejected with every fault. `keys` are those of trusted parties, by name.
    """
    agreement = read_agreement(document)
    message = canonical_bytes(agreement.to_json())
    proofs = {proof["party"]: proof["value"] for proof in (document.get("proof") or ())}
    reasons = []
    for party in (agreement.assigner, agreement.assignee):
        uid, key = f"urn:jali:party:{party}", keys.get(party)
        if key is None:
            reasons.append(Reason("unknown-party", f"we hold no key of {party}", "proof"))
        elif uid not in proofs:
            reasons.append(Reason("missing-signature", f"{party} has not signed", "proof"))
        elif not _is_signed(message, proofs[uid], key):
            reasons.append(Reason("bad-signature", f"the signature of {party} does not match", "proof"))
    if reasons:
        raise _rejected(*reasons)
    return agreement


def read_agreement(document: Any) -> Agreement:
    """The agreement that a document states, signatures unchecked: for showing and signing, never for deciding.

    Raises AgreementRejected with every fault of its form.
    """
    if not isinstance(document, Mapping) or not all(isinstance(name, str) for name in document):
        raise _rejected(Reason("wrong-shape", "an agreement is a JSON object"))
    parts: dict[str, Any] = {}
    reasons: list[Reason] = []
    for name, read in _PARTS.items():
        try:
            parts[name] = read(document.get(name))
        except AgreementRejected as fault:
            reasons.extend(fault.reasons)
        except ValueError as fault:
            reasons.append(Reason("wrong-shape", str(fault), name))
    reasons += [
        Reason("unknown-part", "this part has no meaning here", name) for name in sorted(set(document) - set(_PARTS))
    ]
    if reasons:
        raise _rejected(*reasons)
    return _one_spelling(document, _agreement(parts))


def _agreement(parts: Mapping[str, Any]) -> Agreement:
    action, terms = parts["permission"]
    try:
        return Agreement(
            parts["uid"], parts["assigner"], parts["assignee"], parts["issued"], parts["log"], terms, action
        )
    except ValueError as fault:
        raise _rejected(Reason("wrong-shape", str(fault))) from None


def _one_spelling(document: Mapping[str, Any], agreement: Agreement) -> Agreement:
    # Two documents with one meaning would have two signatures; whoever shows one of them could deny the other.
    stated = {name: part for name, part in document.items() if name != "proof"}
    if canonical_bytes(stated) != canonical_bytes(agreement.to_json()):
        raise _rejected(Reason("wrong-spelling", "lists must be sorted and amounts in their shortest form"))
    return agreement


def _exactly(expected: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value != expected:
            raise ValueError(f"must be {expected!r}")
        return value

    return read


def _uid(value: Any, kind: str) -> str:
    prefix = f"urn:jali:{kind}:"
    if (
        not isinstance(value, str)
        or not value.startswith(prefix)
        or not PARTY_NAME.fullmatch(value.removeprefix(prefix))
    ):
        raise ValueError(f"must be a uid {prefix}<name>")
    return value.removeprefix(prefix)


def _object(value: Any, *names: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise ValueError(f"must be an object with exactly {', '.join(names)}")
    return value


def _party(value: Any) -> str:
    party = _object(value, "@type", "uid")
    _exactly("Party")(party["@type"])
    return _uid(party["uid"], "party")


def _log(value: Any) -> PinnedLog:
    log = _object(value, "origin", "key")
    if not isinstance(log["origin"], str):
        raise ValueError("the log's origin must be text")
    return PinnedLog(log["origin"], _bytes(log["key"]))


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("must be base64 text")
    try:
        decoded = b64decode(value, validate=True)
    except ValueError:
        raise ValueError("must be base64 text") from None
    if b64encode(decoded).decode() != value:  # a second spelling of the same bytes
        raise ValueError("must be base64 text in its canonical form")
    return decoded


def _permission(value: Any) -> tuple[str, Terms]:
    if not isinstance(value, list) or len(value) != 1:
        raise ValueError("must be a list of one permission")
    permission = _object(value[0], "target", "action", "constraint")
    dataset = _uid(permission["target"], "dataset")
    if not isinstance(permission["action"], str) or permission["action"] not in DOORS:
        raise _rejected(Reason("unknown-term", "we know no such action, so it can't be signed", "permission.action"))
    if not isinstance(permission["constraint"], list):
        raise ValueError("constraint must be a list")
    return permission["action"], read_terms(dataset, permission["constraint"])


def _proofs(value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, list) or len(value) > 2:
        raise ValueError("must be a list of at most two signatures")
    for proof in value:
        _exactly("jali:Ed25519")(_object(proof, "type", "party", "value")["type"])
        _uid(proof["party"], "party")
        _bytes(proof["value"])
    if len({proof["party"] for proof in value}) != len(value):
        raise ValueError("a party signs once")


_PARTS: dict[str, Callable[[Any], Any]] = {
    "@context": _exactly(_context()),
    "@type": _exactly("Agreement"),
    "profile": _exactly(PROFILE),
    "uid": lambda value: _uid(value, "agreement"),
    "issued": read_time,
    "assigner": _party,
    "assignee": _party,
    "log": _log,
    "permission": _permission,
    "proof": _proofs,
}


def _is_signed(message: bytes, signature: str, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(_bytes(signature), message)
    except InvalidSignature:
        return False
    return True


def _rejected(*reasons: Reason) -> AgreementRejected:
    return AgreementRejected("the agreement can't be accepted", reasons)
