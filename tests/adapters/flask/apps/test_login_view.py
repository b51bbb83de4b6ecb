"""Strangers are sent to the app's own page, or wherever it says."""

from flask import Flask
from flask.testing import FlaskClient


def test_a_stranger_is_sent_to_the_apps_own_page(client: FlaskClient) -> None:
    answer = client.get("/secret")
    assert answer.location == "/welcome?next=%2Fsecret"
    assert client.get(answer.location).text == "welcome ['Members only.']"


def test_a_handler_of_the_app_decides_for_itself(app: Flask, client: FlaskClient) -> None:
    app.login_manager.unauthorized_handler(lambda: ("go away", 401))  # type: ignore[attr-defined]
    assert (client.get("/secret").status_code, client.get("/secret").text) == (401, "go away")
