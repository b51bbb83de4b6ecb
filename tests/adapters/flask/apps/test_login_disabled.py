"""LOGIN_DISABLED opens what the decorators guard; TESTING alone does not."""

import pytest
from flask import Flask
from flask.testing import FlaskClient


@pytest.mark.parametrize(("path", "text"), [("/secret", "secret True"), ("/admin", "admin")])
def test_everybody_passes_while_signing_in_is_disabled(app: Flask, client: FlaskClient, path: str, text: str) -> None:
    assert client.get(path).status_code == 302
    app.config["LOGIN_DISABLED"] = True
    assert client.get(path).text == text
