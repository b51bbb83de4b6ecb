"""A site with accounts, and the browsers that visit it. For the tests of everything that meets a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any, Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from pwdlib.hashers.bcrypt import BcryptHasher
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import Client as Browser
from werkzeug.test import create_environ

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Account, Directory, Group
from stormpath_wsgi.session import CurrentSession
from support import prepared
from support.cheap import HASHER

PASSWORD = "Correct horse 1"
HASH = BcryptHasher(rounds=4).hash(PASSWORD)  # accounts are made from it: to hash properly takes its time
KEYS = ["the first key of this test, which signs", "the second key, that was there before it"]
#: What opens a directory in memory.
OPENING: Mapping[str, Any] = {"directory": "sqlite://", "secret_keys": KEYS, "password_hasher": HASHER}
COOKIE, HOST_COOKIE = "stormpath_session", "__Host-stormpath_session"

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


class Site:
    """*app* in the middleware, over a directory of its own in memory, with a checker of PEP 3333 on either side."""

    def __init__(self, app: WSGIApplication, **settings: Any) -> None:
        with nullcontext() if "application" in settings else prepared.set_up():
            middleware = StormpathMiddleware(LintMiddleware(app), **{**OPENING, **settings})
        self._serve(middleware)

    @classmethod
    def of(cls, middleware: StormpathMiddleware) -> Self:
        """The site that *middleware* is around already."""
        site = cls.__new__(cls)
        site._serve(middleware)
        return site

    def _serve(self, middleware: StormpathMiddleware) -> None:
        self.middleware = middleware
        self.client, self.application = middleware.client, middleware.application
        mapping = self.application.default_account_store_mapping
        assert mapping and isinstance(mapping.account_store, Directory)
        self.directory: Directory = mapping.account_store

    def account(self, name: str = "ada", *, groups: Iterable[Group] = (), **properties: Any) -> Account:
        """An account that can sign in with :data:`PASSWORD`."""
        known = {"username": name, "email": f"{name}@example.org", "given_name": name.title(), "password": HASH}
        account = self.directory.accounts.create({**known, **properties}, password_format="mcf")
        account.add_groups(list(groups))
        return account

    def group(self, name: str = "admins", **properties: Any) -> Group:
        return self.directory.groups.create({"name": name, **properties})

    def session(self, cookie: str | None = None, *, https: bool = False) -> CurrentSession:
        """The session of a request with *cookie*."""
        return self.middleware.sessions.open(request(cookie, https=https))

    def cookie(self, account: Account, *, https: bool = False) -> str:
        """What a browser sends after signing *account* in."""
        session = self.session(https=https)
        session.sign_in(account)
        return given(session)

    def browser(self, account: Account | None = None, *, https: bool = False) -> Browser:
        """A browser in which *account* is signed in."""
        browser = Browser(LintMiddleware(self.middleware))
        if account is not None:
            name, _, value = self.cookie(account, https=https).partition("=")
            browser.set_cookie(name, value)
        return browser


class Server:
    """The ``start_response`` of a server."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[tuple[str, str]]]] = []
        self.written: list[bytes] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        if exc_info and self.written:
            raise exc_info[1]
        self.calls.append((status, headers))
        return self.written.append


def request(cookie: str | None = None, *, https: bool = False, **variables: Any) -> WSGIEnvironment:
    """The environ of a GET with the *cookie* header."""
    environ = create_environ(base_url="https://localhost" if https else "http://localhost")
    return environ | variables | ({"HTTP_COOKIE": cookie} if cookie is not None else {})


def given(session: CurrentSession) -> str:
    """The session cookie that the answer to a request gives the browser, as the browser will send it."""
    return set_cookie(session).partition(";")[0]


def set_cookie(session: CurrentSession) -> str:
    """The header for the session cookie, which comes before others of ours."""
    return next(value for name, value in session.headers() if name == "Set-Cookie")


def says(text: Callable[[], object]) -> WSGIApplication:
    """An app that answers 200 with what *text* returns while the app runs."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = str(text()).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """An app that knows nothing of users."""
    return says(lambda: "hello")(environ, start_response)
