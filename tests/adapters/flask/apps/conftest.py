"""Small apps in the style of those that were written for Flask-Stormpath, each with tests that import nothing else.

An app is a file beside its test: ``quickstart.py`` and ``test_quickstart.py``.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.waiting import eventually


@pytest.fixture
def apps() -> Iterator[list[Flask]]:
    """The apps whose directories are closed at the end."""
    found: list[Flask] = []
    yield found
    for app in found:
        app.extensions["stormpath"].client.close()


@pytest.fixture
def module(
    request: pytest.FixtureRequest, tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch, apps: list[Flask]
) -> ModuleType:
    """The file of the app, run anew. The environment says where its accounts are."""
    accounts = shutil.copy(prepared, tmp_path / "accounts.db")
    monkeypatch.setenv("STORMPATH_DIRECTORY", f"sqlite:///{accounts}")
    monkeypatch.setenv("STORMPATH_INSTANCE", str(tmp_path))
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
    name = request.path.stem.removeprefix("test_")
    spec = importlib.util.spec_from_file_location(name, request.path.with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    if hasattr(module, "app"):
        apps.append(module.app)
    return module


@pytest.fixture
def app(module: ModuleType) -> Flask:
    """The app as tests of old set it up."""
    app: Flask = module.app
    app.config["TESTING"] = True
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def mailed_link(tmp_path: Path) -> Callable[[], str]:
    """The path to which the link in the only mail leads. It lies in a folder beside the accounts."""
    outbox = tmp_path / "outbox"

    def read() -> str:
        eventually(lambda: any(outbox.glob("*.eml")))
        [mail] = outbox.glob("*.eml")
        part = message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("plain",))
        assert part is not None
        found = re.search(r"http://localhost(/\S+sptoken=\S+)", part.get_content())
        assert found
        return found[1]

    return read
