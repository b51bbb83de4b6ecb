"""The command ``stormpath-wsgi provider check``: what it finds, and what it says of it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from support import cheap
from support.examples import commands, examples, run

from stormpath_wsgi.cli.commands import cli
from stormpath_wsgi.client import Client, DirectoryOptions
from stormpath_wsgi.directory.providers import kind_of
from stormpath_wsgi.testing import OpenIDProvider


@pytest.fixture(scope="module")
def openid() -> Iterator[OpenIDProvider]:
    with OpenIDProvider() as provider:
        yield provider


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "")
    return tmp_path


@pytest.fixture
def client(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite:///accounts.db")
    monkeypatch.setenv("STORMPATH_PROVIDERS_PRIVATEADDRESSES", "true")
    with Client("sqlite:///accounts.db", options=DirectoryOptions(password_hasher=cheap.HASHER)) as client:
        yield client


def check(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["provider", "check", *arguments])


def acme(client: Client, openid: OpenIDProvider, *, mapped: bool = True, **changes: Any) -> None:
    """A directory whose provider is known by its addresses."""
    provider = {
        "provider_id": "acme",
        "client_id": openid.client_id,
        "client_secret": openid.client_secret,
        "authorization_endpoint": f"{openid.issuer}/authorize",
        "token_endpoint": f"{openid.issuer}/token",
        "resource_endpoint": f"{openid.issuer}/userinfo",
        **changes,
    }
    directory = client.directories.create({"name": "Acme", "provider": provider})
    if mapped:
        mapping = {"application": client.applications[0], "account_store": directory}
        client.account_store_mappings.create(mapping)


def lines(answer: Result) -> list[list[str]]:
    return [line.split("\t") for line in answer.stdout.splitlines()]


def test_a_provider_that_is_set_up_well_is_good(client: Client, openid: OpenIDProvider) -> None:
    acme(client, openid)
    answer = check()
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.splitlines()[0] == "Acme: acme, oauth2"
    assert ["good", "client", "client id and secret are accepted"] in lines(answer)
    assert "wrong" not in answer.output
    assert lines(answer)[-1][2].endswith(" https://your.site/callbacks/acme")


def test_an_openid_provider_is_known_by_its_issuer(client: Client, openid: OpenIDProvider) -> None:
    provider = {"providerId": "staff", "issuer": openid.issuer, "clientId": openid.client_id, "clientSecret": "wrong"}
    directory = client.directories.create({"name": "Staff", "provider": provider})
    answer = check("Staff")
    assert answer.stdout.startswith("Staff: staff, oidc\nwrong\tdirectory\tthe application is not mapped to Staff")
    assert ["good", "keys", "1 that verify signatures, by ES256"] in lines(answer)
    assert "staff does not know the client id with this secret" in answer.stdout
    directory.provider.client_secret = openid.client_secret
    directory.provider.save()
    assert ["good", "client", "client id and secret are accepted"] in lines(check("Staff"))
    with openid.answer_fault("another issuer", "/.well-known/openid-configuration"):
        assert (
            "calls itself https://issuer.example: the issuer that is set has to be exactly that"
            in check("Staff").stdout
        )


def test_a_wrong_secret_is_told_and_not_printed(client: Client, openid: OpenIDProvider) -> None:
    acme(client, openid, client_secret="not-the-secret")
    answer = check("Acme")
    assert answer.exit_code == 1
    assert re.search(
        r"wrong\tclient\tacme does not know the client id with this secret: .*invalid_client", answer.stdout
    )
    assert answer.stderr.endswith("1 finding is wrong.\n")
    assert "not-the-secret" not in answer.output


def test_a_provider_that_is_away_is_told(client: Client, openid: OpenIDProvider) -> None:
    acme(client, openid)
    with openid.answer_fault("down"):
        answer = check()
    assert (answer.exit_code, answer.exception.__class__) == (1, SystemExit)
    assert "503 Service Unavailable" in answer.stdout


def test_an_address_that_is_not_https_is_told_with_what_to_write(
    client: Client, openid: OpenIDProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORMPATH_PROVIDERS_PRIVATEADDRESSES")
    acme(client, openid)
    answer = check()
    assert answer.exit_code == 1
    assert "its token_endpoint does not begin with https://: write one that does." in answer.stdout


def test_a_directory_that_is_not_mapped_or_disabled_keeps_everybody_out(client: Client, openid: OpenIDProvider) -> None:
    acme(client, openid, mapped=False)
    directory = client.directories.search({"name": "Acme"})[0]
    directory.status = "DISABLED"
    directory.save()
    answer = check("Acme")
    told = [sentence for good, subject, sentence in lines(answer)[1:] if (good, subject) == ("wrong", "directory")]
    assert ["is not mapped" in told[0], "is disabled" in told[1]] == [True, True]


def test_what_has_no_provider_is_said_to_have_none(client: Client) -> None:
    assert "mapped to no directory" in check().output
    assert "no directory Nowhere" in check("Nowhere").output
    assert "no provider that can be asked" in check(client.directories[0].name).output


def test_the_pages_on_providers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    make, try_out = examples("providers/index.rst", "python")
    run(make, {})
    with Client("sqlite:///instance/accounts.db") as client:
        assert client.directories.search({"name": "Google"})[0].provider.client_id == "…"
        pages = [examples(f"providers/{name}.rst", "json") for name in ("openid", "apple", "oauth2")]
        openid, apple, acme = [json.loads(each.text) for [each] in pages]
        made = client.directories.create({"name": "Acme", "provider": acme})
        assert (made.provider.id_field, made.provider.provider_type) == ("data[0].id", "oauth2")
    assert (kind_of(openid["providerId"], openid["issuer"]), sorted(apple)) == (
        "oidc",
        ["keyId", "privateKey", "teamId"],
    )
    names: dict[str, Any] = {}
    monkeypatch.setattr("builtins.input", lambda text: requests.get(f"{names['provider'].issuer}/jwks", timeout=10))
    run(try_out._replace(text=try_out.text.replace("9400", "0")), names)
    assert names["provider"].asked == ["GET /jwks"]
    assert [line.partition("#")[0].strip() for line in commands(examples("providers/index.rst", "sh")[1])] == [
        "stormpath-wsgi provider check",
        "stormpath-wsgi provider check Google",
    ]


def test_where_the_library_is_missing_it_says_what_to_install(
    client: Client, openid: OpenIDProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme(client, openid)
    monkeypatch.setitem(sys.modules, "authlib", None)
    assert "wrong\tlibrary\tSign-in through others needs Authlib" in check().stdout
