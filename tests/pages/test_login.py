"""Signing in: with a browser and as a single-page app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from support.browsing import PASSWORD, Visit, make_site

from stormpath_wsgi.policy import FORBIDDEN

GOOD = {"login": "ada@example.org", "password": PASSWORD}
INVALID = "Invalid username or password."
#: The same for people.
NO_MATCH = "That email and password do not match. Check both, or reset your password."


def demanding(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """An application that lets nobody in, and sends everybody to the sign-in page."""
    location = f"/login?next={quote(environ['PATH_INFO'], safe='')}"
    start_response("302 Found", [("Location", location), ("Content-Type", "text/plain")])
    return []


class TestInABrowser:
    def test_the_right_password_signs_in_and_leads_on(self, visit: Visit) -> None:
        visit.account()
        answer = visit.fill_in("/login", **GOOD)
        assert (answer.status_int, answer.headers["Location"]) == (302, "/")
        assert "app: ada@example.org" in answer.follow()

    def test_the_username_will_do_as_well(self, visit: Visit) -> None:
        visit.account(username="ada")
        assert visit.fill_in("/login", login="ada", password=PASSWORD).status_int == 302

    def test_the_visitor_comes_to_the_page_he_wanted(self, visit: Visit) -> None:
        visit.account()
        wanted = "/reports?year=1843&q=a%20b"
        answer = visit.fill_in(f"/login?next={quote(wanted, safe='')}", **GOOD)
        assert answer.headers["Location"] == wanted

    def test_the_visitor_comes_to_the_part_of_the_page_he_wanted(self, visit: Visit) -> None:
        visit.account()
        page = visit.get("/login?next=%2Freports%23caf%25C3%25A9")
        assert page.form.action == "/login?next=%2Freports%23caf%25C3%25A9"
        page.form["login"], page.form["password"] = GOOD.values()
        assert page.form.submit().headers["Location"] == "/reports#caf%C3%A9"

    def test_the_page_he_wanted_survives_a_wrong_password(self, visit: Visit) -> None:
        visit.account()
        again = visit.fill_in("/login?next=%2Freports", login="ada@example.org", password="wrong").form
        again["password"] = PASSWORD
        assert again.submit().headers["Location"] == "/reports"

    @pytest.mark.parametrize("trap", ["//evil.example", r"/\evil.example", "https://evil.example", "/%2Fevil.example"])
    def test_nobody_is_led_off_the_site(self, visit: Visit, trap: str) -> None:
        visit.account()
        page = visit.get(f"/login?next={quote(trap, safe='')}")
        assert "evil" not in page
        page.form["login"], page.form["password"] = GOOD.values()
        assert page.form.submit().headers["Location"] == "/"

    def test_a_page_asked_for_earlier_is_not_remembered(self, visit: Visit) -> None:
        visit.account()
        visit.get("/login?next=%2Freports")
        assert visit.fill_in("/login", **GOOD).headers["Location"] == "/"

    @pytest.mark.parametrize("login", ["ada@example.org", "nobody@example.org"])
    def test_wrong_passwords_and_unknown_logins_get_the_same_page(self, visit: Visit, login: str) -> None:
        visit.account()
        page = visit.fill_in("/login", login=login, password="not the password")
        assert page.status_int == 200
        assert page.html.select_one("div.bad-login").get_text().strip() == NO_MATCH
        assert page.form["login"].value == login
        assert page.form["password"].value == ""
        assert "not the password" not in page
        assert not visit.is_signed_in()

    @pytest.mark.parametrize("disable", ["account", "directory"])
    def test_who_is_disabled_learns_no_more_than_a_stranger(self, visit: Visit, disable: str) -> None:
        account = visit.account()
        resource = account if disable == "account" else account.directory
        resource.status = "DISABLED"
        resource.save()
        page = visit.fill_in("/login", **GOOD)
        assert page.html.select_one("div.bad-login").get_text().strip() == NO_MATCH

    @pytest.mark.parametrize(
        ("values", "text"),
        [
            ({"login": " ", "password": "x"}, "Enter your email."),
            ({"login": "ada"}, "Enter your password."),
        ],
    )
    def test_what_is_missing_is_said_at_its_field(self, visit: Visit, values: dict[str, str], text: str) -> None:
        page = visit.fill_in("/login", **values)
        assert page.status_int == 200
        assert page.html.select_one("div.bad-login").get_text() == text
        [field] = page.html.select("[aria-invalid=true]")
        assert field.has_attr("autofocus")
        assert page.html.find(id=field["aria-describedby"]).get_text() == text

    def test_what_is_missing_at_several_fields_is_said_at_once(self, visit: Visit) -> None:
        page = visit.fill_in("/login")
        links = [(link.get_text(), link["href"]) for link in page.html.select("div.bad-login a")]
        assert links == [("Email", "#login"), ("Password", "#password")]

    def test_who_is_not_verified_is_told_so_after_the_right_password_only(self, visit: Visit) -> None:
        visit.account(status="UNVERIFIED")
        wrong = visit.fill_in("/login", login="ada@example.org", password="wrong")
        assert wrong.html.select_one("div.bad-login").get_text().strip() == NO_MATCH
        answer = visit.fill_in("/login", **GOOD)
        assert answer.headers["Location"] == "/login?status=unverified"
        assert "activate your account" in answer.follow().html.select_one("div.alert").get_text()
        assert not visit.is_signed_in()

    def test_who_is_signed_in_already_is_sent_on(self, visit: Visit) -> None:
        visit.account()
        visit.sign_in()
        assert visit.get("/login").headers["Location"] == "/"
        assert visit.get("/login?next=%2Freports").headers["Location"] == "/reports"

    @pytest.mark.parametrize("send_on", [True, False])
    def test_who_may_not_see_the_page_he_wanted_is_told_who_he_is_and_may_sign_in_as_another(
        self, send_on: bool
    ) -> None:
        visit = Visit(web={"login": {"sendOn": send_on}})
        visit.account()
        visit.account("bob@example.org")
        visit.sign_in()
        page = visit.get(f"/login?next=%2Freports&status={FORBIDDEN}", status=200)
        said = page.html.select_one("div.alert").get_text(" ", strip=True)
        assert "ada@example.org" in said
        assert "no access to the page you asked for" in said
        page.form["login"], page.form["password"] = "bob@example.org", PASSWORD
        assert page.form.submit().headers["Location"] == "/reports"
        assert "app: bob@example.org" in visit.get("/")

    def test_a_stranger_is_not_told_of_an_account(self, visit: Visit) -> None:
        assert not visit.get(f"/login?status={FORBIDDEN}").html.select("div.alert")

    def test_whom_the_application_sends_back_is_told_that_he_may_not_pass(self) -> None:
        """Django's admin sends whoever is no member of the staff to the sign-in page, signed in or not."""
        visit = Visit(site=make_site(demanding))
        visit.account()
        visit.sign_in()
        for address in ("/admin", "/"):
            answer = visit.get(address)
            addresses = []
            while answer.status_int == 302:
                addresses.append(answer.headers["Location"])
                answer = answer.follow(expect_errors=True)
            login = f"/login?next={quote(address, safe='')}"
            assert (answer.status_int, addresses) == (403, [login, address, login])
            said = answer.html.select_one("div.alert").get_text(" ", strip=True)
            assert "ada@example.org" in said
            assert "no access to the page you asked for" in said
            assert answer.form.action == login

    def test_who_comes_again_for_another_page_is_sent_on(self, visit: Visit) -> None:
        visit.account()
        visit.account("bob@example.org")
        visit.sign_in()
        for address in ("/reports", "/me", "/reports"):
            assert visit.get(f"/login?next={quote(address)}").headers["Location"] == address
        visit.sign_in("bob@example.org")
        assert visit.get("/login?next=%2Freports").headers["Location"] == "/reports"

    def test_every_sign_in_is_a_new_session_with_a_new_form_token(self, visit: Visit) -> None:
        visit.account()
        stale = visit.get("/login").form
        visit.fill_in("/login", **GOOD)
        first = visit.cookies["stormpath_session"]
        assert "stormpath_csrf" not in visit.cookies
        stale["login"], stale["password"] = GOOD.values()
        assert stale.submit(status=403)
        visit.sign_in()
        assert visit.cookies["stormpath_session"] != first


class TestAsASinglePageApp:
    def test_the_form_is_described(self, spa: Visit) -> None:
        fields = [
            {
                "label": "Username or Email",
                "name": "login",
                "placeholder": "Username or Email",
                "required": True,
                "type": "text",
            },
            {"label": "Password", "name": "password", "placeholder": "Password", "required": True, "type": "password"},
        ]
        assert spa.get("/login").json == {"form": {"fields": fields}, "accountStores": []}

    def test_the_right_password_signs_in_and_gives_the_account(self, spa: Visit) -> None:
        account = spa.account()
        answer = spa.post_json("/login", GOOD)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.json.keys() == {"account"}
        assert answer.json["account"]["href"] == account.href
        assert answer.json["account"]["fullName"] == "Ada Lovelace"
        assert not any(isinstance(value, dict) for value in answer.json["account"].values())
        assert spa.is_signed_in()

    def test_who_is_not_verified_is_told_so(self, spa: Visit) -> None:
        spa.account(status="UNVERIFIED")
        assert "activate your account" in spa.post_json("/login", GOOD, status=400).json["message"]


def test_a_token_may_come_in_a_header(visit: Visit) -> None:
    visit.account()
    token = visit.get("/login").form["csrfToken"].value
    assert visit.post("/login", GOOD, headers={"X-CSRF-TOKEN": token}).status_int == 302


def test_a_form_from_elsewhere_is_shown_again_and_does_nothing(visit: Visit) -> None:
    visit.account()
    page = visit.post("/login", GOOD, status=403)
    assert "This page was open too long" in page
    assert not visit.is_signed_in()
    page.form["password"] = PASSWORD
    assert page.form.submit().status_int == 302


@pytest.mark.parametrize("body", [b"login=\xff", b"login=a%00b&password=x", b"login=a&login=b&password=x"])
def test_a_form_that_cannot_be_read_is_a_bad_request(visit: Visit, body: bytes) -> None:
    assert visit.post("/login", body, content_type="application/x-www-form-urlencoded", status=400).form


def test_a_body_above_the_limit_is_refused() -> None:
    visit = Visit(max_body=1000)
    assert "too large" in visit.post("/login", {"login": "x" * 1000}, status=413)


class TestAtAnOrganization:
    @pytest.fixture
    def visit(self) -> Visit:
        """At a site that asks for the organization, of which there is one, with Ada in it and in the application."""
        visit = Visit(web={"login": {"form": {"fields": {"organizationNameKey": {"enabled": True}}}}})
        visit.account()
        visit.organization("acme").accounts.create({"email": "ada@example.org", "password": "Another-Horse-2"})
        return visit

    def test_the_one_he_names_is_signed_in_to(self, visit: Visit) -> None:
        for key, password in (("acme", PASSWORD), ("emca", PASSWORD), ("emca", "Another-Horse-2")):
            page = visit.fill_in("/login", organizationNameKey=key, login="ada@example.org", password=password)
            assert page.html.select_one("div.bad-login").get_text().strip() == NO_MATCH
        answer = visit.fill_in(
            "/login", organizationNameKey="ACME", login="ada@example.org", password="Another-Horse-2"
        )
        assert answer.status_int == 302
        assert visit.is_signed_in()

    def test_it_is_asked_for(self, visit: Visit) -> None:
        assert "Enter your organization." in visit.fill_in("/login", **GOOD)

    def test_a_single_page_app_may_leave_it_out(self, visit: Visit) -> None:
        spa = Visit("application/json", site=visit.site)
        for key, status in ((None, 200), ("", 200), ("acme", 400), (["acme"], 400)):
            body = {**GOOD, "organizationNameKey": key}
            assert spa.post_json("/login", body, status=status).status_int == status

    def test_it_is_nothing_where_it_is_not_asked_for(self) -> None:
        spa = Visit("application/json")
        spa.account()
        assert spa.post_json("/login", {**GOOD, "organizationNameKey": "acme"}).status_int == 200


class TestStayingSignedIn:
    """The box "Keep me signed in"."""

    @staticmethod
    def max_age(answer: Any) -> str | None:
        (cookie,) = [text for text in answer.headers.getall("Set-Cookie") if text.startswith("stormpath_session=")]
        return next((each for each in cookie.split("; ") if each.startswith("Max-Age")), None)

    def test_is_not_wanted_until_the_visitor_says_so(self, visit: Visit) -> None:
        visit.account()
        form = visit.get("/login").form
        assert not form["rememberMe"].checked
        assert self.max_age(visit.fill_in("/login", **GOOD)) is None
        assert visit.is_signed_in()

    def test_a_tick_keeps_the_browser_signed_in(self, visit: Visit) -> None:
        visit.account()
        form = visit.get("/login").form
        form["login"], form["password"] = GOOD.values()
        form["rememberMe"] = True
        assert self.max_age(form.submit()) == f"Max-Age={30 * 86400}"

    def test_the_tick_survives_a_wrong_password(self, visit: Visit) -> None:
        visit.account()
        form = visit.get("/login").form
        form["login"], form["password"], form["rememberMe"] = "ada@example.org", "wrong", True
        assert form.submit().form["rememberMe"].checked

    def test_its_label_is_beside_it_and_a_way_out_in_the_same_row(self, visit: Visit) -> None:
        box = visit.get("/login").html.select_one("input[name=rememberMe]")
        assert box["type"] == "checkbox"
        page = visit.get("/login").html
        assert page.select_one(f"label[for={box['id']}]").get_text(strip=True) == "Keep me signed in"
        assert page.select_one("div.ends > a[href='/forgot']")

    @pytest.mark.parametrize(
        ("sent", "stays"), [(True, True), ("true", True), (False, False), ("no", False), ([], False), (1, False)]
    )
    def test_a_single_page_app_says_it_as_json(self, visit: Visit, sent: Any, stays: bool) -> None:
        visit.account()
        answer = visit.post_json("/login", {**GOOD, "rememberMe": sent}, headers={"Accept": "application/json"})
        assert (self.max_age(answer) is not None) == stays

    def test_it_is_no_field_of_the_view_model(self, visit: Visit) -> None:
        model = visit.get("/login", headers={"Accept": "application/json"}).json
        assert [field["name"] for field in model["form"]["fields"]] == ["login", "password"]

    def test_a_site_that_does_not_ask_keeps_everybody_as_before(self) -> None:
        visit = Visit(web={"login": {"rememberMe": False}})
        visit.account()
        page = visit.get("/login")
        assert "Keep me signed in" not in page
        answer = visit.post_json("/login", {**GOOD, "rememberMe": True}, headers={"Accept": "application/json"})
        assert self.max_age(answer) == "Max-Age=86400"

    @pytest.mark.parametrize(("asks", "lasts"), [(True, None), (False, "Max-Age=86400")])
    def test_who_registers_was_not_asked(self, asks: bool, lasts: str | None) -> None:
        """So a site that asks keeps nobody signed in who has not said that he wants it."""
        visit = Visit(web={"login": {"rememberMe": asks}, "register": {"autoLogin": True}})
        values = {"givenName": "Bob", "surname": "B", "email": "bob@example.org", "password": PASSWORD}
        assert self.max_age(visit.fill_in("/register", **values)) == lasts
