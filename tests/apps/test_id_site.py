"""An ID Site as it is served, with two workers; a site of ours in other processes; and a visitor between the two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup
from real.test_deploy import CHEAP, RUN, server
from support.browsing import BROWSER, PASSWORD
from support.machine import free_port
from support.warm import run

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.client.grants import IdSiteTokenAuthenticator

COMMAND = ["-m", "stormpath_wsgi.cli"]
APP = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"Hello, {environ['stormpath.user'].email}!".encode()]
"""


class World(NamedTuple):
    """Where the site is, and the application and an account as the machine with the pages has them."""

    site: str
    application: Application
    ada: Account


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    machine, site = tmp_path_factory.mktemp("machine"), tmp_path_factory.mktemp("site")
    (site / "shop.py").write_text(APP)
    there, here = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    settings = {**CHEAP, "STORMPATH_BASEURL": f"{there}/v1", "STORMPATH_IDSITE_ENABLED": "true"}
    made = run([*COMMAND, "init"], cwd=machine, env={"HOME": str(machine), **settings}, check=True)
    key = re.search(r"apiKey.id = (\S+)\napiKey.secret = (\S+)", made.stdout)
    assert key is not None, made.stdout
    of_site = {
        "STORMPATH_DIRECTORY": f"{there}/v1",
        "STORMPATH_CLIENT_APIKEY_ID": key[1],
        "STORMPATH_CLIENT_APIKEY_SECRET": key[2],
        "STORMPATH_WEB_BASEURL": here,
        "STORMPATH_WEB_IDSITE_ENABLED": "true",
        "STORMPATH_SECRETKEYS": "a-key-of-the-tests-that-is-long-enough",
    }
    with ExitStack() as started:
        serve = [*COMMAND, "serve", "--workers", "2", "--bind", urlsplit(there).netloc]
        started.enter_context(server(serve, machine, **settings))
        client = started.enter_context(Client(f"{there}/v1", id=key[1], secret=key[2]))
        (application,) = client.applications
        application.authorized_callback_uris = [f"{here}/stormpathCallback"]
        application.save()
        ada = application.accounts.create({"email": "ada@example.org", "password": PASSWORD, "surname": "Lovelace"})
        command = [*RUN, "shop:application", "--workers", "2", "--bind", urlsplit(here).netloc]
        started.enter_context(server(command, site, **of_site))
        yield World(here, application, ada)


class Browser(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.headers["Accept"] = BROWSER

    def sign_in(self, page: requests.Response, *, follows: bool = True) -> requests.Response:
        """Sends the form on *page*."""
        form = BeautifulSoup(page.text, "html.parser").select_one("form[method=post]")
        assert form is not None, page.text
        values = {str(each["name"]): str(each.get("value", "")) for each in form.select("input[name]")}
        values |= {"login": "ada@example.org", "password": PASSWORD}
        action = f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}{form['action']}"
        return self.post(action, values, timeout=60, allow_redirects=follows)


def test_there_and_back_and_out_again(world: World) -> None:
    browser = Browser()
    page = browser.get(f"{world.site}/login?next=/shop", timeout=60)
    assert "/sso/" in page.url
    shown = browser.sign_in(page)
    assert (shown.url, shown.text) == (f"{world.site}/shop", "Hello, ada@example.org!")
    gone = browser.post(f"{world.site}/logout", headers={"Origin": world.site}, timeout=60)
    assert (gone.url, gone.text) == (f"{world.site}/", "Hello, None!")
    assert "/sso/" in browser.get(f"{world.site}/login", timeout=60).url


def test_an_answer_counts_once_whichever_worker_gets_it(world: World) -> None:
    browser = Browser()
    answer = browser.sign_in(browser.get(f"{world.site}/login", timeout=60), follows=False)
    while not answer.headers["Location"].startswith(world.site):
        answer = browser.get(f"{urlsplit(answer.url).scheme}://{urlsplit(answer.url).netloc}{answer.headers['Location']}",
                             allow_redirects=False, timeout=60)  # fmt: skip
    back = answer.headers["Location"]
    statuses = [browser.get(back, allow_redirects=False, timeout=60).status_code for _ in range(6)]
    assert statuses == [302, 401, 401, 401, 401, 401]


def test_a_program_gets_tokens_for_the_answer(world: World) -> None:
    browser = Browser()
    browser.sign_in(browser.get(f"{world.site}/login", timeout=60))
    asked = world.application.build_id_site_redirect_url(f"{world.site}/stormpathCallback", state="mine")
    answer = browser.get(asked, allow_redirects=False, timeout=60)
    there = answer.url.partition("/sso")[0]
    while not answer.headers["Location"].startswith(world.site):
        answer = browser.get(there + answer.headers["Location"], allow_redirects=False, timeout=60)
    back = answer.headers["Location"]
    result = world.application.handle_stormpath_callback(back)
    assert result is not None and (result.account, result.state, result.status) == (world.ada, "mine", "AUTHENTICATED")
    token = parse_qs(urlsplit(back).query)["jwtResponse"][0]
    tokens = IdSiteTokenAuthenticator(world.application).authenticate(token)
    assert tokens is not None and tokens.account == world.ada
    assert IdSiteTokenAuthenticator(world.application).authenticate(token) is None
