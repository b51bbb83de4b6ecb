"""``stormpath-wsgi doctor``: what it looks at, what it leaves behind, and how it ends."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIEnvironment

import pytest
from click.testing import CliRunner, Result
from support import cheap
from support.broken_site import ADA, BrokenSite
from support.machine import free_port
from support.servers import served

from stormpath_wsgi import Client
from stormpath_wsgi.cli.commands import cli

SITE = """
from stormpath_wsgi import StormpathMiddleware

def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello"]

application = StormpathMiddleware(hello, protect={"/members": ["members"]})
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("STORMPATH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:SOUND_HASHER")
    monkeypatch.syspath_prepend(str(Path(cheap.__file__).parents[1]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def doctor(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, ["doctor", *arguments], input=stdin)


def test_a_good_application_passes_and_no_account_is_left_behind(folder: Path) -> None:
    (folder / "doctored_site.py").write_text(SITE)
    answer = doctor("doctored_site:application", "--make-account", "--fail-on", "medium")
    assert answer.exit_code == 0, answer.output
    found = {name for name in re.findall(r"\[([\w-]+)\]", answer.stdout) if not name.endswith("-time")}
    assert found == {"names-by-registration"}  # no address is verified, so registration has to tell
    with Client("sqlite:///instance/accounts.db") as client:
        assert [account.email for account in client.accounts] == []


def test_what_runs_at_an_address_is_looked_at_without_an_account() -> None:
    app = BrokenSite()
    with served(lambda address: app) as address:
        answer = doctor(address)
    assert answer.exit_code == 1
    assert "HIGH" in answer.stdout and "[cookie-http-only]" in answer.stdout
    assert "--login NAME, or --make-account" in answer.stdout


def test_an_account_may_be_named_whose_password_is_read_and_not_shown() -> None:
    app = BrokenSite()
    with served(lambda address: app) as address:
        answer = doctor(address, "--login", ADA.login, stdin=f"{ADA.password}\n")
    assert "[session-after-sign-out]" in answer.stdout and ADA.password not in answer.output


def test_a_file_for_programs_is_written(folder: Path) -> None:
    app = BrokenSite()
    with served(lambda address: app) as address:
        answer = doctor(address, "--format", "sarif", "--output", "doctor.sarif")
    assert answer.exit_code == 1 and answer.stdout.count("\n") == 1
    assert json.loads((folder / "doctor.sarif").read_text())["version"] == "2.1.0"


def test_settings_of_this_folder_are_looked_at_where_that_is_asked_for(folder: Path) -> None:
    (folder / "stormpath.yaml").write_text("limits: {enabled: false}")
    app = BrokenSite()
    with served(lambda address: app) as address:
        assert "[limits-off]" not in doctor(address).stdout
        found = doctor(address, "--config").stdout
    assert "[limits-off]" in found and f"at    {folder / 'stormpath.yaml'}" in found


def test_at_an_address_the_account_is_made_in_the_directory_of_this_folder_and_removed(folder: Path) -> None:
    CliRunner().invoke(cli, ["init", "--no-api-key"])
    sites = StrangeToAll()
    with served(lambda address: sites) as address:
        answer = doctor(address, "--config", "--make-account")
    assert "cannot sign in with a password alone" in answer.stdout
    assert sites.tried and all(login.startswith("doctor-") for login in sites.tried)
    with Client("sqlite:///instance/accounts.db") as client:
        assert [account.email for account in client.accounts] == []


class StrangeToAll(BrokenSite):
    """A site that lets nobody in, and notes who has tried."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: set[str] = set()

    def post_login(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        self.tried.add(posted.get("login", "doctor-"))
        return "200 OK", "No.", []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["http://192.0.2.7"], 2, "--allow-host 192.0.2.7"),
        (["http://localhost:1", "--login", "ada", "--make-account"], 2, "write one of the two"),
        (["http://localhost:1", "--make-account"], 2, "--config"),
        (["http://localhost:1", "--make-account", "--config"], 3, "stormpath-wsgi init"),
        (["http://localhost:1", "--login", "ada"], 2, "holds no password"),
        (["no_such_module:application"], 2, "cannot be imported"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(arguments: list[str], code: int, sentence: str) -> None:
    answer = doctor(*arguments)
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert sentence in answer.stderr


def test_a_site_that_is_not_there_ends_with_3() -> None:
    answer = doctor(f"http://127.0.0.1:{free_port()}")
    assert answer.exit_code == 3 and "cannot be reached" in answer.stderr
