"""A line between a store and its server, cut at a COMMIT: before the server hears of it, or before its answer."""

import socket
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Self

from enclave.postgresql import PostgresUrl

_SOCKET = ".s.PGSQL.5432"


class CutLine:
    """Passes bytes on, both ways, between a socket of its own and the server's in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._server = folder / _SOCKET
        self._folder = TemporaryDirectory(prefix="jali")
        self._ends = [socket.socket(socket.AF_UNIX)]
        self._threads = [Thread(target=self._accept)]
        self._cuts: str | None = None
        self._answered = Event()
        self._passing = 0
        self._is_silent = False
        self.was_cut = False

    def __enter__(self) -> Self:
        self._ends[0].bind(str(Path(self._folder.name) / _SOCKET))
        self._ends[0].listen()
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            _shut(end)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()
        self._folder.cleanup()

    def url(self, of: PostgresUrl) -> PostgresUrl:
        """The address of the same store over this line."""
        return PostgresUrl(of._address.update_query_dict({"host": self._folder.name}))

    def cuts_at_commit(self, *, after: bool, passing: int = 0) -> None:
        """Cut the line at a COMMIT, after some: after the server did it, or before it hears of it."""
        self._cuts, self._passing, self.was_cut = "after" if after else "before", passing, False
        self._answered.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._ends[0].accept()
                server = socket.socket(socket.AF_UNIX)
                self._ends += [client, server]
                server.connect(str(self._server))
                for way in ((client, server, True), (server, client, False)):
                    self._threads.append(Thread(target=self._pass_on, args=way))
                    self._threads[-1].start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_from_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if is_from_client and self._is_to_cut(data):
                    self._cut(target, data)
                    break
                if self._is_silent and not is_from_client:
                    self._answered.set()
                    break
                target.sendall(data)
        _shut(source)
        _shut(target)

    def _is_to_cut(self, data: bytes) -> bool:
        if self._cuts is None or b"COMMIT" not in data:
            return False
        self._passing -= 1
        return self._passing < 0

    def _cut(self, server: socket.socket, data: bytes) -> None:
        how, self._cuts, self.was_cut = self._cuts, None, True
        if how == "after":
            self._is_silent = True
            server.sendall(data)
            self._answered.wait(20)  # it is done, and nobody hears of it
            self._is_silent = False


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
