"""What an operator copies: the settings in it are known to us."""

from __future__ import annotations

import re
import runpy
from configparser import ConfigParser
from itertools import chain
from pathlib import Path

import pytest

from stormpath_wsgi import Settings
from stormpath_wsgi.client.credentials import FILE_VARIABLES, KEY_VARIABLES

ROOT = Path(__file__).parent.parent


def test_every_variable_that_is_written_down_sets_something() -> None:
    """In deploy/, the README and the documentation, but for the pages on Flask-Stormpath, whose names are others."""
    known = {setting.variable for setting in Settings.describe()} | {*FILE_VARIABLES, *chain(*KEY_VARIABLES)}
    files = {ROOT / "README.rst", *(ROOT / "deploy").glob("*.*"), *(ROOT / "docs").glob("*.rst")}
    texts = [file.read_text() for file in files - {ROOT / "docs/compatibility.rst", ROOT / "docs/flask.rst"}]
    assert {name for text in texts for name in re.findall(r"\bSTORMPATH_[A-Z0-9_]+", text)} - known == set()


def test_the_ini_file_holds_settings() -> None:
    file = ConfigParser(interpolation=None)
    file.optionxform = str  # type: ignore[assignment,method-assign]  # as PasteDeploy: names keep their case
    file.read(ROOT / "deploy/paste.ini")
    settings = Settings.read(**{name: text for name, text in file["filter:accounts"].items() if name != "use"})
    assert settings.challenge_on_401
    assert settings.web.register_.auto_login


@pytest.mark.parametrize(
    ("proxies", "of_gunicorn", "allowed"),
    [
        (None, None, ""),
        ("unix", None, ""),
        ("unix, 10.0.0.5 fd00::/8", None, "10.0.0.5,fd00::/8"),
        ('["127.0.0.1", "10.0.0.0/8"]', None, "127.0.0.1,10.0.0.0/8"),
        ("127.0.0.1", "10.0.0.5", "10.0.0.5"),
        ("127.0.0.1", "", ""),
    ],
)
def test_gunicorn_believes_the_proxies_that_are_named_for_us(
    proxies: str | None, of_gunicorn: str | None, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"STORMPATH_PROXIES": proxies, "FORWARDED_ALLOW_IPS": of_gunicorn}.items():
        monkeypatch.delenv(name, raising=False)
        if text is not None:
            monkeypatch.setenv(name, text)
    # Its file, since other tests may have imported the module already.
    configured = runpy.run_path(str(ROOT / "stormpath_wsgi" / "cli" / "gunicorn_conf.py"))
    assert configured["forwarded_allow_ips"] == allowed
