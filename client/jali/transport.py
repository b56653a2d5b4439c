"""HTTP to the front: bearer token, retries that can't be charged twice, problems turned into our errors.

A submit carries one Idempotency-Key through all its tries (IETF draft "The Idempotency-Key HTTP Header Field"), so a
connection that breaks after the charge is asked again and answered from what is stored.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from jali.errors import RequestRejected, Unavailable, from_problem

PAUSES_SECONDS = (0.3, 1.0, 3.0)
_LONGEST_PAUSE_SECONDS = 10.0
# An answer leaves in its release slot, which may be many seconds after a large scan began.
_TIMEOUT = httpx.Timeout(connect=5, read=300, write=30, pool=30)
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Transport:
    """One front under `url`; everything raises JaliError."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = _checked(url)
        is_local = urlsplit(self.url).hostname in _LOOPBACK
        if token and self.url.startswith("http://") and not is_local:
            warnings.warn("the token travels unencrypted; use https", stacklevel=3)
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.Client(
            base_url=f"{self.url}/api/v1/", headers=headers, timeout=_TIMEOUT, trust_env=not is_local
        )

    def get(self, path: str, **params: str | int) -> Any:
        """The JSON under a path."""
        return _json(self._send("GET", path, params=params))

    def text(self, path: str) -> str:
        """The plain text under a path (a checkpoint)."""
        return self._send("GET", path).text

    def post(self, path: str, body: Mapping[str, Any], *, idempotency_key: str) -> Any:
        """Send a JSON body; what comes back."""
        return _json(self._send("POST", path, json=body, headers={"Idempotency-Key": idempotency_key}))

    def send(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send a JSON body once: what it changes has no key that would keep a second try from changing it again."""
        return _json(self._send("POST", path, pauses=(), json=body))

    def upload(self, path: str, content: bytes, **params: str) -> Any:
        """Send bytes; the same bytes twice are one file."""
        return _json(self._send("POST", path, content=content, params=params))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, path: str, *, pauses: Sequence[float] | None = None, **parts: Any) -> httpx.Response:
        if self._client.is_closed:
            raise RequestRejected("this connection is closed; open another with jali.connect()")
        for pause in (*(PAUSES_SECONDS if pauses is None else pauses), None):
            response = self._try(method, path, parts, is_last=pause is None)
            if response is not None and (response.status_code not in _TRY_AGAIN or pause is None):
                break
            time.sleep(_pause(pause or 0.0, response))
        assert response is not None  # the last try raises or answers
        if not response.is_success:
            raise from_problem(response.status_code, _json_or_none(response))
        return response

    def _try(self, method: str, path: str, parts: dict[str, Any], *, is_last: bool) -> httpx.Response | None:
        """One try; None for a lost connection that may be tried again."""
        try:
            return self._client.request(method, path, **parts)
        except httpx.ReadTimeout:
            raise Unavailable(f"{self.url} took too long to answer") from None
        except httpx.TransportError as fault:
            if is_last:
                raise Unavailable(f"{self.url} does not answer ({type(fault).__name__})") from None
            return None


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RequestRejected(f"the address must begin with http:// or https://, not {url!r}")
    return url.rstrip("/")


def _pause(pause: float, response: httpx.Response | None) -> float:
    asked = "" if response is None else response.headers.get("Retry-After", "")
    return max(pause, min(float(asked), _LONGEST_PAUSE_SECONDS)) if asked.isascii() and asked.isdigit() else pause


def _json(response: httpx.Response) -> Any:
    body = _json_or_none(response)
    if body is None:
        raise Unavailable("the server did not answer in JSON; is this the address of a Jali front?")
    return body


def _json_or_none(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
