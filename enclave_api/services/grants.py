"""Granting an agreement for parties whose key files are at hand: for tests, automation and small installations.

It takes no short cut in the checks: the document is built from typed terms, signed by both parties with their own keys,
and the room accepts it only if it trusts both keys (`python -m enclave trust`).
"""

import secrets
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave.link import Json
from enclave_api.front import Front
from enclave_api.services.acts import record
from policies.agreements import PinnedLog, Terms, agreement_document, sign
from policies.errors import Reason, RequestRejected
from policies.terms import MICRO, read_decimal, read_time


def grant(
    front: Front,
    terms: Terms,
    *,
    parties: Mapping[str, Ed25519PrivateKey],
    by: Mapping[str, Any],
    name: str | None = None,
) -> Json:
    """The agreement, signed by both parties and registered at the room.

    `parties` are the provider and the researcher's organization, in this order, each with its private key.
    """
    provider, organization = parties
    document = agreement_document(
        id=name or f"{terms.dataset}-{secrets.token_hex(4)}".replace("_", "-"),
        assigner=provider,
        assignee=organization,
        issued=front.now().replace(microsecond=0),
        log=_pinned_log(front),
        terms=terms,
    )
    for party, key in parties.items():
        document = sign(document, key, party)
    front.link.register_agreement(document)
    record(front, actor=by, act="agreement-granted", detail={"agreement": document["uid"]})
    return document


def provider_of(front: Front, dataset: str) -> str:
    """The party that provides a dataset, as its card names it."""
    return str(front.link.dataset(dataset)["card"]["provider"])


def _pinned_log(front: Front) -> PinnedLog:
    log = front.link.status()["log"]
    return PinnedLog(log["origin"], b64decode(log["key"], validate=True))


def read_terms(dataset: str, stated: Any) -> Terms:
    """Terms from a JSON object, spelled as in `docs/api.md`. Raises RequestRejected with every fault."""
    if not isinstance(stated, Mapping):
        raise RequestRejected("the terms have faults", (Reason("not-an-object", "terms are a JSON object"),))
    values: dict[str, Any] = {"dataset": dataset}
    reasons = [Reason("unknown-field", "there is no such term", str(name)) for name in stated if name not in _READERS]
    for name, (term, read) in _READERS.items():
        try:
            values[term] = read(stated[name])
        except KeyError:
            reasons.append(Reason("missing", "this term is missing", name))
        except (ValueError, TypeError) as fault:
            reasons.append(Reason("wrong-value", str(fault), name))
    if reasons:
        raise RequestRejected("the terms have faults", tuple(reasons))
    return _valid(values)


def _valid(values: dict[str, Any]) -> Terms:
    try:
        return Terms(**values)
    except ValueError as fault:
        raise RequestRejected("the terms have faults", (Reason("wrong-value", str(fault)),)) from None


def _columns(stated: Any) -> frozenset[tuple[str, str]]:
    texts = _texts(stated)
    if not all(text.count(".") == 1 for text in texts):
        raise ValueError('columns are listed as "table.column" or "table.*"')
    return frozenset((text.split(".")[0], text.split(".")[1]) for text in texts)


def _texts(stated: Any) -> frozenset[str]:
    if not isinstance(stated, list) or not all(isinstance(text, str) for text in stated):
        raise ValueError("must be a list of texts")
    return frozenset(stated)


def _micro(stated: Any) -> int:
    micro = read_decimal(stated) * MICRO
    if micro.denominator != 1:
        raise ValueError("must have at most 6 decimals")
    return micro.numerator


def _whole(stated: Any) -> int:
    if type(stated) is not int:
        raise ValueError("must be a whole number")
    return stated


_READERS = {
    "columns": ("columns", _columns),
    "aggregates": ("aggregates", _texts),
    "purposes": ("purposes", _texts),
    "not_before": ("not_before", read_time),
    "expires_at": ("expires_at", read_time),
    "epsilon": ("epsilon_micro", _micro),
    "delta": ("delta", read_decimal),
    "epsilon_per_query": ("epsilon_per_query_micro", _micro),
    "queries_per_day": ("queries_per_day", _whole),
}
