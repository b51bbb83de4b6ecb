"""PasteDeploy: an ini file puts the middleware around an application."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from paste.deploy import loadapp
from werkzeug.test import Client

from stormpath_wsgi import ConfigurationError, StormpathMiddleware

INI = """
[pipeline:main]
pipeline = accounts site

[filter:accounts]
use = egg:stormpath-wsgi
instance = %(here)s/instance
session.idle = PT12H
session.cookie_secure = false
web.register.autoLogin = true
web.produces = text/html
application.name =
{extra}

[app:site]
use = call:tests.test_paste:make_site
"""


def make_site(global_conf: object) -> object:
    from wsgiref.simple_server import demo_app

    return demo_app


def load(folder: Path, extra: str = "") -> StormpathMiddleware:
    (folder / "site.ini").write_text(INI.format(extra=extra))
    app = loadapp(f"config:{folder}/site.ini")
    assert isinstance(app, StormpathMiddleware)
    return app


def test_settings_are_read_by_their_dotted_names(tmp_path: Path) -> None:
    settings = load(tmp_path).settings
    assert settings.session.idle == dt.timedelta(hours=12)
    assert settings.session.cookie_secure is False
    assert settings.web.register_.auto_login is True
    assert settings.web.produces == ("text/html",)
    assert settings.application.name is None
    assert (tmp_path / "instance/accounts.db").exists()


def test_the_application_is_behind_it(tmp_path: Path) -> None:
    client = Client(load(tmp_path))
    assert "Hello world!" in client.get("/").text
    assert "<form" in client.get("/login").text


def test_names_with_values_are_one_json_object_or_lines_of_their_own(tmp_path: Path) -> None:
    extra = """
protect = {"/members": "login"}
protect./a.b = login
web.register.form.fields = {"colour": {"label": "Colour"}}
web.register.form.fields.colour.required = false
web.register.form.fields.company.label = Company
"""
    settings = load(tmp_path, extra.lstrip()).settings
    assert settings.protect == {"/members": "login", "/a.b": "login"}
    fields = settings.web.register_.form.fields
    assert (fields["colour"].label, fields["colour"].required) == ("Colour", False)
    assert fields["company"].label == "Company"


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"session\.idel: there is no such setting"):
        load(tmp_path, "session.idel = 5")
