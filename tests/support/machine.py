"""What the machine has: programs of the system, and ports."""

from __future__ import annotations

import os
import shutil
import socket

import pytest


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
