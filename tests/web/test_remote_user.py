"""What any app may read of who is signed in: names that are nobody else's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from unicodedata import normalize
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.visitors import Site, hello

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.users import RememberedAccount
from stormpath_wsgi.web.remote_user import Told, qualified

HOME, OTHER = {"isHome": True, "qualifier": "acme"}, {"isHome": False, "qualifier": "evil"}
#: Colons are what it is about.
USERNAMES = st.text(st.sampled_from("ab:\uff1a"), min_size=1, max_size=6)
QUALIFIERS = st.lists(st.text(st.sampled_from("ab "), min_size=1, max_size=4), min_size=2, max_size=2, unique=True)
ACCOUNTS = st.tuples(st.sampled_from([0, 1]), USERNAMES)


class Keeping:
    """An app that keeps the environ of its last request."""

    environ: WSGIEnvironment

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.environ = environ
        return hello(environ, start_response)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site(hello)
    yield site
    site.client.close()


def told(site: Site, naming: Any, remote_user: Any = "username", **properties: Any) -> str | None:
    """REMOTE_USER of an account with *properties*, as a directory may answer them."""
    account = {"href": f"{site.client.base_url}/accounts/7q", "username": "ada", "email": "a@b.example", **properties}
    settings = Settings(remote_user=remote_user)
    return Told(settings).of(RememberedAccount(site.client, account), naming).get("REMOTE_USER")


@given(ACCOUNTS, ACCOUNTS, QUALIFIERS)
def test_no_two_accounts_are_named_alike(one: tuple[int, str], other: tuple[int, str], qualifiers: list[str]) -> None:
    """Of several directories one is the home at the most, and no two have the same qualifier."""
    directories = [{"isHome": at == 0, "qualifier": qualifier} for at, qualifier in enumerate(qualifiers)]
    first, second = (qualified(username, directories[at]) for at, username in (one, other))
    assert (first == second) == (one == other)
    alike = first is not None and second is not None and normalize("NFKC", first) == normalize("NFKC", second)
    assert alike == ((one[0], normalize("NFKC", one[1])) == (other[0], normalize("NFKC", other[1])))


@pytest.mark.parametrize(
    ("naming", "username", "name"),
    [
        (HOME, "ada", "ada"),
        (OTHER, "ada", "evil:ada"),
        (HOME, "evil:ada", "acme:evil:ada"),
        (OTHER, "x:ada", "evil:x:ada"),
        ({"isHome": True, "qualifier": None}, "evil:ada", None),
        ({"isHome": False, "qualifier": None}, "ada", None),
        ({"isHome": False, "qualifier": ""}, "ada", None),
        ({"isHome": False, "qualifier": "evil:x"}, "ada", None),
        ({}, "ada", None),
        (None, "ada", None),
        ("acme", "ada", None),
    ],
)
def test_a_name_that_nobody_vouches_for_is_not_told(site: Site, naming: Any, username: str, name: str | None) -> None:
    """A server of an older version does not say whose name it is, so none is safe."""
    assert told(site, naming, username=username) == name


@pytest.mark.parametrize(
    "unsafe", ["a\nb", "a\rb", "a\x85b", "a\u2028b", "a\u202eb", "a\u200eb", "a\u061cb", "a\u2066b"]
)
@pytest.mark.parametrize("setting", ["username", "email"])
def test_a_name_with_a_line_break_is_not_told(site: Site, setting: str, unsafe: str) -> None:
    """It may be in the directory since before it was refused there."""
    known = {"username": unsafe, "email": unsafe, "emailVerificationStatus": "VERIFIED"}
    for naming in (HOME, OTHER):
        assert told(site, naming, setting, **known) is None


def test_the_directory_need_not_say_whose_name_it_is_where_it_is_not_asked_for(site: Site) -> None:
    assert told(site, None, "id") == "7q"
    assert told(site, None, "href") == f"{site.client.base_url}/accounts/7q"
    assert told(site, None, "email", emailVerificationStatus="VERIFIED") == "a@b.example"
    assert told(site, None, "email", emailVerificationStatus="UNKNOWN") is None


USER, EMAIL, GROUPS = "HTTP_X_FORWARDED_USER", "HTTP_X_FORWARDED_EMAIL", "HTTP_X_FORWARDED_GROUPS"
HEADERS = {"user": USER, "email": EMAIL, "groups": GROUPS}
FORGED = {"X-Forwarded-User": "root", "X-Forwarded-Email": "root@example.org", "X-Forwarded-Groups": "admins"}

Opened = Callable[..., tuple[Site, Keeping]]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """A site whose variables are as given, and the app in it."""
    sites: list[Site] = []

    def make(**environ: Any) -> tuple[Site, Keeping]:
        app = Keeping()
        sites.append(Site(app, environ=environ))
        return sites[-1], app

    yield make
    for site in sites:
        site.client.close()


class TestTheVariables:
    def test_may_be_those_that_other_apps_read(self, opened: Opened) -> None:
        site, app = opened(**HEADERS)
        ada = site.account(groups=[site.group("admins"), site.group("editors"), site.group("off", status="DISABLED")])
        ada.email_verification_status = "VERIFIED"
        ada.save()
        site.browser(ada).get("/", headers=FORGED)
        assert {name: app.environ[name] for name in HEADERS.values()} == {
            USER: "ada", EMAIL: "ada@example.org", GROUPS: "admins,editors"
        }  # fmt: skip
        assert "REMOTE_USER" not in app.environ

    def test_are_nobodys_word_but_ours(self, opened: Opened) -> None:
        """Of strangers, and of people about whom there is nothing to tell, nothing is told."""
        site, app = opened(**HEADERS)
        site.browser().get("/", headers=FORGED, environ_overrides={"REMOTE_USER": "root"})
        assert not {*HEADERS.values(), "REMOTE_USER"} & app.environ.keys()
        site.browser(site.account()).get("/", headers=FORGED)  # no group, and an address that is not verified
        assert app.environ[USER] == "ada"
        assert not {EMAIL, GROUPS, "REMOTE_USER"} & app.environ.keys()

    def test_follow_a_sign_in_and_a_sign_out(self, opened: Opened) -> None:
        site, _ = opened(**HEADERS)
        ada = site.account(groups=[site.group("admins")])
        environ = {"wsgi.url_scheme": "http", GROUPS: "forged"}
        session = site.middleware.sessions.open(environ)
        session.sign_in(ada)
        assert (environ[USER], environ[GROUPS]) == ("ada", "admins")
        session.sign_out()
        assert not {USER, GROUPS} & environ.keys()

    @pytest.mark.parametrize("off", [None, "off", False])
    def test_may_be_switched_off(self, opened: Opened, off: Any) -> None:
        """There are apps that drop their own sign-in when they see one. A server in front has no word either."""
        site, app = opened(user=off)
        site.browser(site.account()).get("/", environ_overrides={"REMOTE_USER": "root"})
        assert "REMOTE_USER" not in app.environ
        assert app.environ["stormpath.user"].username == "ada"

    def test_hold_no_group_whose_name_would_be_two(self, opened: Opened) -> None:
        site, app = opened(groups=GROUPS, separator=";")
        names = ["a;admins", "b,c", "evil:admins", "Größe"]
        site.browser(site.account(groups=[site.group(name) for name in names])).get("/")
        told = app.environ[GROUPS].encode("latin-1").decode()
        assert told == "Größe;My Application Directory:evil:admins;b,c"

    def test_tell_groups_of_other_directories_from_those_of_the_home(self, opened: Opened) -> None:
        site, app = opened(groups=GROUPS)
        other = site.client.directories.create({"name": "evil"})
        site.application.account_store_mappings.create({"application": site.application, "account_store": other})
        ada = other.accounts.create({"email": "ada@evil.example", "password": "Correct horse 1"})
        ada.add_group(other.groups.create({"name": "admins"}))
        site.browser(ada).get("/")
        assert app.environ[GROUPS] == "evil:admins"

    def test_cost_nothing_while_the_account_is_remembered(self, opened: Opened) -> None:
        """They are asked for when the session is, and change with the next request."""
        site, app = opened(**HEADERS)
        ada, admins = site.account(), site.group("admins")
        browser = site.browser(ada)
        browser.get("/")
        store = site.middleware.sessions._store
        asked: list[str] = []
        site.middleware.sessions._store = site.middleware.client.data_store = Counting(store, asked)
        browser.get("/")
        assert asked == []
        ada.add_group(admins)
        asked.clear()
        browser.get("/")
        assert app.environ[GROUPS] == "admins"
        assert asked == ["get", "list"]

    def test_make_an_answer_vary_by_cookie(self, opened: Opened) -> None:
        """We cannot see whether the app has looked at them, and not every app knows that its pages vary."""
        for environ, varies in ((HEADERS, True), ({"groups": GROUPS}, True), ({"user": USER}, False), ({}, False)):
            site, _ = opened(**environ)
            for browser in (site.browser(), site.browser(site.account())):
                assert ("Cookie" in browser.get("/").vary) == varies


class Counting:
    """A data store that writes down what it is asked."""

    def __init__(self, store: Any, asked: list[str]) -> None:
        self._inner, self._asked = store, asked
        self.base_url, self.generation, self.close = store.base_url, store.generation, store.close

    def __getattr__(self, name: str) -> Any:
        self._asked.append(name)
        return getattr(self._inner, name)


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-Groups", "x-forwarded-groups", "X_Forwarded_Groups", "X-Forwarded_Groups", "X_FORWARDED-GROUPS"],
)
def test_no_spelling_of_a_header_gets_through(opened: Opened, header: str) -> None:
    """A server makes one variable of all of them."""
    site, app = opened(**HEADERS)

    class Quiet(WSGIRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

    with make_server("127.0.0.1", 0, site.middleware, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with socket.create_connection(server.server_address[:2]) as browser:  # type: ignore[arg-type]
            browser.sendall(f"GET / HTTP/1.0\r\n{header}: admins\r\n{header}: staff\r\n\r\n".encode())
            assert browser.makefile("rb").read().endswith(b"hello")
        thread.join()
    assert not [name for name, value in app.environ.items() if value in ("admins", "staff", "admins,staff")]


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"user": "X-Forwarded-User"}, "HTTP_X_FORWARDED_USER for what an app reads"),
        ({"user": "stormpath.user"}, "environ.user: write the name of a variable"),
        ({"email": "HTTP_COOKIE"}, "HTTP_COOKIE says something else of the request"),
        ({"groups": "PATH_INFO"}, "PATH_INFO says something else of the request"),
        ({"groups": "HTTP_X_FORWARDED_FOR"}, "says something else"),
        ({"email": USER, "user": USER}, "variables of their own"),
        ({"separator": ""}, "environ.separator"),
        ({"separator": "\n"}, "write one line of text"),
    ],
)
def test_a_wrong_name_is_told_at_the_start(environ: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Settings.read(environ=environ)


def test_the_environment_can_switch_one_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_ENVIRON_USER", "off")
    monkeypatch.setenv("STORMPATH_ENVIRON_GROUPS", GROUPS)
    settings = Settings.read().environ
    assert (settings.user, settings.groups) == (None, GROUPS)
