"""Which fields there are, and which must be filled in."""

from flask import Flask
from flask.testing import FlaskClient

from flask_stormpath import User

ACCOUNT = {"email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_a_username_is_asked_for_and_signs_in(client: FlaskClient) -> None:
    assert client.post("/register", data=ACCOUNT).status_code == 200
    assert client.post("/register", data={**ACCOUNT, "username": "ada"}).status_code == 302
    assert client.get("/").text == "ada Anonymous Anonymous"
    client.post("/logout")
    assert client.post("/login", data={"login": "ada", "password": ACCOUNT["password"]}).status_code == 302


def test_a_field_that_is_switched_on_later_is_asked_for(app: Flask, client: FlaskClient) -> None:
    app.config["STORMPATH_ENABLE_MIDDLE_NAME"] = True
    app.config["STORMPATH_REQUIRE_MIDDLE_NAME"] = True
    assert client.post("/register", data={**ACCOUNT, "username": "ada"}).status_code == 200
    assert client.post("/register", data={**ACCOUNT, "username": "ada", "middle_name": "King"}).status_code == 302
    with app.app_context():
        assert User.from_login("ada", ACCOUNT["password"]).middle_name == "King"
