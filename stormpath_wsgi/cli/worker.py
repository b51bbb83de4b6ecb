"""gunicorn's worker with threads, with time limits, so that a slow visitor does not hold a thread for long.

gunicorn itself waits without a limit for the rest of a request that has begun. A new connection holds a thread for 5
seconds before its first byte. A connection that is to be closed, but that the visitor keeps open, stops the whole
worker for 2 seconds. So a few slow visitors, on purpose or on a bad line, could stop a site.
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
    """gunicorn's ``gthread`` worker, with limits on how long a thread waits for a visitor. A subclass may change them.

    When gunicorn itself handles TLS, only *idle* is used.
    """

    #: Seconds to wait for the next part of a request, or until the visitor takes the next part of an answer.
    idle = 10.0
    #: Seconds for a whole request, and one second more for each *rate* bytes of it that have arrived.
    patience = 20.0
    rate = 1000
    #: Seconds that a visitor has to take the end of an answer before the connection is closed.
    farewell = 0.5

    def enqueue_req(self, conn: TConn) -> None:
        """Called by gunicorn when a thread is to serve the connection: a new one, or one with another request."""
        # With TLS, the plain socket was replaced before the handshake.
        if not isinstance(conn.sock, BoundedSocket | ssl.SSLSocket):
            conn.sock = BoundedSocket.of(conn.sock, self)
            vars(conn)["wait_for_data"] = _at_once(conn.wait_for_data)
        if isinstance(conn.sock, BoundedSocket):
            conn.sock.begin()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Called by gunicorn in a thread. Returns False when the connection is to be closed."""
        kept = super().handle(conn)
        if kept is False and isinstance(conn.sock, BoundedSocket):
            conn.sock.take_leave()
        return kept


class BoundedSocket(socket.socket):
    """A connection that raises an error when the other end is too slow."""

    @classmethod
    def of(cls, connection: socket.socket, bounds: Worker) -> Self:
        """A bounded socket that takes the place of *connection*. *bounds*: the worker with the limits."""
        made = cls(connection.family, connection.type, connection.proto, fileno=connection.detach())
        made.setblocking(False)  # as gunicorn expects it
        made._bounds = bounds
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            made.setsockopt(socket.SOL_SOCKET, option, _timeval(bounds.idle))
        return made

    _bounds: Worker
    _until: float | None = None  # of time.monotonic()
    _over = False  # whether the time of the visitor is over

    def begin(self) -> None:
        """Begins another request. Its time begins with its first byte."""
        self._until = None

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Reads like :meth:`socket.socket.recv`, within the limits. Raises OSError when the visitor is too slow."""
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
        """Sends like :meth:`socket.socket.sendall`, within the limits. Raises OSError when the visitor is too slow."""
        try:
            super().sendall(data, flags)
        except BlockingIOError:
            raise self._too_slow() from None

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Sends a file like :meth:`socket.socket.sendfile`, within the limits. Raises OSError when the visitor is too
        slow.

        Without a limit in Python, that method waits for ever when the kernel's own limit is over.
        """
        self.settimeout(self._bounds.idle)
        try:
            return super().sendfile(file, offset, count)
        except TimeoutError:
            raise self._too_slow() from None
        finally:
            self.setblocking(True)

    def take_leave(self) -> None:
        """Ends the sending side, and reads what the visitor still sends. Otherwise the end of the answer could get
        lost.

        gunicorn does the same afterwards, but in the thread that accepts connections.
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
        # The same error as for a connection that the visitor has broken: gunicorn and applications handle it.
        self._over = True
        return ConnectionResetError(errno.ECONNRESET, "the visitor was too slow")


def _at_once(wait_for_data: Callable[[float], bool]) -> Callable[[float], bool]:
    """Lets *wait_for_data* return at once. When there is no data yet, gunicorn waits for it without a thread."""
    return lambda _: wait_for_data(0)


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
