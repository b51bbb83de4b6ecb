"""Every state of the pages: that its structure holds for all who cannot see it, and that it says what it should."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from webob import Request

from stormpath_wsgi import StormpathMiddleware

ADA, OTHER = "ada@example.org", "jo@example.com"
JO = {"givenName": "Jo", "surname": "Winter", "email": OTHER, "password": PASSWORD}

#: The states that are errors: their titles say so.
ERRORS = {
    "sign-in-wrong",
    "sign-in-empty",
    "sign-in-half",
    "register-errors",
    "register-weak",
    "register-known",
    "register-taken",
    "register-differs",
    "forgot-empty",
    "change-weak",
    "expired",
    "expired-forgot",
}


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    fields = {"confirmPassword": {"enabled": True}, "colour": {"label": "Colour", "required": False}}
    web = {
        "look": {"name": "Acme", "helpUrl": "/help"},
        "logout": {"page": True},
        "register": {"form": {"fields": fields}},
        "verifyEmail": {"enabled": True},
    }
    made = make_site(web=web)
    made.application.accounts.create({"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"})
    return made


@pytest.fixture(scope="module")
def states(site: StormpathMiddleware) -> dict[str, Any]:
    """The pages by the names of their states."""
    visit = Visit(site=site)
    [account] = site.application.accounts
    token = site.application.password_reset_tokens.create({"email": ADA}).href.rpartition("/")[2]
    change = f"/change?sptoken={token}"
    pages = {
        "sign-in": visit.get("/login"),
        "sign-in-wrong": visit.fill_in("/login", login=ADA, password="x"),
        "sign-in-empty": visit.fill_in("/login"),
        "sign-in-half": visit.fill_in("/login", login=ADA),
        **{
            f"sign-in-{said}": visit.get(f"/login?status={said}")
            for said in ("created", "verified", "reset", "signed_out", "unverified")
        },
        "register": visit.get("/register"),
        "register-errors": visit.fill_in(
            "/register", **{**JO, "givenName": "", "email": "jo.example", "password": "abc1", "confirmPassword": "abc1"}
        ),
        "register-weak": visit.fill_in("/register", **{**JO, "password": "abcdefg1", "confirmPassword": "abcdefg1"}),
        "register-taken": visit.fill_in("/register", **{**JO, "email": ADA, "confirmPassword": PASSWORD}),
        "register-differs": visit.fill_in("/register", **{**JO, "confirmPassword": "another"}),
        "forgot": visit.get("/forgot"),
        "forgot-empty": visit.fill_in("/forgot"),
        "forgot-dead": visit.get("/forgot?status=invalid_sptoken"),
        "change": visit.get(change),
        "change-weak": visit.fill_in(change, password="short"),
        "verify": visit.get("/verify"),
        "expired": _expired(site, "/register", **{**JO, "confirmPassword": PASSWORD}),
        "expired-forgot": _expired(site, "/forgot", email=ADA),
        "logout-stranger": visit.get("/logout"),
    }
    visit.sign_in(ADA)
    pages["logout"] = visit.get("/logout?next=%2Fbye")
    pages["not-this-account"] = visit.get("/login?status=forbidden")
    pages["403"] = visit.get("/staff?a=1", status=403)
    assert account.email == ADA
    return {name: page.html for name, page in pages.items()} | {
        "503": _away(site, "GET"),
        "503-posted": _away(site, "POST"),
    }


def _expired(site: StormpathMiddleware, address: str, **values: str) -> Any:
    """What somebody gets whose browser has forgotten the cookie of the form."""
    visit = Visit(site=site)
    form = visit.get(address).form
    visit.reset()
    for name, value in values.items():
        form[name] = value
    return form.submit(status=403)


def _away(site: StormpathMiddleware, method: str) -> Any:
    request = Request.blank("/login?next=%2Freports", headers={"Accept": "text/html"}, method=method)
    return (
        Visit(site=site)
        .get("/login")
        .__class__(site.pages.unavailable(request, 7).body, 503, [("Content-Type", "text/html")])
        .html
    )


NAMES = sorted(
    ERRORS - {"register-known"}
    | {f"sign-in-{said}" for said in ("created", "verified", "reset", "signed_out", "unverified")}
    | {"sign-in", "register", "forgot", "forgot-dead", "change", "verify"}
    | {"logout", "logout-stranger", "not-this-account", "403", "503", "503-posted"}
)


def test_all_states_are_looked_at(states: dict[str, Any]) -> None:
    assert sorted(states) == NAMES


@pytest.mark.parametrize("name", NAMES)
class TestStructure:
    @pytest.fixture
    def page(self, states: dict[str, Any], name: str) -> Any:
        return states[name]

    def test_the_heading_is_the_first_thing_of_the_page(self, page: Any) -> None:
        [heading] = page.select("h1")
        assert page.main.find(True) is heading
        assert heading.get_text(strip=True)

    def test_each_field_has_a_label_of_its_own(self, page: Any) -> None:
        for field in page.select("input:not([type=hidden]):not([hidden]), select, textarea"):
            [label] = page.select(f"label[for={field['id']}]")
            assert label.get_text(strip=True)
            assert not field.get("placeholder")

    def test_what_refers_to_something_finds_it(self, page: Any) -> None:
        ids = [element["id"] for element in page.select("[id]")]
        assert len(ids) == len(set(ids))
        wanted = [link["href"][1:] for link in page.select('a[href^="#"]')]
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "data-of", "data-copy"):
            wanted += [id for element in page.select(f"[{attribute}]") for id in element[attribute].split()]
        assert set(wanted) <= set(ids)

    def test_the_title_says_whether_something_is_wrong(self, page: Any, name: str) -> None:
        title = page.title.get_text()
        assert title.startswith("Error: ") is (name in ERRORS)
        assert "Acme" in title
        assert title.count("Acme") == 1

    def test_the_focus_goes_only_to_what_is_wrong(self, page: Any, name: str) -> None:
        focused = page.select("[autofocus]")
        assert len(focused) == (name in ERRORS)
        wrong = page.select("[aria-invalid]")
        for element in focused:
            assert element in wrong if len(wrong) == 1 else "alert" in element["class"]

    def test_one_thing_is_said_once(self, page: Any) -> None:
        assert len(page.select("div.alert")) <= 1
        assert len(page.select("main button:not(.plain), main a.button:not(.plain)")) <= 1
        for alert in page.select("div.alert"):
            assert alert["role"] == ("alert" if "bad" in alert["class"] else "status")

    def test_no_password_is_sent_back(self, page: Any) -> None:
        assert not page.select("input[type=password][value]")
        assert PASSWORD not in str(page)


def said(element: Any) -> str:
    return re.sub(r"\s+", " ", element.get_text(" ")).replace(" .", ".").replace(" ,", ",").replace(" :", ":").strip()


@pytest.mark.parametrize(
    ("name", "title", "alert"),
    [
        ("sign-in", "Sign in to Acme", None),
        (
            "sign-in-wrong",
            "Sign in to Acme",
            "That email and password do not match. Check both, or reset your password.",
        ),
        ("sign-in-created", "Sign in to Acme", "Your account is ready. You can now sign in."),
        ("sign-in-verified", "Sign in to Acme", "Your address is verified. You can now sign in."),
        ("sign-in-reset", "Sign in to Acme", "Your password is changed. Sign in with the new one."),
        ("sign-in-signed_out", "Sign in to Acme", "You are signed out."),
        (
            "not-this-account",
            "Sign in to Acme",
            "You are signed in as ada@example.org. That account has no access to the page you asked for. "
            "Sign in with another one, or go back to Acme.",
        ),
        ("register", "Create your Acme account", None),
        ("register-errors", "Create your Acme account", "Three things to correct First name Email Password"),
        (
            "expired",
            "Create your Acme account",
            "This page was open too long Nothing is lost: enter your password again and send it once more.",
        ),
        (
            "expired-forgot",
            "Reset your password",
            "This page was open too long Nothing is lost: send it once more.",
        ),
        ("forgot", "Reset your password", None),
        ("forgot-dead", "This link no longer works", None),
        ("change", "Choose a new password", None),
        ("verify", "Verify your address", None),
        ("logout", "Sign out of Acme?", None),
        ("403", "You cannot open this page", None),
        ("503", "Back in a moment", None),
    ],
)
def test_the_words_of_a_state(states: dict[str, Any], name: str, title: str, alert: str | None) -> None:
    page = states[name]
    assert said(page.h1) == title
    assert [said(message) for message in page.select("div.alert")] == ([] if alert is None else [alert])


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("sign-in-empty", {"login": "Enter your email.", "password": "Enter your password."}),
        ("sign-in-half", {"password": "Enter your password."}),
        ("register-errors", {"givenName": "Enter your first name.", "email": "Enter an address like jo@example.com."}),
        ("register-taken", {"email": "This address has an account. Sign in instead"}),
        ("register-differs", {"confirmPassword": "The two passwords differ."}),
        ("register-weak", {}),
        ("change-weak", {}),
        ("forgot-empty", {"email": "Enter your email."}),
    ],
)
def test_what_is_wrong_with_a_field_stands_beneath_it(
    states: dict[str, Any], name: str, sentences: dict[str, str]
) -> None:
    found = {error["id"].removesuffix("-error"): said(error) for error in states[name].select(".wrong")}
    assert found == sentences
    for field in sentences:
        assert f"{field}-error" in states[name].find(id=field)["aria-describedby"].split()


def test_a_password_is_told_which_rules_it_did_not_keep_to(states: dict[str, Any]) -> None:
    lines = [(line.get("class"), said(line)) for line in states["register-errors"].select(".rules li")]
    assert lines == [
        (["missing"], "8 characters or more missing"),
        (["missing"], "An upper-case letter missing"),
        (None, "A lower-case letter"),
        (None, "A number"),
    ]
    field = states["register-errors"].find(id="password")
    assert (field["aria-invalid"], field["aria-describedby"]) == ("true", "password-rules")


def test_what_was_typed_is_kept_when_a_form_has_expired_and_the_next_token_is_good(site: StormpathMiddleware) -> None:
    visit = Visit(site=site)
    form = visit.get("/register").form
    visit.reset()
    for name, value in {**JO, "email": "late@example.com", "confirmPassword": PASSWORD}.items():
        form[name] = value
    again = form.submit(status=403).form
    assert (again["givenName"].value, again["email"].value, again["password"].value) == ("Jo", "late@example.com", "")
    again["password"] = again["confirmPassword"] = PASSWORD
    assert again.submit().headers["Location"] == "/login?status=created"


def test_the_ways_on_lead_somewhere(states: dict[str, Any]) -> None:
    assert states["503"].select_one("a.button")["href"] == "/login?next=%2Freports"
    assert not states["503-posted"].select("a.button")
    assert states["403"].select_one("footer a")["href"] == "/login?next=%2Fstaff%3Fa%3D1&status=forbidden"
    assert said(states["403"].select_one("header form")) == "Sign out"
    assert not states["logout"].select("header form")
    assert states["register-taken"].select_one(".wrong a")["href"] == "/login"


def test_optional_fields_are_marked_where_most_are_required(states: dict[str, Any]) -> None:
    marked = [label.get_text() for label in states["register"].select("label") if "(optional)" in label.get_text()]
    assert marked == ["Colour (optional)"]
