"""Two machines, as far as one can be two: one serves the REST API by https, and a site has its accounts there."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from real.test_deploy import GUNICORN, ROOT, Server, server
from support.machine import free_port
from support.warm import run

from stormpath_wsgi import Client

COMMAND = ["-m", "stormpath_wsgi.cli"]
ADA = {"email": "ada@example.com", "password": "Analytical Engine 1843", "givenName": "Ada", "surname": "Lovelace"}
TTL = 1  # seconds that a worker believes what it was told
WORKERS = 2

Environ = dict[str, str]


def free_address() -> str:
    return f"127.0.0.1:{free_port()}"


def command(folder: Path, environ: Environ, *arguments: str, stdin: str = "") -> str:
    """What the command says that succeeds."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("STORMPATH_")}
    environ = {**clean, "HOME": str(folder), **environ}
    answer = run([*COMMAND, *arguments], cwd=folder, env=environ, input=stdin)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@contextmanager
def machine_with_accounts(folder: Path) -> Iterator[tuple[Server, Environ]]:
    """It serves the REST API, and has a certificate of an authority of its own. Then what another machine has in its
    environment to reach it.
    """
    key, authority = folder / "apiKey.properties", folder / "authority.pem"
    here, address = folder / "accounts", free_address()
    here.mkdir()
    ca = trustme.CA()
    ca.cert_pem.write_to_path(authority)
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(here / "certificate.pem")
    (here / "gunicorn.conf.py").write_text("certfile = 'certificate.pem'\n")

    base = {"STORMPATH_BASEURL": f"https://{address}/v1"}
    printed = re.search(r"apiKey\.id = \S+\napiKey\.secret = \S+", command(here, base, "init"))
    assert printed
    key.touch(0o600)
    key.write_text(printed[0])
    serve = [*COMMAND, "serve", "--workers", "2", "--bind", address, "--config", "gunicorn.conf.py"]
    with server(serve, here, **base) as served:
        yield (
            served,
            {
                "STORMPATH_DIRECTORY": base["STORMPATH_BASEURL"],
                "STORMPATH_CLIENT_APIKEY_FILE": str(key),
                "STORMPATH_CLIENT_CABUNDLE": str(authority),
                "STORMPATH_SECRETKEYS": "a-key-of-the-tests-that-is-long-enough",
                "STORMPATH_CACHETTL": str(TTL),
            },
        )


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[tuple[Server, Environ]]:
    """A machine with accounts, and what another has in its environment to reach it, not patient for long."""
    with machine_with_accounts(tmp_path) as (machine, environ):
        yield machine, {**environ, "STORMPATH_CLIENT_CONNECTIONTIMEOUT": "2"}


@pytest.fixture
def site(accounts: tuple[Server, Environ], tmp_path: Path) -> Iterator[Server]:
    """The site. It is loaded before its workers are forked, and has spoken to the other machine by then."""
    folder = tmp_path / "site"
    folder.mkdir()
    call = [*GUNICORN, "--chdir", str(ROOT), "examples.demo:application"]
    with server(call, folder, WEB_CONCURRENCY=str(WORKERS), **accounts[1]) as started:
        started.said(r"Booting worker with pid: (\d+)", WORKERS)
        yield started
    assert list(folder.iterdir()) == [], "nothing is kept on this machine"


def statuses(browser: requests.Session, url: str) -> set[int]:
    """What several workers say to who asks for the same page."""
    return {browser.get(url, allow_redirects=False, headers={"Connection": "close"}).status_code for _ in range(12)}


def soon(condition: Callable[[], bool]) -> float:
    """The seconds that it takes until *condition* holds."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < 30
        threading.Event().wait(0.05)
    return time.monotonic() - begun


def test_a_site_runs_on_the_accounts_of_another_machine(
    accounts: tuple[Server, Environ], site: Server, tmp_path: Path
) -> None:
    machine, environ = accounts
    members, admin = f"{site.address}/members", f"{site.address}/admin"

    with requests.Session() as ada, requests.Session() as stranger, requests.Session() as thief:
        assert ada.post(f"{site.address}/register", json=ADA, headers={"Accept": "application/json"}).status_code == 200
        login = {"login": ADA["email"], "password": ADA["password"]}
        assert ada.post(f"{site.address}/login", json=login).status_code == 200
        assert statuses(ada, members) == {200}
        assert statuses(ada, admin) == {403}
        assert statuses(stranger, members) == {401}

        opening: dict[str, Any] = {
            "url": environ["STORMPATH_DIRECTORY"],
            "api_key_file": environ["STORMPATH_CLIENT_APIKEY_FILE"],
            "ca_bundle": environ["STORMPATH_CLIENT_CABUNDLE"],
        }
        with Client(**opening) as client:
            [application] = client.applications
            application.accounts[0].add_group(application.groups.create({"name": "admins"}))
        assert soon(lambda: statuses(ada, admin) == {200}) < 10 * TTL

        thief.cookies.update(ada.cookies)
        assert ada.post(f"{site.address}/logout", headers={"Accept": "application/json"}).status_code == 200
        assert soon(lambda: statuses(thief, members) == {401}) < 10 * TTL

        assert ada.post(f"{site.address}/login", json=login).status_code == 200
        command(tmp_path, environ, "account", "disable", ADA["email"])
        assert soon(lambda: statuses(ada, members) == {401}) < 10 * TTL

        with Client(**opening) as client:
            client.applications[0].accounts[0].update({"status": "ENABLED"})
        assert ada.post(f"{site.address}/login", json=login).status_code == 200
        assert machine.stop() == 0
        assert soon(lambda: ada.get(members).status_code == 503) < 30
        assert statuses(stranger, members) == {401}
    assert not [line for line in site.lines if "Traceback" in line], "".join(site.lines)
