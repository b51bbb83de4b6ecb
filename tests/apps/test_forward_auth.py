"""Proxies in front of an application that knows nothing of accounts, as ``deploy/`` has them: nginx and Caddy; Traefik
and Envoy where somebody has put them into the PATH, for Debian has neither, and no registry has one of its makers.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import requests
from apps.test_nginx import configured as nginx_arguments
from real.test_deploy import CHEAP, GUNICORN, PASSWORD, ROOT, Server, server
from support.machine import free_port, program
from support.proxies import running
from support.waiting import eventually

from stormpath_wsgi import Client

BROWSER = {"Accept": "text/html"}
PROGRAM = {"Accept": "application/json"}
#: What a visitor may send to be somebody else.
FORGED = {"Remote-User": "admin", "Remote-Groups": "admins", "Remote_User": "admin", "remote-EMAIL": "a@example.com"}
FORGED |= {"Remote.User": "admin"}  # which PHP reads as one with a hyphen
#: And to be at another host: some servers read an underscore as a hyphen, as that of the application here does.
FORGED |= {"X_Forwarded_Host": "evil.example", "x-forwarded_for": "10.0.0.1", "X_Forwarded-Uri": "/evil"}

# In the folder of the proxy: where the sockets are, which are in /run.
SOCKET = "yoursite.sock"


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Says what it was told of the visitor."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))  # or the proxy may see a broken connection
    told = {name: text for name, text in environ.items() if name.startswith(("HTTP_REMOTE", "HTTP_X_FORWARDED"))}
    told |= {"asked": f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"}
    told |= {"cookies": environ.get("HTTP_COOKIE", "")}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def behind() -> Iterator[str]:
    """The application's host and port. Its server reads an underscore as a hyphen."""
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def nginx(site: Server, folder: Path, behind: str, query: str) -> Iterator[str]:
    port, listen = free_port(), ("listen 443 ssl;", "listen [::]:443 ssl;")
    changed = {listen[0]: f"listen 127.0.0.1:{port};", listen[1]: "", "127.0.0.1:3000": behind}
    changed["/auth/check;  #"] = f"/auth/check?{query};  #"
    command = nginx_arguments(folder, "forward-auth.nginx.conf", **changed)
    config = folder / "site.conf"
    config.write_text(re.sub(r"ssl_certificate.*", "", config.read_text()))
    with running([program("nginx"), *command], port) as address:
        yield address


@contextmanager
def caddy(site: Server, folder: Path, behind: str, query: str) -> Iterator[str]:
    port, file = free_port(), folder / "Caddyfile"
    text = shipped(
        "forward-auth.Caddyfile",
        {
            "app.example.com {": f"http://127.0.0.1:{port} {{",
            "unix//run/": f"unix/{folder}/",
            "127.0.0.1:3000": behind,
            "rewrite /auth/check?redirect=1": f"rewrite /auth/check?redirect=1&{query}",
        },
    )
    file.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    with running([program("caddy"), "run", "--config", str(file)], port, HOME=str(folder)) as address:
        yield address


@contextmanager
def traefik(site: Server, folder: Path, behind: str, query: str) -> Iterator[str]:
    port, file = free_port(), folder / "traefik.yaml"
    changes = {
        "Host(`app.example.com`)": "Host(`127.0.0.1`)",
        "http://127.0.0.1:8000": place(site),
        "127.0.0.1:3000": behind,
        "check?redirect=1\n": f"check?redirect=1&{query}\n",
        "__Host-stormpath_session": "stormpath_session",
    }
    file.write_text(shipped("forward-auth.traefik.yaml", changes))
    options = [f"--entrypoints.web.address=127.0.0.1:{port}", f"--providers.file.filename={file}", "--log.level=ERROR"]
    with running([program("traefik"), *options], port) as address:
        eventually(lambda: requests.get(address, timeout=60).status_code != 404, 60)  # it has read its file
        yield address


@contextmanager
def envoy(site: Server, folder: Path, behind: str, query: str) -> Iterator[str]:
    assert not query  # for Envoy groups are a setting
    port, file = free_port(), folder / "envoy.yaml"
    changes = {
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - it is not bound
        "port_value: 8080": f"port_value: {port}",
        "port_value: 8000": f"port_value: {place(site).rpartition(':')[2]}",
        "port_value: 3000": f"port_value: {behind.rpartition(':')[2]}",
    }
    file.write_text(shipped("forward-auth.envoy.yaml", changes))
    with running([program("envoy"), "--config-path", str(file), "--log-level", "error"], port) as address:
        yield address


def place(site: Server) -> str:
    """The address of *site* that is no socket of a folder."""
    return site.address.partition(",")[0]


def shipped(name: str, changes: dict[str, str]) -> str:
    """The file of ``deploy/``, with these places changed, each of which is there."""
    text = (ROOT / "deploy" / name).read_text()
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """The site with the accounts, at a unix socket and at a port, and its folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [*GUNICORN, "--bind", f"unix:{folder}/{SOCKET}", "--chdir", str(ROOT), "examples.demo:application"]
    environ = {"WEB_CONCURRENCY": "1", "STORMPATH_INSTANCE": str(folder / "instance"), **CHEAP}
    environ |= {"STORMPATH_WEB_FORWARDAUTH_ENABLED": "true", "STORMPATH_PROXIES": "unix, 127.0.0.1"}
    environ |= {"STORMPATH_SESSION_IDLE": "30"}  # so that the session is renewed after 3 seconds
    with server(command, folder, **environ) as started:
        started.said(r"(Booting worker)")
        yield started, folder


PROXIES = {"nginx": nginx, "caddy": caddy}
PROXIES |= {run.__name__: run for run in (traefik, envoy) if shutil.which(run.__name__)}
#: What the files for these cannot do: keep our cookie from the application.
PASS_COOKIES_ON = {"traefik", "envoy"}
#: Those that drop a header without a value.
DROP_EMPTY = {"nginx"}


class TestProxy:
    @pytest.mark.parametrize("proxy", list(PROXIES))
    def test_a_stranger_signs_in_comes_back_and_signs_out(
        self, site: tuple[Server, Path], behind: str, proxy: str
    ) -> None:
        started, folder = site
        with PROXIES[proxy](started, folder, behind, "") as address, requests.Session() as browser:
            browser.headers.update({**BROWSER, **FORGED})
            browser.cookies.set("theme", "dark")
            page = f"{address}/page?a=1"
            refused = browser.get(page, allow_redirects=False)
            assert (refused.status_code, refused.headers["Location"]) == (302, "/login?next=%2Fpage%3Fa%3D1")
            assert requests.get(page, headers=PROGRAM, timeout=60).status_code == 401
            ada = {"email": f"ada-{proxy}@example.com", "password": PASSWORD, "givenName": "Ada", "surname": "L"}
            browser.post(f"{address}/register", json=ada, headers=PROGRAM).raise_for_status()
            browser.post(f"{address}/logout", headers=PROGRAM).raise_for_status()
            form = browser.get(page)
            assert form.url.startswith(f"{address}/login?next=")
            back = browser.post(form.url, json={"login": ada["email"], "password": PASSWORD}, allow_redirects=False)
            assert (back.status_code, back.headers["Location"]) == (302, "/page?a=1")
            told = browser.get(page).json()
            session = browser.cookies["stormpath_session"]
            cookies = told.pop("cookies")
            assert "theme=dark" in cookies
            assert (session in cookies) == (proxy in PASS_COOKIES_ON)
            more = {name: told.pop(f"HTTP_X_FORWARDED_{name}", None) for name in ("HOST", "PORT", "SERVER")}
            if proxy == "envoy":  # it has an address of the machine where the visitor is on the same one
                assert told["HTTP_X_FORWARDED_FOR"] not in FORGED.values()
                told["HTTP_X_FORWARDED_FOR"] = "127.0.0.1"
            assert more["HOST"] == (None if proxy == "envoy" else address.removeprefix("http://"))
            assert told == {
                "asked": "GET /page?a=1",
                "HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "http",
                "HTTP_REMOTE_USER": ada["email"], "HTTP_REMOTE_NAME": "Ada L",
                **({} if proxy in DROP_EMPTY else {"HTTP_REMOTE_EMAIL": "", "HTTP_REMOTE_GROUPS": ""}),
            }  # fmt: skip
            twice = f"a=1;stormpath_session={session};b=2; __Host-stormpath_session={session}"
            cookies = requests.get(page, headers={**PROGRAM, "Cookie": twice}, timeout=60).json()["cookies"]
            assert "a=1" in cookies and "b=2" in cookies
            assert (session in cookies) == (proxy in PASS_COOKIES_ON)
            assert browser.put(page, data=b"x" * 100_000).json()["asked"] == "PUT /page?a=1"
            eventually(lambda: "stormpath_session" in browser.get(page).headers.get("Set-Cookie", ""))
            assert browser.cookies["stormpath_session"] != session
            browser.post(f"{address}/logout", headers=PROGRAM).raise_for_status()
            browser.cookies.set("stormpath_session", session)
            assert browser.get(page, allow_redirects=False).status_code == 302

    @pytest.mark.parametrize("proxy", sorted(set(PROXIES) - {"envoy"}))  # whose question has no groups
    def test_only_members_of_the_group_that_it_names_pass(
        self, site: tuple[Server, Path], behind: str, proxy: str
    ) -> None:
        started, folder = site
        with PROXIES[proxy](started, folder, behind, f"groups=staff-{proxy}") as address, requests.Session() as browser:
            grace = {"email": f"grace-{proxy}@example.com", "password": PASSWORD, "givenName": "Grace", "surname": "H"}
            browser.post(f"{address}/register", json=grace, headers=PROGRAM).raise_for_status()
            for accepted in (BROWSER, PROGRAM):
                assert browser.get(f"{address}/?groups=", headers=accepted | FORGED).status_code == 403
            with Client(f"sqlite:///{folder}/instance/accounts.db") as client:
                [account] = client.accounts.search({"email": grace["email"]})
                account.add_group(account.directory.groups.create({"name": f"staff-{proxy}"}))
            told = browser.get(f"{address}/", headers=BROWSER | FORGED).json()
            assert told["HTTP_REMOTE_GROUPS"] == f"staff-{proxy}"
