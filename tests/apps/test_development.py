"""``stormpath-wsgi dev`` as a process: clicked through, and loaded again when a file changes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from support.machine import free_port
from support.waiting import eventually

SITE = """
from stormpath_wsgi import StormpathMiddleware, user

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [f"<h1>WORD, {user.username}</h1>".encode()]

application = StormpathMiddleware(app, protect={"/staff": ["staff"]})
"""


def write(folder: Path, word: str, more: str = "") -> None:
    """Puts the site there, which says *word*. *more*: at the end of its module."""
    (folder / "devsite.py").write_text(f"{SITE.replace('WORD', word)}\n{more}\n")


class Browser:
    """Keeps cookies, and asks one server on this machine."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, form: dict[str, str] | None = None, **headers: str) -> str:
        """The page; also one with an error. Empty while nobody listens, and when the server ends in between."""
        data = None if form is None else urlencode(form).encode()
        request = Request(self._address + path, data, {"Accept": "text/html", **headers})  # noqa: S310 - to ourselves
        try:
            try:
                answer = self._opener.open(request, timeout=60)
            except HTTPError as error:
                answer = error
            with answer:
                return str(answer.read().decode())
        except (URLError, ConnectionError, HTTPException):
            return ""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "Hello")
    return tmp_path


@pytest.fixture
def server(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "stormpath_wsgi.cli", "dev", "devsite:application", "--bind", f"127.0.0.1:{port}"]
    environ = {**os.environ, "TMPDIR": str(folder), "STORMPATH_DIRECTORY": "sqlite:///must-not-be-there.db"}
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    yield process
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def test_a_site_is_clicked_through_and_is_loaded_again_when_it_changes(
    server: subprocess.Popen[str], folder: Path, port: int
) -> None:
    assert server.stdout is not None
    opens = next(line.strip() for line in server.stdout if "?key=" in line)
    path = opens.removeprefix(f"http://127.0.0.1:{port}")
    browser, stranger = Browser(port), Browser(port)
    eventually(lambda: "Be ada" in browser.get(path), 120)
    assert "Hello, None" in browser.get("/")
    assert "address with ?key=" in stranger.get("/")
    found = re.search(r'name="csrfToken" value="([^"]+)"', browser.get("/_stormpath/"))
    assert found
    browser.get("/_stormpath/be", {"name": "ada", "csrfToken": found[1]})
    assert "asks for staff; ada has no group" in browser.get("/staff")
    assert "Open it as localhost" in browser.get("/", Host="attacker.example")

    write(folder, "Goodbye")
    eventually(lambda: "Goodbye, ada" in browser.get("/"), 120)
    write(folder, "never shown", "1 / 0")
    eventually(lambda: "ZeroDivisionError" in browser.get("/"), 120)
    write(folder, "Welcome")
    eventually(lambda: "Welcome, ada" in browser.get("/"), 120)
    # With the accounts of before it cannot be loaded, because there are such groups already. So they go.
    write(folder, "All new", 'for name in ("staff", "admins"): application.application.groups.create({"name": name})')
    eventually(lambda: "All new, None" in browser.get("/"), 120)

    assert not (folder / "must-not-be-there.db").exists()
    server.send_signal(signal.SIGTERM)
    said, _ = server.communicate(timeout=60)
    assert opens.partition("=")[2] not in said
    assert "GET /_stormpath/?key=*** HTTP/1.1" in said
    assert [each.name for each in folder.iterdir() if each.name.startswith("stormpath-wsgi-")] == []
