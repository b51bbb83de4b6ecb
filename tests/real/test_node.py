"""Other people's clients: the official Node SDK and express-stormpath, as the registry has them, against our server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from real.test_deploy import server
from support.machine import free_port
from support.warm import run

NODE = Path(__file__).parent / "node"
COMMAND = ["-m", "stormpath_wsgi.cli"]
Environ = dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environ]:
    """What the Node programs are told of a server with two workers."""
    program = shutil.which("node")
    if program is None or not (NODE / "node_modules").is_dir():
        pytest.skip("Node.js is not installed, or its packages are not: npm ci --prefix tests/real/node")
    folder = tmp_path_factory.mktemp("node")
    address = f"127.0.0.1:{free_port()}"
    settings = {"HOME": str(folder), "STORMPATH_BASEURL": f"http://{address}/v1"}
    init = run([*COMMAND, "init"], cwd=folder, env=settings, check=True)
    said = re.search(r"\((http\S+)\)\n[^$]*apiKey.id = (\S+)\napiKey.secret = (\S+)", init.stdout)
    assert said is not None, init.stdout
    with server([*COMMAND, "serve", "--workers", "2", "--bind", address], folder, **settings) as site:
        yield {
            "PATH": os.environ["PATH"],
            "BASE_URL": settings["STORMPATH_BASEURL"],
            "APPLICATION_HREF": said[1],
            "KEY_ID": said[2],
            "KEY_SECRET": said[3],
        }
    assert [line for line in site.lines if "Traceback" in line or "eyJ" in line] == []  # nor a token


def test_the_official_sdk_walks_through_a_directory(world: Environ) -> None:
    walk = subprocess.run(
        ["node", "--no-deprecation", NODE / "walk.js"], env=world, capture_output=True, text=True, timeout=120
    )
    steps = "tenant application directory group account customData login apiKey tokens paging farewell"
    assert (walk.returncode, walk.stdout.split()) == (0, steps.split()), walk.stdout + walk.stderr


def test_express_stormpath_signs_somebody_in(world: Environ) -> None:
    with subprocess.Popen(
        ["node", "--no-deprecation", NODE / "site.js"], env=world, stdout=subprocess.PIPE, text=True
    ) as site:
        try:
            assert site.stdout is not None
            address = f"http://127.0.0.1:{int(site.stdout.readline())}"
            visitor = requests.Session()
            visitor.headers["Accept"] = "application/json"
            person = {"email": "grace@example.org", "password": "Changeme1", "givenName": "Grace", "surname": "Hopper"}
            assert visitor.post(f"{address}/register", json=person, timeout=60).status_code == 200
            assert visitor.get(f"{address}/members", timeout=60).status_code == 401
            wrong = {"login": "grace@example.org", "password": "wrong"}
            assert visitor.post(f"{address}/login", json=wrong, timeout=60).status_code == 400
            right = {"login": "grace@example.org", "password": "Changeme1"}
            assert visitor.post(f"{address}/login", json=right, timeout=60).status_code == 200
            members = visitor.get(f"{address}/members", timeout=60)
            assert (members.status_code, members.text) == (200, "grace@example.org")
            assert visitor.post(f"{address}/logout", timeout=60).status_code == 200
            assert visitor.get(f"{address}/members", timeout=60).status_code == 401
        finally:
            site.terminate()
