"""The files for nginx, read and run by nginx."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import trustme
from real.test_deploy import PASSWORD, ROOT, server
from support.machine import free_port

AROUND = """
{user}
daemon off;
pid {folder}/pid;
error_log stderr notice;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
STALLED = b"POST /login HTTP/1.1\r\nHost: site\r\nContent-Length: 100\r\n\r\n{"


@pytest.fixture
def nginx() -> str:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    return program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a certificate, where the file of nginx's expects it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("example.com", "id.example.com")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "site.pem")
    return tmp_path


def configured(folder: Path, file: str, **moved: str) -> list[str]:
    """The arguments that let nginx read *file* with its certificates, logs and sockets in *folder*."""
    text = (ROOT / "deploy" / file).read_text()
    text = re.sub(r"/etc/letsencrypt/live/\S+\.pem", f"{folder}/site.pem", text)
    for old, new in {"/var/log/nginx/": f"{folder}/", "unix:/run/": f"unix:{folder}/", **moved}.items():
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    user = "user root;" if os.getuid() == 0 else ""  # the folder is ours alone
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    return ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


@pytest.mark.parametrize("file", ["nginx.conf", "stormpath-api.nginx.conf"])
def test_nginx_finds_no_mistake_in_it(nginx: str, folder: Path, file: str) -> None:
    answer = subprocess.run([nginx, "-t", *configured(folder, file)], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert "warn" not in answer.stderr


@contextmanager
def proxied(nginx: str, folder: Path) -> Iterator[tuple[str, int]]:
    """The host and port of nginx in front of the demo site, which has one worker with few threads."""
    port = free_port()
    listen = {"listen 443 ssl": f"listen 127.0.0.1:{port}", "listen [::]:443 ssl": f"listen 127.0.0.1:{port}"}
    arguments = configured(folder, "nginx.conf", **listen)
    text = (folder / "site.conf").read_text()
    text = text.replace(f"listen 127.0.0.1:{port};", "", 1)  # of the two there is one
    text = re.sub(r"server \{\s+listen 80;.*?\n\}", "", text, flags=re.DOTALL)  # nor the one that sends on to https
    (folder / "site.conf").write_text(text)
    process = subprocess.Popen([nginx, *arguments], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        assert any("start worker process " in line for line in process.stderr)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_it_holds_back_floods_and_stalled_visitors_and_keeps_the_port(nginx: str, folder: Path) -> None:
    gunicorn = ["-m", "gunicorn", "-c", str(ROOT / "deploy/gunicorn.conf.py"), "--threads", "2"]
    bind = ["--bind", "127.0.0.1:0", "--bind", f"unix:{folder}/yoursite.sock"]
    environ = {"WEB_CONCURRENCY": "1", "STORMPATH_INSTANCE": str(folder / "instance"), "HOME": str(folder)}
    environ |= {"STORMPATH_PASSWORDHASHER": "support.cheap:HASHER", "PYTHONPATH": str(ROOT / "tests")}
    environ["STORMPATH_PROXIES"] = "unix"
    command = [*gunicorn, *bind, "--chdir", str(ROOT), "examples.demo:application"]
    with server(command, folder, **environ) as site, proxied(nginx, folder) as place:
        site.said(r"(Booting worker)")
        address = f"http://{place[0]}:{place[1]}"
        with ExitStack() as stalled:
            for _ in range(6):
                stalled.enter_context(socket.create_connection(place, timeout=60)).sendall(STALLED)
            assert requests.get(f"{address}/", timeout=60).status_code == 200
        # A visitor's browser names host and port; the page is told the same, and compares.
        form = {"login": "ada@example.com", "password": PASSWORD}
        headers = {"Accept": "application/json", "Origin": address}
        answers = [requests.post(f"{address}/login", json=form, headers=headers, timeout=60) for _ in range(30)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[0] == 400 and answers[0].json()["message"] == "Invalid username or password."
        assert 429 in statuses and set(statuses) == {400, 429}
        assert set(site.said(r'"event": "SignInFailed".*"address": "([^"]*)"')) == {"127.0.0.1"}
        for path in ("/", "/login", "/register"):
            assert requests.get(f"{address}{path}", timeout=60).status_code == 200
