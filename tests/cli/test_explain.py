"""``stormpath-wsgi explain``: why somebody may see a page, or may not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import cheap

from stormpath_wsgi.cli.commands import cli

SETTINGS = """
protect:
  /members: login
  /members/admin: [admins, staff]
"""
APP = """
from wsgiref.simple_server import demo_app
from stormpath_wsgi import StormpathMiddleware, groups_required, login_required

application = StormpathMiddleware(
    demo_app, protect={"/either": groups_required(["admins"]) | ~login_required, "/own": lambda app: app}
)
"""


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("STORMPATH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
    monkeypatch.setenv("PYTHONPATH", str(Path(cheap.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    Path("stormpath.yaml").write_text(SETTINGS)
    assert run("init", "--no-api-key").exit_code == 0
    assert run("group", "create", "staff").exit_code == 0
    made = run("account", "create", "ada@example.org", "--group", "staff", stdin="Correct-Horse-9\n")
    assert made.exit_code == 0, made.output


def test_each_policy_of_a_path_says_what_it_has_found() -> None:
    refused = run("explain", "ada@example.org", "GET", "/members/admin/x?y=1")
    assert (refused.exit_code, refused.stdout.splitlines()) == (
        1,
        [
            "Refused, with 403.",
            "/members/admin",
            "  no   groups_required(admins, staff)",
            "  no     in the group admins: stormpath-wsgi group add puts an account into it",
            "  yes    in the group staff",
        ],
    )
    passes = run("explain", "ada@example.org", "POST", "/members")
    assert (passes.exit_code, passes.stdout.splitlines()[0]) == (0, "Passes.")
    open_path = run("explain", "-", "GET", "/")
    assert (open_path.exit_code, "everybody passes" in open_path.stdout) == (0, True)


def test_a_path_that_can_be_read_in_several_ways_is_under_the_policies_of_all() -> None:
    answer = run("explain", "-", "GET", "/x/../members/admin")
    assert (answer.exit_code, answer.stdout.splitlines()[0]) == (1, "Asked to sign in.")


def test_nobody_is_signed_in_with_an_account_that_is_disabled() -> None:
    assert run("account", "disable", "ada@example.org").exit_code == 0
    answer = run("explain", "ada@example.org", "GET", "/members")
    assert (answer.exit_code, "is DISABLED" in answer.stderr) == (1, True)


def test_the_policies_of_an_application_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("explained_site.py").write_text(APP)
    monkeypatch.syspath_prepend(os.getcwd())
    answer = run("explain", "ada@example.org", "GET", "/either", "explained_site:application")
    assert answer.exit_code == 1
    assert "  no     ~login_required: this must not pass" in answer.stdout.splitlines()
    unknown = run("explain", "ada@example.org", "GET", "/own", "explained_site:application")
    assert (unknown.exit_code, unknown.stdout.splitlines()[0]) == (1, "Not known.")


def test_what_is_no_path_and_nobody_is_said() -> None:
    assert "Write PATH as in an address" in run("explain", "-", "GET", "members").stderr
    assert "There is no account" in run("explain", "eve@example.org", "GET", "/members").stderr
