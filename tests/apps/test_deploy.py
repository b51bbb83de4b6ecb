"""The files of ``deploy/`` for programs of the system, read by these, and Caddy in front of a site for real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from real.test_deploy import CHEAP, GUNICORN, ROOT, Visitor, server
from support.machine import free_port, program
from support.proxies import running

DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("name", ["Caddyfile", "forward-auth.Caddyfile"])
def test_caddy_finds_no_mistake(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text((DEPLOY / name).read_text().replace("/var/log/caddy", str(tmp_path)))
    command = [program("caddy"), "validate", "--adapter", "caddyfile", "--config", str(file)]
    environ = os.environ | {"HOME": str(tmp_path)}
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ)
    assert answer.returncode == 0, answer.stderr
    assert "not formatted" not in answer.stderr


def test_systemd_finds_no_mistake(tmp_path: Path) -> None:
    units = []
    for unit in [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.socket")]:
        text = re.sub(r"/srv/\w+/\.venv/bin/[\w-]+", sys.executable, unit.read_text())
        units.append(tmp_path / unit.name)
        units[-1].write_text(text.replace("/srv/yoursite", str(tmp_path)))
    command = [program("systemd-analyze"), "verify", *map(str, units)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    said = [line for line in (answer.stdout + answer.stderr).splitlines() if str(tmp_path) in line]
    assert (answer.returncode, said) == (0, [])


def test_docker_compose_finds_no_mistake() -> None:
    """Its command ``config`` asks no daemon."""
    command = [program("docker-compose"), "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    told = {"DATABASE_PASSWORD": "x", "STORMPATH_SECRETKEYS": "x", "STORMPATH_ENCRYPTIONKEYS": "x"}
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | told)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    for missing in told:
        rest = {name: value for name, value in told.items() if name != missing}
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | rest)
        assert answer.returncode != 0 and missing in answer.stderr


def test_caddy_in_front_of_a_site_says_who_the_visitor_is_and_logs_no_query(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "Caddyfile"
    text = (DEPLOY / "Caddyfile").read_text().replace("/var/log/caddy", str(tmp_path))
    text = text.replace("example.com {", f"http://127.0.0.1:{port} {{").replace("unix//run/", f"unix/{tmp_path}/")
    file.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    command = [*GUNICORN, "--bind", f"unix:{tmp_path}/yoursite.sock", "--chdir", str(ROOT), "examples.demo:application"]
    environ = {"WEB_CONCURRENCY": "1", "STORMPATH_INSTANCE": str(tmp_path / "instance"), "STORMPATH_PROXIES": "unix"}
    caddy = [program("caddy"), "run", "--config", str(file)]
    with server(command, tmp_path, **environ, **CHEAP) as site, running(caddy, port, HOME=str(tmp_path)) as address:
        site.said(r"(Booting worker)")
        ada = Visitor(address, "ada@example.com")
        ada.session.headers.update({"X-Forwarded-For": "192.0.2.1", "X_Forwarded_For": "192.0.2.2"})
        assert ada.register()
        assert ada.is_signed_in()
        assert set(site.said(r'"event": "Registered".*"address": "([^"]*)"')) == {"127.0.0.1"}
        requests.get(f"{address}/login?next=/hush", headers={"Referer": f"{address}/?hush"}, timeout=60)
    logged = (tmp_path / "yoursite.log").read_text()
    assert '"uri":"/login"' in logged
    assert "hush" not in logged
