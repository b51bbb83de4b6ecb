"""The commands ``stormpath-wsgi audit …``, on the directory in the instance folder."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import cheap
from support.warm import Program

from stormpath_wsgi.cli.commands import cli

DATABASE = "instance/accounts.db"
PASSWORD = "Correct-Horse-9"


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin)


def done(*arguments: str, stdin: str = "") -> str:
    answer = run(*arguments, stdin=stdin)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a directory in which two accounts were made, and one of them was disabled."""
    for name in list(os.environ):
        if name.startswith("STORMPATH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
    monkeypatch.setenv("STORMPATH_AUDIT_FILE", "heads")
    monkeypatch.setenv("PYTHONPATH", str(Path(cheap.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    done("init", "--no-api-key")
    for name in ("ada", "grace"):
        done("account", "create", f"{name}@example.org", stdin=f"{PASSWORD}\n")
    done("account", "disable", "ada@example.org")
    return tmp_path


def sql(*statements: str) -> None:
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_events_are_listed_as_they_are_asked_for() -> None:
    lines = [line.split("\t") for line in done("audit", "list").splitlines()]
    assert [line[0] for line in lines] == ["1", "2", "3"]
    assert [line[2:4] for line in lines] == [["Registered", "done"], ["Registered", "done"], ["StatusChanged", "done"]]
    assert {line[6] for line in lines} == {"command"}

    [of_ada, disabled] = map(json.loads, done("audit", "list", "--account", "ada@example.org", "--json").splitlines())
    assert of_ada["account"] == disabled["account"]
    assert disabled["details"] == {"old": "ENABLED", "new": "DISABLED"}
    assert len(done("audit", "list", "--event", "Registered", "--most", "1").splitlines()) == 1
    assert done("audit", "list", "--since", "2999-01-01") == ""
    assert done("audit", "list", "--actor", of_ada["account"]) == ""


def test_a_chain_that_is_whole_is_proved_and_one_that_is_not_is_named() -> None:
    assert "Rows 1 to 3 are as they were written; 3 heads agree." in done("audit", "verify")
    sql("UPDATE audit_rows SET result = 'nothing' WHERE position = 2")
    answer = run("audit", "verify")
    assert (answer.exit_code, answer.stderr) == (1, "Error: Row 2: This row was changed.\n")


def test_who_takes_everything_away_is_found_out_by_the_heads() -> None:
    sql("DELETE FROM audit_rows", "DELETE FROM audit_heads")
    answer = run("audit", "verify")
    assert answer.exit_code == 1
    assert "Row 1: The rows behind 0 are missing: the second place knows a row 3." in answer.stderr
    elsewhere = run("audit", "verify", "--heads", os.devnull)
    assert "No head of a second place was compared" in elsewhere.stderr


def test_an_export_is_proved_without_the_directory(folder: Path) -> None:
    key = done("audit", "key").strip()
    done("audit", "export", "all.jsonl")
    (folder / DATABASE).unlink()
    proof = ("audit", "verify", "--export", "all.jsonl", "--public-key")
    assert "Rows 1 to 3 are as they were written; 3 heads agree." in done(*proof, key)
    assert "no signature of a known key" in run(*proof, "ab" * 32).stderr

    text = (folder / "all.jsonl").read_text()
    (folder / "all.jsonl").write_text(text.replace("DISABLED", "ENABLED!"))
    assert "Row 3: This row was changed." in run(*proof, key).stderr
    (folder / "all.jsonl").write_text(text + "{}\n")
    broken = run(*proof, key)
    assert broken.exit_code == 2 and "line 5 is none of an export" in broken.stderr


def test_a_directory_on_another_machine_has_its_audit_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_DIRECTORY", "https://id.example.org/v1")
    answer = run("audit", "list")
    assert answer.exit_code == 2 and "run audit list on the machine that serves that" in answer.stderr


def test_who_follows_sees_what_happens_from_then_on() -> None:
    command = ["-m", "stormpath_wsgi.cli", "audit", "follow", "--json"]
    following = Program(command, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert following.stdout
        assert any("interrupt this" in line for line in following.stdout)  # from now on it follows
        done("account", "enable", "ada@example.org")
        told = json.loads(following.stdout.readline())
    finally:
        following.kill()
        following.communicate()
    assert (told["position"], told["event"], told["details"]["new"]) == (4, "StatusChanged", "ENABLED")
