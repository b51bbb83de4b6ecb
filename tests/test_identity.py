"""Who sends a request: a session cookie, an access token, the API key of an account; each good, and each spoilt."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from support import cheap
from support.callers import Caller, basic
from support.visitors import HTML, JSON, Site
from support.world import is_mail_thread
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import Client as Browser
from werkzeug.test import TestResponse

from stormpath_wsgi import ConfigurationError, groups_required, user
from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.api_auth import OAuthClientCredentialsRequestAuthenticator
from stormpath_wsgi.client import Account, ApiKey
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.slots import slot_of
from stormpath_wsgi.web.basic import BasicCredential
from stormpath_wsgi.web.bearer import AccessTokenCredential
from stormpath_wsgi.web.identity import NOTHING, Credential, CredentialKind, Proof, Proved, Refused

PASSWORD = "Correct horse 1"
OFFER = {"policy": "login", "challenge": "basic"}
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", **JSON}
NOT_SENT_BY_PROGRAMS = {"Sec-Fetch-Mode": "navigate"}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Tells all that it is told of who asks."""
    identity = environ["stormpath.identity"]
    told = [user.username, environ.get("REMOTE_USER"), identity.kind.value if identity.kind else None]
    told += [type(identity).__name__, environ.get("HTTP_AUTHORIZATION") is not None]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(map(str, told)).encode()]


def signs_in(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Signs the account in that a token or an API key is of, at ``/in``, and out at ``/out``."""
    session = environ["stormpath.session"]
    if environ["PATH_INFO"] == "/in":
        session.sign_in(user.account)
    elif environ["PATH_INFO"] == "/out":
        session.sign_out()
    return app(environ, start_response)


class World(NamedTuple):
    """A site, the REST API over the same directory, and Ada, who has all three credentials."""

    site: Site
    api: Caller
    url: str
    ada: Account
    key: ApiKey

    def token(self, account: Account | None = None, **fields: str) -> str:
        """An access token from the token endpoint of the REST API."""
        form = {"grant_type": "password", "username": (account or self.ada).username, "password": PASSWORD, **fields}
        path = self.site.application.href.partition("/v1/")[2]
        answer = self.api.call("POST", f"{path}/oauth/token", data=form)
        assert answer.json is not None
        return str(answer.json["refresh_token" if "wanted" in fields else "access_token"])

    def header(self, kind: str, account: Account | None = None) -> dict[str, str]:
        """What a program sends."""
        if kind == "bearer":
            return {"Authorization": f"Bearer {self.token(account)}"}
        key = self.key if account is None else account.api_keys.create()
        return {"Authorization": basic(key.id, key.secret)}

    def somebody(self, **properties: Any) -> Account:
        """An account that only one test has."""
        return self.site.account(f"x{secrets.token_hex(8)}", **properties)

    def ask(
        self,
        path: str = "/dav/",
        headers: dict[str, str] | None = None,
        cookie_of: Account | None = None,
        **variables: str,
    ) -> TestResponse:
        """The answer to a program; or to a browser in which an account is signed in."""
        if cookie_of is not None:
            variables["HTTP_COOKIE"] = self.site.cookie(cookie_of)
        browser = Browser(LintMiddleware(self.site.middleware), use_cookies=False)
        return browser.get(path, headers={**JSON, **(headers or {})}, environ_overrides=variables)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('identity')}/accounts.db"


@pytest.fixture(scope="module")
def world(url: str) -> Iterator[World]:
    site = Site(app, directory=url, protect={"/dav": OFFER, "/secret": "login"})
    with closing(site.client), closing(open_directory(url, cheap.options())) as service:
        api = Caller(Browser(RestAPI(service)), *service.issue_api_key())
        ada = site.account(groups=[site.group("admins")])
        yield World(site, api, url, ada, ada.api_keys.create())


@contextmanager
def another(world: World, application: Any = app, **given: Any) -> Iterator[World]:
    """The same directory with another site before it."""
    named = {"application": {"name": world.site.application.name}, "protect": {"/dav": OFFER, "/secret": "login"}}
    site = Site(application, directory=world.url, **{**named, **given})
    with closing(site.client):
        yield world._replace(site=site)


@contextmanager
def statements() -> Iterator[list[str]]:
    """What any database is asked meanwhile."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not is_mail_thread():
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


def spoilt(header: dict[str, str]) -> dict[str, str]:
    """The same with another last character of what it ends in."""
    scheme, _, text = header["Authorization"].partition(" ")
    if scheme == "Basic":
        return {"Authorization": f"Basic {base64.b64encode(base64.b64decode(text) + b'x').decode()}"}
    flipped = "A" if text[-5] != "A" else "B"
    return {"Authorization": f"{scheme} {text[:-5]}{flipped}{text[-4:]}"}


def challenges(answer: TestResponse) -> list[str]:
    return answer.headers.getlist("WWW-Authenticate")


IN_HEADER = pytest.mark.parametrize("kind", ["bearer", "basic"])


@pytest.mark.parametrize("kind", CredentialKind)
def test_each_credential_gives_the_three_answers_of_the_protocol(world: World, kind: CredentialKind) -> None:
    sessions, site = world.site.middleware.sessions, world.site
    common: dict[str, Any] = {"told": sessions.told, "generation": sessions.generation}
    place = (site.client, site.application, site.middleware.settings)
    credentials: dict[CredentialKind, Credential] = {
        CredentialKind.SESSION: sessions,
        CredentialKind.BEARER: AccessTokenCredential(*place, **common),
        CredentialKind.BASIC: BasicCredential(
            *place,
            offered_at=lambda path: True,
            origin=sessions.origin,
            asks_more=lambda account, origin: False,
            limits=site.middleware.flows.limits,
            **common,
        ),
    }
    if kind.in_header:
        header = world.header(kind.value)
        good, bad = ({"HTTP_AUTHORIZATION": each["Authorization"]} for each in (header, spoilt(header)))
    else:
        good = {"HTTP_COOKIE": site.cookie(world.ada)}
        bad = {"HTTP_COOKIE": good["HTTP_COOKIE"] + "x"}
    identify = credentials[kind].identify
    request = {"wsgi.url_scheme": "http", "PATH_INFO": "/dav/"}
    assert identify(dict(request)) is NOTHING
    proved, refused = identify(request | good), identify(request | bad)
    assert isinstance(proved, Proved)
    assert (proved.href, proved.kind) == (world.ada.href, kind)
    assert isinstance(refused, Refused)
    assert refused.kind is kind


class TestEachCredential:
    @pytest.mark.parametrize(("kind", "proof"), [("bearer", Proof.TOKEN), ("basic", Proof.API_KEY)])
    def test_in_a_header_tells_the_app_who_it_is(self, world: World, kind: str, proof: Proof) -> None:
        seen: list[Any] = []

        def look(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            seen.append(environ["stormpath.identity"])
            return groups_required(["admins"])(app)(environ, start_response)

        with another(world, look) as there:
            assert there.ask(headers=there.header(kind)).text == f"ada ada {kind} Proved True"
        (identity,) = seen
        assert (identity.href, identity.kind, identity.proofs) == (
            world.ada.href,
            CredentialKind(kind),
            frozenset({proof}),
        )
        assert abs(identity.at - time.time()) < 60
        assert world.key.secret not in repr(identity)

    def test_in_a_cookie_tells_the_same(self, world: World) -> None:
        environ: dict[str, Any] = {"wsgi.url_scheme": "http", "HTTP_COOKIE": world.site.cookie(world.ada)}
        world.site.middleware.credentials.open(environ)
        identity = environ["stormpath.identity"]
        assert isinstance(identity, Proved)
        assert (identity.href, identity.kind, identity.proofs) == (
            world.ada.href,
            CredentialKind.SESSION,
            frozenset({Proof.PASSWORD}),
        )
        assert world.ask(cookie_of=world.ada).text == "ada ada session Proved False"

    def test_has_the_groups_of_the_account(self, world: World) -> None:
        with another(world, protect={"/dav": {"policy": ["admins"], "challenge": "basic"}}) as there:
            other = world.somebody()
            for kind in ("bearer", "basic"):
                assert there.ask(headers=there.header(kind)).status_code == 200
                assert there.ask(headers=there.header(kind, other)).status_code == 403

    @IN_HEADER
    def test_that_is_spoilt_makes_nobody_signed_in(self, world: World, kind: str) -> None:
        bad = spoilt(world.header(kind))
        assert world.ask("/dav/", bad).status_code == 401
        with another(world, protect={}) as there:
            open_there = there.ask("/dav/", bad) if kind == "bearer" else None
        assert open_there is None or open_there.text == "None None bearer Refused True"

    @IN_HEADER
    def test_that_is_spoilt_is_not_replaced_by_a_good_cookie(self, world: World, kind: str) -> None:
        bad = spoilt(world.header(kind))
        browser = world.site.browser(world.ada)
        answer = browser.get("/dav/", headers=JSON | bad)
        assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (401, [])
        assert browser.get("/dav/", headers=JSON).text == "ada ada session Proved False"

    def test_a_spoilt_cookie_is_refused_and_no_cookie_is_nothing(self, world: World) -> None:
        cookie = world.site.cookie(world.ada)
        text = "None None session Refused False"
        assert world.ask("/", HTTP_COOKIE=f"{cookie[:-1]}x").text == text
        assert world.site.browser().get("/").text == "None None None Nothing False"
        world.site.session(cookie).sign_out()
        assert world.ask("/", HTTP_COOKIE=cookie).text == text

    @IN_HEADER
    def test_counts_before_a_cookie(self, world: World, kind: str) -> None:
        other = world.somebody()
        assert world.ask(headers=world.header(kind), cookie_of=other).text == f"ada ada {kind} Proved True"

    @IN_HEADER
    def test_costs_no_question_once_it_is_known(self, world: World, kind: str) -> None:
        header = world.header(kind)
        assert world.ask(headers=header).status_code == 200
        with statements() as asked:
            assert world.ask(headers=header).status_code == 200
        assert asked == []

    @IN_HEADER
    def test_is_asked_for_again_after_changes_of_its_account_only(self, world: World, kind: str) -> None:
        ada = world.somebody()
        header = world.header(kind, ada)
        other = next(one for one in iter(world.somebody, None) if slot_of(id_of(one.href)) != slot_of(id_of(ada.href)))
        assert world.ask(headers=header).status_code == 200
        other.surname = "Byron"
        other.save()
        with statements() as asked:
            assert world.ask(headers=header).status_code == 200
        assert asked == []
        ada.surname = "King"
        ada.save()
        with statements() as asked:
            assert world.ask(headers=header).status_code == 200
        assert len(asked) > 0

    @IN_HEADER
    def test_of_an_account_that_was_disabled_is_refused_at_once(self, world: World, kind: str) -> None:
        account = world.somebody()
        header = world.header(kind, account)
        assert world.ask(headers=header).status_code == 200
        account.status = "DISABLED"
        account.save()
        assert world.ask(headers=header).status_code == 401

    def test_tells_remote_user_as_the_settings_say(self, world: World) -> None:
        with another(world, remote_user="href", environ={"groups": "HTTP_X_GROUPS"}) as there:
            for kind in ("bearer", "basic"):
                environ: dict[str, Any] = {"wsgi.url_scheme": "http", "PATH_INFO": "/dav/x"}
                environ |= {"HTTP_AUTHORIZATION": there.header(kind)["Authorization"], "HTTP_X_GROUPS": "root"}
                there.site.middleware.credentials.open(environ)
                assert (environ["REMOTE_USER"], environ["HTTP_X_GROUPS"]) == (world.ada.href, "admins")


class TestAToken:
    def test_is_asked_for_by_bearer(self, world: World) -> None:
        assert challenges(world.ask("/secret")) == ['Bearer realm="stormpath"']

    def test_that_is_wrong_is_called_that(self, world: World) -> None:
        answer = world.ask("/secret", spoilt(world.header("bearer")))
        assert (answer.status_code, challenges(answer)) == (401, ['Bearer realm="stormpath", error="invalid_token"'])

    def test_that_is_wrong_is_no_reason_to_show_a_login_page(self, world: World) -> None:
        assert world.ask("/secret", HTML | spoilt(world.header("bearer"))).status_code == 401
        assert world.ask("/secret", HTML).status_code == 302

    @pytest.mark.parametrize("end", ["disabled", "deleted", "its account disabled", "its account deleted"])
    def test_is_refused_at_once_when_the_api_key_that_signed_it_is_good_no_more(self, world: World, end: str) -> None:
        client = world.site.client
        administrators = client.api_keys.get(f"{client.base_url}/apiKeys/{world.api.id}").account.directory
        grace = administrators.accounts.create(
            {"username": secrets.token_hex(8), "email": f"{secrets.token_hex(8)}@example.org", "password": PASSWORD}
        )
        key = grace.api_keys.create()
        with closing(open_directory(world.url, cheap.options())) as service:
            api = Caller(Browser(RestAPI(service)), key.id, key.secret)
            token = world._replace(api=api).token(world.somebody())
        header = {"Authorization": f"Bearer {token}"}
        assert world.ask("/secret", header).status_code == 200
        thing = grace if "account" in end else key
        if "deleted" in end:
            thing.delete()
        else:
            thing.status = "DISABLED"
            thing.save()
        assert [world.ask("/secret", header).status_code for _ in range(2)] == [401, 401]

    def test_that_was_revoked_is_refused_at_once(self, world: World) -> None:
        account = world.somebody()
        header = world.header("bearer", account)
        assert world.ask("/secret", header).status_code == 200
        account.access_tokens[0].delete()
        assert world.ask("/secret", header).status_code == 401

    @pytest.mark.parametrize("validation", ["full", "local"])
    def test_that_has_expired_is_refused(self, world: World, validation: str) -> None:
        environ = {"HTTP_AUTHORIZATION": world.header("bearer")["Authorization"]}
        sessions, moment = world.site.middleware.sessions, [time.time()]
        tokens = AccessTokenCredential(
            world.site.client, world.site.application, Settings(bearer={"validation": validation}, cache_ttl=10_000),
            told=sessions.told, generation=sessions.generation, now=lambda: moment[0],
        )  # fmt: skip
        assert isinstance(tokens.identify(environ), Proved)
        moment[0] += 3600
        assert tokens.identify(environ) == Refused(CredentialKind.BEARER, "it has expired")

    def test_that_gets_other_tokens_opens_nothing(self, world: World) -> None:
        path = world.site.application.href.partition("/v1/")[2]
        form = {"grant_type": "password", "username": "ada", "password": PASSWORD}
        answer = world.api.call("POST", f"{path}/oauth/token", data=form)
        assert answer.json
        refresh = answer.json["refresh_token"]
        assert world.ask("/secret", {"Authorization": f"Bearer {refresh}"}).status_code == 401

    @pytest.mark.parametrize(
        "header",
        [
            "Bearer x",
            "Bearer a.b.c",
            "Bearer",
            "Digest username=ada",
            "Token 1",
            "Bearer eyJpc3MiOiJ4In0.eyJpc3MiOiJ4In0.x",
        ],
    )
    def test_of_somebody_else_is_left_to_the_app(self, world: World, header: str) -> None:
        assert world.ask("/secret", {"Authorization": header}, world.ada).text == "ada ada session Proved True"
        assert world.ask("/", {"Authorization": header}).text == "None None None Nothing True"

    def test_of_another_application_is_left_to_the_app(self, world: World) -> None:
        other = world.site.client.applications.create({"name": "other"})
        other.account_store_mappings.create({"application": other, "account_store": world.site.directory})
        path = other.href.partition("/v1/")[2]
        form = {"grant_type": "password", "username": "ada", "password": PASSWORD}
        answer = world.api.call("POST", f"{path}/oauth/token", data=form)
        assert answer.json
        header = {"Authorization": f"Bearer {answer.json['access_token']}"}
        assert world.ask("/", header).text == "None None None Nothing True"
        assert world.ask("/", header, world.ada).text == "ada ada session Proved True"

    def test_that_a_request_authenticator_made_stands_for_its_api_key(self, world: World) -> None:
        key = world.somebody().api_keys.create()
        maker = OAuthClientCredentialsRequestAuthenticator(world.site.application)
        headers, grant = {"Authorization": basic(key.id, key.secret)}, {"grant_type": "client_credentials"}
        made = maker.authenticate(headers, "POST", body=grant)
        scoped = maker.authenticate(headers, "POST", body=grant | {"scope": "read"}, scopes=["read"])
        assert made and made.token and scoped and scoped.token
        good = {"Authorization": f"Bearer {made.token.token}"}
        assert world.ask("/secret", good).status_code == 200
        assert world.ask("/secret", spoilt(good)).status_code == 401
        world.somebody().delete()  # it depends on two accounts, so any change has it asked for again
        with statements() as asked:
            assert world.ask("/secret", good).status_code == 200
        assert len(asked) > 0
        # What the scopes allow only the application knows.
        assert world.ask("/secret", {"Authorization": f"Bearer {scoped.token.token}"}).status_code == 401
        key.delete()
        assert world.ask("/secret", good).status_code == 401


@pytest.fixture(scope="module")
def local(world: World) -> Iterator[World]:
    """A site that asks nobody about a token, nor about what it tells the app."""
    with another(world, bearer={"validation": "local"}, remote_user="id") as there:
        yield there


class TestLocalValidation:
    def own(self, local: World, account: Account) -> dict[str, str]:
        """A token that the embedded directory has signed."""
        store, application = local.site.client.data_store, local.site.application
        told = store.create(
            f"{application.href}/oauth/token",
            {"grant_type": "password", "username": account.username, "password": PASSWORD},
        )
        return {"Authorization": f"Bearer {told['access_token']}"}

    def test_asks_nobody_until_the_app_wants_more_than_the_href(self, local: World) -> None:
        header = self.own(local, local.ada)["Authorization"]
        environ: dict[str, Any] = {"wsgi.url_scheme": "http"}
        local.site.middleware.credentials.open(environ | {"HTTP_AUTHORIZATION": header})  # learns the signing key
        header = self.own(local, local.ada)["Authorization"]
        environ |= {"HTTP_AUTHORIZATION": header}
        with statements() as asked:
            local.site.middleware.credentials.open(environ)
            seen = environ["stormpath.user"]
            assert (seen.href, environ["REMOTE_USER"]) == (local.ada.href, local.ada.href.rpartition("/")[2])
        assert asked == []
        assert (seen.username, seen.has_group("admins"), seen.account) == ("ada", True, local.ada)

    def test_takes_what_was_revoked_until_it_expires(self, local: World) -> None:
        account = local.somebody()
        header = self.own(local, account)
        account.access_tokens[0].delete()
        account.status = "DISABLED"
        account.save()
        assert local.ask("/secret", header).status_code == 200
        assert local.ask("/secret", spoilt(header)).status_code == 401

    def test_finds_nothing_in_an_account_that_is_gone(self, local: World) -> None:
        account = local.somebody()
        header = self.own(local, account)
        account.delete()
        assert local.ask("/secret", header).text.startswith("None ")
        with another(local, bearer={"validation": "local"}, protect={"/secret": ["admins"]}) as groups:
            assert groups.ask("/secret", header).status_code == 403

    def test_tells_the_name_too(self, local: World) -> None:
        with another(local, bearer={"validation": "local"}) as named:
            assert named.ask("/secret", self.own(local, local.ada)).text == "ada ada bearer Proved True"

    def test_refuses_what_was_signed_with_another_api_key(self, local: World) -> None:
        stranger = local.api.id != local.site.client.data_store.key_pair().id  # type: ignore[attr-defined]
        assert local.ask("/secret", local.header("bearer")).status_code == (401 if stranger else 200)


class TestAnApiKey:
    def test_is_asked_for_where_the_path_offers_it(self, world: World) -> None:
        for accept in ({}, HTML):  # pip likes HTML, too
            answer = world.ask("/dav/", accept)
            assert (answer.status_code, challenges(answer)) == (401, ['Basic realm="stormpath", charset="UTF-8"'])

    def test_is_never_asked_for_by_a_window_of_a_browser(self, world: World) -> None:
        assert world.ask("/dav/", HTML | NOT_SENT_BY_PROGRAMS).status_code == 302
        assert challenges(world.ask("/dav/", NOT_SENT_BY_PROGRAMS)) == ['Bearer realm="stormpath"']
        bad = spoilt(world.header("basic")) | NOT_SENT_BY_PROGRAMS
        assert challenges(world.ask("/dav/", bad)) == ['Bearer realm="stormpath"']

    def test_that_is_wrong_is_asked_for_again(self, world: World) -> None:
        answer = world.ask("/dav/", spoilt(world.header("basic")))
        assert challenges(answer) == ['Basic realm="stormpath", charset="UTF-8"']

    def test_and_a_wrong_token_are_both_told(self, world: World) -> None:
        assert challenges(world.ask("/dav/", spoilt(world.header("bearer")))) == [
            'Bearer realm="stormpath", error="invalid_token"',
            'Basic realm="stormpath", charset="UTF-8"',
        ]

    @pytest.mark.parametrize("path", ["/secret", "/"])
    def test_is_left_alone_elsewhere(self, world: World, path: str) -> None:
        """It may be a proxy's, or the application's own."""
        for header in (world.header("basic"), spoilt(world.header("basic"))):
            assert world.ask(path, header, world.ada).text == "ada ada session Proved True"
            assert world.ask("/", header).text == "None None None Nothing True"

    @pytest.mark.parametrize("path", ["/dav", "/dav/a%20b", "/dav//x", "/dav/x;y", "//dav/x"])
    def test_is_taken_however_the_path_is_spelled(self, world: World, path: str) -> None:
        assert world.ask(path, world.header("basic")).status_code == 200

    def test_is_not_taken_below_a_path_of_its_own_policy(self, world: World) -> None:
        with another(world, protect={"/dav": OFFER, "/dav/web": "login"}) as there:
            assert there.ask("/dav/web/x", there.header("basic")).status_code == 401
            assert challenges(there.ask("/dav/web/x")) == ['Bearer realm="stormpath"']

    def test_is_the_challenge_of_policies_further_in(self, world: World) -> None:
        with another(
            world, groups_required(["nobody"])(app), protect={"/dav": {**OFFER, "policy": lambda app: app}}
        ) as there:
            assert challenges(there.ask("/dav/")) == ['Basic realm="stormpath", charset="UTF-8"']
            assert challenges(there.ask("/")) == ['Bearer realm="stormpath"']

    def test_may_come_with_the_login_name(self, world: World) -> None:
        password = f"{world.key.id}.{world.key.secret}"
        for name in ("ada", "ADA", "ada@example.org"):
            assert world.ask(headers={"Authorization": basic(name, password)}).text == "ada ada basic Proved True"
        for name in ("", "bob", "ada ", "ada@example.com", "a" * 300):
            assert world.ask(headers={"Authorization": basic(name, password)}).status_code == 401
        assert world.ask(headers={"Authorization": basic("ada", f"{password}x")}).status_code == 401
        assert world.ask(headers={"Authorization": basic("ada", world.key.secret)}).status_code == 401

    def test_is_taken_in_the_shapes_that_the_settings_allow(self, world: World) -> None:
        plain = {"Authorization": basic(world.key.id, world.key.secret)}
        named = {"Authorization": basic("ada", f"{world.key.id}.{world.key.secret}")}
        with another(world, basic={"login_name": False}) as there:
            assert [there.ask(headers=each).status_code for each in (plain, named)] == [200, 401]
        with another(world, basic={"api_key": False}) as there:
            assert [there.ask(headers=each).status_code for each in (plain, named)] == [401, 200]

    def test_is_not_the_password_of_the_account(self, world: World) -> None:
        assert world.ask(headers={"Authorization": basic("ada", PASSWORD)}).status_code == 401

    def test_that_is_disabled_is_refused_at_once(self, world: World) -> None:
        key = world.somebody().api_keys.create()
        header = {"Authorization": basic(key.id, key.secret)}
        assert world.ask(headers=header).status_code == 200
        key.status = "DISABLED"
        key.save()
        assert world.ask(headers=header).status_code == 401

    @pytest.mark.parametrize("what", ["key", "account"])
    def test_that_is_deleted_is_refused_at_once(self, world: World, what: str) -> None:
        ada = world.somebody()
        key = ada.api_keys.create()
        header = {"Authorization": basic(key.id, key.secret)}
        assert world.ask(headers=header).status_code == 200
        (key if what == "key" else ada).delete()
        assert world.ask(headers=header).status_code == 401

    def test_takes_one_question_and_a_wrong_secret_of_a_known_one_takes_none(self, world: World) -> None:
        key = world.ada.api_keys.create()
        assert world.ask(headers={"Authorization": basic(key.id, key.secret)}).status_code == 200
        with statements() as asked:
            assert world.ask(headers={"Authorization": basic(key.id, "wrong")}).status_code == 401
        assert asked == []

    def test_of_the_administrators_opens_no_application(self, world: World) -> None:
        assert world.ask(headers={"Authorization": basic(world.api.id, world.api.secret)}).status_code == 401


class TestTheOrder:
    @IN_HEADER
    def test_may_put_the_session_first(self, world: World, kind: str) -> None:
        other = world.somebody()
        with another(world, credentials=["session", "bearer", "basic"]) as there:
            good = there.header(kind)
            assert there.ask(headers=good, cookie_of=other).text.endswith(" session Proved True")
            assert there.ask(headers=good).text == f"ada ada {kind} Proved True"
            assert there.ask(headers=spoilt(good), cookie_of=other).status_code == 401

    def test_may_leave_a_credential_out(self, world: World) -> None:
        with another(world, credentials=["session"], protect={"/secret": "login"}) as there:
            assert there.ask("/", there.header("bearer")).text == "None None None Nothing True"
            assert there.ask("/", spoilt(there.header("bearer")), there.ada).text == "ada ada session Proved True"

    def test_may_leave_the_session_out(self, world: World) -> None:
        cookie = world.site.cookie(world.ada)
        web = {"login": {"enabled": False}}
        with another(world, signs_in, credentials=["bearer"], web=web, protect={"/secret": "login"}) as there:
            assert there.ask("/secret", HTTP_COOKIE=cookie).status_code == 401
            assert there.ask("/secret", HTML, HTTP_COOKIE=cookie).status_code == 401
            assert there.ask("/secret", there.header("bearer"), HTTP_COOKIE=cookie).status_code == 200
            with pytest.raises(ConfigurationError, match="session"):
                there.ask("/in", there.header("bearer"))

    @pytest.mark.parametrize(
        ("mistake", "word"),
        [
            ({"credentials": ["bearer"]}, "web.login.enabled"),
            ({"credentials": ["cookie"]}, "'session', 'bearer' or 'basic'"),
            ({"credentials": []}, "credentials"),
            ({"protect": {"/dav": OFFER}, "credentials": ["session"]}, "/dav"),
            ({"protect": {"/dav": OFFER}, "basic": {"api_key": False, "login_name": False}}, "basic.apiKey"),
            ({"protect": {"/dav": {"challenge": "basic"}}}, "write policy"),
            ({"protect": {"/dav": {"policy": "login", "challenge": "digest"}}}, "challenge: basic"),
            ({"protect": {"/dav": {"policy": "nobody", "challenge": "basic"}}}, "write login"),
            ({"bearer": {"validation": "none"}}, "'full' or 'local'"),
        ],
    )
    def test_is_checked_at_the_start(self, mistake: dict[str, Any], word: str) -> None:
        with pytest.raises(ConfigurationError, match=word):
            Settings.load(directory="sqlite://", **mistake)


class TestVary:
    def test_names_the_header_where_it_decided(self, world: World) -> None:
        assert world.ask("/secret", world.header("bearer")).headers["Vary"] == "Authorization"
        assert world.ask("/secret", spoilt(world.header("bearer"))).headers["Vary"] == "Authorization"

    def test_names_both_where_the_header_was_looked_at_and_the_cookie_decided(self, world: World) -> None:
        answer = world.ask("/secret", {"Authorization": "Bearer x"}, world.ada)
        assert answer.headers["Vary"] == "Cookie, Authorization"

    def test_names_the_cookie_alone_where_there_was_no_header(self, world: World) -> None:
        assert world.ask("/secret", cookie_of=world.ada).headers["Vary"] == "Cookie"


class TestRequestsFromOtherSites:
    """What browsers send by themselves another site can have them send."""

    def test_a_token_is_deliberate(self, world: World) -> None:
        header = world.header("bearer")
        browser = world.site.browser()
        assert browser.post("/logout", headers=header | ELSEWHERE).status_code == 200
        assert browser.post("/logout", headers=ELSEWHERE).status_code == 403
        assert browser.post("/logout", headers=spoilt(header) | ELSEWHERE).status_code == 403

    def test_an_api_key_is_not(self, world: World) -> None:
        with another(world, protect={"/": {"policy": lambda app: app, "challenge": "basic"}}) as there:
            answer = there.site.browser().post("/logout", headers=there.header("basic") | ELSEWHERE)
            assert answer.status_code == 403

    def test_a_token_stands_for_the_token_of_a_form(self, world: World) -> None:
        form = {"login": "ada", "password": PASSWORD}
        browser = world.site.browser()
        assert browser.post("/login", data=form, headers=HTML).status_code == 403
        assert browser.post("/login", data=form, headers=HTML | world.header("bearer")).status_code == 302


@pytest.fixture(scope="module")
def signing(world: World) -> Iterator[World]:
    with another(world, signs_in) as there:
        yield there


class TestSigningIn:
    def test_with_a_token_begins_a_session_beside_it(self, signing: World) -> None:
        browser, header = signing.site.browser(), signing.header("bearer")
        assert browser.get("/in", headers=header).text == "ada ada session Proved True"
        assert browser.get("/").text == "ada ada session Proved False"
        assert browser.get("/", headers=header).text == "ada ada bearer Proved True"

    def test_out_with_a_token_ends_the_sessions_of_the_browser_and_not_the_token(self, signing: World) -> None:
        browser, header = signing.site.browser(signing.ada), signing.header("bearer")
        cookie = browser.get_cookie("stormpath_session")
        assert cookie
        assert browser.get("/out", headers=header).text == "None None None Nothing True"
        assert signing.site.session(f"stormpath_session={cookie.value}").session is None
        assert browser.get("/", headers=header).text == "ada ada bearer Proved True"

    def test_me_ends_no_session_for_a_wrong_token(self, signing: World) -> None:
        browser = signing.site.browser(signing.ada)
        answer = browser.get("/me", headers=JSON | spoilt(signing.header("bearer")))
        assert (answer.status_code, challenges(answer)) == (401, ['Bearer realm="stormpath", error="invalid_token"'])
        assert browser.get("/me", headers=JSON).status_code == 200
        assert browser.get("/me", headers=JSON | signing.header("bearer")).status_code == 200


class TestTheChallengeOn401:
    def test_leaves_a_wrong_token_to_the_app(self, world: World) -> None:
        def refuses(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", "Own")])
            return [b"no"]

        with another(world, refuses, challenge_on_401=True) as there:
            assert there.ask("/", HTML).status_code == 302
            assert challenges(there.ask("/", HTML | spoilt(there.header("bearer")))) == ["Own"]


HOSTILE = [
    "", " ", "Basic", "Basic ", "Basic :", "Basic é", "Basic /w==", "Basic bm9jb2xvbg==", "Basic " + "A" * 100_000,
    "Bearer " + "A" * 100_000, "Bearer ..", "Bearer é.é.é", "Bearer x." + "W" * 8000 + ".x", "\xff\xfe", "Bearer\x00a",
]  # fmt: skip


def of_ours(claims: str, application: str, head: str = "{}") -> str:
    """A token that says to be of ours, whatever else it says."""
    parts = (head, claims.replace("ISS", f'"iss":"{application}"'), "x")
    return "Bearer " + ".".join(base64.urlsafe_b64encode(each.encode()).decode().rstrip("=") for each in parts)


class TestWhateverIsSent:
    @pytest.mark.parametrize("header", HOSTILE)
    def test_the_answer_is_no_failure_of_ours(self, world: World, header: str) -> None:
        environ: dict[str, Any] = {"HTTP_AUTHORIZATION": header}
        for path in ("/", "/dav/"):
            assert world.site.browser().get(path, environ_overrides=environ).status_code in (200, 401)

    @pytest.mark.parametrize(
        ("claims", "head"),
        [
            ("{ISS}", "{}"), ("{ISS}", "x"), ("{ISS}", '{"kid":5}'), ("{ISS}", '{"kid":"x","alg":"none"}'),
            ('{ISS,"iat":"x","exp":[]}', "{}"), ('{ISS,"sub":{}}', '{"kid":"x","crit":["a"]}'), ("{ISS,ISS}", "{}"),
            ('{ISS,"a":' + "9" * 5000 + "}", "{}"), ('{ISS,"a":"' + "x" * 4000 + '"}', '{"kid":"x"}'),
        ],
    )  # fmt: skip
    def test_a_token_that_says_to_be_ours_is_refused(self, world: World, claims: str, head: str) -> None:
        header = of_ours(claims, world.site.application.href, head)
        answer = world.ask("/secret", {"Authorization": header}, world.ada)
        readable = "9" * 5000 not in claims  # Python reads no number of that length, so nobody knows whose it is
        assert answer.status_code == (401 if readable else 200)
        with another(world, bearer={"validation": "local"}) as there:
            assert there.ask("/secret", {"Authorization": header}).status_code == 401

    @given(st.text(st.characters(max_codepoint=255), max_size=60), st.sampled_from(["Basic ", "Bearer ", ""]))
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_any_text_has_an_answer(self, world: World, text: str, scheme: str) -> None:
        environ = {"wsgi.url_scheme": "http", "PATH_INFO": "/dav/", "HTTP_AUTHORIZATION": scheme + text}
        assert world.site.middleware.credentials.open(environ).user.is_anonymous

    def test_a_wrong_token_takes_one_question(self, world: World) -> None:
        header = spoilt(world.header("bearer"))
        with statements() as asked:
            world.ask("/secret", header)
        assert len(asked) <= 1  # for the API key that it says has signed it

    def test_a_directory_that_is_down_makes_nobody_a_stranger(self, world: World, tmp_path: Path) -> None:
        file = tmp_path / "accounts.db"
        site = Site(app, directory=f"sqlite:///{file}", protect={"/dav": OFFER})
        token = {"Authorization": of_ours("{ISS}", site.application.href, '{"kid":"x"}')}
        with closing(site.client):
            site.client.data_store.close()
            file.write_bytes(b"no database" * 1000)
            for header in (token, world.header("basic")):
                assert site.browser().get("/dav/", headers=JSON | header).status_code == 503
