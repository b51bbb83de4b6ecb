"""A single-page app that draws our pages itself: browsers get its file, programs get what they always get."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.browsing import BROWSER, PASSWORD, Visit, make_site

from stormpath_wsgi import ConfigurationError, Settings, StormpathMiddleware

APP = "<!doctype html><title>Ours</title><script>draw()</script>"
PAGES = ["/login", "/register", "/forgot", "/change", "/verify"]
FORM: Mapping[str, str] = {"login": "ada@example.org", "password": PASSWORD}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("app") / "index.html"
    path.write_text(APP)
    return path


@pytest.fixture(scope="module")
def site(file: Path) -> StormpathMiddleware:
    site = make_site(web={"spa": {"enabled": True, "view": str(file)}, "verifyEmail": {"enabled": True}})
    Visit(site=site).account()
    return site


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("query", ["", "?status=created&sptoken=dead"])
def test_a_browser_gets_the_file(site: StormpathMiddleware, address: str, method: str, query: str) -> None:
    answer = Visit(site=site).request(address + query, method=method)
    assert (answer.status_int, answer.content_type) == (200, "text/html")
    assert answer.text == APP
    assert "Content-Security-Policy" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Cache-Control"] == "no-cache, no-store"


def test_a_form_of_a_browser_does_nothing(site: StormpathMiddleware) -> None:
    visit = Visit(site=site)
    assert visit.post("/login", dict(FORM)).text == APP
    assert not visit.is_signed_in()


def test_a_program_gets_what_it_always_gets(site: StormpathMiddleware) -> None:
    program = Visit("application/json", site=site)
    assert list(program.get("/login").json) == ["form", "accountStores"]
    assert program.post_json("/login", dict(FORM)).json["account"]["email"] == "ada@example.org"
    assert program.get("/me").json["account"]["givenName"] == "Ada"


def test_what_has_no_form_is_as_ever(site: StormpathMiddleware) -> None:
    visit = Visit(site=site)
    assert visit.get("/staff").headers["Location"] == "/login?next=%2Fstaff"
    assert visit.get("/me").headers["Location"] == "/login?next=%2Fme"
    assert visit.post("/logout").headers["Location"] == "/"


def test_a_new_version_of_the_file_is_sent_and_the_old_one_while_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text("one")
    visit = Visit(web={"spa": {"enabled": True, "view": str(path)}})
    assert visit.get("/login").text == "one"
    path.unlink()
    assert visit.get("/login").text == "one"
    path.write_text("another")
    assert visit.get("/login").text == "another"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"enabled": True}, r"web\.spa: enabled needs view"),
        ({"enabled": True, "view": "nowhere.html"}, r"web\.spa: view: there is no file nowhere\.html"),
        ({"enabled": True, "view": "."}, r"web\.spa: view: there is no file \."),
    ],
)
def test_a_file_that_is_not_there_is_told_at_the_start(given: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Settings.read(web={"spa": given})


def test_it_asks_for_the_organization_itself(file: Path) -> None:
    """Where organizations have hosts: from an unknown one a browser is led away all the same."""
    web = {
        "spa": {"enabled": True, "view": str(file)},
        "domainName": "site.example",
        "multiTenancy": {"enabled": True},
    }
    visit = Visit(BROWSER, web=web)
    assert visit.get("/login", extra_environ={"HTTP_HOST": "site.example"}).text == APP
    answer = visit.get("/login", extra_environ={"HTTP_HOST": "nobody.site.example"})
    assert answer.headers["Location"] == "http://site.example/login"
