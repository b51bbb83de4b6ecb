"""A Flask app whose accounts are on another machine, with the credentials that Flask-Stormpath had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.servers import served_api

from flask_stormpath import StormpathManager, login_required
from flask_stormpath.errors import ConfigurationError

ADA = {"email": "ada@example.org", "password": "Analytical Engine 1843", "givenName": "Ada", "surname": "Lovelace"}


@login_required
def secret() -> str:
    return "for members"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[dict[str, Any]]:
    with served_api(f"sqlite:///{tmp_path}/accounts.db") as opening:
        yield opening


def test_the_documented_credentials_open_it(bare_app: Callable[..., Flask], machine: dict[str, Any]) -> None:
    credentials = {"STORMPATH_API_KEY_ID": machine["id"], "STORMPATH_API_KEY_SECRET": machine["secret"]}
    app = bare_app(STORMPATH_DIRECTORY=machine["url"], STORMPATH_APPLICATION="My Application", **credentials)
    manager = StormpathManager(app)
    app.add_url_rule("/secret", view_func=secret)
    visitor = app.test_client()
    assert visitor.get("/secret", buffered=True).status_code == 302
    assert visitor.post("/register", json=ADA, buffered=True).status_code == 200
    assert visitor.get("/secret", buffered=True).text == "for members"
    with app.app_context():
        assert [account.email for account in manager.application.accounts] == [ADA["email"]]
        manager.client.close()
    assert not Path(app.instance_path).exists()


def test_a_wrong_secret_is_found_out_at_the_start(bare_app: Callable[..., Flask], machine: dict[str, Any]) -> None:
    credentials = {"STORMPATH_API_KEY_ID": machine["id"], "STORMPATH_API_KEY_SECRET": "another"}
    with pytest.raises(ConfigurationError, match="refuses the API key"):
        StormpathManager(bare_app(STORMPATH_DIRECTORY=machine["url"], **credentials))
