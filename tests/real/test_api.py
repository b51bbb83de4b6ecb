"""The REST API as it is served: gunicorn with two workers, and clients of every temper."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests
from real.test_deploy import Server, server
from support.callers import HOST, basic, signed
from support.warm import run

COMMAND = ["-m", "stormpath_wsgi.cli"]
BASE = f"https://{HOST}/v1"
LARGEST = 100_000  # bytes

Key = tuple[str, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Key]]:
    """The API, and the key that ``init`` has printed. Its access log tells which worker answered."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "gunicorn.conf.py").write_text("access_log_format = 'served by %(p)s: %(s)s'\n")
    environ = {"HOME": str(folder)}
    made = run([*COMMAND, "init"], cwd=folder, env=environ, check=True)
    key = re.search(r"apiKey.id = (\S+)\napiKey.secret = (\S+)", made.stdout)
    assert key is not None, made.stdout
    command = [*COMMAND, "serve", "--workers", "2", "--bind", "127.0.0.1:0", "--config", "gunicorn.conf.py"]
    with server(command, folder, STORMPATH_BASEURL=BASE, STORMPATH_API_MAXBODY=str(LARGEST)) as site:
        site.said(r"Booting worker with pid: (\d+)", 2)
        yield site, (key[1], key[2])
    assert [line for line in site.lines if "Traceback" in line or "failed with" in line] == []


@pytest.fixture
def url(served: tuple[Server, Key]) -> str:
    return f"{served[0].address}/v1"


@pytest.fixture
def key(served: tuple[Server, Key]) -> Key:
    return served[1]


class Signed(requests.auth.AuthBase):
    """Signs what requests is about to send, for the name that the API is known by."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        assert request.method and request.url and isinstance(body, bytes)
        request.headers.update(signed(self._key, request.method, request.url, body, at=time.time(), host=HOST))
        return request


def test_it_says_under_which_address_it_is_known(served: tuple[Server, Key]) -> None:
    served[0].said(rf"(The REST API, {re.escape(BASE)}: {re.escape(served[0].address)})")


def test_basic_and_signed_requests_get_the_same(url: str, key: Key) -> None:
    by_secret = requests.get(f"{url}/tenants/current/applications?orderBy=name+asc", auth=key, timeout=60)
    by_signature = requests.get(f"{url}/tenants/current/applications?orderBy=name+asc", auth=Signed(key), timeout=60)
    assert by_secret.status_code == by_signature.status_code == 200
    assert by_secret.json() == by_signature.json()
    assert by_secret.json()["href"].startswith(f"{BASE}/tenants/")


def test_a_signed_body_arrives(url: str, key: Key) -> None:
    made = requests.post(f"{url}/applications", json={"name": "Größe*+~"}, auth=Signed(key), timeout=60)
    assert (made.status_code, made.json()["name"]) == (201, "Größe*+~")
    href = made.headers["Location"].replace(BASE, url)
    assert requests.delete(href, auth=Signed(key), timeout=60).status_code == 204


def test_a_signed_request_counts_once_whichever_worker_it_reaches(
    served: tuple[Server, Key], url: str, key: Key
) -> None:
    headers = signed(key, "GET", f"{url}/nothing", at=time.time(), host=HOST)

    def replay(_: int) -> int:
        return requests.get(f"{url}/nothing", headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(16) as crowd:
        assert sorted(crowd.map(replay, range(48))) == [401] * 47 + [404]
    refusals = served[0].said(r"served by <?(\d+)>?: 401", 47)
    assert len(set(refusals)) == 2, "only one worker was asked"


def test_a_connection_is_kept_also_over_a_body_that_nobody_read(url: str, key: Key) -> None:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Authorization": basic(*key)}
    connection.request("POST", "/v1/applications", b"x" * 50_000)  # of a stranger, so not read
    refused = connection.getresponse()
    refused.read()
    line = connection.sock
    connection.request("GET", "/v1/tenants/current/applications", headers=headers)
    answer = connection.getresponse()
    answer.read()
    assert (refused.status, answer.status) == (401, 200)
    assert connection.sock is line
    connection.close()


def test_chunked_bodies_are_read_up_to_the_limit(url: str, key: Key) -> None:
    def post(body: bytes) -> int:
        chunks = (body[n : n + 1000] for n in range(0, len(body), 1000))
        headers = {"Content-Type": "application/json"}
        return requests.post(f"{url}/applications", data=chunks, headers=headers, auth=key, timeout=60).status_code

    assert post(b'{"name": "In chunks"}' + b" " * 5000) == 201
    assert post(b'{"name": "Too large"}' + b" " * LARGEST) == 413


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 1000\r\n\r\nhung up",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhung",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nno chunk\r\n",
        b"Content-Length: -1\r\n\r\n{}",
    ],
)
def test_who_hangs_up_or_sends_no_http_harms_nobody(url: str, key: Key, body: bytes) -> None:
    target = urlsplit(url)
    authorization = basic(*key).encode()
    with socket.create_connection((str(target.hostname), int(target.port or 0)), timeout=60) as connection:
        connection.sendall(
            b"POST /v1/applications HTTP/1.1\r\nHost: id.example.org\r\nContent-Type: application/json\r\n"
            b"Authorization: " + authorization + b"\r\n" + body
        )
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert requests.get(f"{url}/tenants/current/applications", auth=key, timeout=60).status_code == 200
