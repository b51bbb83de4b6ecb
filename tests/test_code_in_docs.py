"""The examples of the documentation run, and do what their page says."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
import requests
import yaml
from flask import Flask
from support.browsing import PASSWORD, Visit, app, make_site
from support.examples import ROOT, commands, examples, run
from support.second_factors import Phone, asked
from support.servers import answer, scripted, served_api
from webob import Request, Response

import stormpath_wsgi
from flask_stormpath import check_settings
from stormpath_wsgi import Settings, StormpathMiddleware, fresh_required, groups_required, login_required, user
from stormpath_wsgi.client import Client, Directory
from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows import flows_of
from stormpath_wsgi.session import session_of
from stormpath_wsgi.testing import OpenIDProvider
from stormpath_wsgi.web.identity import Proof

GOOD = {"login": "ada@example.org", "password": PASSWORD}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader is: nothing is set."""
    for name in [name for name in os.environ if name.startswith("STORMPATH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def visit() -> Iterator[Visit]:
    """A site with an account."""
    site = make_site()
    with closing(site.client):
        made = Visit(site=site)
        made.account()
        yield made


def test_index_rst(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
    (block,) = examples("index.rst", "python")
    run(block, names)
    with closing(names["application"].client):
        assert Visit(site=names["application"]).get("/").headers["Location"].startswith("/login")
    assert (folder / "accounts.db").exists()


def test_social_rst(folder: Path) -> None:
    google, work = (yaml.safe_load(block.text) for block in examples("social.rst", "yaml"))
    settings = Settings.read(web={**google["web"], "social": {**google["web"]["social"], **work["web"]["social"]}})
    assert settings.web.callback_uri("google") == "/callbacks/google"
    assert settings.web.social_of("work").label_of("work") == "Example Work"
    policy, flask = examples("social.rst", "python")
    Client("sqlite:///accounts.db").close()
    run(policy, {})
    with Client("sqlite:///accounts.db") as client:
        assert client.applications[0].account_linking_policy.matching_property == "email"
    app = Flask("shop")
    run(flask, {"app": app})
    check_settings(app.config)
    (posted,) = examples("social.rst", "json")
    assert json.loads(posted.text)["providerData"].keys() == {"providerId", "accessToken"}


def test_readme_rst(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    monkeypatch.setenv("FLASK_SECRET_KEY", "5a" * 32)
    any_app, flask = examples(ROOT / "README.rst", "python")
    names: dict[str, Any] = {"__name__": "yoursite"}
    run(any_app, names)
    with closing(names["application"].client):
        assert "stranger" in Visit(site=names["application"]).get("/")
    run(flask, names)
    assert names["app"].test_client().get("/members").status_code == 302


def test_account_rst_asks_for_the_password_of_who_is_not_fresh(visit: Visit) -> None:
    (block,) = examples("account.rst", "python")

    def transfer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        led = run(block, {"environ": environ, "redirect": str})
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(led).encode()]

    site = make_site(transfer)
    with closing(site.client):
        own = Visit(site=site)
        own.account()
        assert own.get("/").text == "/account/fresh?next=/transfer"
        own.sign_in()
        assert own.get("/").text == "None"


def test_events_rst(monkeypatch: pytest.MonkeyPatch, visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    greets, listens, refuses = examples("events.rst", "python")
    names: dict[str, Any] = {"app": app}
    run(greets, names)
    names["application"].client.close()
    names["application"] = visit.site
    run(listens, names)
    visit.sign_in()
    assert "signed in from" in capsys.readouterr().out
    run(refuses, names)
    visit.site.events.listen(names["RegistrationStarts"], names["only_ours"])
    form = {"givenName": "Eve", "surname": "E", "email": "eve@elsewhere.example", "password": PASSWORD}
    assert "the address that you have from us" in visit.fill_in("/register", **form)
    assert names["Declined"] is Declined


def test_factors_rst(visit: Visit) -> None:
    policies, app_factor, sms, sends = examples("factors.rst", "python")
    guarded: dict[str, Any] = {"payroll": app, "transfer": app}
    run(policies, guarded)
    for policy, page in (("payroll", "/factor"), ("transfer", None)):
        behind = make_site(guarded[policy])
        with closing(behind.client):
            member = Visit(site=behind)
            member.account()
            member.sign_in()
            location = member.get("/", status="*").headers.get("Location")
            assert location == (page and f"{page}?next=%2F")
    sent: list[str] = []
    site = make_site(sms=lambda number, text: sent.append(text))
    with closing(site.client), scripted() as gateway:
        account = Visit(site=site).account()
        names: dict[str, Any] = {"account": account, "show": sent.append}
        made, asked = app_factor.text.split("\n\n")
        run(app_factor._replace(text=made), names)
        names["typed"] = pyotp.TOTP(names["factor"].secret).now()
        run(app_factor._replace(text=asked), names)
        assert account.factors[0].verification_status == "VERIFIED"
        made, asked = sms.text.split("\n\n")
        run(sms._replace(text=made), names)
        names["typed"] = sent[-1].removeprefix("Shop: ")
        run(sms._replace(text=asked), names)
        assert [factor.verification_status for factor in account.factors] == ["VERIFIED", "VERIFIED"]
        gateway.answers = [answer(200)]
        own: dict[str, Any] = {"requests": requests, "GATEWAY": gateway.address}
        run(sends, own)
        own["send"]("+12015550123", "Shop: 123456")
        assert json.loads(gateway.asked[0].body) == {"to": "+12015550123", "text": "Shop: 123456"}


def test_protect_an_account_rst(visit: Visit) -> None:
    """docs/protect_an_account.rst: who has lost everything signs in with the password again."""
    (removes,) = examples("protect_an_account.rst", "python")
    (account,) = visit.application.accounts
    Phone(account)
    asked(visit)
    run(removes, {"application": visit.site, "href": account.href})
    assert visit.fill_in("/login", **GOOD).headers["Location"] == "/"


def test_flows_rst_asks_for_the_terms() -> None:
    begins, step, page = examples("flows.rst", "python")
    names: dict[str, Any] = {
        "redirect": lambda address: Response(status=302, location=address),
        "local": lambda wanted: wanted or "/",
        "ask": lambda question, pending, wanted: Response(f"{question.name}?"),
    }
    run(page, names)

    def site(environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        if request.path == "/terms":
            return names["terms"](request)(environ, start_response)
        found = {**names, "flows": flows_of(environ), "session": session_of(environ), **GOOD}
        led = run(begins, found) or Response(f"user: {user.email}")
        return led(environ, start_response)

    made = make_site(site)
    with closing(made.client):
        visit = Visit(site=made)
        account = visit.account()
        run(step, {"application": made})
        asked = visit.get("/sign-in")
        assert "/terms?pending=" in asked.headers["Location"]
        assert "terms?" in asked.follow()
        done = visit.post(asked.headers["Location"], {})
        assert done.headers["Location"].endswith("/")
        account.custom_data.refresh()
        assert account.custom_data["terms"] == "2026"


def test_invitations_rst(visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = examples("invitations.rst", "python")
    visit.application.groups.create({"name": "staff"})
    visit.application.invitations.create({"email": "eve@example.com"})
    run(block, {"application": visit.application})
    assert re.fullmatch(r"eve@example.com \d{4}-.*\n", capsys.readouterr().out)


def test_organizations_rst(visit: Visit) -> None:
    acme, linked = examples("organizations.rst", "python")
    names: dict[str, Any] = {"client": visit.site.client, "application": visit.application, "password": PASSWORD}
    run(acme, names)
    names["other"] = visit.account("grace@example.org")
    run(linked, names)
    assert [link.right_account.href for link in names["ada"].account_links] == [names["other"].href]


def test_linking_rst() -> None:
    site = make_site()
    names: dict[str, Any] = {"client_id": "ours", "client_secret": "secret"}
    with closing(site.client):
        names |= {"client": site.client, "application": site.application}
        google, rules, policy, by_hand = examples("linking.rst", "python")
        for block in (google, rules, policy):
            run(block, names)
        assert [rule["name"] for rule in names["rules"].items] == ["locale", "address.locality", "nickname"]
        assert (names["policy"].status, names["policy"].matching_property) == ("ENABLED", "email")
        other = site.client.directories.create({"name": "Other"})
        people = [
            store.accounts.create({"email": "ada@example.org", "password": PASSWORD})
            for store in (site.application, other)
        ]
        names["account"], names["of_google"] = people
        run(by_hand, names)
        assert not list(people[0].account_links)


def test_policies_rst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    wraps, protects, together = examples("policies.rst", "python")
    names: dict[str, Any] = dict.fromkeys(["members", "admin", "either", "application"], app)
    names |= {"StormpathMiddleware": StormpathMiddleware}
    run(wraps, names)
    assert (names["login_required"], names["groups_required"]) == (login_required, groups_required)
    run(together, {**names, "fresh_required": fresh_required})
    run(protects, names)
    with closing(names["application"].client):
        visit = Visit(site=names["application"])
        assert [visit.get(path, status="*").status_int for path in ("/", "/members", "/members/admin")] == [
            200,
            302,
            302,
        ]


def test_passwords_rst() -> None:
    [example] = examples("passwords.rst", "python")
    site = make_site()
    with closing(site.client):
        mapping = site.application.default_account_store_mapping
        assert mapping is not None and isinstance(mapping.account_store, Directory)
        run(example, {"directory": mapping.account_store})
        site.application.accounts.create({"email": "ada@example.org", "password": "withoutanumber"})


def test_remote_rst_and_clients_rst(folder: Path, sqlite_url: str) -> None:
    """With the address and the key of a directory that is there, in the place of those that are made up."""
    (remote,), (clients,) = examples("remote.rst", "python"), examples("clients.rst", "python")
    with served_api(sqlite_url) as opening:
        (folder / "key").write_text(f"apiKey.id = {opening['id']}\napiKey.secret = {opening['secret']}\n")
        for example in (remote, clients):
            text = example.text.replace("https://id.example.com/v1", opening["url"])
            text = text.replace("/etc/yoursite/apiKey.properties", "key")
            text = text.replace('id="…", secret="…"', f'id="{opening["id"]}", secret="{opening["secret"]}"')
            names: dict[str, Any] = {"Client": Client}
            run(example._replace(text=text), names)
            with closing(names["client"]) as client:
                assert [application.name for application in client.applications] == ["My Application"]


def test_rest_rst_by_curl(folder: Path, sqlite_url: str) -> None:
    """All that is typed there, one line after the other, and the answers that are shown."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    _, *blocks = examples("rest.rst", "console")
    shown = re.findall(r"/accounts/(\w{22})", "".join(block.text for block in blocks))[0]
    with served_api(sqlite_url) as opening, OpenIDProvider() as google:
        with Client(**opening) as client:
            application = client.applications[0].href
            told = dict(
                zip(("provider_id", "issuer", "client_id", "client_secret"), google.provider.values(), strict=True)
            )
            directory = client.directories.create({"name": "Google", "provider": told})
            mapping = {"application": client.applications[0], "account_store": directory}
            client.applications[0].account_store_mappings.create(mapping)
        code = google.code(redirect_uri="https://shop.example.com/callbacks/google")
        *_, wish = examples("rest.rst", "json")
        (folder / "request.json").write_text(wish.text.replace('"google"', '"test"'))
        answers: list[Any] = []
        environ = os.environ | {"KEY": f"{opening['id']}:{opening['secret']}", "APPLICATION": application}
        for line in (line for block in blocks for line in commands(block) if "curl " in line):
            account = answers[0]["href"].rpartition("/")[2] if answers else shown
            typed = line.replace("http://127.0.0.1:8000/v1", opening["url"]).replace(shown, account)
            typed = typed.replace("4/0AbUR2VM…", code).replace('"providerId": "google"', '"providerId": "test"')
            said = subprocess.run(
                ["bash", "-c", f"{typed} -sS"], env=environ, capture_output=True, text=True, check=True
            )
            answers.append(json.loads(said.stdout))
    made, right, wrong, found, data, by_data, tokens, of_google, way = answers
    assert made["username"] == "ada@example.com"
    assert right["account"]["href"] == made["href"] and wrong["code"] == 7100
    assert found["items"][0]["groups"]["items"] == []
    assert (data["visits"], by_data["size"]) == (3, 1)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert of_google["directory"]["href"] == directory.href
    assert way["location"].startswith(f"{google.issuer}/authorize?")


def test_settings_rst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    (block,) = examples("settings.rst", "python")
    made: list[StormpathMiddleware] = []

    def middleware(*arguments: Any, **settings: Any) -> None:
        made.append(StormpathMiddleware(*arguments, **settings))

    run(block, {"StormpathMiddleware": middleware, "app": app})
    with closing(made[0].client):
        assert made[0].settings.session.idle.total_seconds() == 12 * 3600


def test_tokens_rst(visit: Visit) -> None:
    gets, proved, key, asks = examples("tokens.rst", "python")
    account = visit.application.accounts[0]
    given: list[Any] = []
    names: dict[str, Any] = {
        "application": visit.application,
        "account": account,
        "username": GOOD["login"],
        "password": PASSWORD,
        "answer": given.append,
        "show": lambda *both: given.append(both),
    }
    first, second = gets.text.rsplit("\n\n", 1)
    run(gets._replace(text=first), names)
    names["refresh_token"] = json.loads(given[0])["refresh_token"]
    run(gets._replace(text=second), names)
    assert names["tokens"].account.href == account.href
    run(key, names)
    id, secret = given[-1]
    names["headers"] = {"Authorization": requests.auth._basic_auth_str(id, secret)}
    names["form"] = ""
    run(asks, names)
    assert names["found"].account.href == account.href

    looked: list[Any] = []

    def site(environ: dict[str, Any], start_response: Any) -> Any:
        seen = {"environ": environ}
        run(proved, seen)
        looked.append(seen.get("proofs"))
        return app(environ, start_response)

    own = make_site(site)
    with closing(own.client):
        visitor = Visit(site=own)
        visitor.account()
        visitor.get("/")
        visitor.sign_in()
        visitor.get("/")
    stranger, signed_in = looked
    assert stranger is None and Proof.PASSWORD in signed_in


def test_pages_rst_has_addresses_verified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = examples("pages.rst", "python")
    (folder / "instance").mkdir()
    site = make_site(directory="sqlite:///instance/accounts.db")
    with closing(site.client):
        assert Visit(site=site).get("/verify", status="*").status_int == 404
        names: dict[str, Any] = {}
        run(block, names)
        names["client"].close()
        assert "/verify" in Visit(site=site).get("/verify")


def test_frameworks_asgi_rst() -> None:
    """The page is frameworks/asgi.rst."""
    pytest.importorskip("a2wsgi")
    fastapi = pytest.importorskip("fastapi")
    (block,) = examples("frameworks/asgi.rst", "python")
    names: dict[str, Any] = {"application": app, "starlette_app": fastapi.FastAPI()}
    run(block, names)
    assert [route.path for route in names["starlette_app"].routes][-1] == "/shop"


def test_frameworks_falcon_rst() -> None:
    """The page is frameworks/falcon.rst."""
    falcon = pytest.importorskip("falcon")
    (block,) = examples("frameworks/falcon.rst", "python")
    names: dict[str, Any] = {"app": falcon.App(), "stormpath_wsgi": stormpath_wsgi}
    run(block, names)

    class Away:
        def on_get(self, req: Any, resp: Any) -> None:
            raise Unavailable("The directory is away.")

    names["app"].add_route("/", Away())
    site = make_site(names["app"])
    with closing(site.client):
        assert Visit(site=site).get("/", status=503).headers["Retry-After"]


def test_frameworks_django_rst(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is frameworks/django.rst."""
    pytest.importorskip("django")
    from support.django_project import rolled_back

    row, wraps = examples("frameworks/django.rst", "python")
    with rolled_back():
        from django.contrib.auth.models import User

        User.objects.create(username="ada")
        names: dict[str, Any] = {"User": User}
        run(row, names)
        assert names["Account"].objects.get().user.username == "ada"
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    names = {"StormpathMiddleware": StormpathMiddleware, "get_wsgi_application": lambda: app}
    run(wraps, names)
    with closing(names["application"].client):
        assert names["application"].settings.remote_user == "id"


def test_other_apps_rst(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The recipes that are files have tests of their own, in apps/."""
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    first, dash, kinto, roundup, datasette = examples("other_apps.rst", "python")
    monkeypatch.setitem(sys.modules, "somewhere", SimpleNamespace(application=app))
    names: dict[str, Any] = {}
    run(first, names)
    with closing(names["application"].client):
        assert Visit(site=names["application"]).get("/").headers["Location"].startswith("/login")
    monkeypatch.setitem(sys.modules, "dashboard", SimpleNamespace(app=SimpleNamespace(server=Flask("dashboard"))))
    run(dash, names)
    assert Request.blank("/").get_response(names["theirs"]).status_code == 404  # Flask's own
    (folder / "kinto.ini").write_text("[app:main]\nuse = call:test_code_in_docs:of_paste\n")
    run(kinto._replace(text=kinto.text.replace("/srv/kinto", str(folder))), names)
    assert names["theirs"] is app
    roundups = SimpleNamespace(RequestDispatcher=lambda home: app)
    monkeypatch.setitem(sys.modules, "roundup.cgi.wsgi_handler", roundups)
    run(roundup, names)
    assert names["theirs"] is app
    datasettes = SimpleNamespace(Datasette=lambda *files, **options: SimpleNamespace(app=lambda: answer_by_asgi))
    monkeypatch.setitem(sys.modules, "datasette.app", datasettes)
    run(datasette, names)
    assert Request.blank("/").get_response(names["theirs"]).status_code == 204


async def answer_by_asgi(scope: Any, receive: Any, send: Any) -> None:
    """Nothing, in the way of ASGI."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def of_paste(settings: Any) -> Any:
    """The application of the file for PasteDeploy."""
    return app


def test_troubleshooting_rst(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = examples("troubleshooting.rst", "python")
    asked: list[Any] = []
    monkeypatch.setattr(logging, "basicConfig", lambda **settings: asked.append(settings))
    run(block, {})
    assert asked == [{"level": logging.INFO}]
