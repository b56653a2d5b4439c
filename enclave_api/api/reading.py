"""What a request says, as typed values: its JSON body, its query parameters, its Idempotency-Key."""

import re

from flask import request

from enclave_api.bodies import B, read_body
from enclave_api.errors import WrongMediaType
from enclave_api.questions import AGREEMENT_UID, Question, read_question, read_whole
from policies.errors import Reason, RequestRejected

MOST_CARD_BYTES = 1 << 20
_KEY = re.compile(r"[!-~]{1,200}", re.ASCII)


def question() -> Question:
    """The question in the body. Raises RequestRejected, or TooLarge, or WrongMediaType."""
    if request.mimetype != "application/json":
        raise WrongMediaType("send the question as application/json")
    return read_question(request.get_data(cache=False))


def body(kind: type[B], *, most_bytes: int | None = None) -> B:
    """The JSON body as its type. Raises RequestRejected, or TooLarge, or WrongMediaType."""
    if request.mimetype != "application/json":
        raise WrongMediaType("send the body as application/json")
    if most_bytes is not None:
        request.max_content_length = most_bytes
    return read_body(kind, request.get_data(cache=False))


def idempotency_key() -> str | None:
    """The Idempotency-Key header (IETF draft "The Idempotency-Key HTTP Header Field"), or None."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise _wrong("Idempotency-Key", "must be 1 to 200 visible ASCII characters")
    return key


def agreement() -> str:
    """The query parameter `agreement`."""
    uid = request.args.get("agreement", "")
    if not AGREEMENT_UID.fullmatch(uid):
        raise _wrong("agreement", "must be the uid of an agreement")
    return uid


def whole(name: str, *, least: int = 0, most: int = 2**53, default: int | None = None) -> int:
    """A query parameter that is a whole number."""
    try:
        return read_whole(request.args.get(name), least=least, most=most, default=default)
    except ValueError as fault:
        raise _wrong(name, str(fault)) from None


def _wrong(where: str, message: str) -> RequestRejected:
    return RequestRejected("the request has faults", (Reason("wrong-value", message, where),))
