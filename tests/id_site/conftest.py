"""An ID Site over a real directory, checked against PEP 3333, and the sites and the visitors that it has."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from support.browsing import BROWSER, PASSWORD
from support.cheap import HASHER, options
from support.visitors import KEYS
from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.lint import LintMiddleware

from stormpath_wsgi import jwt
from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.client import Account, Application, Client, Organization
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.id_site import IdSite
from stormpath_wsgi.settings import Settings

HOST = "id.example.org"
BACK = "https://shop.example.com/back"


class Hosted:
    """The machine: its directory, with one application that sends people there, and the ID Site in front of the API."""

    def __init__(self, service: DirectoryService, **settings: Any) -> None:
        self.service = service
        self.client = Client(data_store=LocalDataStore(service))
        self.key = service.issue_api_key()
        self.application = self.new_application("Shop")
        known = Settings(secret_keys=KEYS, password_hasher=HASHER, base_url=service.base_url, **settings)
        self.app = IdSite(RestAPI(service), service, known)

    def new_application(self, name: str, *callbacks: str) -> Application:
        """An application with a directory of its own. *callbacks*: where its visitors may go back to."""
        properties = {"name": f"{name} {uuid.uuid4()}", "authorized_callback_uris": list(callbacks or [BACK])}
        return self.client.applications.create(properties, create_directory=True)

    def account(self, application: Application | Organization | None = None, **rest: Any) -> Account:
        """An account of the *application*, with an address that no other one has."""
        properties = {"given_name": "Ada", "surname": "Lovelace", "password": PASSWORD, **rest}
        properties.setdefault("email", f"{uuid.uuid4()}@example.org")
        return (application or self.application).accounts.create(properties)

    def asking(self, *, logout: bool = False, secret: str | None = None, **claims: Any) -> str:
        """The address with a request, as an SDK writes it. Claims that are None are left out."""
        said = {
            "iat": time.time(),
            "jti": uuid.uuid4().hex,
            "iss": self.key[0],
            "sub": self.application.href,
            "cb_uri": BACK,
            **claims,
        }
        token = jwt.write({}, {name: each for name, each in said.items() if each is not None}, secret or self.key[1])
        return f"/sso{'/logout' if logout else ''}?{urlencode({'jwtRequest': token})}"

    def told(self, answer: Any, callback: str = BACK) -> dict[str, Any]:
        """What *answer*, a redirect to a site, tells it; signed with the right key."""
        location = answer.headers["Location"]
        assert location.startswith(f"{callback}{'&' if '?' in callback else '?'}jwtResponse="), location
        assert "no-store" in answer.headers["Cache-Control"]
        read = jwt.read(parse_qs(urlsplit(location).query)["jwtResponse"][0], lambda kid: self.key[1])
        assert (read.header["kid"], read.header["stt"], read.header["typ"]) == (self.key[0], "assertion", "JWT")
        return dict(read.claims)

    def visitor(self, **headers: str) -> Visitor:
        return Visitor(self, **headers)


class Visitor(TestApp):  # type: ignore[misc]
    """Somebody with a browser, who reaches the machine by https."""

    __test__ = False

    def __init__(self, hosted: Hosted, **headers: str) -> None:
        self._hosted = hosted
        environ = {"HTTP_ACCEPT": BROWSER, "HTTP_HOST": HOST, "wsgi.url_scheme": "https", **headers}
        super().__init__(LintMiddleware(hosted.app), extra_environ=environ)

    def follow(self, address: str) -> Any:
        """What *address* leads to on this machine, or the redirect that leads away from it."""
        answer = self.get(address, status="*")
        while answer.status_int == 302 and answer.headers["Location"].startswith("/"):
            answer = self.get(answer.headers["Location"], status="*")
        return answer

    def ask(self, **claims: Any) -> Any:
        """Comes from a site that asks with *claims*."""
        return self.follow(self._hosted.asking(**claims))

    def send(self, page: Any, **values: str) -> Any:
        """Fills in the form of *page*, sends it, and goes where that leads."""
        form = page.forms[0]
        for name, value in values.items():
            form[name] = value
        answer = form.submit(status="*")
        is_here = answer.status_int == 302 and answer.headers["Location"].startswith("/")
        return self.follow(answer.headers["Location"]) if is_here else answer

    def sign_in(self, page: Any, account: Account) -> Any:
        """Signs *account* in on *page*."""
        return self.send(page, login=account.email, password=PASSWORD)


@pytest.fixture(scope="module")
def service() -> Iterator[DirectoryService]:
    with closing(open_directory("sqlite://", options(base_url=f"https://{HOST}/v1"))) as opened:
        opened.bootstrap()
        yield opened


@pytest.fixture(scope="module")
def hosted(service: DirectoryService) -> Hosted:
    return Hosted(service)


@pytest.fixture
def visitor(hosted: Hosted) -> Visitor:
    return hosted.visitor()
