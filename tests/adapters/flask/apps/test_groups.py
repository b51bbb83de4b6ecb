"""A group that somebody is added to counts with the next request."""

from flask import Flask
from flask.testing import FlaskClient

from flask_stormpath import User

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_who_is_in_no_group_is_sent_to_the_login_page(client: FlaskClient) -> None:
    client.post("/register", data=ADA)
    for path in ("/admin", "/both", "/any"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert "/login" in answer.location


def test_a_group_counts_with_the_next_request(app: Flask, client: FlaskClient) -> None:
    client.post("/register", data=ADA)
    with app.app_context():
        groups = app.stormpath_manager.application.groups  # type: ignore[attr-defined]
        admins, developers = groups.create({"name": "admins"}), groups.create({"name": "developers"})
        ada = User.from_login("ada@example.com", "woot1LoveCookies!")
        ada.add_group(admins)
    assert client.get("/admin").text == "admin"
    assert client.get("/any").text == "any"
    assert client.get("/both").status_code == 302
    with app.app_context():
        ada.add_group(developers)
    assert client.get("/both").text == "both"
    assert client.get("/mine").text == "admins developers"
