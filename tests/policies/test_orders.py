"""Signed orders: valid by construction, in one spelling, believed by their signature, for one room, for minutes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.agreements import PinnedLog
from policies.errors import OrderRejected, Refused
from policies.orders import AHEAD, FRESH, MAY, Order, check_may, read_order, sign_order, verify_order

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
LOG = PinnedLog("jali.example/room", b"k" * 32)
ORDER = Order("hold", "visits", "a case", "chen", LOG, NOW, "0" * 32, {})


def verified(document: Any, *, log: PinnedLog = LOG, now: datetime = NOW, key: Ed25519PrivateKey = KEY) -> Order:
    return verify_order(document, key.public_key(), log=log, now=now)


def codes(document: Any, **given: Any) -> list[str]:
    with pytest.raises(OrderRejected) as caught:
        verified(document, **given)
    return [reason.code for reason in caught.value.reasons]


def test_what_was_signed_is_what_is_read() -> None:
    assert verified(sign_order(ORDER, KEY)) == ORDER
    for now in (NOW - AHEAD, NOW + FRESH):
        assert verified(sign_order(ORDER, KEY), now=now) == ORDER


def test_every_fault_of_a_readable_order_is_named() -> None:
    other = PinnedLog("jali.example/room", b"o" * 32)
    document = sign_order(ORDER, Ed25519PrivateKey.generate())
    given = {"log": other, "now": NOW + FRESH + timedelta(seconds=1)}
    assert codes(document, **given) == ["bad-signature", "another-room", "stale"]
    assert codes(sign_order(ORDER, KEY), now=NOW - AHEAD - timedelta(seconds=1)) == ["stale"]


CHANGES: list[Mapping[str, Any]] = [
    {"order": "lift"},
    {"target": "others"},
    {"reason": "another case"},
    {"by": "someone"},
    {"issued": "2026-03-01T12:00:01Z"},
    {"nonce": "1" * 32},
    {"detail": {"holds": [1]}},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_signature_covers_every_part(change: Mapping[str, Any]) -> None:
    assert codes({**sign_order(ORDER, KEY), **change}) == ["bad-signature"]


WRONG: list[Any] = [
    None,
    [],
    {},
    {**sign_order(ORDER, KEY), "more": 1},
    {**sign_order(ORDER, KEY), "format": "jali-order/2"},
    *(
        {**sign_order(ORDER, KEY), part: 7}
        for part in ("order", "target", "reason", "by", "log", "issued", "nonce", "detail")
    ),
    {**sign_order(ORDER, KEY), "order": "destroy"},
    {**sign_order(ORDER, KEY), "target": ""},
    {**sign_order(ORDER, KEY), "reason": "two\nlines"},
    {**sign_order(ORDER, KEY), "nonce": "short"},
    {**sign_order(ORDER, KEY), "log": {"origin": "x", "key": "!"}},
    {**sign_order(ORDER, KEY), "log": {"origin": LOG.origin, "key": "a" * 43 + "="}},
    {**sign_order(ORDER, KEY), "detail": {"deep": [[1]]}},
    {**sign_order(ORDER, KEY), "detail": {"float": 0.5}},
]


@pytest.mark.parametrize("document", WRONG, ids=range(len(WRONG)))
def test_what_is_no_order_is_refused(document: Any) -> None:
    with pytest.raises(OrderRejected):
        read_order(document)


def test_a_proof_that_is_no_text_is_no_signature() -> None:
    assert codes({**sign_order(ORDER, KEY), "proof": "%"}) == ["bad-signature"]
    assert codes({**sign_order(ORDER, KEY), "proof": None}) == ["bad-signature"]


def test_one_order_has_one_name_whoever_signed_it() -> None:
    assert read_order(sign_order(ORDER, Ed25519PrivateKey.generate())).digest == ORDER.digest
    assert replace(ORDER, nonce="1" * 32).digest != ORDER.digest


def may(kind: str, role: str, *, is_own: bool) -> bool:
    try:
        check_may(kind, role, is_own=is_own)
    except Refused:
        return False
    return True


def test_duties_are_separated() -> None:
    roles = ("security-officer", "data-provider", "regulator", "organization", "researcher", "operator")
    of_others = {(kind, role) for kind in MAY for role in roles if may(kind, role, is_own=False)}
    assert of_others == {
        ("hold", "security-officer"),
        ("lift", "security-officer"),
        ("violation", "regulator"),
        ("end-violation", "regulator"),
    }
    own = {(kind, role) for kind in MAY for role in roles if may(kind, role, is_own=True)} - of_others
    assert own == {("hold", "data-provider"), ("withdraw", "data-provider")}
