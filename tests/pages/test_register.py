"""Making an account."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from support.browsing import BROWSER, PASSWORD, Visit, make_site
from support.questions import Asks
from support.questions import site as questions

from stormpath_wsgi import StormpathMiddleware

ADA = {"givenName": "Ada", "surname": "Lovelace", "email": "ada@example.org", "password": PASSWORD}


def form(**settings: Any) -> dict[str, Any]:
    """Settings of the register page's fields."""
    return {"web": {"register": {"form": {"fields": settings}}}}


def asking() -> StormpathMiddleware:
    """A site that signs people in who register, and asks everybody for a colour."""
    site = make_site(questions, web={"register": {"autoLogin": True}})
    site.flows.sign_in.add_step(Asks())
    return site


class TestInABrowser:
    def test_an_account_is_made_and_its_owner_asked_to_sign_in(self, visit: Visit) -> None:
        answer = visit.fill_in("/register", **ADA)
        assert answer.headers["Location"] == "/login?status=created"
        assert "stormpath_session" not in visit.cookies
        assert "Your account is ready." in answer.follow()
        [account] = visit.application.accounts
        assert (account.given_name, account.surname, account.email) == ("Ada", "Lovelace", "ada@example.org")
        assert account.username == "ada@example.org"

    def test_with_auto_login_he_is_signed_in_and_comes_where_he_wanted(self) -> None:
        visit = Visit(web={"register": {"autoLogin": True, "nextUri": "/welcome"}})
        assert visit.fill_in("/register", **ADA).headers["Location"] == "/welcome"
        assert visit.is_signed_in()

        other = Visit(site=visit.site)
        answer = other.fill_in("/register?next=%2Freports", **{**ADA, "email": "b@example.org"})
        assert answer.headers["Location"] == "/reports"

    def test_whom_the_directory_gives_no_session_is_asked_to_sign_in(self) -> None:
        """His account is there: an error would make him register again."""
        visit = Visit(web={"register": {"autoLogin": True}})
        visit.application.oauth_policy.refresh_token_ttl = dt.timedelta(0)
        visit.application.oauth_policy.save()
        answer = visit.fill_in("/register", **ADA)
        assert answer.headers["Location"] == "/login?status=created"
        assert not visit.is_signed_in()
        assert len(visit.application.accounts) == 1

    def test_with_auto_login_he_is_led_to_the_page_that_asks_for_more(self) -> None:
        visit = Visit(site=asking())
        answer = visit.fill_in("/register?next=%2Freports", **ADA)
        assert answer.headers["Location"].startswith("/question?pending=")
        assert answer.headers["Location"].endswith("&next=%2Freports")
        page = answer.follow()
        assert "Ada, which colour?" in page
        page.form["answer"] = "green"
        assert "user: ada@example.org" in page.form.submit().follow()

    def test_the_page_he_wanted_is_carried_on_to_the_login_page(self, visit: Visit) -> None:
        answer = visit.fill_in("/register?next=%2Freports", **ADA)
        assert answer.headers["Location"] == "/login?status=created&next=%2Freports"

    def test_a_required_field_is_required(self, visit: Visit) -> None:
        for name, label in (
            ("givenName", "first name"),
            ("surname", "last name"),
            ("email", "email"),
            ("password", "password"),
        ):
            page = visit.fill_in("/register", **{**ADA, name: "  "})
            error = page.html.select_one("div.alert-danger")
            assert (error.get_text(), error["id"]) == (f"Enter your {label}.", f"{name}-error")
            assert page.form["password"].value == ""
            assert page.form["email"].value == "ada@example.org" or name == "email"
        assert len(visit.application.accounts) == 0

    def test_what_the_directory_refuses_is_said_at_its_field(self, visit: Visit) -> None:
        page = visit.fill_in("/register", **{**ADA, "password": "short"})
        assert page.status_int == 200
        assert page.html.select_one("div.alert-danger input[aria-invalid=true]")["name"] == "password"
        assert len(visit.application.accounts) == 0

    def test_an_address_is_taken_once(self, visit: Visit) -> None:
        visit.account()
        page = visit.fill_in("/register", **{**ADA, "email": "ADA@example.org"})
        assert page.html.select_one("div.alert-danger")["id"] == "email-error"
        assert page.html.select_one("div.alert-danger a")["href"] == "/login"
        assert "developerMessage" not in page

    @pytest.mark.parametrize(
        "wrong", [{"password": 5}, {"email": 1.5}, {"givenName": []}, {"email": {}}, {"password": True}]
    )
    def test_a_value_that_is_no_text_is_refused(self, visit: Visit, wrong: dict[str, Any]) -> None:
        """Also where a browser is promised HTML for its JSON."""
        values = {"givenName": "Ada", "surname": "Lovelace", "email": "x@example.org", "password": PASSWORD, **wrong}
        for accept in (BROWSER, "application/json"):
            assert visit.post_json("/register", values, headers={"Accept": accept}, status="*").status_int < 500

    def test_a_double_click_makes_one_account_and_leads_where_the_first_click_does(self) -> None:
        visit = Visit(web={"register": {"autoLogin": True, "nextUri": "/welcome"}})
        form = visit.get("/register").form
        for name, value in ADA.items():
            form[name] = value
        before = dict(visit.cookies)
        assert form.submit().headers["Location"] == "/welcome"
        visit.cookiejar.clear()
        for name, value in before.items():  # the second request was sent before the first one was answered
            visit.set_cookie(name, value.strip('"'))
        assert form.submit().headers["Location"] == "/welcome"
        assert visit.is_signed_in()
        assert len(visit.application.accounts) == 1
        other = Visit(site=visit.site)
        assert "This address has an account." in other.fill_in("/register", **ADA)

    def test_the_page_tells_what_a_password_must_hold(self, visit: Visit) -> None:
        field = visit.get("/register").html.select_one("#password")
        hint = visit.get("/register").html.find(id=field["aria-describedby"])
        assert [rule.get_text(strip=True) for rule in hint.select("li")] == [
            "8 characters or more",
            "An upper-case letter",
            "A lower-case letter",
            "A number",
            "Or any 16 characters or more",
        ]
        assert field["minlength"] == "8"
        assert "required: upper;" in field["passwordrules"]
        assert field["autocomplete"] == "new-password"

    def test_and_it_follows_the_directory(self, visit: Visit) -> None:
        visit.get("/register")
        [directory] = visit.site.client.directories
        strength = directory.password_policy.strength
        strength.min_length, strength.min_upper_case, strength.min_symbol = 12, 0, 2
        strength.save()
        rules = [rule.get_text(strip=True) for rule in visit.get("/register").html.select(".rules li")]
        assert rules == ["12 characters or more", "A lower-case letter", "A number", "2 symbols"]

    def test_fields_stand_in_their_order_and_the_button_says_what_it_does(self, visit: Visit) -> None:
        page = visit.get("/register")
        names = [field["name"] for field in page.html.select("form input") if field["type"] != "hidden"]
        assert names == ["givenName", "surname", "email", "password"]
        assert page.html.select_one("button[type=submit]").get_text() == "Create account"

    def test_a_field_that_was_not_on_the_form_is_refused(self, visit: Visit) -> None:
        page = visit.get("/register").form
        values = {**ADA, "csrfToken": page["csrfToken"].value, "status": "ENABLED"}
        answer = visit.post("/register", values)
        assert "status is not a configured registration field." in answer
        assert len(visit.application.accounts) == 0


class TestAsASinglePageApp:
    def test_the_form_is_described(self, spa: Visit) -> None:
        model = spa.get("/register").json
        assert model.keys() == {"form", "accountStores"}
        assert [field["name"] for field in model["form"]["fields"]] == ["givenName", "surname", "email", "password"]
        assert all(field["required"] for field in model["form"]["fields"])
        assert model["form"]["fields"][0].keys() == {"label", "name", "placeholder", "required", "type"}

    def test_an_account_is_made_and_given_back(self, spa: Visit) -> None:
        answer = spa.post_json("/register", ADA)
        assert answer.json.keys() == {"account"}
        assert answer.json["account"]["email"] == "ada@example.org"
        assert "password" not in answer.json["account"]
        assert not spa.is_signed_in()

    def test_with_auto_login_it_gets_the_account_whatever_else_is_asked(self) -> None:
        """A refusal would make it register again. It is asked when it signs in."""
        spa = Visit("application/json", site=asking())
        assert list(spa.post_json("/register", ADA, status=200).json) == ["account"]
        assert spa.get("/").text == "user: None"
        login = {"login": ADA["email"], "password": PASSWORD}
        assert spa.post_json("/login", login, status=403).json["asks"] == "colour"

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"groups": ["admins"]}, "groups is not a configured registration field."),
            ({"customData": {"rank": 1}}, "rank is not a configured registration field."),
            ({"customData": {"status": "ENABLED"}}, "status is not a configured registration field."),
            ({"customData": "rank"}, "customData is an invalid type."),
            ({"email": {"a": 1}}, None),
            ({"email": "no address"}, None),
            ({"password": "short"}, None),
            ({"surname": "x" * 300}, None),
        ],
    )
    def test_what_will_not_do_is_refused_in_two_keys(
        self, spa: Visit, change: dict[str, Any], message: str | None
    ) -> None:
        answer = spa.post_json("/register", {**ADA, **change}, status=400)
        assert answer.json.keys() == {"status", "message"}
        assert answer.json["status"] == 400
        assert answer.json["message"] == message or message is None
        assert len(spa.application.accounts) == 0

    def test_the_first_in_order_is_what_it_hears_of(self, spa: Visit) -> None:
        message = spa.post_json("/register", {"unknown": 1}, status=400).json["message"]
        assert message == "First Name is required."


class TestFields:
    def test_custom_fields_go_into_custom_data_wherever_they_stood(self) -> None:
        colour = {"label": "Colour", "required": False}
        spa = Visit("application/json", **form(colour=colour, size={"label": "Size"}, born={"label": "Born"}))
        spa.post_json("/register", {**ADA, "colour": "", "size": 0, "customData": {"born": False}})
        [account] = spa.application.accounts
        assert {name: account.custom_data[name] for name in ("size", "born")} == {"size": 0, "born": False}
        assert "colour" not in account.custom_data

    def test_a_custom_field_that_is_required_is_required(self) -> None:
        spa = Visit("application/json", **form(colour={"label": "Colour"}))
        assert spa.post_json("/register", ADA, status=400).json["message"] == "Colour is required."

    def test_passwords_that_differ_are_refused(self) -> None:
        visit = Visit(**form(confirmPassword={"enabled": True}))
        page = visit.fill_in("/register", **ADA, confirmPassword="something-else")
        assert "The two passwords differ." in page.html.select_one("div.alert-danger").get_text()
        assert visit.fill_in("/register", **ADA, confirmPassword=PASSWORD).status_int == 302
        [account] = visit.application.accounts
        assert "confirmPassword" not in account.custom_data

    def test_names_that_need_not_be_given_are_left_empty(self) -> None:
        fields = form(givenName={"required": False}, surname={"required": False})
        visit = Visit(**fields)
        visit.fill_in("/register", email="ada@example.org", password=PASSWORD)
        [account] = visit.application.accounts
        assert (account.given_name, account.surname) == (None, None)

    def test_what_the_schema_of_the_directory_demands_is_required_whatever_the_settings_say(self) -> None:
        spa = Visit("application/json", **form(givenName={"required": False}, surname={"required": False}))

        def required() -> dict[str, bool]:
            return {field["name"]: field["required"] for field in spa.get("/register").json["form"]["fields"]}

        assert required() == {"givenName": False, "surname": False, "email": True, "password": True}
        [directory] = spa.site.client.directories
        [field] = directory.account_schema.fields.search({"name": "surname"})
        field.required = True
        field.save()
        assert required() == {"givenName": False, "surname": True, "email": True, "password": True}
        answer = spa.post_json("/register", {**ADA, "surname": ""}, status=400)
        assert answer.json["message"] == "Last Name is required."

    def test_email_and_password_are_required_whatever_the_settings_say(self) -> None:
        spa = Visit("application/json", **form(email={"required": False}, password={"required": False}))
        for name, label in (("email", "Email"), ("password", "Password")):
            assert spa.post_json("/register", {**ADA, name: ""}, status=400).json["message"] == f"{label} is required."

    def test_an_invisible_field_is_not_shown_and_yet_taken(self) -> None:
        spa = Visit("application/json", **form(source={"label": "Source", "visible": False, "required": False}))
        assert "source" not in spa.get("/register")
        spa.post_json("/register", {**ADA, "source": "newsletter"})
        [account] = spa.application.accounts
        assert account.custom_data["source"] == "newsletter"

    def test_order_follows_the_settings_and_then_the_declaration(self) -> None:
        register = {"form": {"fields": {"colour": {"label": "Colour"}}, "fieldOrder": ["email", "password"]}}
        spa = Visit("application/json", web={"register": register})
        names = [field["name"] for field in spa.get("/register").json["form"]["fields"]]
        assert names == ["email", "password", "givenName", "surname", "colour"]

    def test_nothing_of_a_request_becomes_markup(self) -> None:
        visit = Visit()
        page = visit.fill_in("/register", **{**ADA, "givenName": '"><script>alert(1)</script>', "password": ""})
        assert "<script>alert" not in page
        assert page.form["givenName"].value == '"><script>alert(1)</script>'


class TestAtAnOrganization:
    @pytest.fixture
    def visit(self) -> Visit:
        """At a site that asks for the organization and then signs in."""
        register = {"autoLogin": True, "form": {"fields": {"organizationNameKey": {"enabled": True}}}}
        return Visit(web={"register": register})

    def test_the_account_is_made_in_the_one_he_names(self, visit: Visit) -> None:
        acme = visit.organization("acme")
        assert visit.fill_in("/register", organizationNameKey=" Acme ", **ADA).status_int == 302
        assert visit.is_signed_in()
        [account] = acme.accounts
        assert account.email == "ada@example.org"
        assert list(account.custom_data) == ["created_at", "modified_at"]

    def test_it_must_be_one_of_the_application(self, visit: Visit) -> None:
        visit.organization("acme")
        visit.organization("closed", status="DISABLED")
        visit.organization("elsewhere", mapped=False)
        for key in ("unknown", "*", "a*", "closed", "elsewhere"):
            assert "Organization could not be found." in visit.fill_in("/register", organizationNameKey=key, **ADA)
        assert not visit.application.accounts

    def test_it_is_asked_for(self, visit: Visit) -> None:
        assert "Enter your organization." in visit.fill_in("/register", **ADA)
