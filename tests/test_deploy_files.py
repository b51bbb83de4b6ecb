"""What an operator copies: the settings in it are known to us."""

from __future__ import annotations

import re
from configparser import ConfigParser
from itertools import chain
from pathlib import Path

from stormpath_wsgi import Settings
from stormpath_wsgi.client.credentials import FILE_VARIABLES, KEY_VARIABLES

ROOT = Path(__file__).parent.parent


def test_every_variable_that_is_written_down_sets_something() -> None:
    """In deploy/, the README and the documentation, but for the page on Flask-Stormpath, whose names are others."""
    known = {setting.variable for setting in Settings.describe()} | {*FILE_VARIABLES, *chain(*KEY_VARIABLES)}
    files = {ROOT / "README.rst", *(ROOT / "deploy").glob("*.*"), *(ROOT / "docs").glob("*.rst")}
    texts = [file.read_text() for file in files - {ROOT / "docs/compatibility.rst"}]
    assert {name for text in texts for name in re.findall(r"\bSTORMPATH_[A-Z0-9_]+", text)} - known == set()


def test_the_ini_file_holds_settings() -> None:
    file = ConfigParser(interpolation=None)
    file.optionxform = str  # type: ignore[assignment,method-assign]  # as PasteDeploy: names keep their case
    file.read(ROOT / "deploy/paste.ini")
    settings = Settings.read(**{name: text for name, text in file["filter:accounts"].items() if name != "use"})
    assert settings.challenge_on_401
    assert settings.web.register_.auto_login
