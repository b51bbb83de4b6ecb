"""``stormpath-wsgi config``: what it shows, where that comes from, what it says is wrong, and what it never shows."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support import cheap

from stormpath_wsgi import Settings
from stormpath_wsgi.cli.commands import cli
from stormpath_wsgi.pages import custom_css

SECRET = "hush" * 16
#: Text for each setting that holds a secret, or an address that may.
HUSHED = {
    "secretKeys": SECRET,
    "encryptionKeys": "5ec2e7" * 11,
    "listenUrl": f"postgresql+psycopg://ada:{SECRET}@db.example/accounts",
    "audit.signingKeys": "5ec2e8" * 11,
    "audit.url": f"https://ada:{SECRET}@audit.example/heads",
    "limits.url": f"redis://:{SECRET}@cache.example/0",
    "client.cacheUrl": f"redis://:{SECRET}@cache.example/0",
    "client.apiKey.secret": SECRET,
    "mail.url": f"smtp://ada:{SECRET}@mail.example",
    "providers.proxy": f"http://ada:{SECRET}@proxy.example:3128",
    "web.social.NAME.clientSecret": SECRET,
    "directory": f"postgresql+psycopg://ada:{SECRET}/@x@db.example/accounts?sslpassword={SECRET}",
}

#: The dark half of a custom.css whose colours can be read.
DARK = (
    "@media (prefers-color-scheme: dark) { :root { --page: #0c1411; --fill: #4fd1a5; --on-fill: #06231a; "
    "--link: #6fdcb8; } }"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs: nothing is set but how passwords are hashed."""
    for name in [name for name in os.environ if name.startswith("STORMPATH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
    monkeypatch.syspath_prepend(str(Path(cheap.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["config", *arguments])


def document(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(config("--json", *arguments).stdout)
    return found


def entries(*arguments: str) -> dict[str, tuple[Any, str]]:
    return {each["name"]: (each["value"], each["source"]) for each in document(*arguments)["settings"]}


def write(path: Path, text: str) -> None:
    path.write_text(textwrap.dedent(text))


def test_it_names_the_source_of_each_setting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "stormpath.yaml", "session: {idle: PT1H}\nweb: {produces: [text/html]}\nmaxBody: 1000")
    monkeypatch.setenv("STORMPATH_MAXBODY", "2000")
    monkeypatch.setenv("STORMPATH_WEB_PRODUCES_0", "application/json")
    found = entries()
    assert found["session.idle"] == (3600, str(folder / "stormpath.yaml"))
    assert found["maxBody"] == (2000, "STORMPATH_MAXBODY")
    assert found["web.produces"] == (["application/json"], "STORMPATH_WEB_PRODUCES_…")
    assert found["web.login.uri"] == ("/login", "default")
    assert found["passwordHasher"] == ("pwdlib.hashers.argon2:Argon2Hasher", "STORMPATH_PASSWORDHASHER")
    assert found["web.login.form.fields.login.label"] == ("Username or Email", "default")


def test_it_shows_every_setting_that_there_is(folder: Path) -> None:
    there = {entry.name for entry in Settings.describe() if ".NAME." not in entry.name}
    containers = {name for name in there if name.endswith((".fields", ".social"))}
    assert there - containers - entries().keys() == set()


def test_a_person_gets_lines_and_may_leave_out_what_is_as_by_default(folder: Path) -> None:
    write(folder / "stormpath.yaml", "session: {idle: PT1H}")
    answer = config("--changed")
    assert answer.exit_code == 0
    assert f"session.idle\t3600\t{folder / 'stormpath.yaml'}\n" in answer.stdout
    assert "web.login.uri" not in answer.stdout
    assert "Nothing is wrong." in answer.stdout
    assert "not known here" in answer.stdout


def test_a_person_sees_settings_that_are_names_with_values(folder: Path) -> None:
    write(folder / "stormpath.yaml", "protect: {/members: login}")
    assert f'protect\t{{"/members": "login"}}\t{folder / "stormpath.yaml"}\n' in config("--changed").stdout
    write(folder / "stormpath.yaml", "")
    assert "protect\tnot set\tdefault\n" in config().stdout


def test_it_says_all_that_is_wrong_and_exits_with_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "stormpath.yaml", "session: {idel: 1, idle: soon}\nmaxBody: -1")
    monkeypatch.setenv("STORMPATH_WEB_PRODUCE", "text/html")
    monkeypatch.setenv("STORMPATH_PROXIES", "somewhere")
    answer = config("--json")
    faults = " ".join(json.loads(answer.stdout)["faults"])
    assert answer.exit_code == 1
    for name in ("session.idel", "session.idle", "maxBody", "STORMPATH_WEB_PRODUCE", "STORMPATH_PROXIES"):
        assert name in faults


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("directory: postgresql+psycopg://db/accounts", "secretKeys is not set"),
        ("client: {caBundle: x.pem}", "client.caBundle is for a directory on another machine"),
        ("web: {login: {view: mine}}", "there is no template mine.html"),
        ("web: {templates: nowhere}", "nowhere is not a folder"),
        ("web: {multiTenancy: {enabled: true}}", "web.multiTenancy has no effect"),
        ("web: [", "is not YAML: line"),
    ],
)
def test_it_finds_what_shows_only_at_the_start_of_a_site(folder: Path, given: str, fault: str) -> None:
    write(folder / "stormpath.yaml", given)
    answer = config("--json")
    assert answer.exit_code == 1
    assert fault in " ".join(json.loads(answer.stdout)["faults"])


@pytest.mark.parametrize(
    ("module", "given", "fault"),
    [
        (
            "requests",
            "directory: https://id.example.com/v1",
            "directory: A directory on another machine needs requests",
        ),
        ("psycopg", "directory: postgresql+psycopg://db/accounts", "directory: PostgreSQL needs psycopg"),
        ("redis", "limits: {url: redis://localhost}", "limits.url: Redis and Valkey need redis"),
        (
            "redis",
            "{directory: https://id.example.com/v1, client: {cacheUrl: redis://localhost}}",
            "client.cacheUrl: Redis and Valkey need redis",
        ),
        ("webauthn", "passkeys: {enabled: true}", "passkeys: Passkeys need webauthn"),
        (
            "authlib",
            "web: {social: {google: {clientId: mine, clientSecret: hush}}}",
            "web.social.google: Sign-in through others needs Authlib",
        ),
    ],
)
def test_it_finds_that_a_library_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, given: str, fault: str
) -> None:
    write(folder / "stormpath.yaml", given)
    assert not any(fault in each for each in document()["faults"])
    monkeypatch.setitem(sys.modules, module, None)
    answer = config("--json")
    assert answer.exit_code == 1
    assert any(each.startswith(fault) for each in json.loads(answer.stdout)["faults"])


@pytest.mark.parametrize("module", ["requests", "psycopg", "redis", "webauthn", "authlib", "segno"])
def test_a_site_that_asks_for_no_library_lacks_none(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert config().exit_code == 0


def test_it_says_which_colours_of_a_custom_css_cannot_be_read(folder: Path) -> None:
    write(folder / "custom.css", ":root { --fill: #ffdd00; --on-fill: #ffffff; }" + DARK)
    write(folder / "stormpath.yaml", f"web: {{templates: {folder}}}")
    answer = config("--json")
    assert [told(fault) for fault in json.loads(answer.stdout)["faults"]] == ["light scheme --on-fill"]
    assert answer.exit_code == 1
    cases: list[tuple[str, list[str]]] = [
        (":root { --page: #eef3f1; --fill: #0a7f5a; --on-fill: #ffffff; --link: #08704f; } " + DARK, []),
        (":root { --fill: #0a7f5a; --on-fill: #ffffff; --link: #0a7f5a; }", ["dark scheme --link"]),
        (":root { --link: #cccccc; } /* --fill: #ffdd00; */", ["light scheme --link"]),
        (":root { --fill: rgb(255 221 0); --radius: 3px; }", []),
        ("", []),
    ]
    for css, unreadable in cases:
        write(folder / "custom.css", css)
        assert [told(fault) for fault in custom_css.unreadable(folder, None)] == unreadable
    assert config("--json").exit_code == 0


def told(fault: str) -> str:
    """The scheme and the colour that *fault* is about."""
    return fault.partition("in the ")[2].partition(" (")[0]


def test_what_does_no_harm_is_told_and_is_no_fault(folder: Path) -> None:
    write(folder / "stormpath.yaml", "client: {connectionTimeout: 3}")
    answer = config("--json")
    assert answer.exit_code == 0
    assert any("client.connectionTimeout has no effect" in note for note in json.loads(answer.stdout)["notes"])


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_it_shows_no_secret(wrong: bool, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether all can be used or not."""
    assert {entry.name for entry in Settings.describe() if "secret" in entry.type} <= HUSHED.keys()
    for entry in Settings.describe():
        if entry.name in HUSHED:
            monkeypatch.setenv(entry.variable, HUSHED[entry.name])
    if wrong:
        monkeypatch.setenv("STORMPATH_MAXBODY", "many")
        monkeypatch.setenv("STORMPATH_CLIENT_BASEURL", f"https://ada:{SECRET}@id.example/v1")
    answer = config(*arguments)
    assert "hush" not in answer.output
    assert "5ec2e7" not in answer.output
    assert "hidden" in answer.output


SITE = """\
    from stormpath_wsgi import StormpathMiddleware

    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    application = StormpathMiddleware(app, directory="sqlite://", session={"idle": 60}, mail={"url": "null:hush"})
    bare = app
"""


@pytest.fixture
def site(folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name of a module that no other test has imported."""
    name = f"site_{abs(hash(request.node.name))}"
    write(folder / f"{name}.py", SITE)
    monkeypatch.syspath_prepend(str(folder))
    return name


def test_it_knows_the_arguments_of_an_application_that_it_is_given(site: str) -> None:
    found = entries(f"{site}:application")
    assert found["session.idle"] == (60, "argument")
    assert found["mail.url"] == ("hidden", "argument")
    assert document(f"{site}:application")["notes"] == []


def test_it_says_that_an_application_has_no_middleware(site: str) -> None:
    assert "has no StormpathMiddleware" in document(f"{site}:bare")["notes"][0]


def test_it_knows_what_flask_is_configured_with(site: str, folder: Path) -> None:
    write(
        folder / f"{site}.py",
        """\
        from flask import Flask
        from flask_stormpath import StormpathManager

        app = Flask("app")
        app.config["SECRET_KEY"] = "x" * 40
        app.config["STORMPATH_DIRECTORY"] = "sqlite://"
        app.config["STORMPATH_SESSION_IDLE"] = 60
        StormpathManager(app)
        """,
    )
    assert entries(f"{site}:app")["session.idle"] == (60, "argument")


def test_it_says_what_is_wrong_with_an_application_that_cannot_start(site: str, folder: Path) -> None:
    text = (folder / f"{site}.py").read_text().replace('"idle"', '"idel"')
    (folder / f"{site}.py").write_text(text)
    answer = config("--json", f"{site}:application")
    assert answer.exit_code == 1
    assert "session.idel: there is no such setting" in json.loads(answer.stdout)["faults"][0]


def test_it_makes_nothing(folder: Path) -> None:
    config()
    assert list(folder.iterdir()) == []
