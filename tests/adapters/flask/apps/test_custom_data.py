"""What is written into custom data is there again."""

from flask import Flask
from flask.testing import FlaskClient

from flask_stormpath import User

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_a_receiver_keeps_what_else_was_in_the_form(client: FlaskClient) -> None:
    assert client.post("/register", data={**ADA, "company": "Engines"}).status_code == 302
    assert client.get("/dashboard").text == "Engines None"


def test_a_view_writes_and_reads_it(client: FlaskClient) -> None:
    client.post("/register", data=ADA)
    assert client.post("/dashboard", data={"birthday": "1815-12-10"}).status_code == 302
    assert client.get("/dashboard").text == "none 1815-12-10"


def test_it_may_be_given_with_a_new_account(app: Flask, client: FlaskClient) -> None:
    assert client.get("/invite/grace@example.com").text == "admiral"
    with app.app_context():
        data = dict(User.from_login("grace@example.com", "woot1LoveCookies!").custom_data)
    assert data.pop("created_at") is not None
    assert data.pop("modified_at") is not None
    assert data == {"rank": "admiral", "tags": ["navy"], "company": "none"}
