"""Who is at the other end of the room's socket: only processes of the allowed uids get past here.

Source: unix(7), SO_PEERCRED: the kernel, not the peer, says which uid connected.
"""

import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any

_UCRED = struct.Struct("3i")
_FORBIDDEN = b'{"kind":"not-authenticated","message":"this process may not use the room","reasons":[]}'


def peer_uid(connection: socket.socket) -> int:
    """The uid of the process that connected."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(credentials)[1])


class PeerCheck:
    """WSGI middleware: refuses every request whose peer's uid is not allowed, and any whose peer can't be told."""

    def __init__(self, application: Callable[..., Iterable[bytes]], allowed_uids: frozenset[int]) -> None:
        self._application = application
        self._allowed = allowed_uids

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on, or answer 403."""
        connection = environ.get("gunicorn.socket")
        if connection is None or peer_uid(connection) not in self._allowed:
            start_response("403 Forbidden", [("Content-Type", "application/json")])
            return [_FORBIDDEN]
        return self._application(environ, start_response)
