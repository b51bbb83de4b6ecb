"""Large uploads and downloads through the middleware, under gunicorn as we ship it, and what else HTTP can do."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from real.test_deploy import CHEAP, GUNICORN, PASSWORD, server
from support.large import BLOCK, SIZE
from support.recipes import Person, Site, people

#: What a worker may take in addition while it passes on a body of SIZE bytes.
MARGIN = 8_000_000  # bytes


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("large")
    ada, bob = people(folder)
    with (folder / "large.zip").open("wb") as file:
        file.truncate(SIZE)
    ours = {"STORMPATH_INSTANCE": str(folder / "instance"), "WEB_CONCURRENCY": "1", **CHEAP}
    with server([*GUNICORN, "support.large:application"], folder, **ours, LARGE_FILE=f"{folder}/large.zip") as running:
        running.said(r"(Booting worker)")
        yield Site(running.address, folder, running, ada, bob)


def ask(site: Site, method: str, path: str, person: Person | None = None, **rest: Any) -> requests.Response:
    person = site.ada if person is None else person
    return requests.request(method, site.address + path, auth=(person.name, person.secret), timeout=60, **rest)


class Peak:
    """The most memory that the only worker of *site* has had so far, in bytes."""

    def __init__(self, site: Site) -> None:
        ask(site, "POST", "/", data=b"so that all is loaded")
        pid = site.server.process.pid
        self._worker = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
        self._before = self._now()

    def grown(self) -> int:
        return self._now() - self._before

    def _now(self) -> int:
        [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self._worker}/status").read_text())
        return int(kilobytes) * 1024


def blocks() -> Iterator[bytes]:
    for _ in range(SIZE // len(BLOCK)):
        yield BLOCK


def test_an_upload_takes_no_memory(site: Site) -> None:
    peak = Peak(site)
    with (site.folder / "large.zip").open("rb") as file:
        assert ask(site, "PUT", "/", data=file).text == f"{SIZE} bytes"
    assert peak.grown() < MARGIN


def test_an_upload_in_chunks_takes_no_memory(site: Site) -> None:
    peak = Peak(site)
    assert ask(site, "PUT", "/", data=blocks()).text == f"{SIZE} bytes"
    assert peak.grown() < MARGIN


@pytest.mark.parametrize("path", ["/file", "/made"])
def test_a_download_takes_no_memory(site: Site, path: str) -> None:
    peak = Peak(site)
    with ask(site, "GET", path, stream=True) as answer:
        assert sum(map(len, answer.iter_content(len(BLOCK)))) == SIZE
    assert peak.grown() < MARGIN


def test_an_upload_that_is_refused_takes_no_memory(site: Site) -> None:
    peak = Peak(site)
    with (site.folder / "large.zip").open("rb") as file:
        assert ask(site, "PUT", "/", Person("mallory", "guessed"), data=file).status_code == 401
    assert peak.grown() < MARGIN


def test_a_part_of_a_file_is_a_part(site: Site) -> None:
    answer = ask(site, "GET", "/file", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, bytes(10))
    assert answer.headers["Content-Range"] == f"bytes 10-19/{SIZE}"
    assert answer.headers["Content-Length"] == "10"
    beyond = ask(site, "GET", "/file", headers={"Range": f"bytes={SIZE}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


def test_what_a_visitor_has_is_not_sent_again(site: Site) -> None:
    first = ask(site, "HEAD", "/file")
    assert (first.status_code, first.content, first.headers["Content-Length"]) == (200, b"", str(SIZE))
    for header, value in {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}.items():
        again = ask(site, "GET", "/file", headers={header: first.headers[value]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Vary"] == first.headers["Vary"]


def test_a_sign_in_may_come_in_chunks(site: Site) -> None:
    form = json.dumps({"login": site.ada.name, "password": PASSWORD}).encode()
    said = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = requests.post(f"{site.address}/login", data=iter([form[:9], form[9:]]), headers=said, timeout=60)
    assert answer.json()["account"]["username"] == "ada"


def test_who_waits_to_be_asked_for_the_body_is_asked(site: Site) -> None:
    login = base64.b64encode(f"{site.ada.name}:{site.ada.secret}".encode()).decode()
    lines = [
        "PUT / HTTP/1.1",
        "Host: site",
        f"Authorization: Basic {login}",
        "Content-Length: 5",
        "Expect: 100-continue",
    ]
    host, _, port = site.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection, connection.makefile("rb") as said:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert said.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert said.readline() == b"\r\n"
        connection.sendall(b"12345")
        assert said.readline() == b"HTTP/1.1 200 OK\r\n"
