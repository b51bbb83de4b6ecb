"""A new password by the link in a mail. Where the mails go nobody has set up."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from flask_stormpath import User


def test_a_link_is_mailed_that_leads_to_a_new_password(
    app: Flask, client: FlaskClient, mailed_link: Callable[[], str]
) -> None:
    with app.app_context():
        User.create("ada@example.com", "woot1LoveCookies!", "Ada", "Lovelace")
    assert client.get("/").text == '<a href="/forgot">Forgot?</a> /forgot/change'
    assert client.get("/forgot").status_code == 200
    sent = client.post("/forgot", data={"email": "ada@example.com"}, follow_redirects=True)
    assert "Check your mail" in sent.text
    link = mailed_link()
    assert link.startswith("/forgot/change?")
    assert client.get(link).status_code == 200
    new = {"password": "NewL1fe!again", "password_again": "different"}
    assert client.post(link, data=new).status_code == 200
    assert client.post(link, data={**new, "password_again": "NewL1fe!again"}).status_code == 302
    assert client.post("/login", data={"login": "ada@example.com", "password": "NewL1fe!again"}).status_code == 302


def test_an_unknown_address_gets_the_same_answer(client: FlaskClient) -> None:
    answer = client.post("/forgot", data={"email": "nobody@example.com"}, follow_redirects=True)
    assert (answer.status_code, "Check your mail" in answer.text) == (200, True)


def test_an_address_without_a_token_is_no_error(client: FlaskClient) -> None:
    assert client.get("/forgot/change").location == "/forgot"
