"""Everything is where the settings say."""

import pytest
from flask.testing import FlaskClient

from flask_stormpath import user

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_pages_are_where_the_settings_say(client: FlaskClient) -> None:
    assert client.get("/links").text == "/u/join /u/in /u/out"
    assert client.post("/u/join", data=ADA).location == "/welcome"
    assert client.get("/u/out").location == "/"
    with client:
        assert client.post("/u/in", data={"login": ADA["email"], "password": ADA["password"]}).location == "/dashboard"
        assert user.email == "ada@example.com"


@pytest.mark.parametrize("path", ["/register", "/login", "/logout"])
def test_nothing_is_where_it_was(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
