"""The app's templates are shown, with its own token, its context processors, and what is wrong."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}

pytestmark = pytest.mark.filterwarnings("ignore:is_authenticated, is_active and is_anonymous:DeprecationWarning")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = True
    return app.test_client()


def token(page: str) -> str:
    found = re.search('name="csrf_token" type="hidden" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_visitor_joins_and_signs_in(client: FlaskClient) -> None:
    page = client.get("/register").text
    assert "<title>The Shop</title>" in page
    assert "<p>Nobody</p>" in page
    csrf = {"csrf_token": token(page)}
    page = client.post("/register", data={**ADA, **csrf, "surname": "", "submit": "Join"}).text
    assert 'class="has-error"' in page
    assert '<span class="help-block">Enter your last name.</span>' in page
    assert '<div class="alert alert-message">Enter your last name.</div>' in page
    assert 'value="Ada"' in page
    assert client.post("/register", data={**ADA, **csrf, "submit": "Join"}).location == "/"
    page = client.get("/login").text
    assert "Let me in" in page
    assert "<p>ada@example.com</p>" in page
    login = {"login": "ada@example.com", "password": "woot1LoveCookies!", "csrf_token": token(page)}
    assert client.post("/login", data=login).location == "/"


def test_a_form_without_the_token_does_nothing(client: FlaskClient) -> None:
    assert client.post("/register", data=ADA).status_code == 403
