"""What the front calls: one method per route of the room's socket (HTTP and JSON over a unix socket).

The only file of `enclave/` that the front may import, so it imports nothing of ours. It holds no rule: the room
decides, this carries. Two things go wrong: the room says no (`RoomSaid`), or there is no answer (`RoomUnreachable`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

Json = dict[str, Any]


class RoomSaid(Exception):
    """The room refused; `body` is the error as it crossed the socket: kind, message, reasons, public facts."""

    def __init__(self, body: Json) -> None:
        super().__init__(str(body.get("message", body.get("kind"))))
        self.body = body


class RoomUnreachable(Exception):
    """No answer, or none that can be understood. A request that changes something may still have taken effect."""


class RoomLink:
    """The socket's near end. Safe to share between threads, not across a fork.

    `submit_seconds` is generous: an answer waits for its release slot, which the plan fixes, and a charge that was
    made is not undone by hanging up. `keepalive_expiry` lies under the room's own, so that a connection is
    never reused in the moment in which the room closes it.
    """

    def __init__(self, socket_path: Path, *, answer_seconds: float = 60.0, submit_seconds: float = 330.0) -> None:
        self._submit_seconds = submit_seconds
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(
                uds=str(socket_path),
                limits=httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=10.0),
            ),
            base_url="http://room",
            timeout=httpx.Timeout(answer_seconds, connect=5.0, pool=5.0),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def status(self, *, answer_seconds: float = 5.0) -> Json:
        """The room's status: doors, separation, the log's origin and key. Short time limit: health asks it."""
        return self._send("GET", "/status", answer_seconds=answer_seconds)

    def datasets(self) -> list[Json]:
        """The catalogue: each dataset's card, version and public facts."""
        return self._list("/datasets")

    def dataset(self, name: str) -> Json:
        """One dataset's card and version."""
        return self._send("GET", f"/datasets/{_part(name)}")

    def register_agreement(self, document: Mapping[str, Any]) -> Json:
        """Hand in a signed agreement; the room checks both signatures against the keys that it trusts."""
        return self._send("POST", "/agreements", body={"document": document})

    def agreements(self, organization: str | None = None) -> list[Json]:
        """The signed documents of one organization's agreements, or of all."""
        return self._list("/agreements", query={"organization": organization})

    def agreement(self, uid: str) -> Json:
        """One agreement's signed document."""
        return self._send("GET", f"/agreements/{_part(uid)}")

    def explain(self, request: Mapping[str, Any]) -> Json:
        """A dry run: {actor, agreement, door, sql, epsilon, accuracy, purpose} -> price, error, layers. Free."""
        return self._send("POST", "/explain", body=request)

    def submit(self, request: Mapping[str, Any]) -> Json:
        """An invocation: what `explain` takes, and `idempotency_key` -> the answer with its receipt."""
        return self._send("POST", "/invocations", body=request, answer_seconds=self._submit_seconds)

    def invocations(self, agreement: str) -> list[Json]:
        """The invocations under one agreement, newest first."""
        return self._list("/invocations", query={"agreement": agreement})

    def budget(self, agreement: str) -> Json:
        """What an agreement has spent and what is left."""
        return self._send("GET", "/budget", query={"agreement": agreement})

    def checkpoint(self) -> str:
        """The log's newest checkpoint, a signed note as text (C2SP tlog-checkpoint)."""
        return self._answer("GET", "/log/checkpoint").text

    def entries(self, *, start: int, count: int) -> list[Json]:
        """Leaves of the log from `start`, in plain text: for officers."""
        return self._list("/log/entries", query={"start": start, "count": count})

    def inclusion(self, *, index: int, size: int) -> Json:
        """Inclusion proof of leaf `index` in the tree of `size` leaves (RFC 9162, section 2.1.3)."""
        return self._send("GET", "/log/inclusion", query={"index": index, "size": size})

    def consistency(self, *, old: int, new: int) -> Json:
        """Consistency proof between two tree sizes (RFC 9162, section 2.1.4)."""
        return self._send("GET", "/log/consistency", query={"from": old, "to": new})

    def record(self, *, actor: Mapping[str, Any], act: str, detail: Mapping[str, Any]) -> Json:
        """An act of the front for the log (Art. 26): who, what, and its public detail."""
        return self._send("POST", "/acts", body={"actor": actor, "act": act, "detail": detail}, answer_seconds=10.0)

    def _send(self, method: str, path: str, **request: Any) -> Json:
        body = _parsed(self._answer(method, path, **request))
        if not isinstance(body, dict):
            raise RoomUnreachable("the room's answer is not a JSON object")
        return body

    def _list(self, path: str, **request: Any) -> list[Json]:
        body = _parsed(self._answer("GET", path, **request))
        if not isinstance(body, list):
            raise RoomUnreachable("the room's answer is not a JSON list")
        return body

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        answer_seconds: float | None = None,
    ) -> httpx.Response:
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        timeout = httpx.USE_CLIENT_DEFAULT if answer_seconds is None else httpx.Timeout(answer_seconds)
        try:
            response = self._client.request(method, path, params=parameters, json=body, timeout=timeout)
        except httpx.HTTPError as error:
            raise RoomUnreachable(f"the room does not answer ({type(error).__name__})") from error
        if not response.is_success:
            raise _refusal(response)
        return response


def _refusal(response: httpx.Response) -> RoomSaid | RoomUnreachable:
    """What an unsuccessful answer means. Only status 400 is something that the room said about the request.

    403 means that the room does not let this process in, 500 that it failed: neither is the caller's doing.
    """
    if response.status_code == 400:
        body = _parsed(response)
        if isinstance(body, dict) and isinstance(body.get("kind"), str):
            return RoomSaid(body)
    return RoomUnreachable(f"the room failed (status {response.status_code})")


def _parsed(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError as error:
        raise RoomUnreachable(f"the room's answer is not JSON (status {response.status_code})") from error


def _part(text: str) -> str:
    """One path segment; a slash in a name must not reach another route, nor a dot walk up."""
    return quote(text, safe="").replace(".", "%2E")
