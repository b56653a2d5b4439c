"""The data utilization agreement (Art. 20): typed values <-> ODRL 2.2 JSON-LD, signed by both sides.

The signature is Ed25519 (RFC 8032) over the canonical JSON (RFC 8785) of the document without `proof`. A document
has one spelling only: what is read and written again must be the same bytes, so nothing in it escapes our reading.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policies import profile
from policies.canonical import canonical_bytes, digest
from policies.cedar import Policies, compile_policies
from policies.errors import AgreementRejected, Reason
from policies.parts import PARTY_NAME, base64_bytes, exactly, read_object, read_uid
from policies.terms import Terms, all_columns, read_time, write_time

__all__ = [
    "Agreement",
    "PinnedLog",
    "Terms",
    "agreement_document",
    "all_columns",
    "amendment_document",
    "read_agreement",
    "sign",
    "signature_faults",
    "signers",
    "verify",
    "with_signature",
]

MOST_VERSIONS = 10_000

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ORIGIN = re.compile(r"[!-*,-~]{1,200}", re.ASCII)  # C2SP key names: no space, no plus; we keep to ASCII


def _context() -> list[Any]:
    # What ODRL's own context does not name is ours, so that no part of the document is lost to a JSON-LD reader.
    ours = {"dct": "http://purl.org/dc/terms/", "issued": "dct:issued", "replaces": "dct:replaces"}
    return ["http://www.w3.org/ns/odrl.jsonld", {"@vocab": "urn:jali:term:", "jali": "urn:jali:term:", **ours}]


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
    """A signed agreement, as `verify` returns it. `assigner` is the provider, `assignee` the organization.

    `version` counts from 1; each later one `replaces` the one before it, which it names by digest.
    Its terms are compiled as it is built, so whatever is read, signed or verified can also be decided.
    """

    id: str
    assigner: str
    assignee: str
    issued: datetime
    log: PinnedLog
    terms: Terms
    version: int = 1
    replaces: str | None = None
    policies: Policies = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not all(PARTY_NAME.fullmatch(name) for name in (self.id, self.assigner, self.assignee)):
            raise ValueError("ids and party names are lower-case letters, digits, dots, dashes, underscores")
        if self.assigner == self.assignee:
            raise ValueError("assigner and assignee must be two parties")
        if type(self.version) is not int or not 1 <= self.version <= MOST_VERSIONS:
            raise ValueError("the version must be a whole number from 1 on")
        if (self.version == 1) != (self.replaces is None):
            raise ValueError("version 1 replaces nothing, and every other the version before it")
        if self.replaces is not None and not _DIGEST.fullmatch(self.replaces):
            raise ValueError("replaces must be the SHA-256 digest of the version before, as lower-case hex")
        object.__setattr__(self, "policies", compile_policies(self.terms, self.assignee))

    @property
    def uid(self) -> str:
        """The agreement's name everywhere: in the log, the ledger and the API."""
        return f"urn:jali:agreement:{self.id}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what both parties sign: the canonical document without `proof`."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The ODRL document without proof, in its one spelling."""
        return {
            "@context": _context(),
            "@type": "Agreement",
            "profile": profile.NAME,
            "uid": self.uid,
            "version": self.version,
            **({} if self.replaces is None else {"replaces": self.replaces}),
            "issued": write_time(self.issued),
            "assigner": {"@type": "Party", "uid": f"urn:jali:party:{self.assigner}"},
            "assignee": {"@type": "Party", "uid": f"urn:jali:party:{self.assignee}"},
            "log": {"origin": self.log.origin, "key": b64encode(self.log.key).decode()},
            "permission": [profile.write_permission(self.terms)],
        }


def agreement_document(
    *, id: str, assigner: str, assignee: str, issued: datetime, log: PinnedLog, terms: Terms
) -> dict[str, Any]:
    """An unsigned agreement document. Raises ValueError where a part is not valid."""
    agreement = Agreement(id=id, assigner=assigner, assignee=assignee, issued=issued, log=log, terms=terms)
    return {**agreement.to_json(), "proof": []}


def amendment_document(agreement: Agreement, *, issued: datetime, terms: Terms) -> dict[str, Any]:
    """The unsigned next version of an agreement, with other terms. Raises ValueError where a part is not valid."""
    version, digest = agreement.version + 1, agreement.digest
    return {**replace(agreement, issued=issued, terms=terms, version=version, replaces=digest).to_json(), "proof": []}


def sign(document: Mapping[str, Any], private_key: Ed25519PrivateKey, party: str) -> dict[str, Any]:
    """The document with the party's signature added. Raises AgreementRejected if it can't be signed.

    Only what we read whole is signed, and reading compiles, so nobody is bound to a term that can't be decided.
    """
    signature = private_key.sign(canonical_bytes(read_agreement(document).to_json()))
    return with_signature(document, party, b64encode(signature).decode())


def with_signature(document: Mapping[str, Any], party: str, value: str) -> dict[str, Any]:
    """The document with a signature that was made elsewhere (base64 of 64 bytes) as this party's, in its place.

    Raises AgreementRejected where the party or the form is wrong; whether it is right, `signature_faults` says.
    """
    agreement = read_agreement(document)
    if party not in (agreement.assigner, agreement.assignee):
        raise _rejected(Reason("unknown-party", f"{party} is not a party of this agreement", "proof"))
    try:
        base64_bytes(value)
    except ValueError as fault:
        raise _rejected(Reason("bad-signature", f"a signature {fault}", "value")) from None
    proofs = [proof for proof in (document.get("proof") or ()) if proof["party"] != f"urn:jali:party:{party}"]
    proof = {"type": "jali:Ed25519", "party": f"urn:jali:party:{party}", "value": value}
    return {**agreement.to_json(), "proof": sorted([*proofs, proof], key=lambda each: str(each["party"]))}


def signers(document: Mapping[str, Any]) -> frozenset[str]:
    """The parties whose signatures a document carries, right or wrong."""
    return frozenset(read_uid(proof["party"], "party") for proof in (document.get("proof") or ()))


def verify(document: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey]) -> Agreement:
    """The agreement, if both parties of it signed it with the keys that we hold for them (Art. 20).

    Raises AgreementRejected with every fault. `keys` are those of trusted parties, by name.
    """
    agreement = read_agreement(document)
    reasons = signature_faults(document, agreement, keys)
    if reasons:
        raise _rejected(*reasons)
    return agreement


def signature_faults(
    document: Mapping[str, Any],
    agreement: Agreement,
    keys: Mapping[str, Ed25519PublicKey],
    parties: Iterable[str] | None = None,
) -> tuple[Reason, ...]:
    """What is missing or wrong of the signatures of `parties`, or both, under a document that states this agreement."""
    message = canonical_bytes(agreement.to_json())
    proofs = {proof["party"]: proof["value"] for proof in (document.get("proof") or ())}
    reasons = []
    for party in parties or (agreement.assigner, agreement.assignee):
        uid, key = f"urn:jali:party:{party}", keys.get(party)
        if key is None:
            reasons.append(Reason("unknown-party", f"we hold no key of {party}", "proof"))
        elif uid not in proofs:
            reasons.append(Reason("missing-signature", f"{party} has not signed", "proof"))
        elif not _is_signed(message, proofs[uid], key):
            reasons.append(Reason("bad-signature", f"the signature of {party} does not match", "proof"))
    return tuple(reasons)


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
    try:
        return Agreement(
            id=parts["uid"],
            assigner=parts["assigner"],
            assignee=parts["assignee"],
            issued=parts["issued"],
            log=parts["log"],
            terms=parts["permission"],
            version=parts["version"],
            replaces=parts["replaces"],
        )
    except ValueError as fault:
        raise _rejected(Reason("wrong-shape", str(fault))) from None


def _one_spelling(document: Mapping[str, Any], agreement: Agreement) -> Agreement:
    # Two documents with one meaning would have two signatures; whoever shows one of them could deny the other.
    stated = {name: part for name, part in document.items() if name != "proof"}
    if canonical_bytes(stated) != canonical_bytes(agreement.to_json()):
        raise _rejected(Reason("wrong-spelling", "lists must be sorted and amounts in their shortest form"))
    return agreement


def _party(value: Any) -> str:
    party = read_object(value, "@type", "uid")
    exactly("Party")(party["@type"])
    return read_uid(party["uid"], "party")


def _log(value: Any) -> PinnedLog:
    log = read_object(value, "origin", "key")
    if not isinstance(log["origin"], str):
        raise ValueError("the log's origin must be text")
    return PinnedLog(log["origin"], base64_bytes(log["key"]))


def _permission(value: Any) -> Terms:
    if not isinstance(value, list) or len(value) != 1:
        raise ValueError("must be a list of one permission")
    return profile.read_permission(value[0])


def _version(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


def _replaces(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("must be the digest of the version before")
    return value


def _proofs(value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, list) or len(value) > 2:
        raise ValueError("must be a list of at most two signatures")
    for proof in value:
        exactly("jali:Ed25519")(read_object(proof, "type", "party", "value")["type"])
        read_uid(proof["party"], "party")
        base64_bytes(proof["value"])
    if len({proof["party"] for proof in value}) != len(value):
        raise ValueError("a party signs once")


_PARTS: dict[str, Callable[[Any], Any]] = {
    "@context": exactly(_context()),
    "@type": exactly("Agreement"),
    "profile": exactly(profile.NAME),
    "uid": lambda value: read_uid(value, "agreement"),
    "version": _version,
    "replaces": _replaces,
    "issued": read_time,
    "assigner": _party,
    "assignee": _party,
    "log": _log,
    "permission": _permission,
    "proof": _proofs,
}


def _is_signed(message: bytes, signature: str, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(base64_bytes(signature), message)
    except InvalidSignature:
        return False
    return True


def _rejected(*reasons: Reason) -> AgreementRejected:
    return AgreementRejected("the agreement can't be accepted", reasons)
