"""Somebody who fills in forms: for the tests of the pages. It is WebTest, around a site with a checker of PEP 3333."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webtest import Form, TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware

from stormpath_wsgi import StormpathMiddleware, groups_required
from stormpath_wsgi.client import Account, Application, Organization
from support import prepared
from support.cheap import HASHER
from support.visitors import KEYS

PASSWORD = "Correct-horse-7"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application behind us: has a front page, and says on every page who asks for what."""
    status = "200 OK" if environ["PATH_INFO"] == "/" else "404 Not Found"
    start_response(status, [("Content-Type", "text/plain")])
    return [f"app: {environ['stormpath.user'].email} at {environ['PATH_INFO']}".encode()]


def make_site(application: WSGIApplication = app, /, **settings: Any) -> StormpathMiddleware:
    """The middleware on a directory of its own in memory, with a page for the staff."""
    protect = {"/staff": groups_required(["staff"])}
    own = {"directory": "sqlite://", "secret_keys": KEYS, "password_hasher": HASHER, "protect": protect}
    begun = nullcontext() if "application" in settings else prepared.set_up()
    with begun:
        return StormpathMiddleware(application, **{**own, **settings})


class Visit(TestApp):  # type: ignore[misc]
    """A visitor with a browser (or, by *accept*, with something else) to a site with these *settings*.

    *mount*: the path below which the server has the site, as a native string of WSGI.
    """

    __test__ = False

    def __init__(
        self, accept: str = BROWSER, site: StormpathMiddleware | None = None, mount: str | None = None, **settings: Any
    ) -> None:
        self.site = site or make_site(**settings)
        self.application: Application = self.site.application
        checked = LintMiddleware(self.site)
        super().__init__(
            DispatcherMiddleware(app, {mount: checked}) if mount else checked,
            extra_environ={"HTTP_ACCEPT": accept, "HTTP_HOST": "site.example"},
        )

    def account(self, email: str = "ada@example.org", **rest: Any) -> Account:
        """An account as the owner of the site would make it."""
        properties = {"given_name": "Ada", "surname": "Lovelace", "email": email, "password": PASSWORD, **rest}
        return self.application.accounts.create(properties)

    def organization(self, name_key: str, *, mapped: bool = True, **rest: Any) -> Organization:
        """An organization with a directory of its own, mapped to the application."""
        client = self.site.client
        made = client.organizations.create({"name": name_key, "name_key": name_key, **rest}, create_directory=True)
        if mapped:
            client.account_store_mappings.create({"application": self.application, "account_store": made})
        return made

    def sign_in(self, email: str = "ada@example.org") -> None:
        self.post_json("/login", {"login": email, "password": PASSWORD}, headers={"Accept": "application/json"})

    def is_signed_in(self) -> bool:
        return "app: None" not in self.get("/")

    def fill_in(self, address: str, **values: str) -> Any:
        """Open a page, fill its form in, send it."""
        form = self.get(address).form
        for name, value in values.items():
            form[name] = value
        return form.submit()


def passkey_form(page: Any) -> Any:
    """The form that the script of *page* makes for what a passkey answers."""
    made = page.html.select_one(".passkey")
    made.name, made["action"], made["method"] = "form", made["data-action"], "post"
    return Form(page, str(made))


#: Opens a site with these settings, for a visitor.
OpenSite: TypeAlias = Callable[..., Visit]
