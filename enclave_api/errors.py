"""THE table: what went wrong -> an RFC 9457 problem (Problem Details for HTTP APIs). Only here live status codes.

The table is by `kind`, because the room's errors cross the socket as kinds. What it does not know becomes a 500 without
detail: an unforeseen exception's text may hold anything.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from flask import Flask, Response, current_app, g
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from enclave.link import RoomSaid, RoomUnreachable
from policies.errors import JaliError, RequestRejected

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
TYPE_PREFIX = "urn:jali:problem:"
UNREACHABLE = "The room does not answer now. What is sent again with its Idempotency-Key is not charged twice."


class TooLarge(RequestRejected):
    """The request's body is larger than anything we read."""

    kind = "too-large"


class WrongMediaType(RequestRejected):
    """The request's body is not declared as application/json."""

    kind = "wrong-media-type"


class WrongMethod(RequestRejected):
    """There is such a route, but not with this method."""

    kind = "wrong-method"


@dataclass(frozen=True)
class Problem:
    """How one kind is told: its status, its title, and headers that HTTP asks for with this status."""

    status: int
    title: str
    headers: tuple[tuple[str, str], ...] = ()


PROBLEMS: Mapping[str, Problem] = {
    "request-rejected": Problem(400, "The request's fields are wrong"),
    "not-authenticated": Problem(401, "No valid token", (("WWW-Authenticate", 'Bearer realm="jali"'),)),
    "refused": Problem(403, "The agreement, a hold or a role forbids it"),
    "budget-exceeded": Problem(403, "The budget does not suffice"),
    "withheld": Problem(403, "The answer is withheld"),
    "not-found": Problem(404, "No such thing, or not for you"),
    "wrong-method": Problem(405, "This route does not know the method"),
    "conflict": Problem(409, "The Idempotency-Key was used for another request"),
    "wrong-state": Problem(409, "The matter is in another state"),
    "too-large": Problem(413, "The request is too large"),
    "wrong-media-type": Problem(415, "The request is not JSON"),
    "agreement-rejected": Problem(422, "The agreement can't be accepted"),
    "card-rejected": Problem(422, "The dataset card has faults"),
    "work-order-returned": Problem(422, "The work order is returned"),
    "application-incomplete": Problem(422, "The application is not complete"),
    "load-rejected": Problem(422, "The data break their card"),
    "order-rejected": Problem(422, "The order can't be accepted"),
    "query-rejected": Problem(422, "This SQL can't be answered"),
    "error": Problem(500, "Something failed on our side"),
    "log-damaged": Problem(500, "The room's log is not what was signed"),
    "proof-rejected": Problem(500, "A proof of the room's log does not hold"),
    "unavailable": Problem(503, "The service does not answer now", (("Retry-After", "5"),)),
}

_OF_STATUS: Mapping[int, tuple[str, str]] = {
    400: ("request-rejected", "the request can't be read"),
    404: ("not-found", "there is no such route"),
    405: ("wrong-method", "the route exists, but not with this method"),
    413: ("too-large", "the request's body is larger than {limit} bytes, the most that is read"),
}
_TOLD_APART = ("kind", "message", "reasons", "log_index")


def problem(
    kind: str,
    detail: str | None = None,
    *,
    reasons: Sequence[Mapping[str, Any]] = (),
    log_index: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Response:
    """The response that tells one problem. A kind that is not in the table is told as `error`, without detail.

    `kind`, `reasons`, `log_index` and `facts` (such as `needed`, `remaining`) are extension members (RFC 9457, 3.2).
    """
    if kind not in PROBLEMS:
        kind, detail, reasons, facts = "error", None, (), None
    told = PROBLEMS[kind]
    body = {
        "type": TYPE_PREFIX + kind,
        "title": told.title,
        "status": told.status,
        "detail": detail,
        "instance": request_id(),
        "kind": kind,
        "reasons": list(reasons),
        "log_index": log_index,
        "facts": dict(facts or {}),
    }
    text = current_app.json.dumps({name: value for name, value in body.items() if value is not None})
    return Response(text, told.status, list(told.headers), content_type=PROBLEM_JSON)


def request_id() -> str:
    """This request's name, the same in the problem's `instance` and in our log."""
    if "request_id" not in g:
        g.request_id = uuid4().urn
    return str(g.request_id)


def register(app: Flask) -> None:
    """Make every error of the application a problem."""
    app.register_error_handler(JaliError, _ours)
    app.register_error_handler(RoomSaid, _room_said)
    app.register_error_handler(RoomUnreachable, _room_unreachable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unknown)


def _ours(error: JaliError) -> Response:
    return _told(error.to_json())


def _room_said(error: RoomSaid) -> Response:
    return _told(error.body)


def _told(body: Mapping[str, Any]) -> Response:
    facts = {name: value for name, value in body.items() if name not in _TOLD_APART}
    kind, message, reasons, log_index = (body.get(name) for name in _TOLD_APART)
    return problem(str(kind), message, reasons=reasons or (), log_index=log_index, facts=facts)


def _room_unreachable(error: RoomUnreachable) -> Response:
    log.warning("%s: %s", request_id(), error)
    return problem("unavailable", UNREACHABLE)


def _http(error: HTTPException) -> Response | RequestRedirect:
    if isinstance(error, RequestRedirect):
        return error
    code = error.code or 500
    kind, detail = _OF_STATUS.get(code, _OF_STATUS[400] if code < 500 else ("error", ""))
    response = problem(kind, detail.format(limit=current_app.config["MAX_CONTENT_LENGTH"]) or None)
    if code == 405:  # RFC 9110, section 15.5.6: the answer names the methods that exist
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _unknown(error: Exception) -> Response:
    # Not the exception's text: it may hold parts of the request, and with them line breaks that forge log lines.
    log.error("%s: %s\n%s", request_id(), type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return problem("error")
