"""The command line: what it does, what it says, and how it fails."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import socket
import sqlite3
import stat
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from wsgiref.simple_server import demo_app

import click
import pytest
from click.testing import CliRunner, Result
from support import cheap, warm
from support.redis_server import RedisServer

from stormpath_wsgi import Client, StormpathMiddleware
from stormpath_wsgi.cli import addresses, targets
from stormpath_wsgi.cli.commands import cli
from stormpath_wsgi.cli.deploy import FILES
from stormpath_wsgi.cli.failures import Misuse
from stormpath_wsgi.cli.late import Late
from stormpath_wsgi.cli.secrets import secret
from stormpath_wsgi.cli.serving import OF_A_SITE, Server, chosen
from stormpath_wsgi.client import DirectoryOptions, Group
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.errors import Error
from stormpath_wsgi.extras import SERVER
from stormpath_wsgi.limits import Limit, Visitor, visited
from stormpath_wsgi.settings import LimitsSettings

PASSWORD = "Correct-Horse-9"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("STORMPATH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
    monkeypatch.setenv("STORMPATH_PASSWORDS_ADMINISTRATORSCHOOSE", "true")
    monkeypatch.setenv("PYTHONPATH", str(Path(cheap.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    """The directory that ``init`` made here."""
    assert run("init").exit_code == 0
    with Client("sqlite:///instance/accounts.db") as client:
        yield client


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin)


def register(email: str, *options: str) -> None:
    answer = run("account", "create", email, *options, stdin=f"{PASSWORD}\n")
    assert answer.exit_code == 0, answer.output


def guess(*logins: str, address: str, wait: str = "1h") -> None:
    """Somebody at *address* tries a wrong password twice for each login, and has to *wait* then."""
    limit = Limit.parse(f"1 tries, waits {wait} to {wait}, one back after {wait}")
    limits = LimitsSettings.model_validate(
        {"account_and_address": limit, "url": os.environ.get("STORMPATH_LIMITS_URL")}
    )
    options = DirectoryOptions(limits=limits, password_hasher=cheap.HASHER)
    with Client("sqlite:///instance/accounts.db", options=options) as site, visited(Visitor(address)):
        for login in logins * 2:
            with pytest.raises(Error):
                site.applications[0].authenticate_account(login, "Wrong-Horse-7")


def two_groups(client: Client) -> tuple[Group, Group]:
    """Two of one name, in two directories that the application has."""
    application = client.applications[0]
    ours = application.groups.create({"name": "admins"})
    directory = client.directories.create({"name": "customers"})
    client.account_store_mappings.create({"application": application, "account_store": directory})
    return ours, directory.groups.create({"name": "Admins"})


class TestInit:
    def test_it_makes_the_directory_and_tells_where_things_are(self) -> None:
        answer = run("init")
        assert answer.exit_code == 0
        for text in ("instance/accounts.db", "My Application", "instance/secret_keys"):
            assert text in answer.output
        assert Path("instance/accounts.db").stat().st_mode & 0o777 == 0o600

    def test_again_it_changes_nothing(self, client: Client) -> None:
        before = [application.href for application in client.applications]
        assert run("init").exit_code == 0
        assert [application.href for application in client.applications] == before

    def test_it_prints_the_first_api_key_once(self, folder: Path) -> None:
        first, again = run("init"), run("init")
        (folder / "apiKey.properties").write_text(first.output)
        found = re.search(r"^apiKey\.id = (\w{25})\napiKey\.secret = (\S{43})$", first.stdout, re.MULTILINE)
        assert found and "only now" in first.stderr
        assert "apiKey" not in again.output
        with closing(open_directory("sqlite:///instance/accounts.db")) as service:
            key = service.active_key(found[1])
        assert key and key.secret == found[2]

    def test_where_a_log_would_keep_it_none_is_made(self) -> None:
        assert "apiKey" not in run("init", "--no-api-key").output
        assert "apiKey.id" in run("init").output

    def test_a_server_needs_a_key_to_encrypt_with_before_it_gets_an_api_key(
        self, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = run("init", "--directory", postgresql_url)
        assert answer.exit_code == 0
        assert "apiKey.id" not in answer.output and "STORMPATH_ENCRYPTIONKEYS" in answer.output
        monkeypatch.setenv("STORMPATH_ENCRYPTIONKEYS", run("secret").output.strip())
        assert "apiKey.id" in run("init", "--directory", postgresql_url).output

    def test_it_makes_the_directory_that_is_named(self) -> None:
        assert run("init", "--directory", "sqlite:///other.db").exit_code == 0
        assert Path("other.db").exists()
        assert not Path("instance/accounts.db").exists()

    def test_it_makes_the_application_that_is_named(self) -> None:
        assert "application   Shop (" in run("init", "--application", "Shop").output
        assert run("init", "--application", "Shop").exit_code == 0
        assert run("application", "list").output.startswith("Shop\tENABLED\t")

    def test_of_a_directory_that_has_another_it_says_why_not(self, client: Client) -> None:
        answer = run("init", "--application", "Shop")
        assert answer.exit_code == 1
        assert answer.stderr == (
            "Error: The directory was made before, and has no application Shop. For another one: stormpath-wsgi "
            "application create NAME; for another name: stormpath-wsgi application rename 'My Application' 'Shop'\n"
        )
        assert [application.name for application in client.applications] == ["My Application"]


class TestApplications:
    def test_a_second_one_has_accounts_of_its_own_and_each_site_is_to_name_its_own(self, client: Client) -> None:
        register("ada@example.com")
        answer = run("application", "create", "Shop")
        assert answer.exit_code == 0
        assert "set application.name (STORMPATH_APPLICATION_NAME) for each site" in answer.output
        lines = run("application", "list").output.splitlines()
        assert sorted(line.split("\t")[0] for line in lines) == ["My Application", "Shop"]
        register("ada@example.com", "--application", "Shop")
        assert run("account", "list", "--application", "Shop").output.startswith("ada@example.com\t")
        assert run("application", "create", "Shop").exit_code == 1

    def test_a_name_is_changed_and_accounts_stay(self, client: Client) -> None:
        register("ada@example.com")
        answer = run("application", "rename", "My Application", "Shop")
        assert (answer.exit_code, answer.output) == (0, "Renamed the application My Application to Shop.\n")
        assert run("application", "rename", client.applications[0].href, "Store").exit_code == 0
        assert run("account", "list", "--application", "Store").output.startswith("ada@example.com\t")

    def test_one_that_is_not_there_is_told_with_those_that_are(self, client: Client) -> None:
        answer = run("application", "rename", "Shop", "Store")
        assert (answer.exit_code, answer.stderr) == (
            1, "Error: There is no application Shop, but 'My Application'.\n"
        )  # fmt: skip


class TestDeploy:
    @pytest.mark.parametrize("name", FILES)
    def test_it_prints_the_file(self, name: str) -> None:
        answer = run("deploy", name)
        assert (answer.exit_code, answer.output) == (0, (ROOT / "deploy" / FILES[name]).read_text())

    def test_every_file_can_be_had(self) -> None:
        there = {path.name for path in (ROOT / "deploy").iterdir()} - {"__init__.py", "__pycache__"}
        assert there == set(FILES.values())

    def test_help_names_every_file(self) -> None:
        text = run("deploy", "--help").output
        assert [name for name in FILES if not re.search(rf"^  {name} +\w", text, re.MULTILINE)] == []


class TestAccounts:
    def test_one_that_was_made_can_sign_in(self, client: Client) -> None:
        register("ada@example.com", "--given-name", "Ada", "--surname", "Lovelace")
        account = client.applications[0].authenticate_account("ada@example.com", PASSWORD).account
        assert account.full_name == "Ada Lovelace"

    def test_it_can_be_put_into_groups_at_once(self, client: Client) -> None:
        run("group", "create", "admins")
        register("ada@example.com", "--group", "admins")
        assert client.applications[0].accounts[0].has_group("admins")

    def test_without_the_group_none_is_made(self, client: Client) -> None:
        answer = run("account", "create", "ada@example.com", "--group", "admins", stdin=f"{PASSWORD}\n")
        assert (answer.exit_code, len(client.applications[0].accounts)) == (1, 0)

    def test_the_list_has_one_a_line(self, client: Client) -> None:
        for name in ("ada", "grace", "mary"):
            register(f"{name}@example.com")
        lines = run("account", "list").output.splitlines()
        assert [line.split("\t")[:2] for line in lines] == [
            ["ada@example.com", "ENABLED"], ["grace@example.com", "ENABLED"], ["mary@example.com", "ENABLED"]
        ]  # fmt: skip
        assert len(run("account", "list", "grace").output.splitlines()) == 1

    @pytest.mark.parametrize("login", ["ada@example.com", "ADA@example.com", "countess"])
    def test_one_is_shown_by_address_and_username(self, client: Client, login: str) -> None:
        register("ada@example.com", "--username", "countess")
        assert "ada@example.com" in run("account", "show", login).output

    def test_one_is_shown_by_href(self, client: Client) -> None:
        register("ada@example.com")
        assert "ada@example.com" in run("account", "show", client.applications[0].accounts[0].href).output

    def test_names_cannot_command_the_terminal(self, client: Client) -> None:
        register("ada@example.com", "--given-name", "Ada", "--surname", "[bold]x")
        with closing(sqlite3.connect("instance/accounts.db")) as database, database:  # it is refused by now
            database.execute("UPDATE accounts SET given_name = ?", ["\x1b[31mAda"])
        for answer in (run("account", "show", "ada@example.com"), run("account", "list")):
            assert "\x1b" not in answer.output
            assert "�[31mAda [bold]x" in answer.output

    def test_a_wildcard_is_no_login(self, client: Client) -> None:
        register("ada@example.com")
        answer = run("account", "delete", "ada*", "--yes")
        assert (answer.exit_code, answer.output) == (1, "Error: There is no account ada*.\n")

    def test_a_new_password_counts_and_ends_sessions(self, client: Client) -> None:
        register("ada@example.com")
        account, application = client.applications[0].accounts[0], client.applications[0]
        account.refresh_tokens.create({"application": application})
        assert run("account", "password", "ada@example.com", stdin="Another-Horse-8\n").exit_code == 0
        assert application.authenticate_account("ada@example.com", "Another-Horse-8").account == account
        assert len(account.refresh_tokens) == 0

    def test_one_that_is_disabled_cannot_sign_in_until_enabled(self, client: Client) -> None:
        register("ada@example.com")
        assert run("account", "disable", "ada@example.com").exit_code == 0
        assert client.applications[0].accounts[0].is_disabled()
        assert run("account", "enable", "ada@example.com").exit_code == 0
        client.applications[0].authenticate_account("ada@example.com", PASSWORD)

    def test_signing_out_ends_all_sessions(self, client: Client) -> None:
        register("ada@example.com")
        tokens = client.applications[0].accounts[0].refresh_tokens
        for _ in range(2):
            tokens.create({"application": client.applications[0]})
        remembered = client.applications[0].accounts[0].second_factor().version
        assert run("account", "sign-out", "ada@example.com").output == "Ended 2 sessions of ada@example.com.\n"
        assert len(client.applications[0].accounts[0].refresh_tokens) == 0
        assert client.applications[0].accounts[0].second_factor().version != remembered  # no browser is any more

    def test_signing_out_goes_on_when_sessions_end_and_begin_meanwhile(self, client: Client) -> None:
        register("ada@example.com")
        tokens = client.applications[0].accounts[0].refresh_tokens
        for _ in range(3):
            tokens.create({"application": client.applications[0]})
        with contextlib.closing(sqlite3.connect("instance/accounts.db")) as database:
            # With the first session that the command ends the others are over, and another one is there.
            database.executescript("""
                CREATE TABLE begun AS SELECT * FROM refresh_tokens LIMIT 1;
                UPDATE begun SET id = 'begunmeanwhile';
                CREATE TRIGGER meanwhile AFTER DELETE ON refresh_tokens WHEN EXISTS (SELECT * FROM begun) BEGIN
                    DELETE FROM refresh_tokens;
                    INSERT INTO refresh_tokens SELECT * FROM begun;
                    DELETE FROM begun;
                END;
            """)
        assert run("account", "sign-out", "ada@example.com").output == "Ended 2 sessions of ada@example.com.\n"
        assert len(client.applications[0].accounts[0].refresh_tokens) == 0

    def test_the_href_of_something_else_is_no_account(self, client: Client) -> None:
        group = client.applications[0].groups.create({"name": "admins"})
        assert run("account", "delete", group.href, "--yes").output == f"Error: There is no account {group.href}.\n"
        assert len(client.groups) == 1

    def test_somebody_is_invited_by_mail(self, client: Client) -> None:
        client.applications[0].groups.create({"name": "Staff"})
        answer = run("account", "invite", "bob@example.org", "--group", "staff")
        assert answer.exit_code == 0, answer.output
        assert answer.output.startswith("Invited bob@example.org. The link is good until ")
        [mail] = Path("instance/outbox").iterdir()
        assert "bob@example.org" in mail.read_text()
        assert "/invitation?sptoken=" in mail.read_text()
        [line] = run("account", "invitations").output.splitlines()
        assert re.fullmatch(r"bob@example\.org\t\S+ \S+ UTC\tStaff", line)

    def test_an_invitation_may_be_for_another_directory(self, client: Client) -> None:
        _, group = two_groups(client)
        assert run("account", "invite", "bob@example.org", "--store", "Customers").exit_code == 0
        [invitation] = client.applications[0].invitations
        assert invitation.directory == group.directory
        wrong = run("account", "invite", "carol@example.org", "--store", "nowhere")
        assert (wrong.exit_code, wrong.output) == (1, "Error: There is no directory nowhere.\n")

    def test_who_has_an_account_is_not_invited_and_it_is_said_why(self, client: Client) -> None:
        register("ada@example.org")
        answer = run("account", "invite", "Ada@example.org")
        assert answer.exit_code == 1
        assert "an account with this name exists already" in answer.output

    def test_an_invitation_is_revoked(self, client: Client) -> None:
        run("account", "invite", "bob@example.org")
        assert run("account", "uninvite", "*").exit_code == 1
        assert run("account", "uninvite", "Bob@example.org").output == "Revoked the invitation of bob@example.org.\n"
        assert run("account", "invitations").output == ""
        again = run("account", "uninvite", "bob@example.org")
        assert (again.exit_code, "Nobody has invited bob@example.org" in again.output) == (1, True)

    def test_one_is_deleted_when_that_is_confirmed(self, client: Client) -> None:
        register("ada@example.com")
        assert run("account", "delete", "ada@example.com", stdin="n\n").exit_code == 1
        assert len(client.applications[0].accounts) == 1
        assert run("account", "delete", "ada@example.com", stdin="y\n").exit_code == 0
        assert len(Client("sqlite:///instance/accounts.db").applications[0].accounts) == 0

    def test_a_password_that_is_typed_is_asked_for_twice_and_not_seen(self, client: Client) -> None:
        controller, terminal = pty.openpty()
        in_a_new_session = "import os; os.setsid(); from stormpath_wsgi.cli import main; main()"
        process = warm.Program(
            ["-c", in_a_new_session, "account", "create", "ada@example.com"],
            stdin=terminal, stdout=terminal, stderr=terminal,
        )  # fmt: skip
        os.close(terminal)
        seen = ""
        for prompt in ("Password: ", "Once more: "):
            while not seen.endswith(prompt):
                seen += os.read(controller, 1000).decode()
            os.write(controller, f"{PASSWORD}\n".encode())
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while text := os.read(controller, 1000):
                seen += text.decode()
        os.close(controller)
        assert process.wait(60) == 0
        assert "Made the account ada@example.com" in seen
        assert PASSWORD not in seen
        client.applications[0].authenticate_account("ada@example.com", PASSWORD)

    def test_whom_it_is_made_for_chooses_the_password_unless_a_setting_says_otherwise(
        self, client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("STORMPATH_PASSWORDS_ADMINISTRATORSCHOOSE")
        made = run("account", "create", "ada@example.com", stdin=f"{PASSWORD}\n")
        assert made.output.splitlines()[1] == "Mailed ada@example.com a link for choosing a password."
        again = run("account", "password", "ada@example.com", stdin="Another-Horse-8\n")
        assert again.output == "Mailed ada@example.com a link for choosing a password.\n"
        mails = [path.read_text() for path in (folder / "instance" / "outbox").glob("*.eml")]
        assert sum("/change?sptoken=" in mail.replace("=\n", "").replace("=3D", "=") for mail in mails) == 2
        for password in (PASSWORD, "Another-Horse-8"):
            with pytest.raises(Error):
                client.applications[0].authenticate_account("ada@example.com", password)

    def test_where_no_links_are_mailed_it_says_what_to_set(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("STORMPATH_PASSWORDS_ADMINISTRATORSCHOOSE")
        [directory] = (each for each in client.directories if each.name == "My Application Directory")
        policy = directory.password_policy
        policy.reset_email_status = "DISABLED"
        policy.save()
        answer = run("account", "create", "ada@example.com")
        assert answer.exit_code == 1
        assert "STORMPATH_PASSWORDS_ADMINISTRATORSCHOOSE" in answer.stderr
        assert len(client.applications[0].accounts) == 0

    @pytest.mark.parametrize("stdin", ["", "\n"])
    def test_without_a_password_none_is_made(self, client: Client, stdin: str) -> None:
        answer = run("account", "create", "ada@example.com", stdin=stdin)
        assert (answer.exit_code, answer.output) == (2, "Error: Standard input holds no password.\n")


class TestLimits:
    """Tries are counted in the directory, and the administrator sees them and forgets them."""

    def test_unlocking_an_account_ends_its_waits_at_once(self, client: Client) -> None:
        register("ada@example.com")
        guess("ada@example.com", address="192.0.2.7")
        register("grace@example.com")
        guess("grace@example.com", address="192.0.2.7")
        answer = run("account", "unlock", "ADA@example.com")
        assert (answer.exit_code, answer.output) == (
            0, "Forgot what was tried with ada@example.com; 1 wait ended.\n"
        )  # fmt: skip
        answer = run("account", "unlock", client.applications[0].accounts.search("ada")[0].href)
        assert (answer.exit_code, answer.output) == (0, "Nothing was counted against ada@example.com.\n")
        assert "grace@example.com" in run("limits").output

    @pytest.mark.parametrize("addresses", [(), ("192.0.2.7", "192.0.2.8")])
    def test_it_is_said_how_many_waits_have_ended(self, client: Client, addresses: tuple[str, ...]) -> None:
        register("ada@example.com")
        with Client("sqlite:///instance/accounts.db") as site, pytest.raises(Error):
            site.applications[0].authenticate_account("ada@example.com", "Wrong-Horse-7")
        for address in addresses:
            guess("ada@example.com", address=address)
        said = f"Forgot what was tried with ada@example.com; {len(addresses)} waits ended.\n"
        assert run("account", "unlock", "ada@example.com").output == said

    def test_an_account_that_is_not_there_cannot_be_unlocked(self, client: Client) -> None:
        answer = run("account", "unlock", "ada@example.com")
        assert (answer.exit_code, answer.output) == (1, "Error: There is no account ada@example.com.\n")

    def test_who_has_to_wait_is_listed_the_longest_wait_first(self, client: Client) -> None:
        register("ada@example.com", "--username", "countess")
        guess("ada@example.com", address="192.0.2.7")
        guess("countess", address="2001:db8::1", wait="2h")
        answer = run("limits")
        assert answer.exit_code == 0
        lines = [line.split("\t") for line in answer.output.splitlines()]
        assert lines[:3] == [
            ["account", "tallies 1", "waiting 0"], ["accountAndAddress", "tallies 2", "waiting 2"],
            ["address", "tallies 2", "waiting 0"],
        ]  # fmt: skip
        assert [line[1:] for line in lines[3:]] == [
            ["accountAndAddress", "ada@example.com", "2001:db8::/64"],
            ["accountAndAddress", "ada@example.com", "192.0.2.7"],
        ]
        longer, shorter = (int(line[0].removesuffix(" s")) for line in lines[3:])
        assert 7200 >= longer > 3600 >= shorter > 0

    def test_as_many_are_listed_as_were_asked_for(self, client: Client) -> None:
        guess(*(f"{number}@example.com" for number in range(11)), address="192.0.2.7")
        for options, listed in (((), 10), (("--longest", "2"), 2), (("--longest", "0"), 0)):
            output = run("limits", *options).output
            assert output.startswith("account\ttallies 11\twaiting 0\naccountAndAddress\ttallies 11\twaiting 11\n")
            assert len(re.findall(r"^\d+ s\t", output, re.MULTILINE)) == listed

    def test_a_name_that_was_typed_is_not_shown(self, client: Client) -> None:
        guess(PASSWORD, address="192.0.2.7")
        answer = run("limits")
        assert "\tno such account\t192.0.2.7\n" in answer.output
        assert PASSWORD.lower() not in answer.output.lower()

    def test_when_nobody_tries_there_is_nothing_to_show(self, client: Client) -> None:
        answer = run("limits")
        assert (answer.exit_code, answer.output) == (0, "Nothing is counted against anybody.\n")

    def test_where_a_redis_server_counts_all_of_this_is_the_same(
        self, client: Client, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STORMPATH_LIMITS_URL", redis_server.url)
        register("ada@example.com")
        guess("ada@example.com", address="192.0.2.7")
        assert "\taccountAndAddress\tada@example.com\t192.0.2.7\n" in run("limits").output
        answer = run("account", "unlock", "ada@example.com")
        assert (answer.exit_code, answer.output) == (
            0, "Forgot what was tried with ada@example.com; 1 wait ended.\n"
        )  # fmt: skip
        assert "ada@example.com" not in run("limits").output

    @pytest.mark.parametrize("command", [("limits",), ("account", "unlock", "ada@example.com")])
    def test_a_redis_server_that_does_not_answer_is_told(
        self, client: Client, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register("ada@example.com")
        monkeypatch.setenv("STORMPATH_LIMITS_URL", "unix:///nowhere")
        answer = run(*command)
        assert answer.exit_code == 3
        assert answer.stderr.startswith("Error: The Redis server of the limits does not answer")

    def test_where_limits_are_switched_off_it_says_so(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_LIMITS_ENABLED", "false")
        answer = run("limits")
        assert answer.stderr == "Only codes of second factors are counted: limits.enabled is false.\n"
        assert answer.stdout == "Nothing is counted against anybody.\n"

    @pytest.mark.parametrize(("address", "named"), [("127.0.0.1", "127.0.0.1"), ("fd00::7", "fd00::/64")])
    def test_when_one_address_nearby_has_all_the_waits_of_several_accounts_it_may_be_a_proxy(
        self, client: Client, address: str, named: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for email in ("ada@example.com", "grace@example.com"):
            register(email)
            guess(email, address=address)
        assert run("limits").stderr == (
            f"The only address that has to wait is {named}. If that is a proxy of your own, and no visitor, name it in "
            "the setting proxies.\n"
        )
        monkeypatch.setenv("STORMPATH_PROXIES", f"unix {named}")
        assert run("limits").stderr == ""

    @pytest.mark.parametrize("addresses", [("192.0.2.7", "127.0.0.1"), ("8.8.8.8",)])
    def test_otherwise_nothing_is_said_of_proxies(self, client: Client, addresses: tuple[str, ...]) -> None:
        for email in ("ada@example.com", "grace@example.com"):
            register(email)
            for address in addresses:
                guess(email, address=address)
        assert run("limits").stderr == ""

    def test_who_tries_one_account_from_nearby_is_no_proxy(self, client: Client) -> None:
        register("ada@example.com")
        guess("ada@example.com", "nobody@example.com", "nobody.else@example.com", address="192.168.0.7")
        assert run("limits").stderr == ""

    def test_on_a_terminal_the_account_of_a_wait_stands_near_the_seconds(self, client: Client) -> None:
        register("ada@example.com")
        guess("ada@example.com", address="192.0.2.7")
        controller, terminal = pty.openpty()
        assert warm.Program(["-m", "stormpath_wsgi.cli", "limits"], stdout=terminal).wait(60) == 0
        os.close(terminal)
        seen = os.read(controller, 10_000).decode()
        os.close(controller)
        assert re.search(r"^\d+ s {3,4} accountAndAddress  ada@example\.com {17}  192\.0\.2\.7\r$", seen, re.MULTILINE)

    @pytest.mark.parametrize("command", [("limits",), ("account", "unlock", "ada@example.com")])
    def test_over_the_rest_api_it_is_said_where_to_run_it(
        self, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STORMPATH_DIRECTORY", "https://id.example.com/v1")
        answer = run(*command)
        where = f"run {' '.join(command[:2])} on the machine that serves that"
        assert (answer.exit_code, answer.stderr) == (
            2, f"Error: The directory is behind https://id.example.com/v1; {where}.\n"
        )  # fmt: skip


class TestGroups:
    def test_accounts_come_and_go(self, client: Client) -> None:
        for name in ("ada", "grace"):
            register(f"{name}@example.com")
        assert run("group", "create", "admins", "--description", "Those with keys").exit_code == 0
        assert run("group", "add", "admins", "ada@example.com", "grace@example.com").exit_code == 0
        assert run("group", "remove", "admins", "ada@example.com").exit_code == 0
        lines = run("group", "members", "admins").output.splitlines()
        assert [line.split("\t")[0] for line in lines] == ["grace@example.com"]
        assert run("group", "list").output.startswith("admins\tENABLED\tThose with keys\t")

    def test_deleting_one_leaves_its_accounts(self, client: Client) -> None:
        register("ada@example.com")
        run("group", "create", "admins")
        run("group", "add", "admins", "ada@example.com")
        assert run("group", "delete", "admins", "--yes").exit_code == 0
        assert (len(client.groups), len(client.applications[0].accounts)) == (0, 1)

    def test_one_that_is_not_there_is_said_to_be_made_first(self, client: Client) -> None:
        answer = run("group", "add", "admins", "ada@example.com")
        assert (answer.exit_code, answer.output) == (
            1, "Error: There is no group admins; make it with: stormpath-wsgi group create admins\n"
        )  # fmt: skip

    @pytest.mark.parametrize(
        "command",
        [
            ["add", "admins", "ada@example.com"],
            ["remove", "admins", "ada@example.com"],
            ["members", "admins"],
            ["delete", "admins", "--yes"],
        ],
    )
    def test_a_name_that_several_have_is_refused(self, client: Client, command: list[str]) -> None:
        register("ada@example.com")
        ours, theirs = two_groups(client)
        answer = run("group", *command)
        assert answer.exit_code == 1
        assert answer.stderr.startswith("Error: Several groups are called admins; name one by its href: ")
        assert ours.href in answer.stderr and theirs.href in answer.stderr

    def test_the_href_says_which_one_is_meant(self, client: Client) -> None:
        register("ada@example.com")
        ours, theirs = two_groups(client)
        assert run("group", "add", ours.href, "ada@example.com").exit_code == 0
        assert run("group", "members", ours.href).output.startswith("ada@example.com\t")
        assert run("group", "members", theirs.href).output == ""
        assert run("group", "remove", ours.href, "ada@example.com").exit_code == 0
        assert run("group", "delete", theirs.href, "--yes").exit_code == 0
        assert [group.href for group in client.groups] == [ours.href]

    def test_the_href_of_none_is_refused(self, client: Client) -> None:
        assert run("group", "members", f"{client.base_url}/groups/none").exit_code == 1

    def test_when_one_account_is_not_there_none_is_put_in(self, client: Client) -> None:
        register("ada@example.com")
        run("group", "create", "admins")
        assert run("group", "add", "admins", "ada@example.com", "who@example.com").exit_code == 1
        assert len(client.groups[0].accounts) == 0


class TestApiKeys:
    def test_they_are_made_listed_and_locked_and_removed(self, client: Client) -> None:
        made = run("apikey", "create", "--name", "backup")
        assert made.exit_code == 0
        id = made.stdout.split()[2]
        assert [line.split("\t")[1:] for line in run("apikey", "list").output.splitlines()] == [
            ["ENABLED", "The first one"], ["ENABLED", "backup"]
        ]  # fmt: skip
        for command, status in (("disable", "DISABLED"), ("enable", "ENABLED")):
            assert run("apikey", command, id).output == f"The API key {id} is {status.lower()}.\n"
            assert client.api_keys.get(id).status == status
        assert run("apikey", "delete", id, stdin="n\n").exit_code == 1
        assert run("apikey", "delete", id, "--yes").exit_code == 0
        assert len(run("apikey", "list").output.splitlines()) == 1
        assert run("apikey", "delete", id, "--yes").stderr == f"Error: There is no API key {id}.\n"

    def test_those_of_other_accounts_are_not_touched(self, client: Client) -> None:
        register("ada@example.com")
        key = client.applications[0].accounts[0].api_keys.create()
        assert run("apikey", "disable", key.id).exit_code == 1
        assert key.id not in run("apikey", "list").output


class TestRotation:
    def test_all_is_encrypted_anew_and_then_the_old_key_goes(self, client: Client) -> None:
        key = client.applications[0].accounts.create({"email": "a@example.com", "password": PASSWORD}).api_keys.create()
        file = Path("instance/accounts.db-keys")
        (old,) = file.read_text().split()
        assert run("secret", "rotate").output.startswith("Encrypted 2 secrets anew")
        new, kept = file.read_text().split()
        assert (kept, len({old, new})) == (old, 2)
        assert run("secret", "rotate", "--drop-old").exit_code == 0
        assert file.read_text().split() == [new]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert client.api_keys.get(key.id).secret == key.secret

    def test_keys_that_are_set_are_changed_where_they_are_set(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (old,) = Path("instance/accounts.db-keys").read_text().split()
        new = run("secret").output.strip()
        monkeypatch.setenv("STORMPATH_ENCRYPTIONKEYS", old)
        assert "one key only" in run("secret", "rotate").stderr
        monkeypatch.setenv("STORMPATH_ENCRYPTIONKEYS", f"{new},{old}")
        assert "Encrypted 1 secrets anew" in run("secret", "rotate").output
        assert "from encryptionKeys" in run("secret", "rotate", "--drop-old").stderr
        monkeypatch.setenv("STORMPATH_ENCRYPTIONKEYS", new)
        with closing(
            open_directory("sqlite:///instance/accounts.db", cheap.options(encryption_keys=(new,)))
        ) as service:
            assert service.active_key(run("apikey", "list").output.split()[0])

    def test_a_secret_whose_key_is_missing_is_2(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_ENCRYPTIONKEYS", f"{run('secret').output.strip()},{run('secret').output.strip()}")
        answer = run("secret", "rotate")
        assert answer.exit_code == 2
        assert "which is not in encryptionKeys" in answer.stderr


class TestFailures:
    def test_what_the_directory_refuses_is_1(self, client: Client) -> None:
        register("ada@example.com")
        answer = run("account", "create", "ada@example.com", stdin=f"{PASSWORD}\n")
        assert answer.exit_code == 1
        assert answer.stderr.startswith("Error: ") and answer.stdout == ""

    def test_a_wrong_setting_is_2(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_SESSION_IDLE", "soon")
        answer = run("account", "list")
        assert answer.exit_code == 2
        assert answer.stderr.startswith("Error: session.idle (STORMPATH_SESSION_IDLE): write seconds")

    def test_an_unknown_command_is_2(self) -> None:
        assert run("acount").exit_code == 2

    @pytest.mark.parametrize("command", [["account", "list"], ["serve"]])
    def test_without_a_directory_it_is_3_and_none_is_made(self, command: list[str]) -> None:
        answer = run(*command)
        assert (answer.exit_code, answer.output) == (
            3, "Error: There is no directory in instance/accounts.db; make one with: stormpath-wsgi init\n"
        )  # fmt: skip
        assert not Path("instance").exists()

    def test_a_file_that_is_no_database_is_3(self) -> None:
        Path("odd.db").write_text("this is not a database " * 50)
        assert run("account", "list", "--directory", "sqlite:///odd.db").exit_code == 3

    @pytest.mark.parametrize(
        "command",
        [
            [],
            ["account"],
            ["application"],
            ["deploy"],
            ["group"],
            ["init"],
            ["run"],
            ["serve"],
            ["secret"],
            ["secret", "rotate"],
            ["apikey"],
            ["account", "create"],
        ],
    )
    def test_help_says_what_a_command_does(self, command: list[str]) -> None:
        answer = run(*command, "--help")
        assert answer.exit_code == 0
        assert re.match(r"Usage: stormpath-wsgi .*\n\n  [A-Z]", answer.output)

    @pytest.mark.parametrize("command", [["serve"], ["init"], ["secret", "rotate"]])
    def test_where_a_variable_of_a_client_is_set_it_is_said_what_to_do(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        monkeypatch.setenv("STORMPATH_CLIENT_BASEURL", "https://id.example.com/v1")
        answer = run(*command)
        assert (answer.exit_code, answer.stderr) == (
            2, "Error: The directory is behind https://id.example.com/v1, because client.baseUrl "
            f"(STORMPATH_CLIENT_BASEURL) says so, which is for clients; {' '.join(command)} needs one on this machine: "
            "unset that, or set the directory too, as in STORMPATH_DIRECTORY=sqlite:///instance/accounts.db\n",
        )  # fmt: skip
        monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite:///nowhere.db")
        assert "behind" not in run(*command).stderr

    @pytest.mark.parametrize("command", [["serve"], ["init"], ["secret", "rotate"]])
    def test_a_directory_on_another_machine_is_served_there(
        self, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        monkeypatch.setenv("STORMPATH_DIRECTORY", "https://id.example.com/v1")
        answer = run(*command)
        assert (answer.exit_code, answer.stderr) == (
            2, f"Error: The directory is behind https://id.example.com/v1; run {' '.join(command)} on the machine that "
            "serves that.\n",
        )  # fmt: skip

    def test_a_full_disk_is_told_in_one_sentence(self, folder: Path) -> None:
        with open("/dev/full", "w") as full, TemporaryFile("w+") as stderr:
            command = ["-m", "stormpath_wsgi.cli", "secret"]
            assert warm.Program(command, stdout=full, stderr=stderr).wait(60) == 1
            stderr.seek(0)
            assert stderr.read() == "Error: No space left on device.\n"


class TestAddresses:
    """Where a server is to listen."""

    @pytest.mark.parametrize("bind", ["127.0.0.1:0", "localhost:0", "[::1]:0", ":0", "fd://3", "127.0.0.1:0,unix:s"])
    def test_what_can_be_had_is_taken(self, bind: str) -> None:
        if "[" in bind and not socket.has_ipv6:
            pytest.skip("this machine has no IPv6")
        assert addresses.checked(bind) == bind

    @pytest.mark.parametrize(
        ("bind", "sentence"),
        [
            *(
                (bind, f"--bind is {bind}; write host:port, such as 127.0.0.1:{port}, or unix:/run/site.sock.")
                for bind, port in {
                    "8120": 8120,
                    "here": 8000,
                    "http://here:80": 8000,
                    "here:65536": 8000,
                    "": 8000,
                }.items()
            ),
            ("no..host:80", "--bind is no..host:80; there is no host no..host."),
            ("192.0.2.1:8120", "192.0.2.1:8120 is no address of this machine; write one that is, or 0.0.0.0 for all."),
            ("unix:file", "--bind is unix:file; something else than a socket has that name."),
            (f"unix:{'s' * 108}", f"--bind is unix:{'s' * 108}; the name of a socket has at most 107 bytes."),
        ],
    )
    def test_what_is_none_is_2(self, folder: Path, bind: str, sentence: str) -> None:
        (folder / "file").touch()
        (folder / "site.py").write_text("app = None")
        answer = run("run", "site:app", "--bind", bind)
        assert (answer.exit_code, answer.stderr) == (2, f"Error: {sentence}\n")

    def test_what_others_have_is_1(self, folder: Path) -> None:
        (folder / "site.py").write_text("app = None")
        with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket(socket.AF_UNIX) as served:
            port = taken.getsockname()[1]
            served.bind("served")
            served.listen()
            for bind, sentence in (
                (f"127.0.0.1:{port}", f"127.0.0.1:{port} is taken; choose another with --bind."),
                ("unix:served", "unix:served is taken; choose another with --bind."),
                ("unix:none/site.sock", "--bind is unix:none/site.sock; there is no folder none."),
            ):
                answer = run("run", "site:app", "--bind", bind)
                assert (answer.exit_code, answer.stderr) == (1, f"Error: {sentence}\n")
        assert addresses.checked("unix:served") == "unix:served"  # left behind by somebody who is gone

    def test_an_address_that_somebody_listens_at_for_us_is_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            bind = f"127.0.0.1:{taken.getsockname()[1]}"
            for variable in ("LISTEN_FDS", "GUNICORN_FD"):  # systemd; gunicorn that replaces itself
                with monkeypatch.context() as environment:
                    environment.setenv(variable, "1")
                    assert addresses.checked(bind) == bind


class TestRun:
    def test_an_application_that_is_not_there_is_2(self) -> None:
        answer = run("run", "nothing.here:app")
        assert (answer.exit_code, answer.stderr) == (
            2, "Error: nothing.here:app cannot be imported: there is no module nothing.here here.\n"
        )  # fmt: skip

    @pytest.mark.parametrize(
        "target",
        [
            "wsgiref.simple_server:nothing",
            "json:loads.nothing",
            "json:1 + 1",
            "json:loads(1, 2)",
            "json:loads(nothing)",
            "json:__doc__",
            "json:",
        ],
    )
    def test_a_name_that_is_not_in_a_module_is_found_out_when_it_is_loaded(self, target: str) -> None:
        targets.check(target)
        with pytest.raises(Misuse, match=rf"{re.escape(target)}.? (cannot be imported: |names no application)"):
            targets.load(target)

    def test_a_function_that_makes_it_may_get_literals(self, folder: Path) -> None:
        (folder / "maker.py").write_text("class shops:\n    make = lambda name, size=1: lambda e, s: [name, size]")
        targets.check("maker:shops.make('a', size=3)")
        assert targets.load("maker:shops.make('a', size=3)")({}, lambda *_: print) == ["a", 3]

    def test_a_file_that_is_not_there_is_2(self) -> None:
        answer = run("run", "none.ini")
        assert (answer.exit_code, answer.stderr) == (2, "Error: There is no file none.ini.\n")

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("\nworkers = = 2", "gunicorn.py, line 2: invalid syntax."),
            ("\nworkers = 1 / 0", "gunicorn.py, line 2: ZeroDivisionError: division by zero"),
            ("workers = 'many'", "gunicorn.py: workers: "),
            ("worker_class = 'nobody'", ""),
        ],
    )
    def test_a_mistake_in_a_configuration_file_is_2(self, folder: Path, text: str, sentence: str) -> None:
        (folder / "site.py").write_text("1 / 0")
        (folder / "gunicorn.py").write_text(text)
        answer = run("run", "site:app", "--config", "gunicorn.py")
        assert answer.exit_code == 2
        assert answer.stderr.startswith(f"Error: {sentence}") and answer.stderr.count("\n") == 1

    def test_nothing_is_imported_before_a_worker_does(self, folder: Path) -> None:
        (folder / "parent").mkdir()
        (folder / "parent/__init__.py").write_text("1 / 0")
        (folder / "parent/site.py").write_text("1 / 0")
        targets.check("parent.site:app")

    def test_without_pastedeploy_it_says_what_to_install(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "site.ini").touch()
        monkeypatch.setitem(sys.modules, "paste", None)
        answer = run("run", "site.ini")
        assert (answer.exit_code, answer.stderr) == (
            2, "Error: site.ini is for PasteDeploy, which is missing; install it with: pip install PasteDeploy\n"
        )  # fmt: skip

    def test_what_brings_its_own_accounts_gets_no_others_however_deep_they_are(self) -> None:
        class Outer:
            def __init__(self, app: Any) -> None:
                self.app = app

            def __call__(self, environ: Any, start_response: Any) -> Any:
                return self.app(environ, start_response)

        ours = StormpathMiddleware(demo_app, directory="sqlite://")
        for app in (ours, Outer(ours), Outer(Outer(ours))):
            assert targets.with_accounts(app) is app
        assert isinstance(targets.with_accounts(Outer(demo_app)), StormpathMiddleware)

    def test_a_port_that_is_none_is_2(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "http")
        answer = run("run", "wsgiref.simple_server:demo_app")
        assert (answer.exit_code, answer.stderr) == (2, "Error: PORT is http; write a number from 1 to 65535.\n")


def test_a_secret_is_new_each_time_and_long_enough() -> None:
    first, second = run("secret").output.strip(), run("secret").output.strip()
    assert first != second
    assert re.fullmatch("[0-9a-f]{64}", first)


def test_a_listener_of_the_settings_is_told_what_a_command_does(client: Client, folder: Path) -> None:
    """It is found in this folder, without a path of Python's own that leads here."""
    (folder / "yoursite.py").write_text(
        "from stormpath_wsgi.events import Registered\n\n\n"
        "def greet(event: Registered) -> None:\n    print('made:', event.account, event.credential)\n"
    )
    (folder / "stormpath.yaml").write_text("listeners: [yoursite:greet]\n")
    as_a_script = "import sys; sys.path.remove(''); from stormpath_wsgi.cli import main; main()"
    command = ["-c", as_a_script, "account", "create", "ada@example.org"]
    answer = warm.run(command, input=f"{PASSWORD}\n", cwd=folder)
    assert answer.returncode == 0, answer.stderr
    [account] = client.accounts.search({"email": "ada@example.org"})
    assert f"made: {account.href} command\n" in answer.stdout


def test_as_a_module_it_is_the_same_command(folder: Path) -> None:
    answer = warm.run(["-m", "stormpath_wsgi.cli", "account", "list"], cwd=folder)
    assert answer.returncode == 3
    assert answer.stderr.startswith("Error: There is no directory")


def test_without_its_extra_it_says_what_to_install(folder: Path) -> None:
    script = """if True:
        import sys
        for name in [name for name in sys.modules if name.startswith("stormpath_wsgi.cli")]:
            del sys.modules[name]
        sys.modules["click"] = None
        from stormpath_wsgi.cli import main
        main()
    """
    answer = warm.run(["-c", script], cwd=folder)
    assert (answer.returncode, answer.stderr) == (1, f"{SERVER.advice}\n")
    assert "pip install '.[server]'" in answer.stderr and "pip install click gunicorn" in answer.stderr


def test_without_gunicorn_only_what_serves_asks_for_it(folder: Path) -> None:
    script = """if True:
        import sys
        for name in [name for name in sys.modules if name.partition(".")[0] == "gunicorn"]:
            del sys.modules[name]
        sys.modules["gunicorn"] = None
        from stormpath_wsgi.cli import main
        main()
    """
    assert warm.run(["-c", script, "secret"], cwd=folder).returncode == 0
    answer = warm.run(["-c", script, "serve"], cwd=folder)
    assert (answer.returncode, answer.stderr) == (1, f"Error: {SERVER.advice}\n")


@pytest.mark.parametrize("group", [cli, secret], ids=["all", "secret"])
def test_the_help_says_of_a_command_what_the_command_says(group: click.Group) -> None:
    """What stands for a command until it is called has its first sentence."""
    late = [each for each in group.commands.values() if isinstance(each, Late)]
    assert late
    for each in late:
        assert each.get_short_help_str(1000) == each.load().get_short_help_str(1000)
        assert each.name == each.load().name


def test_a_number_of_workers_that_is_none_is_told_without_a_traceback() -> None:
    answer = warm.run(["-m", "stormpath_wsgi.cli", "secret"], env=os.environ | {"WEB_CONCURRENCY": "many"})
    assert (answer.returncode, answer.stderr) == (2, "Error: WEB_CONCURRENCY is many; write a whole number from 1.\n")


def test_the_example_of_the_readme_runs(folder: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.rst").read_text()
    code = re.search(r"Any WSGI app\n-+\n\n.. code-block:: python\n\n((?:    .*\n|\n)+)", readme)
    name = re.search(r"put this into ``(\w+)\.py``, and ``stormpath-wsgi run (\w+):application``", readme)
    assert code and name and name[1] == name[2]
    (folder / f"{name[1]}.py").write_text(textwrap.dedent(code[1]))
    targets.check(f"{name[2]}:application")
    assert isinstance(targets.load(f"{name[2]}:application"), StormpathMiddleware)


@pytest.mark.parametrize(
    ("bind", "link"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0:8000", "http://localhost:8000"),
        (":8000", "http://localhost:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("unix:/run/site.sock", None),
        ("127.0.0.1:0", None),
    ],
)
def test_a_server_knows_the_address_for_a_browser(bind: str, link: str | None) -> None:
    assert Server(lambda: demo_app, None, chosen(bind, None, preload=False), OF_A_SITE).link == link


def test_a_server_whose_sockets_are_handed_over_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert Server(lambda: demo_app, None, chosen("127.0.0.1:8000", None, preload=False), OF_A_SITE).link is None
