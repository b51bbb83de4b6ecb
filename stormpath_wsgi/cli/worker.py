"""gunicorn's worker with threads, for which a visitor who says nothing costs none of them for long.

gunicorn waits without a bound for the rest of a request that has begun, a new connection holds a thread for 5 seconds
before its first byte, and one that is to be closed, but that the visitor leaves open, stops the whole worker for 2
seconds. So a few visitors who stall, in bad faith or on a bad line, would be enough to stop a site.
"""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
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
    #: Seconds that a visitor has to take the end of his answer, when his connection is to be closed.
    farewell = 0.5

    def enqueue_req(self, conn: TConn) -> None:
        """Called by gunicorn when a thread shall serve the connection: a new one, or one that has more to say."""
        if not isinstance(conn.sock, BoundedSocket | ssl.SSLSocket):  # with TLS it is taken over before it speaks it
            conn.sock = BoundedSocket.of(conn.sock, self)
            vars(conn)["wait_for_data"] = _at_once(conn.wait_for_data)
        if isinstance(conn.sock, BoundedSocket):
            conn.sock.begin()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Called by gunicorn in a thread. False: the connection is to be closed."""
        kept = super().handle(conn)
        if kept is False and isinstance(conn.sock, BoundedSocket):
            conn.sock.take_leave()
        return kept


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
    _over = False  # nobody is waited for any more

    def begin(self) -> None:
        """Another request: its time begins with its first byte."""
        self._until = None

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        now = time.monotonic()
        if self._over:
            return b""
        if self._until is None:
            self._until = now + self._bounds.patience
        if now > self._until:
            raise self._too_slow()
        try:
            data = super().recv(size, flags)
        except BlockingIOError:
            raise self._too_slow() from None
        self._until += len(data) / self._bounds.rate
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        try:
            super().sendall(data, flags)
        except BlockingIOError:
            raise self._too_slow() from None

    def take_leave(self) -> None:
        """Says that nothing more comes, and takes what is still sent, or the end of the answer could get lost.

        gunicorn does the same afterwards, but in the one thread that accepts connections.
        """
        end = time.monotonic() + self._bounds.farewell
        with suppress(OSError):
            if not self._over:
                self.shutdown(socket.SHUT_WR)
            while not self._over and (left := end - time.monotonic()) > 0:
                self.settimeout(left)
                self._over = not super().recv(65536)
        self._over = True

    def _too_slow(self) -> OSError:
        # As when the visitor breaks the connection, which gunicorn and applications bear without a traceback.
        self._over = True
        return ConnectionResetError(errno.ECONNRESET, "the visitor was too slow")


def _at_once(wait_for_data: Callable[[float], bool]) -> Callable[[float], bool]:
    """Whether there is something, now. If not, gunicorn waits for it without a thread."""
    return lambda _: wait_for_data(0)


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
