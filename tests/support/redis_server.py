"""A real Redis or Valkey server."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis


class RedisServer:
    """A Redis or Valkey server of its own in *folder*, reached through the socket *path* there. It keeps nothing."""

    def __init__(self, program: str, folder: str) -> None:
        self._program, self._folder = program, folder
        self.path = str(Path(folder, "socket"))
        self.url = f"unix://{self.path}"
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        options = ["--port", "0", "--unixsocket", self.path, "--dir", self._folder, "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL)
        while not self._answers():
            assert self._process.poll() is None, "the server has stopped"
            threading.Event().wait(0.01)

    def stop(self) -> None:
        """At once, as in a power cut."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It stands still in this block, though the kernel takes connections and packets for it."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with redis.Redis(unix_socket_path=self.path) as connection:
            try:
                return bool(connection.ping())
            except redis.ConnectionError:
                return False


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A :class:`RedisServer`. The test is skipped where none is installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("Redis is not installed")
    with tempfile.TemporaryDirectory(prefix="stormpath-wsgi-") as folder:
        server = RedisServer(program, folder)
        try:
            yield server
        finally:
            server.stop()
