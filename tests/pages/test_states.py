"""Every state of the pages: that its structure holds for all who cannot see it, and that it says what it should."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from support.browsing import PASSWORD, Visit
from support.states import ERRORS, JO, MAILS, STATES, plain_site

SECRETS = {
    "account-key-made": "“Robot” is ready. Copy the secret now.",
    "account-codes-made": "The app is added. Save these recovery codes now.",
}
PAGES = [name for name in STATES if name not in MAILS]


@pytest.fixture(scope="session")
def pages(states: dict[str, str]) -> dict[str, Any]:
    """All states, to look things up in."""
    return {name: BeautifulSoup(html, "html.parser") for name, html in states.items()}


def _site(name: str) -> str:
    """What the site of the state *name* is called."""
    if name in ("development", "development-mail"):
        return "Development"
    return "My Application" if name.startswith(("demo", "development")) else "Acme"


def test_all_states_are_looked_at(states: dict[str, str]) -> None:
    assert sorted(states) == sorted(STATES)
    assert set(STATES) >= ERRORS


@pytest.mark.parametrize("name", PAGES)
class TestStructure:
    @pytest.fixture
    def page(self, pages: dict[str, Any], name: str) -> Any:
        return pages[name]

    def test_the_heading_is_the_first_thing_of_the_page(self, page: Any) -> None:
        [heading] = page.select("h1")
        # On the account page the way to its sections stands before it.
        assert (page.select_one("main > nav.sections + div") or page.main).find(True) is heading
        assert heading.get_text(strip=True)

    def test_each_field_has_a_label_of_its_own(self, page: Any) -> None:
        for field in page.select("input:not([type=hidden]):not([hidden]), select, textarea"):
            [label] = page.select(f"label[for={field['id']}]")
            assert label.get_text(strip=True)
            # The framework specification has that example in an empty field.
            assert field.get("placeholder") in (None, "e.g. my-company")

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
        assert title.count(_site(name)) == 1

    def test_the_focus_goes_only_to_what_is_wrong_and_to_a_secret_that_is_shown_once(
        self, page: Any, name: str
    ) -> None:
        focused = page.select("[autofocus]")
        assert len(focused) == (name in ERRORS or name in SECRETS)
        wrong = page.select("[aria-invalid]")
        for element in focused:
            if name in SECRETS:
                assert element.h3.get_text() == SECRETS[name]
            else:
                assert element in wrong if len(wrong) == 1 else "alert" in element["class"]

    def test_one_thing_is_said_once(self, page: Any) -> None:
        assert len(page.select("div.alert")) <= 1
        assert len(page.select("main :is(button, a.button):not(.plain, .small, .link)")) <= 1
        for alert in page.select("div.alert"):
            assert alert["role"] == ("alert" if "bad" in alert["class"] else "status")

    def test_what_does_different_things_has_different_names(self, page: Any) -> None:
        found: dict[str, set[str]] = {}
        for element in page.select("a[href], button"):
            found.setdefault(said(element), set()).add(what_it_does(page, element))
        assert "" not in found
        assert {name: does for name, does in found.items() if len(does) > 1} == {}

    def test_no_password_is_sent_back(self, page: Any) -> None:
        assert not page.select("input[type=password][value]")
        assert PASSWORD not in str(page)

    def test_a_password_can_be_pasted_and_its_field_says_what_it_is_for(self, page: Any) -> None:
        used = {field.get("autocomplete") for field in page.select("input[type=password]")}
        assert used <= {"current-password", "new-password"}
        assert "paste" not in str(page)


def what_it_does(page: Any, element: Any) -> str:
    """The address of a link; of a button that of its form, with what the form says by itself."""
    if element.name == "a":
        return str(element["href"])
    form = page.find(id=element["form"]) if element.get("form") else element.find_parent("form")
    form = form or element.find_parent(class_="passkey")  # of which the script makes a form
    hidden = {
        field["name"]: field["value"] for field in form.select("input[type=hidden]") if field["name"] != "csrfToken"
    }
    return f"{form.get('action') or form['data-action']} {hidden} {element.get('name')}"


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
def test_the_words_of_a_state(pages: dict[str, Any], name: str, title: str, alert: str | None) -> None:
    page = pages[name]
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
        ("account-email-wrong", {"email": "Enter an address like jo@example.com."}),
    ],
)
def test_what_is_wrong_with_a_field_stands_beneath_it(
    pages: dict[str, Any], name: str, sentences: dict[str, str]
) -> None:
    found = {error["id"].removesuffix("-error"): said(error) for error in pages[name].select(".wrong")}
    assert found == sentences
    for field in sentences:
        assert f"{field}-error" in pages[name].find(id=field)["aria-describedby"].split()


def test_a_password_is_told_which_rules_it_did_not_keep_to(pages: dict[str, Any]) -> None:
    lines = [(line.get("class"), said(line)) for line in pages["register-errors"].select(".rules li")]
    assert lines == [
        (["missing"], "8 characters or more missing"),
        (["missing"], "An upper-case letter missing"),
        (None, "A lower-case letter"),
        (None, "A number"),
        (None, "Or any 16 characters or more"),
    ]
    field = pages["register-errors"].find(id="password")
    assert (field["aria-invalid"], field["aria-describedby"]) == ("true", "password-rules")


def test_what_was_typed_is_kept_when_a_form_has_expired_and_the_next_token_is_good() -> None:
    visit = Visit(site=plain_site())
    form = visit.get("/register").form
    visit.reset()
    for name, value in {**JO, "email": "late@example.com", "confirmPassword": PASSWORD}.items():
        form[name] = value
    again = form.submit(status=403).form
    assert (again["givenName"].value, again["email"].value, again["password"].value) == ("Jo", "late@example.com", "")
    again["password"] = again["confirmPassword"] = PASSWORD
    assert again.submit().headers["Location"] == "/login?status=created"


def test_the_ways_on_lead_somewhere(pages: dict[str, Any]) -> None:
    assert pages["503"].select_one("a.button")["href"] == "/login?next=%2Freports"
    assert not pages["503-posted"].select("a.button")
    assert pages["403"].select_one("footer a")["href"] == "/login?next=%2Fstaff%3Fa%3D1&status=forbidden"
    assert said(pages["403"].select_one("header form")) == "Sign out"
    assert not pages["logout"].select("header form")
    assert pages["register-taken"].select_one(".wrong a")["href"] == "/login"


def test_optional_fields_are_marked_where_most_are_required(pages: dict[str, Any]) -> None:
    marked = [label.get_text() for label in pages["register"].select("label") if "(optional)" in label.get_text()]
    assert marked == ["Colour (optional)"]


def test_a_button_of_the_account_page_leads_to_the_panel_that_it_opens(pages: dict[str, Any]) -> None:
    links = [urlsplit(link["href"]) for link in pages["account"].select("main a.button[href*=change]")]
    assert len(links) == 8
    for link in links:
        panel = parse_qs(link.query)["change"][0]
        opened = pages[f"account-{panel}"].find(id=link.fragment)
        assert "panel" in opened["class"]
        assert opened.form["action"] == "/account", "with a place in it browsers would not focus what is wrong"


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("account", "Profile"),
        ("account-password", "Sign-in"),
        ("account-key-made", "API keys"),
        ("account-delete", "Your data"),
    ],
)
def test_the_section_that_is_open_is_marked_in_the_navigation(pages: dict[str, Any], name: str, section: str) -> None:
    assert [said(link) for link in pages[name].select("nav.sections [aria-current]")] == [section]
