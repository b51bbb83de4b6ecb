"""Every text of a page comes out of a catalogue: in a language of brackets nothing is left that has none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.brackets import brackets as made_in
from support.browsing import PASSWORD, Visit, make_site
from webob import Request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.policy import NOT_SIGNED_IN
from stormpath_wsgi.texts import Texts

ADA = {"givenName": "Ada", "surname": "Lovelace", "email": "new@example.org", "password": PASSWORD}
#: What stands on the pages and is no text of ours.
VALUES = {"My", "Application", "M", "ada@example.org", "ada@example.com", "Colour"}


@pytest.fixture(scope="module")
def brackets(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    return made_in(tmp_path_factory.mktemp("locale"))


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    """One that shows all that can be shown, and a field of its owner."""
    fields = {"colour": {"label": "Colour", "required": False}, "confirmPassword": {"enabled": True}}
    asks = {"form": {"fields": {"organizationNameKey": {"enabled": True, "required": False}}}}
    register = {"tellsTaken": True, "form": {"fields": fields}}
    made = make_site(web={"logout": {"page": True}, "login": asks, "register": register})
    made.application.accounts.create({"email": "ada@example.org", "password": PASSWORD})
    [directory] = made.client.directories
    directory.account_creation_policy.verification_email_status = "ENABLED"
    directory.account_creation_policy.save()
    return made


@pytest.fixture
def visit(site: StormpathMiddleware, brackets: Texts) -> Visit:
    visit = Visit(site=site)
    visit.extra_environ["stormpath.texts"] = brackets
    return visit


@pytest.mark.parametrize("status", ["", "unverified", "verified", "created", "forgot", "reset"])
def test_the_sign_in_page(visit: Visit, status: str) -> None:
    assert unmarked(visit.get(f"/login?status={status}")) == set()


def test_what_the_sign_in_page_says_is_wrong(visit: Visit) -> None:
    for values in ({"login": "ada@example.org"}, {"login": "ada", "password": "wrong"}):
        page = visit.fill_in("/login", organizationNameKey="acme", **values)
        assert page.html.select("div.bad-login")
        assert unmarked(page) == set()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"confirmPassword": "x"},
        {"givenName": ""},
        {"email": "ada@example.org"},
        {"email": "ada"},
        {"password": "x"},
    ],
)
def test_the_register_page_and_what_it_says_is_wrong(visit: Visit, change: dict[str, str]) -> None:
    assert unmarked(visit.get("/register")) == set()
    values = {**ADA, **change}
    page = visit.fill_in("/register", **{"confirmPassword": values["password"], **values} if change else {})
    assert page.html.select("div.alert-danger")
    assert unmarked(page) == set()


@pytest.mark.parametrize("address", ["/forgot", "/forgot?status=invalid_sptoken", "/verify", "/verify?sptoken=x"])
def test_the_pages_that_have_a_link_mailed(visit: Visit, address: str) -> None:
    page = visit.get(address)
    assert unmarked(page) == set()
    page = page.form.submit()
    assert page.html.select("div.alert-danger")
    assert unmarked(page) == set()


def test_the_pages_that_the_links_lead_to(visit: Visit) -> None:
    account = visit.application.accounts.create({"email": "ada@example.com", "password": PASSWORD})
    assert account.email_verification_token is not None
    to_verify = account.email_verification_token.href.rpartition("/")[2]
    to_change = visit.application.password_reset_tokens.create({"email": account.email}).href.rpartition("/")[2]
    for address in (f"/verify?sptoken={to_verify}", f"/change?sptoken={to_change}"):
        page = visit.get(address)
        assert unmarked(page) == set()
    page.form["password"] = "x"
    assert unmarked(page.form.submit()) == set()


def test_the_page_for_signing_out_and_those_for_who_may_not_pass(visit: Visit) -> None:
    assert unmarked(visit.get("/logout")) == set()
    visit.sign_in()
    for address, status in (("/logout", 200), ("/staff", 403), ("/login?status=forbidden", 200)):
        page = visit.get(address, status=status)
        assert "ada@example.org" in page
        assert unmarked(page) == set()
    page = visit.post("/logout", headers={"Origin": "https://evil.example"}, status=403)
    assert unmarked(page) == set()


def test_the_page_for_a_directory_that_is_away(visit: Visit, brackets: Texts) -> None:
    request = Request.blank("/", headers={"Accept": "text/html"})
    request.environ["stormpath.texts"] = brackets
    answer = visit.site.pages.unavailable(request, 7)
    assert "⟦Back in a moment⟧" in answer.text
    assert unmarked(answer) == set()


@pytest.mark.parametrize("address", ["/login", "/register"])
def test_a_single_page_app_reads_it_too(visit: Visit, address: str) -> None:
    as_json = {"Accept": "application/json"}
    fields = visit.get(address, headers=as_json).json["form"]["fields"]
    assert [field["label"] for field in fields if not is_marked(field["label"])] == ["Colour"][: address == "/register"]
    assert is_marked(visit.post_json(address, {}, headers=as_json, status=400).json["message"])
    assert is_marked(visit.get("/staff", headers=as_json, status=401).json["message"])


def test_a_page_names_its_language(visit: Visit) -> None:
    assert visit.get("/login").html.html["lang"] == "en-x-marked"
    assert Visit(site=visit.site).get("/login").html.html["lang"] == "en"


def test_a_page_is_in_the_language_of_the_browser(visit: Visit) -> None:
    page = Visit(site=visit.site).get("/login", headers={"Accept-Language": "ar-EG,ar;q=0.9,en;q=0.5"})
    assert (page.html.html["lang"], page.html.html["dir"]) == ("ar", "rtl")
    assert "Accept-Language" in page.headers["Vary"]
    refused = Visit(site=visit.site).get(
        "/staff", status=401, headers={"Accept": "application/json", "Accept-Language": "de"}
    )
    assert refused.json["message"] == Texts("de").gettext(NOT_SIGNED_IN)


def test_a_page_is_in_the_language_that_the_account_names() -> None:
    visit = Visit(web={"logout": {"page": True}})
    account = visit.account()
    visit.sign_in()
    for named, spoken in (("de", "de"), ("tlh", "ar"), (["de"], "ar")):
        account.custom_data["preferredLanguage"] = named
        account.custom_data.save()
        assert visit.get("/logout", headers={"Accept-Language": "ar"}).html.html["lang"] == spoken
    assert account.password_modified_at is not None
    day = Texts("de").date(account.password_modified_at)
    account.custom_data["preferredLanguage"] = "de"
    account.custom_data.save()
    assert day in visit.get("/account")


def test_a_site_that_speaks_one_language_speaks_it_to_everybody() -> None:
    page = Visit(web={"languages": "de"}).get("/login", headers={"Accept-Language": "ar"})
    assert (page.html.html["lang"], page.html.html["dir"]) == ("de", "ltr")


def test_an_owners_template_may_have_macros_with_texts_of_ours(tmp_path: Path) -> None:
    (tmp_path / "parts.html").write_text("{% macro door() %}{% trans %}Sign in{% endtrans %}{% endmacro %}")
    (tmp_path / "login.html").write_text('{% from "parts.html" import door %}{{ door() }}')
    assert Visit(web={"templates": tmp_path}).get("/login").text == "Sign in"


def is_marked(text: str) -> bool:
    return text.startswith("⟦") and not _words(text)


def unmarked(page: Any) -> set[str]:
    """The words that people see on the page which are in no brackets and no value."""
    seen = re.sub(r"(?s)<(style|script)>.*?</\1>", "", page.text)
    return _words(" ".join([re.sub(r"<[^>]*>", " ", seen), *re.findall(r' (?:placeholder|title|alt)="([^"]*)"', seen)]))


def _words(text: str) -> set[str]:
    """Those outside of brackets. There are texts in texts."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return set(re.findall(r"[\w@.]+", text)) - VALUES
