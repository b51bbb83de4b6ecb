"""The example under real servers: gunicorn with several workers, and ``flask run``."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from real.test_deploy import GUNICORN, ROOT, server
from support.warm import Program

from stormpath_wsgi import Client

ENVIRON = {"FLASK_SECRET_KEY": "a secret of the tests that is long enough"}
ADA = {"email": "ada@example.com", "password": "Analytical Engine 1843", "givenName": "Ada", "surname": "Lovelace"}


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/accounts.db"


@pytest.fixture
def site(tmp_path: Path, directory: str) -> Iterator[str]:
    """The address of the example with four workers."""
    command = [*GUNICORN, "--chdir", str(ROOT), "examples.flask_app:create_app()"]
    with server(command, tmp_path, WEB_CONCURRENCY="4", FLASK_STORMPATH_DIRECTORY=directory, **ENVIRON) as started:
        started.said(r"Booting worker with pid: (\d+)", 4)
        yield started.address


def statuses(browser: requests.Session, address: str) -> set[int]:
    """What several workers say to who asks for the same page."""
    return {browser.get(address, allow_redirects=False).status_code for _ in range(12)}


def test_all_workers_know_who_is_signed_in_and_what_he_may(site: str, directory: str) -> None:
    browser = requests.Session()
    assert statuses(browser, f"{site}/members") == {302}
    assert browser.post(f"{site}/register", json=ADA).status_code == 200
    assert statuses(browser, f"{site}/members") == {200}
    assert statuses(browser, f"{site}/admin") == {302}

    with Client(directory) as client:
        [application], [ada] = client.applications, client.accounts
        ada.add_group(application.groups.create({"name": "admins"}))
    assert statuses(browser, f"{site}/admin") == {200}

    thief = requests.Session()
    thief.cookies.update(browser.cookies)
    assert browser.post(f"{site}/logout", headers={"Accept": "application/json"}).status_code == 200
    assert statuses(browser, f"{site}/members") == {302}
    assert statuses(thief, f"{site}/members") == {302}


def test_flask_run_serves_it(tmp_path: Path) -> None:
    command = ["-m", "flask", "--app", str(ROOT / "examples/flask_app.py"), "run", "--port", "0"]
    serving = Program(
        command, cwd=tmp_path, env={**os.environ, **ENVIRON}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert serving.stdout
    lines = []
    with serving.stdout:
        for line in serving.stdout:
            lines.append(line)
            if found := re.search(r"Running on (http://\S+)", line):
                assert "Anybody may read this." in requests.get(found[1], timeout=30).text
                break
        serving.kill()
        serving.wait()
    assert lines
    assert "Running on" in lines[-1], "".join(lines)
    assert (tmp_path / "instance" / "accounts.db").exists()
