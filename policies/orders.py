"""Signed orders to the room: holds, lifts, withdrawals, violations, by those whose keys it trusts (Art. 31, 32).

The signature is Ed25519 (RFC 8032) over the canonical JSON (RFC 8785) of the order without `proof`. The room believes
nothing else: who carries an order, the front or a file, has no part in it. An order is for one room (`log`), is fresh
for minutes, and takes effect once.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policies.agreements import PinnedLog
from policies.canonical import canonical_bytes, digest
from policies.errors import OrderRejected, Reason, Refused
from policies.parts import PARTY_NAME
from policies.terms import read_time, write_time

FORMAT: Final = "jali-order/1"
FRESH: Final = timedelta(minutes=10)
"""Older orders are refused: a front that keeps a lift back must not find a better day for it."""
AHEAD: Final = timedelta(minutes=2)
"""How far the signer's clock may be ahead of the room's."""

Scope = Literal["any", "own"]
MAY: Final[Mapping[str, Mapping[str, Scope]]] = {
    "hold": {"security-officer": "any", "data-provider": "own"},
    "lift": {"security-officer": "any"},
    "withdraw": {"data-provider": "own"},
    "violation": {"regulator": "any"},
    "end-violation": {"regulator": "any"},
}
"""Order -> who may sign it, and on what: `own` are datasets that one provides and agreements that one assigned.

Who suspends in haste need not be who decides in the end: a provider stops its own data, but doesn't let them go on
alone, and only a provider destroys its data. The operator, who is the trust root, acts on the room's machine.
"""
ROLE_OF_PARTY: Final = {"provider": "data-provider", "security-officer": "security-officer", "regulator": "regulator"}
"""The room's word for a trusted party -> its role in RULES. An organization orders nothing."""

_TARGET = re.compile(r"[A-Za-z0-9:@._-]{1,200}", re.ASCII)
_NONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
MOST_REASON: Final = 2000


@dataclass(frozen=True)
class Order:
    """What is ordered, of what, why, by whom; `detail` is what this kind of order says besides."""

    kind: str
    target: str
    reason: str
    by: str
    log: PinnedLog
    issued: datetime
    nonce: str
    detail: Mapping[str, Any]

    def __post_init__(self) -> None:
        faults = [name for name, holds in _RULES.items() if not holds(self)]
        if faults:
            raise ValueError(f"these parts are wrong: {', '.join(faults)}")

    def to_json(self) -> dict[str, Any]:
        """The order without its proof: what is signed."""
        return {
            "format": FORMAT,
            "order": self.kind,
            "target": self.target,
            "reason": self.reason,
            "by": self.by,
            "log": {"origin": self.log.origin, "key": b64encode(self.log.key).decode()},
            "issued": write_time(self.issued),
            "nonce": self.nonce,
            "detail": dict(self.detail),
        }

    @property
    def digest(self) -> str:
        """The order's name in the log; the same order signed twice is one order."""
        return digest(self.to_json())


_RULES: Final[Mapping[str, Callable[[Order], bool]]] = {
    "order": lambda order: order.kind in MAY,
    "target": lambda order: bool(_TARGET.fullmatch(order.target)),
    "reason": lambda order: 1 <= len(order.reason) <= MOST_REASON and order.reason.isprintable(),
    "by": lambda order: bool(PARTY_NAME.fullmatch(order.by)),
    "issued": lambda order: order.issued.tzinfo is not None and order.issued.microsecond == 0,
    "nonce": lambda order: bool(_NONCE.fullmatch(order.nonce)),
}


def sign_order(order: Order, key: Ed25519PrivateKey) -> dict[str, Any]:
    """The order as it travels: signed."""
    return {**order.to_json(), "proof": b64encode(key.sign(canonical_bytes(order.to_json()))).decode()}


def read_order(document: Any) -> Order:
    """The order that a document states, its signature unchecked. Raises OrderRejected."""
    parts = ("format", "order", "target", "reason", "by", "log", "issued", "nonce", "detail", "proof")
    if not isinstance(document, Mapping) or set(document) != set(parts) or document["format"] != FORMAT:
        raise _rejected("wrong-shape", f"an order is {FORMAT}, a JSON object of {', '.join(parts)}")
    try:
        order = Order(
            _text(document["order"]),
            _text(document["target"]),
            _text(document["reason"]),
            _text(document["by"]),
            _log(document["log"]),
            read_time(document["issued"]),
            _text(document["nonce"]),
            _object(document["detail"]),
        )
        same = canonical_bytes({**document, "proof": None}) == canonical_bytes({**order.to_json(), "proof": None})
    except (ValueError, TypeError) as fault:
        raise _rejected("wrong-shape", str(fault)) from None
    if not same:
        raise _rejected("wrong-shape", "the order has another spelling")
    return order


def verify_order(document: Any, key: Ed25519PublicKey, *, log: PinnedLog, now: datetime) -> Order:
    """The order, if it was signed with this key, for this room, just now. Raises OrderRejected with every fault."""
    order = read_order(document)
    checks = {
        "bad-signature": (_is_signed(order, document["proof"], key), f"the signature of {order.by} does not match"),
        "another-room": (order.log == log, "the order is for another room, whose log it names"),
        "stale": (now - FRESH <= order.issued <= now + AHEAD, "the order was not signed in the last 10 minutes"),
    }
    reasons = tuple(Reason(code, message) for code, (holds, message) in checks.items() if not holds)
    if reasons:
        raise OrderRejected("the order can't be accepted", reasons)
    return order


def check_may(kind: str, role: str, *, is_own: bool) -> None:
    """Raise Refused unless this role may order this of this target. Source: Art. 31, 32."""
    scope = MAY[kind].get(role)
    if scope is None:
        allowed = ", ".join(sorted(MAY[kind]))
        raise Refused(f"a {role} may not order this", (Reason("role", f"{kind} is ordered by: {allowed}", "order"),))
    if scope == "own" and not is_own:
        message = "only of datasets that you provide, and of agreements that you assigned"
        raise Refused(f"a {role} may not order this here", (Reason("not-own", message, "target"),))


def _is_signed(order: Order, proof: Any, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(b64decode(_text(proof), validate=True), canonical_bytes(order.to_json()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _log(value: Any) -> PinnedLog:
    log = _object(value)
    return PinnedLog(_text(log.get("origin")), b64decode(_text(log.get("key")), validate=True))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("texts must be texts")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > 10 or not all(_is_plain(part) for part in value.values()):
        raise ValueError("log and detail are small, flat objects")
    return value


def _is_plain(part: Any) -> bool:
    parts = part if isinstance(part, list) and len(part) <= 100 else [part]
    return all(each is None or isinstance(each, str | int) for each in parts)


def _rejected(code: str, message: str) -> OrderRejected:
    return OrderRejected("the order can't be accepted", (Reason(code, message),))
