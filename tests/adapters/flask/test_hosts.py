"""Apps that answer to several hosts: a visitor signs in on the one he is on, and comes back to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from support.cheap import HASHER
from werkzeug.test import TestResponse

from flask_stormpath import StormpathManager, login_required, user

EMAIL, PASSWORD = "ada@example.com", "Analytical Engine 1843"

#: How an app tells its hosts apart, what its rules need for it, and the hosts that it is asked on.
HOST_MATCHING: dict[str, Any] = {"host_matching": True, "static_host": "static.example.com"}
SUBDOMAIN_MATCHING: dict[str, Any] = {"subdomain_matching": True}
HOSTS = ["http://example.com", "http://shop.example.com", "http://a.b.example.com:8000", "https://shop.example.com"]


@pytest.fixture(params=[HOST_MATCHING, SUBDOMAIN_MATCHING, {}], ids=["hosts", "subdomains", "neither"])
def app(request: pytest.FixtureRequest, tmp_path: Path, prepared: Path) -> Iterator[Flask]:
    app = Flask("shop", instance_path=str(tmp_path), **request.param)
    app.config.update(
        SECRET_KEY="a secret of the tests that is long enough", TESTING=True, STORMPATH_LOGOUT_ON_GET=True
    )
    app.config.update(STORMPATH_PASSWORD_HASHER=HASHER, STORMPATH_LOGOUT_ON_GET=True)
    if "subdomain_matching" in request.param:
        app.config["SERVER_NAME"] = "example.com:8000"
    shutil.copy(prepared, tmp_path / "accounts.db")
    StormpathManager(app)
    variables: list[dict[str, Any]] = [{}]
    if app.url_map.host_matching:
        variables = [{"host": "<where>"}]
    elif app.subdomain_matching:
        variables = [{"subdomain": "<where>"}, {"subdomain": ""}]
    for options in variables:
        app.add_url_rule("/secret", "secret", secret, **options)
    with closing(app.extensions["stormpath"].client):
        yield app


@login_required
def secret(**where: str) -> str:
    return " ".join([user.email, *(url_for(f"stormpath.{page}") for page in ("login", "register", "logout"))])


class Visitor:
    """Asks on one host."""

    def __init__(self, client: FlaskClient, host: str) -> None:
        self.client, self.host = client, host

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=self.host, headers={"Accept": "text/html"}, buffered=True)

    def post(self, path: str, **form: str) -> TestResponse:
        return self.client.post(path, base_url=self.host, json=form, buffered=True)


@pytest.fixture(params=HOSTS)
def visitor(app: Flask, request: pytest.FixtureRequest) -> Visitor:
    host = request.param
    if app.subdomain_matching:  # the port belongs to the name of the server
        host = host.removesuffix(":8000") + ":8000"
    return Visitor(app.test_client(), host)


def test_a_visitor_signs_in_and_out_on_the_host_that_he_is_on(app: Flask, visitor: Visitor) -> None:
    sent = visitor.get("/secret")
    assert (sent.status_code, sent.location) == (302, "/login?next=%2Fsecret")
    assert visitor.get(sent.location).status_code == 200
    ada = {"email": EMAIL, "password": PASSWORD, "givenName": "Ada", "surname": "Lovelace"}
    assert visitor.post("/register", **ada).status_code == 200
    assert visitor.get("/secret").text == f"{EMAIL} /login /register /logout"
    assert visitor.get("/logout").location == "/"
    assert visitor.get("/secret").status_code == 302


def test_an_address_for_a_mail_is_on_the_named_server(app: Flask) -> None:
    app.config["SERVER_NAME"] = "example.com:8000"
    with app.app_context():
        assert url_for("stormpath.login", _scheme="https") == "https://example.com:8000/login"
