"""What the front calls: one method per route of the room's socket (HTTP and JSON over a unix socket).

The only file of `enclave/` that the front may import, so it imports nothing of ours. It holds no rule: the room
decides, this carries. Two things go wrong: the room says no (`RoomSaid`), or there is no answer (`RoomUnreachable`).
"""

import json
import select
import socket
import time
from collections import deque
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote, urlencode

Json = dict[str, Any]
CONNECT_SECONDS: Final = 5.0
# Below the room's own keep-alive, so that a connection is never reused in the moment in which the room closes it.
IDLE_SECONDS: Final = 10.0


class RoomSaid(Exception):
    """The room refused; `body` is the error as it crossed the socket: kind, message, reasons, public facts."""

    def __init__(self, body: Json) -> None:
        super().__init__(str(body.get("message", body.get("kind"))))
        self.body = body


class RoomUnreachable(Exception):
    """No answer, or none that can be understood. A request that changes something may still have taken effect."""


class _Answer(NamedTuple):
    status: int
    content: bytes


class _Connection(HTTPConnection):
    """HTTP over a unix socket, kept alive between requests."""

    def __init__(self, path: Path) -> None:
        super().__init__("room")
        self._path = path
        self._idle_since = time.monotonic()

    def connect(self) -> None:
        """Connect to the room's socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(CONNECT_SECONDS)
        self.sock.connect(str(self._path))

    @property
    def is_fresh(self) -> bool:
        """Whether it may be used again; what can be read of an idle connection is its end."""
        if self.sock is None or time.monotonic() - self._idle_since > IDLE_SECONDS:
            return False
        readable = select.poll()
        readable.register(self.sock, select.POLLIN)
        return not readable.poll(0)

    def ask(self, method: str, target: str, body: bytes | None, *, seconds: float) -> _Answer:
        """One request and its answer. Raises OSError, which a passed time limit is, or HTTPException."""
        if self.sock is None:
            self.connect()
        self.sock.settimeout(seconds)
        self.request(method, target, body, {} if body is None else {"Content-Type": "application/json"})
        with self.getresponse() as response:
            answer = _Answer(response.status, response.read())
        self._idle_since = time.monotonic()
        return answer


class RoomLink:
    """The socket's near end. Safe to share between threads, not across a fork.

    `submit_seconds` is generous: an answer waits for its release slot, which the plan fixes, and a charge that was
    made is not undone by hanging up.
    """

    def __init__(self, socket_path: Path, *, answer_seconds: float = 60.0, submit_seconds: float = 330.0) -> None:
        self._path = socket_path
        self._answer_seconds = answer_seconds
        self._submit_seconds = submit_seconds
        # The one used last goes first; never more than there are threads that asked at the same time.
        self._idle: deque[_Connection] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            self._idle.pop().close()

    def status(self, *, answer_seconds: float = 5.0) -> Json:
        """The room's status: doors, separation, the log's origin and key. Short time limit: health asks it."""
        return self._send("GET", "/status", answer_seconds=answer_seconds)

    def datasets(self) -> list[Json]:
        """The catalogue: each dataset's card, version and public facts."""
        return self._list("/datasets")

    def dataset(self, name: str) -> Json:
        """One dataset's card and version."""
        return self._send("GET", f"/datasets/{_part(name)}")

    def parties(self) -> Json:
        """The public keys that the room trusts, by party: base64 of 32 bytes."""
        return self._send("GET", "/parties")

    def register_agreement(self, document: Mapping[str, Any]) -> Json:
        """Hand in a signed agreement; the room checks both signatures against the keys that it trusts."""
        return self._send("POST", "/agreements", body={"document": document})

    def agreements(self, organization: str | None = None) -> list[Json]:
        """The signed documents of one organization's agreements, or of all."""
        return self._list("/agreements", query={"organization": organization})

    def agreement(self, uid: str) -> Json:
        """One agreement's signed document, its newest version."""
        return self._send("GET", f"/agreements/{_part(uid)}")

    def agreement_versions(self, uid: str) -> list[Json]:
        """Every version of an agreement as it was signed, oldest first."""
        return self._list(f"/agreements/{_part(uid)}/versions")

    def order(self, document: Mapping[str, Any]) -> Json:
        """Carry a signed order to the room: a hold, a lift, a withdrawal, a violation. Only its signature counts."""
        return self._send("POST", "/orders", body={"document": document})

    def holds(self) -> list[Json]:
        """The holds in force, each with where the log has it."""
        return self._list("/holds")

    def violations(self, *, published_only: bool) -> list[Json]:
        """The record of violations (Art. 32), newest first."""
        return self._list("/violations", query=None if published_only else {"all": 1})

    def reports(self, agreement: str) -> list[Json]:
        """The reports that an agreement asks for, period by period, and where each stands (Art. 29)."""
        return self._list("/reports", query={"agreement": agreement})

    def awaited_reports(self, organization: str | None = None) -> list[Json]:
        """The reports that are due, overdue or filed, of one organization's agreements or of all."""
        return self._list("/reports", query={"organization": organization})

    def nearly_spent(self, organization: str | None = None) -> list[Json]:
        """The agreements of which four fifths of the budget are spent, of one organization or of all."""
        return self._list("/nearly-spent", query={"organization": organization})

    def usage(self, agreement: str, number: int) -> Json:
        """The factual half of the report on a period, from the log alone."""
        return self._send("GET", "/usage", query={"agreement": agreement, "number": number})

    def take_report(self, *, actor: Mapping[str, Any], agreement: str, number: int, act: str, digest: str) -> Json:
        """A step of a report: file, accept, return; `digest` is its text's. Where it stands then, and its leaf."""
        step = {"actor": actor, "agreement": agreement, "number": number, "act": act, "digest": digest}
        return self._send("POST", "/reports", body=step)

    def operation(self, begins: str, ends: str) -> Json:
        """The room's figures of a period, for the operation report (Art. 38)."""
        return self._send("GET", "/operation", query={"begins": begins, "ends": ends})

    def explain(self, request: Mapping[str, Any]) -> Json:
        """A dry run: {actor, agreement, door, sql, epsilon, accuracy, purpose} -> price, error, layers. Free."""
        return self._send("POST", "/explain", body=request)

    def submit(self, request: Mapping[str, Any]) -> bytes:
        """An invocation: what `explain` takes, and `idempotency_key` -> the answer with its receipt, as JSON.

        It is not read on its way: reading and writing a long answer takes longer than all else that the front does.
        """
        return self._answer("POST", "/invocations", body=request, answer_seconds=self._submit_seconds).content

    def invocations(self, agreement: str) -> list[Json]:
        """The invocations under one agreement, newest first."""
        return self._list("/invocations", query={"agreement": agreement})

    def budget(self, agreement: str) -> Json:
        """What an agreement has spent and what is left."""
        return self._send("GET", "/budget", query={"agreement": agreement})

    def checkpoint(self) -> str:
        """The log's newest checkpoint, a signed note as text (C2SP tlog-checkpoint)."""
        return self._answer("GET", "/log/checkpoint").content.decode()

    def entries(self, *, start: int, count: int) -> list[Json]:
        """Leaves of the log from `start`, in plain text: for officers."""
        return self._list("/log/entries", query={"start": start, "count": count})

    def inclusion(self, *, index: int, size: int) -> Json:
        """Inclusion proof of leaf `index` in the tree of `size` leaves (RFC 9162, section 2.1.3)."""
        return self._send("GET", "/log/inclusion", query={"index": index, "size": size})

    def consistency(self, *, old: int, new: int) -> Json:
        """Consistency proof between two tree sizes (RFC 9162, section 2.1.4)."""
        return self._send("GET", "/log/consistency", query={"from": old, "to": new})

    def alerts(self) -> list[Json]:
        """The newest alerts of misuse detection: for officers."""
        return self._list("/alerts")

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
    ) -> _Answer:
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        written = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        connection = self._connection()
        try:
            answer = connection.ask(method, target, written, seconds=answer_seconds or self._answer_seconds)
        except (OSError, HTTPException) as error:
            connection.close()
            raise RoomUnreachable(f"the room does not answer ({type(error).__name__})") from error
        self._idle.append(connection)
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        return answer

    def _connection(self) -> _Connection:
        """An idle connection that is still good, or a new one."""
        while self._idle:
            try:
                idle = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if idle.is_fresh:
                return idle
            idle.close()
        return _Connection(self._path)


def _refusal(answer: _Answer) -> RoomSaid | RoomUnreachable:
    """What an unsuccessful answer means. Only status 400 is something that the room said about the request.

    403 means that the room does not let this process in, 500 that it failed: neither is the caller's doing.
    """
    if answer.status == 400:
        body = _parsed(answer)
        if isinstance(body, dict) and isinstance(body.get("kind"), str):
            return RoomSaid(body)
    return RoomUnreachable(f"the room failed (status {answer.status})")


def _parsed(answer: _Answer) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError as error:
        raise RoomUnreachable(f"the room's answer is not JSON (status {answer.status})") from error


def _part(text: str) -> str:
    """One path segment; a slash in a name must not reach another route, nor a dot walk up."""
    return quote(text, safe="").replace(".", "%2E")
