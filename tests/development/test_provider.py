"""The test provider of a development server: on the sign-in page, without any set-up."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from webtest import TestApp  # type: ignore[import-untyped]

from stormpath_wsgi import StormpathMiddleware, user
from stormpath_wsgi.development import provider
from stormpath_wsgi.development.guard import opening
from stormpath_wsgi.development.server import development_site
from stormpath_wsgi.testing import SETTINGS, OpenIDProvider, quick_databases

KEY = "k" * 64
BROWSER = {"HTTP_ACCEPT": "text/html", "HTTP_HOST": "127.0.0.1:8000", "SERVER_PORT": "8000", "REMOTE_ADDR": "127.0.0.1"}


def app(environ: object, start_response: object) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])  # type: ignore[operator]
    return [str(user.email if user.is_authenticated else "a stranger").encode()]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenIDProvider]:
    for name, value in provider.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORMPATH_WEB_BASEURL", "http://127.0.0.1:8000")
    started = provider.start()
    assert started is not None
    yield started
    started.stop()


@pytest.fixture
def browser(offered: OpenIDProvider) -> TestApp:
    with quick_databases():
        site = development_site(StormpathMiddleware(app, **SETTINGS), KEY)
    browser = TestApp(site, extra_environ=BROWSER)
    browser.get(opening("", KEY))
    return browser


@pytest.mark.parametrize(("who", "is_in"), [("grace", "grace@example.org"), (None, "a stranger")])
def test_the_sign_in_page_leads_there_and_back(
    browser: TestApp, offered: OpenIDProvider, who: str | None, is_in: str
) -> None:
    page = browser.get("/login")
    assert "the test provider" in page.text
    away = browser.get("/login/test").location
    browser.get(offered.answer(away, who))
    assert browser.get("/").text == is_in


def test_where_the_library_is_missing_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib", None)
    assert provider.environ() == {}
    assert provider.start() is None


def test_a_port_that_is_taken_keeps_no_site_from_being_served(
    offered: OpenIDProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provider.start() is None
    assert f"port {offered.port} is taken" in capsys.readouterr().err
