"""Templates of the app's own for our pages: the files, settings and forms of Flask-Stormpath."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, ClassVar

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import ChoiceLoader, DictLoader
from support.waiting import eventually
from werkzeug.test import TestResponse

from flask_stormpath import User, faces
from stormpath_wsgi import texts

#: A text of a template, by how it is called for.
TEXT = re.compile(r'stormpath_text\("([^"]+)"\)')
PASSWORD, NEW = "Analytical Engine 1843", "Difference Engine 1822"
ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": PASSWORD}

MESSAGES = "{% for message in get_flashed_messages() %}[{{ message }}]{% endfor %}"
LOGIN = f"""<h1>{{{{ shop }}}}</h1>{MESSAGES}
<form method="post">{{{{ form.hidden_tag() }}}}{{{{ form.login.label }}}}
{{{{ form.login(class="big", placeholder="You") }}}}{{{{ form.password(required="true") }}}}</form>
{{% for error in form.login.errors %}}<i>{{{{ error }}}}</i>{{% endfor %}}
{{{{ user.is_authenticated }}}} {{{{ config["STORMPATH_ENABLE_USERNAME"] }}}}"""
REGISTER = (
    """{% extends "flask_stormpath/base.html" %}
{% block title %}Join us{% endblock %}{% block bodytag %}join{% endblock %}{% block description %}d{% endblock %}
{% block head %}<link rel="icon" href="data:,">{% endblock %}{% block body %}"""
    + MESSAGES
    + """<form method="post">{{ form.csrf_token }}{{ form.username() }}{{ form.given_name() }}{{ form.middle_name() }}
{{ form.surname() }}{{ form.email(type="email") }}{{ form.password() }}<input name="company"></form>{% endblock %}"""
)


@pytest.fixture
def with_templates(make_app: Any) -> Callable[..., Flask]:
    """Makes apps with templates of their own, by name."""

    def make(templates: dict[str, str], **config: Any) -> Flask:
        app: Flask = make_app(**config)
        app.jinja_loader = ChoiceLoader([DictLoader(templates)])
        app.context_processor(lambda: {"shop": "The Shop"})
        return app

    return make


def token_in(page: TestResponse) -> str:
    found = re.search('name="csrf_token"[^>]* value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_a_file_of_the_same_name_is_shown_in_the_place_of_our_page(with_templates: Any, register: Any) -> None:
    app = with_templates({"flask_stormpath/login.html": LOGIN})
    register(app)
    visitor = app.test_client()
    page = visitor.get("/login?next=/secret")
    assert "<h1>The Shop</h1>" in page.text
    assert '<input class="big" id="login" name="login" placeholder="You" required type="text" value="">' in page.text
    assert '<label for="login">Email</label>' in page.text
    assert "False False" in page.text
    assert "Content-Security-Policy" not in page.headers, "what the app's own page may load is for the app to say"
    assert page.headers["Cache-Control"] == "no-cache, no-store"
    form = {"login": "ada@example.com", "password": PASSWORD, "csrf_token": token_in(page)}
    assert visitor.post("/login?next=/secret", data=form).location == "/secret"
    assert visitor.get("/secret").text == "for ada@example.com"
    cookie = visitor.get_cookie("stormpath_session")
    assert cookie
    assert cookie.max_age is not None, "nobody is asked who wants to stay signed in, as nobody was"


def test_what_is_wrong_is_flashed_and_stands_at_its_field(with_templates: Any) -> None:
    visitor = with_templates({"flask_stormpath/login.html": LOGIN}).test_client()
    token = token_in(visitor.get("/login"))
    page = visitor.post("/login", data={"login": "ada@example.com", "password": "wrong", "csrf_token": token})
    assert (page.status_code, "[That email and password do not match. Check both.]" in page.text) == (200, True)
    assert 'value="ada@example.com"' in page.text
    assert "wrong" not in page.text
    page = visitor.post("/login", data={"login": " ", "password": PASSWORD, "csrf_token": token})
    assert "[Enter your email.]" in page.text
    assert "<i>Enter your email.</i>" in page.text
    assert visitor.post("/login", data={"login": "ada", "password": PASSWORD}).status_code == 403


def test_what_our_page_would_tell_is_flashed(with_templates: Any) -> None:
    visitor = with_templates({"flask_stormpath/login.html": LOGIN}).test_client()
    assert "[Your account is ready. You can now sign in.]" in visitor.get("/login?status=created").text


def test_a_page_of_the_apps_own_leads_to_google(with_templates: Any) -> None:
    google = {"GOOGLE": {"client_id": "x", "client_secret": "y"}}
    app = with_templates(
        {"flask_stormpath/login.html": '{% include "flask_stormpath/google_login_form.html" %}'},
        STORMPATH_ENABLE_GOOGLE=True,
        STORMPATH_SOCIAL=google,
    )
    page = app.test_client().get("/login?next=/cart").text
    assert '<a class="btn btn-default" href="/google?next=/cart">Continue with Google</a>' in page


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("de", "ltr"), ("ar", "rtl")])
def test_the_base_tells_the_language_of_the_visitor(with_templates: Any, language: str, direction: str) -> None:
    app = with_templates({"join.html": REGISTER}, STORMPATH_REGISTRATION_TEMPLATE="join.html")
    page = app.test_client().get("/register", headers={"Accept-Language": language})
    assert f'<html lang="{language}" dir="{direction}">' in page.text


def test_every_text_of_our_templates_is_in_the_catalogue() -> None:
    templates = Path(faces.__file__).parent / "templates"
    used = {found for path in templates.rglob("*.html") for found in TEXT.findall(path.read_text(encoding="utf-8"))}
    catalogue = Path(texts.__file__).parent / "locale" / "stormpath_wsgi.pot"
    with catalogue.open("rb") as file:
        known = {message.id for message in read_po(file)}
    assert "Sign in" in used
    assert used - known == set()


def test_a_setting_names_a_template_and_counts_from_the_next_request_on(with_templates: Any) -> None:
    app = with_templates({"mine.html": LOGIN})
    visitor = app.test_client()
    assert "The Shop" not in visitor.get("/login").text
    app.config["STORMPATH_LOGIN_TEMPLATE"] = "mine.html"
    assert "The Shop" in visitor.get("/login").text


def test_a_template_extends_the_base_and_fills_its_blocks(with_templates: Any) -> None:
    app = with_templates({"join.html": REGISTER}, STORMPATH_REGISTRATION_TEMPLATE="join.html")
    visitor = app.test_client()
    page = visitor.get("/register")
    assert "<title>Join us</title>" in page.text
    assert '<body class="join">' in page.text
    form = {**ADA, "username": "", "company": "Engines", "csrf_token": token_in(page)}
    page = visitor.post("/register", data={**form, "password": "short"})
    assert "[Choose another one: it is too short, or lacks a kind of character.]" in page.text
    assert 'name="given_name" required type="text" value="Ada"' in page.text
    assert visitor.post("/register", data=form).location == "/"
    [account] = app.extensions["stormpath"].application.accounts
    assert (account.given_name, account.username) == ("Ada", "ada@example.com")
    assert visitor.get("/").text == "Hello ada@example.com"


def test_a_base_of_the_apps_own_is_around_all_pages(with_templates: Any) -> None:
    base = "<nav>{{ shop }}</nav>{% block title %}{% endblock %}|{% block body %}{% endblock %}"
    fields = {
        "colour": {"label": "Colour", "type": "select", "options": ["blue"]},
        "terms": {"label": "Terms", "type": "checkbox"},
    }
    app = with_templates(
        {"layout.html": base},
        STORMPATH_BASE_TEMPLATE="layout.html",
        STORMPATH_ENABLE_FORGOT_PASSWORD=True,
        STORMPATH_WEB_REGISTER_FORM_FIELDS=fields,
    )
    visitor = app.test_client()
    for path, heading in {"login": "Sign in", "register": "Create account", "forgot": "Reset your password"}.items():
        page = visitor.get(f"/{path}").text
        assert f"<nav>The Shop</nav>{heading}|" in page
        assert '<form method="post"' in page
    page = visitor.get("/register").text
    assert re.findall('name="(\\w+)"', page) == [
        "csrf_token", "given_name", "middle_name", "surname", "email", "password", "colour", "terms",
    ]  # fmt: skip
    answer = visitor.post("/register", data={**ADA, "csrf_token": token_in(visitor.get("/register")), "colour": "red"})
    assert "Choose Colour." in answer.text or "Colour is not valid." in answer.text


def test_programs_get_json_as_ever(with_templates: Any) -> None:
    visitor = with_templates({"flask_stormpath/login.html": LOGIN}).test_client()
    answer = visitor.post("/login", json={"login": "ada", "password": "wrong"})
    assert answer.get_json() == {"status": 400, "message": "Invalid username or password."}


class TestForgottenPassword:
    """All four templates, from the question to the new password."""

    TEMPLATES: ClassVar = {
        "flask_stormpath/forgot.html": MESSAGES + "ASK{{ form.hidden_tag() }}{{ form.email() }}",
        "flask_stormpath/forgot_email_sent.html": "SENT {{ user.email }} {{ user.is_authenticated }}",
        "flask_stormpath/forgot_change.html": MESSAGES
        + "CHANGE{{ form.hidden_tag() }}{{ form.password() }}{{ form.password_again() }}",
        "flask_stormpath/forgot_complete.html": "DONE {{ user.is_authenticated }}",
    }

    @pytest.fixture
    def app(self, with_templates: Any) -> Flask:
        app: Flask = with_templates(self.TEMPLATES, STORMPATH_ENABLE_FORGOT_PASSWORD=True)
        return app

    def ask(self, visitor: FlaskClient, email: str) -> TestResponse:
        return visitor.post("/forgot", data={"email": email, "csrf_token": token_in(visitor.get("/forgot"))})

    def link(self, app: Flask) -> str:
        """The path in the mail, which lies in a folder beside the accounts: nothing was set up."""
        outbox = Path(app.instance_path, "outbox")
        eventually(lambda: any(outbox.glob("*.eml")))
        [mail] = outbox.glob("*.eml")
        part = message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("plain",))
        assert part is not None
        assert "code" not in part.get_content().lower(), "the app's pages take none"
        found = re.search(r"http://localhost(/forgot/change\?sptoken=\S+)", part.get_content())
        assert found
        return found[1]

    def test_a_link_is_mailed_and_the_new_password_counts(
        self, app: Flask, ada: User, visitor: FlaskClient, sign_in: Any
    ) -> None:
        assert visitor.get("/forgot").text.startswith("ASK")
        sent = self.ask(visitor, "ada@example.com")
        assert (sent.status_code, sent.text) == (200, "SENT ada@example.com False")
        link = self.link(app)
        page = visitor.get(link)
        assert page.text.startswith("CHANGE")
        assert page.headers["Referrer-Policy"] == "strict-origin"
        form = {"csrf_token": token_in(page), "password": NEW, "password_again": PASSWORD}
        wrong = visitor.post(link, data=form)
        assert wrong.text.startswith("[The two passwords differ.]CHANGE")
        done = visitor.post(link, data={**form, "password_again": NEW})
        assert (done.status_code, done.text) == (200, "DONE False")
        assert sign_in(visitor, password=NEW) == 200
        dead = visitor.get(link)
        assert dead.location == "/forgot?status=invalid_sptoken"
        assert visitor.get(dead.location).text.startswith("[This link no longer works]ASK")

    def test_nothing_tells_whether_anybody_has_an_address(self, app: Flask, visitor: FlaskClient) -> None:
        sent = self.ask(visitor, "nobody@example.com")
        assert (sent.status_code, sent.text) == (200, "SENT nobody@example.com False")

    def test_a_new_password_may_sign_in(self, with_templates: Any, register: Any) -> None:
        app = with_templates(
            self.TEMPLATES, STORMPATH_ENABLE_FORGOT_PASSWORD=True, STORMPATH_WEB_CHANGEPASSWORD_AUTOLOGIN=True
        )
        register(app)
        visitor = app.test_client()
        self.ask(visitor, "ada@example.com")
        link = self.link(app)
        form = {"csrf_token": token_in(visitor.get(link)), "password": NEW, "password_again": NEW}
        assert visitor.post(link, data=form).text == "DONE True"
        assert visitor.get("/").text == "Hello ada@example.com"

    def test_an_address_without_a_token_leads_to_where_one_asks(self, visitor: FlaskClient) -> None:
        assert visitor.get("/forgot/change").location == "/forgot"
