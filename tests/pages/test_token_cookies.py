"""The cookies with an access token and a refresh token: what sets them, what they open, and what takes them away."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from support.browsing import BROWSER, PASSWORD, OpenSite, Visit, make_site
from support.second_factors import Phone, asked
from support.servers import served_api

from stormpath_wsgi import ConfigurationError, StormpathMiddleware
from stormpath_wsgi.events import RefreshTokenReused, SessionEnded, SignedIn, SignedOut
from stormpath_wsgi.web.bearer import unverified
from stormpath_wsgi.web.identity import CredentialKind, Proof, Proved

SESSION, ACCESS, REFRESH = "stormpath_session", "access_token", "refresh_token"
NEW = "Another-horse-8"
JSON = "application/json"


def pair_site(accept: str = "*/*", **settings: Any) -> Visit:
    return Visit(accept, cookies="tokens", **settings)


def set_cookies(answer: Any) -> dict[str, Morsel[str]]:
    """The cookies that an answer sets or takes away, by name: the last of each."""
    parsed: dict[str, Morsel[str]] = {}
    for line in answer.headers.getall("Set-Cookie"):
        parsed.update(SimpleCookie(line))
    return parsed


def another(visit: Visit, accept: str = "*/*", **cookies: str) -> Visit:
    """Another browser at the same site, with these *cookies*."""
    other = Visit(accept, site=visit.site)
    for name, value in cookies.items():
        other.set_cookie(name, value)
    return other


def signed_in(visit: Visit) -> tuple[str, str]:
    """Signs in, and answers the access token and the refresh token."""
    visit.sign_in()
    return visit.cookies[ACCESS], visit.cookies[REFRESH]


@pytest.fixture(scope="module")
def shared() -> StormpathMiddleware:
    """A site with such cookies that several tests share."""
    return make_site(cookies="tokens")


@pytest.fixture
def pair(shared: StormpathMiddleware) -> Visit:
    """A browser there. Ada is the only one who has an account."""
    visit = Visit("*/*", site=shared)
    for account in visit.application.accounts:
        account.delete()
    visit.account()
    return visit


# What sets them.


def by_form(visit: Visit) -> Any:
    return visit.fill_in("/login", login="ada@example.org", password=PASSWORD)


def by_json(visit: Visit) -> Any:
    return visit.post_json("/login", {"login": "ada@example.org", "password": PASSWORD})


def by_registration(visit: Visit) -> Any:
    values = {"givenName": "Eve", "surname": "Vee", "email": "eve@example.org", "password": PASSWORD}
    return visit.post_json("/register", values)


def by_new_password(visit: Visit) -> Any:
    token = visit.application.password_reset_tokens.create({"email": "ada@example.org"}).href.rpartition("/")[2]
    return visit.post_json("/change", {"sptoken": token, "password": NEW})


@pytest.mark.parametrize(
    ("act", "accept"),
    [(by_form, BROWSER), (by_json, JSON), (by_registration, JSON), (by_new_password, JSON)],
)
def test_whatever_signs_in_sets_them(act: Callable[[Visit], Any], accept: str) -> None:
    visit = pair_site(
        accept,
        web={"register": {"autoLogin": True}, "changePassword": {"autoLogin": True}, "login": {"rememberMe": False}},
        mail={"url": "null:"},
    )
    visit.account()
    cookies = set_cookies(act(visit))
    now = visit.site.sessions.now()
    for name, kind in ((ACCESS, "access"), (REFRESH, "refresh")):
        cookie, token = cookies[name], unverified(cookies[name].value)
        assert token.header["stt"] == kind
        assert abs(int(cookie["max-age"]) - (token.claims["exp"] - now)) <= 2
        assert (cookie["httponly"], cookie["secure"], cookie["path"], cookie["domain"]) == (True, "", "/", "")
        assert cookie["samesite"] == "Lax"
    assert unverified(cookies[ACCESS].value).claims["rti"] == unverified(cookies[REFRESH].value).claims["jti"]
    assert cookies[SESSION].value.startswith(f"{unverified(cookies[REFRESH].value).claims['jti']}.")
    assert visit.is_signed_in()


def test_without_the_setting_nothing_sets_or_reads_them(pair: Visit) -> None:
    tokens = dict(zip((ACCESS, REFRESH), signed_in(pair), strict=True))
    visit = Visit("*/*")
    visit.account()
    assert set_cookies(by_json(visit)).keys().isdisjoint(tokens)
    usual = make_site(directory="sqlite://")
    other = another(Visit(site=usual), **tokens)
    other.get("/me", status=401)
    assert other.cookies.keys() == tokens.keys()


ATTRIBUTES: list[tuple[Mapping[str, Any], str, Mapping[str, Any]]] = [
    ({}, "https", {"secure": True, "httponly": True, "path": "/", "domain": ""}),
    ({"secure": False}, "https", {"secure": ""}),
    ({"secure": True}, "http", {"secure": True}),
    ({"httpOnly": False}, "http", {"httponly": ""}),
    ({"path": "/app"}, "http", {"path": "/app"}),
    ({"domain": "site.example"}, "http", {"domain": "site.example"}),
    ({"name": "at"}, "https", {}),
]


@pytest.mark.parametrize(("own", "scheme", "wanted"), ATTRIBUTES, ids=str)
@pytest.mark.parametrize("section", ["accessTokenCookie", "refreshTokenCookie"])
def test_they_look_as_the_settings_say_and_go_as_they_came(
    section: str, own: Mapping[str, Any], scheme: str, wanted: Mapping[str, Any]
) -> None:
    visit = pair_site(web={section: own})
    visit.account()
    name = own.get("name", ACCESS if section.startswith("access") else REFRESH)
    sent = visit.post_json(f"{scheme}://site.example/login", {"login": "ada@example.org", "password": PASSWORD})
    cookie = set_cookies(sent)[name]
    assert {key: cookie[key] for key in wanted} == wanted
    [gone, *_] = [
        morsel
        for line in visit.post(f"{scheme}://site.example/logout").headers.getall("Set-Cookie")
        for key, morsel in SimpleCookie(line).items()
        if key == name
    ]
    assert (gone.value, gone["max-age"]) == ("", "0")
    assert all(gone[key] == cookie[key] for key in ("path", "domain", "secure", "httponly", "samesite"))


def test_their_path_is_the_base_path() -> None:
    visit = pair_site(web={"basePath": "/in"})
    visit.account()
    answer = visit.post_json("/in/login", {"login": "ada@example.org", "password": PASSWORD})
    assert set_cookies(answer)[ACCESS]["path"] == "/in"


@pytest.mark.parametrize("names", [("a", "a"), ("stormpath_session", "b"), ("b", "stormpath_session")])
def test_each_cookie_has_a_name_of_its_own(names: tuple[str, str]) -> None:
    web = {"accessTokenCookie": {"name": names[0]}, "refreshTokenCookie": {"name": names[1]}}
    with pytest.raises(ConfigurationError, match="three names"):
        make_site(cookies="tokens", web=web)


# What they open.


def test_an_access_token_alone_signs_in(opened: OpenSite) -> None:
    pair = opened(cookies="tokens")
    account = pair.account()
    access, _ = signed_in(pair)
    other = another(pair, access_token=access)
    answer = other.get("/me")
    assert answer.json["account"]["href"] == account.href
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" in answer.headers["Vary"]
    told = answer.request.environ["stormpath.identity"]
    assert isinstance(told, Proved)
    assert (told.kind, told.proofs) == (CredentialKind.SESSION, frozenset({Proof.TOKEN}))


def test_a_refresh_token_alone_gets_the_session_back(opened: OpenSite) -> None:
    pair = opened(cookies="tokens")
    account, told = pair.account(), list[SignedIn]()
    access, refresh = signed_in(pair)
    session = pair.cookies[SESSION].partition(".")[0]
    pair.site.events.listen(SignedIn, told.append)
    other = another(pair, refresh_token=refresh)
    cookies = set_cookies(other.get("/me"))
    assert cookies[REFRESH].value == refresh
    assert cookies[ACCESS].value != access
    assert cookies[SESSION].value.partition(".")[0] == session
    assert len(list(account.refresh_tokens)) == 1
    assert told == []  # nobody has signed in
    answer = other.get("/me")
    assert "Set-Cookie" not in answer.headers


def test_a_session_that_comes_back_lasts_as_long_as_the_visitor_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    visit = pair_site(BROWSER, session={"idle": 600})
    visit.account()
    cookies = set_cookies(by_form(visit))
    assert {cookies[name]["max-age"] for name in (SESSION, ACCESS, REFRESH)} == {""}
    later = visit.site.sessions.now() + 700
    monkeypatch.setattr(visit.site.sessions, "now", lambda: later)
    kept = {name: visit.cookies[name].strip('"') for name in (SESSION, REFRESH)}  # the access token is over
    other = another(visit, BROWSER, **kept)
    cookies = set_cookies(other.get("/"))
    assert other.is_signed_in()
    assert cookies[SESSION].value and {cookies[name]["max-age"] for name in (SESSION, ACCESS, REFRESH)} == {""}


def test_a_session_that_comes_back_has_proved_no_second_factor_unless_its_cookie_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guarded = {"/vault": "secondFactor", "/transfer": "fresh"}
    visit = pair_site(BROWSER, session={"idle": 600}, protect=guarded)
    phone = Phone(visit.account())
    page = asked(visit)
    page.form["code"] = phone.code()
    page.form.submit(status=302)
    visit.get("/vault", status=404)
    kept = {name: visit.cookies[name].strip('"') for name in (SESSION, REFRESH)}
    with monkeypatch.context() as patch:
        later = visit.site.sessions.now() + 700  # the session has not been used for too long
        patch.setattr(visit.site.sessions, "now", lambda: later)
        another(visit, BROWSER, **kept).get("/vault", status=404)
    alone = another(visit, BROWSER, refresh_token=kept[REFRESH])
    assert alone.is_signed_in()
    assert alone.get("/vault", status=302).headers["Location"] == "/factor?next=%2Fvault"
    assert alone.get("/transfer", status=302).headers["Location"] == "/account/fresh?next=%2Ftransfer"
    page = alone.get("/factor?next=%2Fvault")
    page.form["code"] = phone.code()
    assert page.form.submit(status=302).headers["Location"] == "/vault"
    alone.get("/vault", status=404)


@pytest.mark.parametrize("access", ["", "expired", "x.y.z"])
def test_while_somebody_is_signed_in_the_access_token_is_renewed(pair: Visit, access: str) -> None:
    _, refresh = signed_in(pair)
    session = pair.cookies[SESSION]
    other = another(pair, stormpath_session=session, refresh_token=refresh, **({ACCESS: access} if access else {}))
    cookies = set_cookies(other.get("/"))
    assert cookies.keys() == {ACCESS, REFRESH}
    assert another(pair, access_token=cookies[ACCESS].value).is_signed_in()
    assert "Set-Cookie" not in other.get("/").headers


def test_where_tokens_rotate_the_cookie_gets_the_next_one_and_two_tabs_get_the_same(opened: OpenSite) -> None:
    pair = opened(cookies="tokens", web={"oauth2": {"refresh_token": {"rotate": True}}})
    pair.account()
    _, refresh = signed_in(pair)
    first, second = (set_cookies(another(pair, refresh_token=refresh).get("/me")) for _ in range(2))
    assert first[REFRESH].value == second[REFRESH].value != refresh
    assert another(pair, access_token=second[ACCESS].value).is_signed_in()


def test_an_old_one_that_comes_in_a_cookie_ends_the_session(opened: OpenSite) -> None:
    pair = opened(cookies="tokens", web={"oauth2": {"refresh_token": {"rotate": True, "grace": 0}}})
    account, told = pair.account(), list[RefreshTokenReused]()
    pair.site.events.listen(RefreshTokenReused, told.append)
    _, refresh = signed_in(pair)
    another(pair, refresh_token=refresh).get("/me")
    thief = another(pair, refresh_token=refresh)
    thief.get("/me", status=401)
    assert [event.account for event in told] == [account.href]
    assert list(account.refresh_tokens) == []


def test_the_token_of_an_api_key_signs_in_without_a_session(pair: Visit) -> None:
    [account] = pair.application.accounts
    key = account.api_keys.create({})
    header = "Basic " + base64.b64encode(f"{key.id}:{key.secret}".encode()).decode()
    told = pair.post("/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": header}).json
    other = another(pair, access_token=told["access_token"])
    assert other.get("/me").json["account"]["href"] == account.href
    other.post("/logout")
    another(pair, access_token=told["access_token"]).get("/me", status=401)


def test_a_header_decides_before_them_and_a_wrong_one_is_not_replaced(pair: Visit) -> None:
    access, refresh = signed_in(pair)
    bob = pair.account("bob@example.org")
    told = pair.post("/oauth/token", {"grant_type": "password", "username": bob.email, "password": PASSWORD}).json
    other = another(pair, access_token=access, refresh_token=refresh)
    answer = other.get("/me", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert answer.json["account"]["email"] == bob.email
    wrong = other.get("/me", headers={"Authorization": f"Bearer {told['refresh_token']}"}, status=401)
    assert "Set-Cookie" not in wrong.headers


def test_a_form_of_another_site_is_refused_with_them_too(pair: Visit) -> None:
    access, _ = signed_in(pair)
    other = another(pair, BROWSER, access_token=access)
    other.post("/logout", {"a": "b"}, headers={"Origin": "https://evil.example"}, status=403)
    other.post("/login", {"login": "ada@example.org", "password": PASSWORD}, status=403)
    assert other.is_signed_in()


# What is refused.


def forged(token: str, **header: str) -> str:
    """*token* with another header and no signature of ours."""
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


BAD: dict[str, Callable[[str, str], dict[str, str]]] = {
    "a refresh token as access token": lambda access, refresh: {ACCESS: refresh},
    "an access token as refresh token": lambda access, refresh: {REFRESH: access},
    "no signature": lambda access, refresh: {ACCESS: forged(access, alg="none", stt="access")},
    "no signature, with its key": lambda access, refresh: {
        ACCESS: forged(access, alg="none", stt="access", kid=unverified(access).header["kid"])
    },
    "a refresh token without signature": lambda access, refresh: {
        REFRESH: forged(refresh, alg="none", stt="refresh", kid=unverified(refresh).header["kid"])
    },
    "another signature": lambda access, refresh: {ACCESS: access[:-6] + "AAAAAA", REFRESH: refresh[:-6] + "AAAAAA"},
    "no token": lambda access, refresh: {ACCESS: "x", REFRESH: "a.b.c"},
    "long ones": lambda access, refresh: {ACCESS: "x." * 2000, REFRESH: refresh + "x" * 3000},
    "blank ones": lambda access, refresh: {ACCESS: "", REFRESH: ""},
}


@pytest.fixture(scope="module", params=["local", "stormpath"])
def strategic(request: pytest.FixtureRequest) -> Visit:
    """Somebody who is signed in, where tokens are validated in either way."""
    visit = pair_site(web={"oauth2": {"password": {"validationStrategy": request.param}}})
    visit.account()
    visit.sign_in()
    return visit


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_good_signs_nobody_in_and_both_go_where_a_user_is_demanded(strategic: Visit, bad: str) -> None:
    pair = strategic
    cookies = BAD[bad](pair.cookies[ACCESS], pair.cookies[REFRESH])
    for accept, address, status in (
        ("*/*", "/me", 401),
        (BROWSER, "/me", 302),
        ("*/*", "/staff", 401),
        (BROWSER, "/staff", 302),
    ):
        other = another(pair, accept, **cookies)
        gone = set_cookies(other.get(address, status=status))
        assert {name: (gone[name].value, gone[name]["max-age"]) for name in (ACCESS, REFRESH)} == {
            ACCESS: ("", "0"),
            REFRESH: ("", "0"),
        }
    assert pair.is_signed_in()


def test_cookies_of_somebody_else_by_these_names_are_left_alone(pair: Visit) -> None:
    there = pair_site(application={"name": "My Application"})  # with ids of its own
    there.account()
    access, refresh = signed_in(there)
    other = another(pair, access_token=access, refresh_token=refresh)
    assert "Set-Cookie" not in other.get("/").headers
    assert not other.is_signed_in()


ENDS: dict[str, Callable[[Visit], object]] = {
    "sign-out": lambda visit: visit.post("/logout"),
    "another password": lambda visit: _changed(visit, password=NEW),
    "disabled": lambda visit: _changed(visit, status="DISABLED"),
    "deleted": lambda visit: next(iter(visit.application.accounts)).delete(),
    "ended elsewhere": lambda visit: next(iter(next(iter(visit.application.accounts)).refresh_tokens)).delete(),
}


def _changed(visit: Visit, **values: str) -> None:
    account = next(iter(visit.application.accounts))
    for name, value in values.items():
        setattr(account, name, value)
    account.save()


@pytest.mark.parametrize("end", ENDS)
def test_they_end_with_their_session(pair: Visit, end: str) -> None:
    access, refresh = signed_in(pair)
    ENDS[end](pair)
    for cookies in ({ACCESS: access}, {REFRESH: refresh}, {ACCESS: access, REFRESH: refresh}):
        other = another(pair, **cookies)
        other.get("/me", status=401)
        assert other.cookies == {}


def test_the_absolute_limit_of_sessions_holds_for_them() -> None:
    pair = pair_site()
    pair.account()
    _, refresh = signed_in(pair)
    sessions = pair.site.sessions
    later = sessions.now() + 31 * 86_400
    sessions.now = lambda: later
    another(pair, refresh_token=refresh).get("/me", status=401)


# Signing out.


@pytest.mark.parametrize("brought", [(ACCESS,), (REFRESH,), (ACCESS, REFRESH)], ids=str)
def test_signing_out_with_them_alone_ends_the_session(pair: Visit, brought: tuple[str, ...]) -> None:
    tokens = dict(zip((ACCESS, REFRESH), signed_in(pair), strict=True))
    [account] = pair.application.accounts
    told: list[Any] = []
    for kind in (SignedOut, SessionEnded):
        pair.site.events.listen(kind, told.append)
    other = another(pair, **{name: tokens[name] for name in brought})
    other.post("/logout")
    assert other.cookies == {}
    assert list(account.refresh_tokens) == []
    assert [(type(event), event.account) for event in told] == [(SignedOut, account.href)]
    assert not pair.is_signed_in()


def test_a_forged_one_ends_nothing(pair: Visit) -> None:
    access, refresh = signed_in(pair)
    unsigned = forged(refresh, alg="none", stt="refresh", kid=unverified(refresh).header["kid"])
    other = another(pair, refresh_token=unsigned, access_token=forged(access, alg="none", stt="access"))
    other.post("/logout")
    assert pair.is_signed_in()


def test_signing_in_as_somebody_else_ends_what_the_cookies_held(pair: Visit) -> None:
    _, refresh = signed_in(pair)
    [ada] = pair.application.accounts
    pair.account("bob@example.org")
    other = another(pair, refresh_token=refresh)
    other.sign_in("bob@example.org")
    assert "bob@example.org" in other.get("/")
    assert unverified(other.cookies[REFRESH]).claims["jti"] != unverified(refresh).claims["jti"]
    assert list(ada.refresh_tokens) == []


# What they cost.


def test_a_good_access_token_costs_no_question_where_it_is_validated_locally(tmp_path: Path) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(environ["stormpath.user"].href).encode()]

    with served_api(f"sqlite:///{tmp_path}/accounts.db") as opening:
        site = make_site(
            app,
            cookies="tokens",
            remote_user="href",
            web={"oauth2": {"password": {"validationStrategy": "local"}}},
            directory=opening["url"],
            application={"name": "My Application"},
            client={"apiKey": {"id": opening["id"], "secret": opening["secret"]}, "connectionTimeout": 2},
        )
        visit = Visit("*/*", site=site)
        account = visit.account()
        access, _ = signed_in(visit)
    with closing(site.client):  # whatever is asked from now on fails
        assert account.href in another(visit, access_token=access).get("/")
        another(visit, access_token=access[:-6] + "AAAAAA").get("/")


def test_who_is_signed_in_stays_so_while_a_token_cannot_be_renewed(tmp_path: Path) -> None:
    with served_api(f"sqlite:///{tmp_path}/accounts.db") as opening:
        client = {"apiKey": {"id": opening["id"], "secret": opening["secret"]}, "connectionTimeout": 2}
        there: dict[str, Any] = {"directory": opening["url"], "application": {"name": "My Application"}}
        visit = pair_site(client=client, **there)
        visit.account()
        _, refresh = signed_in(visit)
        assert visit.is_signed_in()
    with closing(visit.site.client):
        other = another(visit, stormpath_session=visit.cookies[SESSION], refresh_token=refresh)
        answer = other.get("/")
        assert "ada@example.org" in answer
        assert "Set-Cookie" not in answer.headers
        answer = another(visit, refresh_token=refresh).get("/", status=503)  # nobody is called a stranger
        assert "Set-Cookie" not in answer.headers
