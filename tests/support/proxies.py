"""Programs of the system that stand in front of a site."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support.waiting import eventually


@contextmanager
def running(command: list[str], port: int, **environ: str) -> Iterator[str]:
    """The address of a proxy that listens at *port*, and ends well."""
    process = subprocess.Popen(command, env=os.environ | environ)

    def listens() -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(listens, 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(60) == 0
