"""The commands ``export``, ``import`` and ``verify``: what they say, and how they fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import cheap, warm

from stormpath_wsgi.cli.commands import cli
from stormpath_wsgi.client import Client, DirectoryOptions

PASSWORD = "Correct-Horse-9"
PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("STORMPATH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin)


def done(*arguments: str, stdin: str = "") -> Result:
    answer = run(*arguments, stdin=stdin)
    assert answer.exit_code == 0, answer.output
    return answer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which ``init`` has made a directory, and the href of an account in it."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
        patch.setenv("STORMPATH_PASSWORDS_ADMINISTRATORSCHOOSE", "true")
        done("init")
        return place, done("account", "create", "ada@example.org", stdin=f"{PASSWORD}\n").output.split()[-1]


@pytest.fixture
def ada(made: tuple[Path, str], folder: Path) -> str:
    """The href of an account in the directory here."""
    shutil.copytree(made[0] / "instance", folder / "instance")
    return made[1]


def test_a_directory_leaves_and_comes_back_elsewhere(ada: str) -> None:
    answer = done("export", "all.jsonl")
    assert "2 accounts" in answer.stderr and "Left out, because they are secrets: 1 apiKeys" in answer.stderr
    assert Path("all.jsonl").stat().st_mode & 0o777 == 0o600
    elsewhere = ("--directory", "sqlite:///elsewhere.db")
    assert "Would be made: " in done("import", "all.jsonl", "--dry-run", *elsewhere).stdout
    assert not Path("elsewhere.db").exists()
    assert "Made: 1 tenants, " in done("import", "all.jsonl", *elsewhere).stdout
    assert done("verify", "all.jsonl", *elsewhere).stdout.startswith("The file is whole: ")
    assert "There already: " in done("import", "all.jsonl").stdout
    with Client("sqlite:///elsewhere.db", options=DirectoryOptions(password_hasher=cheap.HASHER)) as client:
        result = client.applications[0].authenticate_account("ada@example.org", PASSWORD)
        assert result.account.href == ada


def test_an_export_may_go_through_a_pipe(ada: str) -> None:
    lines = done("export").stdout.splitlines()
    assert json.loads(lines[0])["format"] == "stormpath-wsgi export"
    assert json.loads(lines[-1])["counts"]["accounts"] == 2


def test_secrets_come_along_with_a_passphrase(ada: str) -> None:
    assert run("export", "x.jsonl", "--passphrase", stdin="short\n").exit_code == 1
    done("export", "x.jsonl", "--passphrase", stdin=f"{PASSPHRASE}\n")
    elsewhere = ("--directory", "sqlite:///elsewhere.db")
    answer = run("import", "x.jsonl", *elsewhere, stdin="another one altogether\n")
    assert (answer.exit_code, answer.stderr) == (
        1, "Error: The passphrase is not the one with which the file was written.\n",
    )  # fmt: skip
    assert "standard input" in run("import", "x.jsonl", *elsewhere).stderr
    done("import", "x.jsonl", *elsewhere, stdin=f"{PASSPHRASE}\n")
    assert "The first one" in done("apikey", "list", *elsewhere).output


def test_plain_secrets_are_told_loudly(ada: str) -> None:
    assert "Delete it as soon as it has served." in done("export", "x.jsonl", "--plain-secrets").stderr
    assert run("export", "x.jsonl", "--plain-secrets", "--passphrase").exit_code == 2


def test_a_file_that_was_cut_off_is_not_imported(ada: str) -> None:
    done("export", "all.jsonl")
    data = Path("all.jsonl").read_bytes()
    Path("all.jsonl").write_bytes(data[:-100])
    elsewhere = ("--directory", "sqlite:///elsewhere.db")
    answer = run("import", "all.jsonl", *elsewhere)
    assert answer.exit_code == 1 and "The file was cut off" in answer.stderr
    assert not Path("elsewhere.db").exists()
    assert "cut off" in run("verify", "all.jsonl").stdout
    done("import", "all.jsonl", "--skip", *elsewhere)


def test_a_hash_that_costs_too_much_stops_an_import_before_anything_is_written(ada: str) -> None:
    dear = "$argon2id$v=19$m=2000000,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"
    with closing(sqlite3.connect("instance/accounts.db")) as connection, connection:
        connection.execute("UPDATE passwords SET hash = ?", (dear,))
    done("export", "all.jsonl")
    elsewhere = ("--directory", "sqlite:///elsewhere.db")
    answer = run("import", "all.jsonl", *elsewhere)
    assert answer.exit_code == 1 and ": its password costs too much to be checked.\n" in answer.stderr
    assert not Path("elsewhere.db").exists()
    assert "costs too much" in done("import", "all.jsonl", "--skip", *elsewhere).stdout


def test_the_text_of_a_file_does_not_control_the_terminal(ada: str) -> None:
    Path("people.csv").write_text("Mail,\x1b]0;owned\x07\nada@example.org,\n", encoding="utf-8")
    answer = run("import", "people.csv", "--dry-run")
    assert "Columns that are not read: �]0;owned�." in answer.stderr and "\x1b" not in answer.output
    done("export", "all.jsonl")
    data = (
        Path("all.jsonl").read_bytes().replace(b'{"kind":"accounts"', b'{"kind":"accounts","\\u009b2J\\u001b[2J":1', 1)
    )
    Path("all.jsonl").write_bytes(data)
    answer = run("import", "all.jsonl", "--skip", "--directory", "sqlite:///elsewhere.db")
    assert not {"\x1b", "\x9b"} & set(answer.output)


def test_what_differs_is_told(ada: str) -> None:
    done("export", "all.jsonl")
    done("account", "disable", "ada@example.org")
    done("group", "create", "staff")
    answer = run("verify", "all.jsonl")
    assert answer.exit_code == 1
    assert f"differs in modifiedAt, status (accounts {ada.rpartition('/')[2]})." in answer.stdout
    assert "Only in the directory: 1 groups, 1 secondFactors, 1 customData." in answer.stdout


def test_the_directory_of_another_site_is_refused(ada: str) -> None:
    done("export", "all.jsonl")
    done("init", "--directory", "sqlite:///other.db")
    answer = run("import", "all.jsonl", "--directory", "sqlite:///other.db")
    assert answer.exit_code == 1 and "another tenant" in answer.stderr


def test_people_come_out_of_a_csv_file_into_a_directory_that_is_not_there_yet() -> None:
    Path("people.csv").write_text("Mail,Vorname,shoes\nada@example.org,Ada,41\nnobody,,\n", encoding="utf-8")
    wanted = ("import", "people.csv", "--column", "givenName=Vorname")
    answer = run(*wanted, "--dry-run")
    assert answer.exit_code == 1 and "line 3: its e-mail address is none." in answer.stderr
    assert "Columns that are not read: shoes." in answer.stderr
    assert not Path("instance").exists()
    assert run(*wanted).exit_code == 1
    answer = done(*wanted, "--skip")
    assert "1 accounts" in answer.stdout and "line 3: " in answer.stdout
    assert "Ada" in done("account", "list").output
    assert run("import", "people.csv", "--column", "givenName").exit_code == 2


def test_a_wrong_name_of_a_directory_leaves_none_behind() -> None:
    Path("people.csv").write_text("email\nada@example.org\n", encoding="utf-8")
    answer = run("import", "people.csv", "--into", "wrong")
    assert answer.exit_code == 1 and "There is no directory 'wrong', but 'My Application Directory'." in answer.stderr
    assert not Path("instance").exists()
    assert "1 accounts" in done("import", "people.csv", "--into", "My Application Directory").stdout


def test_a_table_of_another_system_needs_to_be_named(folder: Path) -> None:
    with closing(sqlite3.connect("app.db")) as connection, connection:
        connection.execute("CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, password TEXT, active INTEGER)")
        connection.execute("INSERT INTO user VALUES (1, 'ada@example.org', NULL, 1)")
    for arguments, complaint in (
        (("app.db",), "say it with --from"),
        (("nothing.db",), "There is no nothing.db"),
        (("postgresql://localhost/app",), "--from django or --from flask-security"),
        (("app.db", "--from", "flask-security"), "--salt-file"),
    ):
        answer = run("import", *arguments)
        assert answer.exit_code == 2 and complaint in answer.stderr
    answer = run("import", "app.db", "--from", "django")
    assert answer.exit_code == 1 and "no table auth_user" in answer.stderr
    Path("salt").write_text("146585145368132386173505678016728509634\n")
    assert "1 accounts" in done("import", "app.db", "--from", "flask-security", "--salt-file", "salt").stdout


def test_a_folder_of_stormpath_is_known(folder: Path) -> None:
    (folder / "export" / "accounts").mkdir(parents=True)
    account = {"id": "ada1", "email": "ada@example.org", "directory": {"id": "dir1"}}
    (folder / "export" / "accounts" / "ada1.json").write_text(json.dumps(account))
    assert "1 accounts" in done("import", "export", "--dry-run").stdout
    assert "1 directories" in done("import", "export").stdout


def test_a_terminal_shows_how_far_a_command_is_and_a_pipe_does_not(folder: Path) -> None:
    Path("people.csv").write_text("email\nada@example.org\n", encoding="utf-8")
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "wb") as terminal, open("out", "wb") as out:
        command = ["-m", "stormpath_wsgi.cli", "import", "people.csv"]
        assert warm.Program(command, stdout=out, stderr=terminal, tables=True).wait(60) == 0
    with os.fdopen(ours, "rb", buffering=0) as screen:
        shown = screen.read(10_000).decode()  # all of it: a terminal keeps 4096 bytes for who reads later
    assert re.search(r"Importing +\[#+\] +100%", shown), shown
    assert "1 accounts" in Path("out").read_text() and "#" not in Path("out").read_text()
    again = warm.run(command)
    assert (again.stdout, again.stderr) == ("There already: 1 accounts.\n", "")


@pytest.mark.parametrize("command", ["export", "import", "verify"])
def test_over_the_rest_api_they_refuse(folder: Path, command: str) -> None:
    Path("x.csv").write_text("email\n")
    answer = run(command, "x.csv", "--directory", "https://id.example.org/v1")
    assert answer.exit_code == 2
    assert f"run {command} on the machine that serves that" in answer.stderr
