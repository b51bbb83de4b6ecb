"""gunicorn's worker with threads, for which a visitor who says nothing costs none of them for long.

gunicorn waits without a bound for the rest of a request that has begun, and a new connection holds a thread for 5
seconds before its first byte. So a few visitors who stall, in bad faith or on a bad line, would take all threads.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Self

from gunicorn.workers.gthread import TConn, ThreadWorker


class Worker(ThreadWorker):
    """As ``gthread``, with bounds on how long a thread waits for a visitor. A subclass may have others.

    Where gunicorn speaks TLS itself only *idle* counts.
    """

    #: Seconds between two pieces of a request, or of an answer that the visitor is to take.
    idle = 10.0
    #: Seconds for a whole request, and one more for each *rate* bytes of it that have come.
    patience = 20.0
    rate = 1000

    def enqueue_req(self, conn: TConn) -> None:
        """Called by gunicorn when a thread shall serve the connection: a new one, or one that has more to say."""
        if not isinstance(conn.sock, BoundedSocket):
            conn.sock = BoundedSocket.of(conn.sock, self)
            vars(conn)["wait_for_data"] = _at_once(conn.wait_for_data)
        conn.sock.begin()
        super().enqueue_req(conn)


class BoundedSocket(socket.socket):
    """A connection that breaks for us when the other end is too slow."""

    @classmethod
    def of(cls, connection: socket.socket, bounds: Worker) -> Self:
        """Takes *connection* over."""
        made = cls(connection.family, connection.type, connection.proto, fileno=connection.detach())
        made.setblocking(False)  # as gunicorn leaves it
        made._bounds = bounds
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            made.setsockopt(socket.SOL_SOCKET, option, _timeval(bounds.idle))
        return made

    _bounds: Worker
    _until: float | None = None  # of time.monotonic()

    def begin(self) -> None:
        """Another request: its time begins with its first byte."""
        self._until = None

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._bounds.patience
        if now > self._until:
            raise _too_slow()
        try:
            data = super().recv(size, flags)
        except BlockingIOError:
            raise _too_slow() from None
        self._until += len(data) / self._bounds.rate
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        try:
            super().sendall(data, flags)
        except BlockingIOError:
            raise _too_slow() from None


def _at_once(wait_for_data: Callable[[float], bool]) -> Callable[[float], bool]:
    """Whether there is something, now. If not, gunicorn waits for it without a thread."""
    return lambda _: wait_for_data(0)


def _too_slow() -> OSError:
    # As when the visitor breaks the connection, which gunicorn and applications know how to bear without a traceback.
    return ConnectionResetError(errno.ECONNRESET, "the visitor was too slow")


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
