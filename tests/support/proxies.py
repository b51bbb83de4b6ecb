"""Programs of the system that stand in front of a site."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.waiting import eventually


def program(name: str) -> str:
    """The path of a program of the system. Skips the test if there is none."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    """A port at which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


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
