"""Google, Facebook and the others, against servers that answer in the shapes which the providers document.

The names and addresses are the real ones: certificates are checked, and only the look-up of names leads to a server of
the test.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.providers import Asked, Person, Proof, Providers, Registration, kind_of
from stormpath_wsgi.errors import Error
from stormpath_wsgi.settings import ProvidersSettings

CALLBACK = "https://site.example/callbacks/it"
ASKED = Asked(redirect_uri=CALLBACK, state="a-state", nonce="a-nonce", code_challenge="a-challenge")
BY_CODE = Proof(code="a-code", redirect_uri=CALLBACK, nonce="a-nonce", code_verifier="a-verifier")
BY_TOKEN = Proof(access_token="a-token")
HOSTS = (
    *("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com"),
    *("graph.facebook.com", "github.com", "api.github.com", "www.linkedin.com", "api.linkedin.com"),
    *("login.microsoftonline.com", "graph.microsoft.com", "appleid.apple.com", "api.twitter.com", "acme.example"),
)
KEY = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig", "alg": "RS256"})
TENANT = "11111111-2222-3333-4444-555555555555"


class World:
    """The providers, as the directory sees them."""

    def __init__(self, server: HTTPServer, settings: ProvidersSettings) -> None:
        self.server, self.settings = server, settings
        self.providers = Providers(settings, find=lambda host, port: [("127.0.0.1", server.port)])

    def says(self, url: str, document: Any, *, method: str = "GET", status: int = 200) -> None:
        """From now on *url* answers so."""
        address = urlsplit(url)
        expected = self.server.expect_request(address.path, method=method, headers={"Host": address.netloc})
        expected.respond_with_json(document, status=status)

    def asked(self, url: str) -> Request:
        """The last request to *url*."""
        address = urlsplit(url)
        found = [
            request
            for request, _ in self.server.log
            if (request.path, request.headers["Host"]) == (address.path, address.netloc)
        ]
        return found[-1]

    def publishes(self, issuer: str, at: str | None = None, **addresses: str) -> None:
        """The documents of an OpenID provider."""
        jwks = addresses.setdefault("jwks_uri", f"{at or issuer}/keys")
        self.says(
            f"{at or issuer}/.well-known/openid-configuration",
            {"issuer": issuer, "id_token_signing_alg_values_supported": ["RS256"], **addresses},
        )
        self.says(jwks, {"keys": [KEY.as_dict(private=False)]})

    def location(self, registration: Registration, **changes: Any) -> dict[str, str]:
        """The parameters of the way there."""
        query = parse_qs(urlsplit(self.providers.location(registration, replace(ASKED, **changes))).query)
        return {name: values[0] for name, values in query.items()}

    def prove(self, registration: Registration, proof: Proof = BY_CODE) -> Person:
        return self.providers.prove(registration, proof)

    def refused(self, registration: Registration, proof: Proof = BY_CODE, code: Code = Code.PROVIDER_REFUSED) -> str:
        with pytest.raises(Error) as caught:
            self.providers.prove(registration, proof)
        assert caught.value.code == code
        return str(caught.value)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HTTPServer, Path]]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    bundle = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        yield server, bundle


@pytest.fixture
def world(server: tuple[HTTPServer, Path]) -> World:
    server[0].clear()
    settings = ProvidersSettings(private_addresses=True, timeout=dt.timedelta(seconds=20), ca_bundle=server[1])
    return World(server[0], settings)


def registration(provider_id: str, **rest: Any) -> Registration:
    known = {"client_id": "an-id", "client_secret": "a-secret", **rest}
    return Registration(provider_id=provider_id, kind=kind_of(provider_id, known.get("issuer")), **known)


def id_token(issuer: str, **claims: Any) -> str:
    now = int(time.time())
    told = {"iss": issuer, "aud": "an-id", "iat": now, "exp": now + 60, "nonce": "a-nonce", **claims}
    there = {name: value for name, value in told.items() if value is not None}
    return jws.serialize_compact({"alg": "RS256", "kid": "k1"}, json.dumps(there), KEY)


def tokens(**rest: Any) -> dict[str, Any]:
    return {"access_token": "a-token", "token_type": "Bearer", "expires_in": 3599, **rest}


# Google.

GOOGLE = "https://accounts.google.com"
GOOGLE_PERSON = {
    "sub": "110248495921238986420",
    "email": "ada@acme.example",
    "email_verified": True,
    "hd": "acme.example",
    "name": "Ada Lovelace",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "picture": "https://lh3.googleusercontent.com/a/x",
}


def google(world: World, **claims: Any) -> None:
    world.publishes(
        GOOGLE,
        authorization_endpoint=f"{GOOGLE}/o/oauth2/v2/auth",
        token_endpoint="https://oauth2.googleapis.com/token",
        userinfo_endpoint="https://openidconnect.googleapis.com/v1/userinfo",
        jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
    )
    signed = id_token(**{"issuer": GOOGLE, **GOOGLE_PERSON, **claims})
    world.says("https://oauth2.googleapis.com/token", tokens(id_token=signed), method="POST")


def test_google_is_asked_as_the_provider_of_the_directory_says(world: World) -> None:
    google(world)
    told = world.location(
        registration("google", scope=("profile", "email"), hd="acme.example", access_type="offline", display="page")
    )
    assert told["scope"] == "openid profile email"
    assert (told["hd"], told["access_type"], told["display"]) == ("acme.example", "offline", "page")
    assert (told["code_challenge"], told["code_challenge_method"]) == ("a-challenge", "S256")


def test_google_says_who_somebody_is(world: World) -> None:
    google(world)
    person = world.prove(registration("google"))
    assert (person.subject, person.email, person.email_is_verified) == (
        "110248495921238986420",
        "ada@acme.example",
        True,
    )
    assert (person.given_name, person.surname, person.user_info["hd"]) == ("Ada", "Lovelace", "acme.example")
    form = world.asked("https://oauth2.googleapis.com/token").form
    assert (form["code"], form["code_verifier"], form["redirect_uri"]) == ("a-code", "a-verifier", CALLBACK)


def test_google_may_leave_the_scheme_of_its_issuer_out(world: World) -> None:
    google(world, issuer="accounts.google.com")
    assert world.prove(registration("google")).given_name == "Ada"


@pytest.mark.parametrize("domain", ["gmail.example", "acme.example.evil.example", "", None, ["acme.example"]])
def test_the_domain_is_checked_here_and_not_only_asked_for(world: World, domain: Any) -> None:
    google(world, hd=domain)
    assert "domain acme.example" in world.refused(registration("google", hd="acme.example"))


def test_any_domain_may_be_asked_for_but_there_has_to_be_one(world: World) -> None:
    google(world)
    assert world.prove(registration("google", hd="*")).given_name == "Ada"
    world.server.clear()
    google(world, hd=None)
    assert "no Google Workspace domain" in world.refused(registration("google", hd="*"))


def test_an_access_token_of_google_has_to_be_for_us(world: World) -> None:
    google(world)
    world.says("https://oauth2.googleapis.com/tokeninfo", {"aud": "an-id", "azp": "an-id", "sub": "1", "exp": "1"})
    world.says("https://openidconnect.googleapis.com/v1/userinfo", GOOGLE_PERSON)
    assert world.prove(registration("google"), BY_TOKEN).email == "ada@acme.example"
    assert "not of the domain" in world.refused(registration("google", hd="other.example"), BY_TOKEN)
    assert "another program" in world.refused(registration("google", client_id="we"), BY_TOKEN)


@pytest.mark.parametrize(
    ("said", "is_taken"),
    [
        ({"aud": "an-id"}, True),
        ({"aud": "another", "azp": "an-id"}, True),
        ({"aud": "an-id", "azp": "another"}, False),
        ({"aud": "another"}, False),
    ],
)
def test_google_says_by_azp_to_which_program_a_token_was_issued(
    world: World, said: dict[str, Any], is_taken: bool
) -> None:
    google(world)
    world.says("https://oauth2.googleapis.com/tokeninfo", said)
    world.says("https://openidconnect.googleapis.com/v1/userinfo", GOOGLE_PERSON)
    if is_taken:
        assert world.prove(registration("google"), BY_TOKEN).email == "ada@acme.example"
    else:
        assert "another program" in world.refused(registration("google"), BY_TOKEN)


def test_what_google_refuses_is_told_in_the_documented_words(world: World) -> None:
    google(world)
    world.says(
        "https://oauth2.googleapis.com/tokeninfo",
        {"error": "invalid_token", "error_description": "Invalid Value"},
        status=400,
    )
    said = world.refused(registration("google"), BY_TOKEN)
    assert said == "Google error message: 400 Bad Request (invalid_token: Invalid Value)"


# Facebook.

GRAPH = "https://graph.facebook.com/v25.0"


def facebook(world: World, **person: Any) -> None:
    told = {"id": "10158", "name": "Ada Lovelace", "first_name": "Ada", "last_name": "Lovelace", **person}
    world.says(f"{GRAPH}/oauth/access_token", tokens(token_type="bearer"), method="POST")
    world.says(f"{GRAPH}/me", told)


def test_facebook_says_who_somebody_is_and_nothing_of_whether_the_address_is_proved(world: World) -> None:
    facebook(world, email="ada@example.org", email_verified=True)
    person = world.prove(registration("facebook"))
    assert (person.subject, person.given_name, person.surname) == ("10158", "Ada", "Lovelace")
    assert (person.email, person.email_is_verified) == ("ada@example.org", False)
    asked = world.asked(f"{GRAPH}/me")
    assert asked.args["appsecret_proof"] == hmac.new(b"a-secret", b"a-token", "sha256").hexdigest()
    assert asked.headers["Authorization"] == "Bearer a-token"


def test_facebook_is_asked_for_whom_a_token_was_issued(world: World) -> None:
    facebook(world)
    debug = {"app_id": "an-id", "type": "USER", "is_valid": True, "user_id": "10158", "scopes": ["email"]}
    world.says(f"{GRAPH}/debug_token", {"data": debug})
    assert world.prove(registration("facebook"), BY_TOKEN).subject == "10158"
    assert world.asked(f"{GRAPH}/debug_token").headers["Authorization"] == "Bearer an-id|a-secret"
    assert "another program" in world.refused(registration("facebook", client_id="we"), BY_TOKEN)
    world.server.clear()
    world.says(f"{GRAPH}/debug_token", {"data": {**debug, "is_valid": False}})
    assert "not good" in world.refused(registration("facebook"), BY_TOKEN)


def test_an_error_of_facebook_has_its_own_form(world: World) -> None:
    error = {"message": "This authorization code has been used.", "type": "OAuthException", "code": 100}
    world.says(f"{GRAPH}/oauth/access_token", {"error": error}, method="POST", status=400)
    assert world.refused(registration("facebook")) == (
        "Facebook error message: 400 Bad Request (This authorization code has been used.)"
    )


# GitHub.

GITHUB_TOKEN, GITHUB = "https://github.com/login/oauth/access_token", "https://api.github.com"


def github(world: World, emails: list[dict[str, Any]]) -> None:
    world.says(GITHUB_TOKEN, {"access_token": "a-token", "token_type": "bearer", "scope": "user:email"}, method="POST")
    person = {"login": "ada", "id": 583231, "name": "Ada King Lovelace", "email": "profile@example.org"}
    world.says(f"{GITHUB}/user", person)
    world.says(f"{GITHUB}/user/emails", emails)


def github_email(email: str, *, primary: bool, verified: bool) -> dict[str, Any]:
    return {"email": email, "primary": primary, "verified": verified, "visibility": "private"}


def test_github_says_which_address_is_the_primary_one_and_whether_it_is_verified(world: World) -> None:
    emails = [
        github_email("old@example.org", primary=False, verified=True),
        github_email("ada@example.org", primary=True, verified=True),
    ]
    github(world, emails)
    person = world.prove(registration("github"))
    assert (person.subject, person.user_info["login"]) == ("583231", "ada")
    assert (person.email, person.email_is_verified) == ("ada@example.org", True)
    assert (person.given_name, person.surname) == ("Ada King", "Lovelace")
    assert world.asked(GITHUB_TOKEN).form["code_verifier"] == "a-verifier"


def test_an_address_that_github_has_not_verified_is_not_proved(world: World) -> None:
    github(world, [github_email("ada@example.org", primary=True, verified=False)])
    assert world.prove(registration("github")).email_is_verified is False


def test_the_address_of_a_profile_is_not_proved(world: World) -> None:
    github(world, [])
    person = world.prove(registration("github"))
    assert (person.email, person.email_is_verified) == ("profile@example.org", False)


def test_github_is_asked_for_whom_a_token_was_issued(world: World) -> None:
    github(world, [])
    world.says(f"{GITHUB}/applications/an-id/token", {"id": 1, "app": {"client_id": "an-id"}}, method="POST")
    assert world.prove(registration("github"), BY_TOKEN).subject == "583231"
    assert world.asked(f"{GITHUB}/applications/an-id/token").json == {"access_token": "a-token"}
    world.says(f"{GITHUB}/applications/we/token", {"message": "Not Found"}, method="POST", status=404)
    assert "another program" in world.refused(registration("github", client_id="we"), BY_TOKEN)


def test_what_github_refuses_is_told_in_the_documented_words(world: World) -> None:
    world.says(f"{GITHUB}/user", {"message": "Bad credentials"}, status=401)
    assert world.refused(registration("github"), BY_TOKEN).startswith("Github error message: 401 Unauthorized")
    refusal = {"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."}
    world.says(GITHUB_TOKEN, refusal, method="POST")  # with a status of success
    assert "bad_verification_code" in world.refused(registration("github"))


# LinkedIn.

LINKEDIN = "https://www.linkedin.com/oauth"


def linkedin(world: World, issuer: str = LINKEDIN) -> None:
    claims = {"sub": "782bbtaQ", "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace"}
    claims |= {"email": "ada@example.org", "email_verified": "true"}
    signed = id_token(issuer, **claims, nonce=None)
    world.says(f"{LINKEDIN}/v2/accessToken", tokens(id_token=signed), method="POST")
    world.says(f"{LINKEDIN}/openid/jwks", {"keys": [KEY.as_dict(private=False)]})
    world.says("https://api.linkedin.com/v2/userinfo", claims)


def test_linkedin_gets_neither_nonce_nor_challenge_and_the_scopes_of_today(world: World) -> None:
    told = world.location(registration("linkedin", scope=("r_basicprofile", "r_emailaddress")))
    assert told["scope"] == "openid profile email"
    assert not told.keys() & {"nonce", "code_challenge", "code_challenge_method"}


@pytest.mark.parametrize("issuer", [LINKEDIN, "https://www.linkedin.com"])
def test_linkedin_says_who_somebody_is(world: World, issuer: str) -> None:
    linkedin(world, issuer)
    person = world.prove(registration("linkedin"))
    assert (person.subject, person.email, person.email_is_verified) == ("782bbtaQ", "ada@example.org", True)
    form = world.asked(f"{LINKEDIN}/v2/accessToken").form
    assert (form["client_id"], form["client_secret"]) == ("an-id", "a-secret")
    assert "code_verifier" not in form  # LinkedIn refuses it


def test_a_code_of_linkedin_needs_the_address_it_was_asked_for_with(world: World) -> None:
    linkedin(world)
    bare = Proof(code="a-code")
    world.refused(registration("linkedin"), bare, Code.REDIRECT_URI_MISSING)
    assert world.prove(registration("linkedin", redirect_uri=CALLBACK), bare).subject == "782bbtaQ"


def test_linkedin_is_asked_for_whom_a_token_was_issued(world: World) -> None:
    linkedin(world)
    world.says(f"{LINKEDIN}/v2/introspectToken", {"active": True, "client_id": "an-id"}, method="POST")
    assert world.prove(registration("linkedin"), BY_TOKEN).subject == "782bbtaQ"
    assert "another program" in world.refused(registration("linkedin", client_id="we"), BY_TOKEN)
    world.server.clear()
    world.says(f"{LINKEDIN}/v2/introspectToken", {"active": False}, method="POST")
    said = world.refused(registration("linkedin"), BY_TOKEN)
    assert said == "Linkedin error message: Invalid access token."


# Microsoft.

MICROSOFT = "https://login.microsoftonline.com"


def microsoft(world: World, issuer: str, at: str, *, info: dict[str, Any] | None = None, **claims: Any) -> None:
    graph = "https://graph.microsoft.com/oidc/userinfo"
    world.says(graph, info)
    world.publishes(
        issuer,
        at=at,
        authorization_endpoint=f"{MICROSOFT}/common/oauth2/v2.0/authorize",
        token_endpoint=f"{MICROSOFT}/common/oauth2/v2.0/token",
        jwks_uri=f"{MICROSOFT}/common/discovery/v2.0/keys",
        **({"userinfo_endpoint": graph} if info else {}),
    )
    told = {"issuer": f"{MICROSOFT}/{TENANT}/v2.0", "tid": TENANT, "sub": "AAAAAA", "name": "Ada Lovelace"}
    told |= {"email": "ada@acme.example", "preferred_username": "ada@acme.example", **claims}
    world.says(f"{MICROSOFT}/common/oauth2/v2.0/token", tokens(id_token=id_token(**told)), method="POST")


COMMON: dict[str, Any] = {"issuer": f"{MICROSOFT}/{{tenantid}}/v2.0", "at": f"{MICROSOFT}/common/v2.0"}


def test_an_address_of_microsoft_is_what_an_administrator_has_written(world: World) -> None:
    microsoft(world, **COMMON, email_verified=True)
    person = world.prove(registration("microsoft"))
    assert person.subject == f"{TENANT}.AAAAAA"
    assert (person.email, person.email_is_verified) == ("ada@acme.example", False)


def test_an_address_counts_as_proved_where_microsoft_says_that_the_tenant_owns_the_domain(world: World) -> None:
    microsoft(world, **COMMON, xms_edov=True)
    assert world.prove(registration("microsoft")).email_is_verified is True


@pytest.mark.parametrize("tenant", ["99999999-2222-3333-4444-555555555555", "../evil", None])
def test_each_tenant_of_microsoft_is_an_issuer_of_its_own(world: World, tenant: Any) -> None:
    microsoft(world, **COMMON, tid=tenant)
    code = Code.PROVIDER_REFUSED if tenant and "." not in tenant else Code.PROVIDER_LACKS
    world.refused(registration("microsoft"), code=code)


def test_a_directory_may_take_people_of_one_tenant_only(world: World) -> None:
    issuer = f"{MICROSOFT}/{TENANT}/v2.0"
    microsoft(world, issuer, at=issuer)
    assert world.prove(registration("microsoft", issuer=issuer)).subject == f"{TENANT}.AAAAAA"
    world.server.clear()
    other = "99999999-2222-3333-4444-555555555555"
    microsoft(world, issuer, at=issuer, tid=other, iss=f"{MICROSOFT}/{other}/v2.0")
    assert "iss" in world.refused(registration("microsoft", issuer=issuer))


@pytest.mark.parametrize(
    ("iss", "is_taken"),
    [
        (f"{MICROSOFT}/{TENANT}/v2.0", True),
        (f"{MICROSOFT}/common/v2.0", True),
        (f"https://evil.example/{TENANT}/v2.0", False),
        (f"{MICROSOFT}/{TENANT}/v2.0.evil.example", False),
        (f"{MICROSOFT}/evil/v2.0", False),
        ("", False),
    ],
)
def test_an_answer_of_any_tenant_is_one_of_microsoft(world: World, iss: str, is_taken: bool) -> None:
    microsoft(world, **COMMON)
    proof = replace(BY_CODE, iss=iss)
    if is_taken:
        assert world.prove(registration("microsoft"), proof).subject == f"{TENANT}.AAAAAA"
    else:
        world.refused(registration("microsoft"), proof)


@pytest.mark.parametrize("provider_id", ["microsoft", "apple"])
def test_access_tokens_that_nobody_can_check_are_refused(world: World, provider_id: str) -> None:
    assert "send a code" in world.refused(registration(provider_id, client_secret="{}"), BY_TOKEN)


# Apple.

APPLE = "https://appleid.apple.com"
TEAM_KEY = ECKey.generate_key("P-256")
APPLE_SECRET = json.dumps({"teamId": "TEAM", "keyId": "KEY", "privateKey": TEAM_KEY.as_pem(private=True).decode()})


def apple(world: World) -> None:
    world.publishes(
        APPLE,
        authorization_endpoint=f"{APPLE}/auth/authorize",
        token_endpoint=f"{APPLE}/auth/token",
        jwks_uri=f"{APPLE}/auth/keys",
    )
    claims = {"sub": "001234.abcd", "email": "x@privaterelay.appleid.com", "email_verified": "true"}
    world.says(f"{APPLE}/auth/token", tokens(id_token=id_token(APPLE, **claims)), method="POST")


def test_apple_answers_by_post_where_names_are_asked_for(world: World) -> None:
    apple(world)
    told = world.location(registration("apple", client_secret=APPLE_SECRET))
    assert (told["response_mode"], told["scope"]) == ("form_post", "openid name email")


def test_apple_gets_a_client_secret_that_the_key_of_the_team_has_signed(world: World) -> None:
    apple(world)
    world.prove(registration("apple", client_secret=APPLE_SECRET))
    sent = world.asked(f"{APPLE}/auth/token").form["client_secret"]
    signed = jws.deserialize_compact(sent, TEAM_KEY)
    claims = json.loads(signed.payload)
    assert signed.headers() == {"alg": "ES256", "kid": "KEY"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("TEAM", "an-id", APPLE)
    assert 0 < claims["exp"] - claims["iat"] <= 600


def test_names_come_with_apples_first_answer_and_nothing_else_of_it_counts(world: World) -> None:
    apple(world)
    user = {"name": {"firstName": "Ada", "lastName": "Lovelace"}, "email": "evil@example.org", "sub": "another"}
    person = world.prove(registration("apple", client_secret=APPLE_SECRET), replace(BY_CODE, user=json.dumps(user)))
    assert (person.subject, person.given_name, person.surname) == ("001234.abcd", "Ada", "Lovelace")
    assert (person.email, person.email_is_verified) == ("x@privaterelay.appleid.com", True)


@pytest.mark.parametrize("user", ["", "{", "[]", '{"name": "Ada"}', "[" * 4000, "x" * 5000])
def test_an_answer_of_apple_without_readable_names_is_good(world: World, user: str) -> None:
    apple(world)
    person = world.prove(registration("apple", client_secret=APPLE_SECRET), replace(BY_CODE, user=user))
    assert (person.given_name, person.surname) == (None, None)


@pytest.mark.parametrize("secret", ["a-secret", "{}", "[]", '{"teamId": "T", "keyId": "K", "privateKey": "no key"}'])
def test_a_client_secret_of_apple_in_another_form_is_explained(world: World, secret: str) -> None:
    apple(world)
    assert '{"teamId": "…", "keyId": "…"' in world.refused(registration("apple", client_secret=secret))


# Twitter.

TWITTER = "https://api.twitter.com/1.1/account/verify_credentials.json"


def test_a_token_of_twitter_is_used_with_the_signature_of_our_program(world: World) -> None:
    world.says(
        TWITTER,
        {
            "id": 2244994945,
            "id_str": "2244994945",
            "screen_name": "ada",
            "name": "Ada Lovelace",
            "email": "a@b.example",
        },
    )
    person = world.prove(registration("twitter"), replace(BY_TOKEN, access_token_secret="its-secret"))
    assert (person.subject, person.email_is_verified) == ("2244994945", True)
    header = world.asked(TWITTER).headers["Authorization"]
    assert header.startswith("OAuth ")
    assert 'oauth_consumer_key="an-id"' in header
    assert 'oauth_token="a-token"' in header
    assert "its-secret" not in header


def test_a_token_of_twitter_needs_its_secret(world: World) -> None:
    assert "Authorization is required for the operation, but the API binding was created" in world.refused(
        registration("twitter"), BY_TOKEN
    )


def test_visitors_cannot_be_sent_to_twitter(world: World) -> None:
    with pytest.raises(Error, match="tokens of programs only"):
        world.providers.location(registration("twitter"), ASKED)


# Any server of OAuth 2.0.

ACME = "https://acme.example"
ENDPOINTS: Mapping[str, str] = {
    "authorization_endpoint": f"{ACME}/authorize?tenant=1",
    "token_endpoint": f"{ACME}/token",
    "resource_endpoint": f"{ACME}/people/me",
}


def test_a_server_of_oauth_is_known_by_its_addresses(world: World) -> None:
    told = world.location(registration("acme", scope=("a", "b"), **ENDPOINTS))
    assert (told["tenant"], told["scope"], told["code_challenge"]) == ("1", "a b", "a-challenge")
    world.says(f"{ACME}/token", tokens(), method="POST")
    world.says(f"{ACME}/people/me", {"data": [{"no": 7}], "email": "ada@example.org", "email_verified": True})
    person = world.prove(registration("acme", id_field="data[0].no", **ENDPOINTS))
    assert (person.subject, person.email, person.email_is_verified) == ("7", "ada@example.org", True)
    assert world.asked(f"{ACME}/token").authorization is not None


@pytest.mark.parametrize("id_field", ["id", "data", "data[0]", "data[3].no", "data.no", "data[0].no.x", "", "a.b.c"])
def test_without_an_id_nobody_is_signed_in(world: World, id_field: str) -> None:
    world.says(f"{ACME}/token", tokens(), method="POST")
    world.says(f"{ACME}/people/me", {"data": [{"no": 7}]})
    world.refused(registration("acme", id_field=id_field, **ENDPOINTS), code=Code.PROVIDER_LACKS)


@pytest.mark.parametrize("subject", [None, True, 1.5, "", "  ", [], {}, "x" * 256])
def test_an_id_is_a_text_or_a_whole_number(world: World, subject: Any) -> None:
    world.says(f"{ACME}/token", tokens(), method="POST")
    world.says(f"{ACME}/people/me", {"id": subject})
    world.refused(registration("acme", **ENDPOINTS), code=Code.PROVIDER_LACKS)


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
def test_some_servers_want_the_token_as_a_parameter(world: World, name: str) -> None:
    world.says(f"{ACME}/token", tokens(), method="POST")
    world.says(f"{ACME}/people/me", {"id": 7})
    world.prove(registration("acme", access_token_type=name, **ENDPOINTS))
    asked = world.asked(f"{ACME}/people/me")
    assert dict(asked.args) == {name: "a-token"}
    assert "Authorization" not in asked.headers


def test_a_server_that_takes_secrets_in_forms_only_gets_one(world: World) -> None:
    address = urlsplit(f"{ACME}/token")
    once = world.server.expect_oneshot_request(address.path, method="POST")
    once.respond_with_json({"error": "invalid_client"}, status=401)
    world.says(f"{ACME}/token", tokens(), method="POST")
    world.says(f"{ACME}/people/me", {"id": 7})
    assert world.prove(registration("acme", **ENDPOINTS)).subject == "7"
    assert world.asked(f"{ACME}/token").form["client_secret"] == "a-secret"


def test_a_token_that_may_be_of_any_program_is_taken_only_where_that_is_meant(world: World) -> None:
    world.says(f"{ACME}/people/me", {"id": 7})
    assert "providers.foreignTokens" in world.refused(registration("acme", **ENDPOINTS), BY_TOKEN)
    loose = World(world.server, world.settings.model_copy(update={"foreign_tokens": True}))
    assert loose.prove(registration("acme", **ENDPOINTS), BY_TOKEN).subject == "7"


@pytest.mark.parametrize(
    "document",
    [{}, {"access_token": 7}, {"access_token": ""}, {"access_token": "a", "expires_in": "soon"}, {"error": ["x"]}],
)
def test_an_answer_without_a_token_is_no_token(world: World, document: Any) -> None:
    world.says(f"{ACME}/token", document, method="POST")
    with pytest.raises(Error, match="acme error message") as caught:
        world.prove(registration("acme", **ENDPOINTS))
    assert caught.value.status == 400


@pytest.mark.parametrize("text", ['{"id": NaN}', '{"id": 1, "a": "\\ud800"}', '{"id": 1, "a": "\\u0000"}', "[" * 5000])
def test_what_no_database_can_keep_is_no_answer(world: World, text: str) -> None:
    world.says(f"{ACME}/token", tokens(), method="POST")
    world.server.expect_request("/people/me").respond_with_data(text, content_type="application/json")
    with pytest.raises(Error, match="no JSON") as caught:
        world.prove(registration("acme", **ENDPOINTS))
    assert caught.value.status == 503


def test_an_address_of_a_page_has_to_be_one_of_https(world: World) -> None:
    for address in ("http://acme.example/", "javascript:alert(1)", "https://", "https://a@acme.example/", "acme"):
        wrong = registration("acme", **dict.fromkeys(ENDPOINTS, address))
        with pytest.raises(Error, match="authorization_endpoint does not begin with https://"):
            Providers().location(wrong, ASKED)
        with pytest.raises(Error, match="token_endpoint does not begin with https://"):
            Providers().prove(wrong, BY_CODE)


# Any provider that speaks OpenID Connect.


def acme(world: World, info: dict[str, Any], token: dict[str, Any], **published: Any) -> Registration:
    """A provider that says *info* of who has a token, answers with *token* to a code, and publishes *published*."""
    world.publishes(
        ACME,
        **{
            "authorization_endpoint": f"{ACME}/authorize",
            "token_endpoint": f"{ACME}/token",
            "userinfo_endpoint": f"{ACME}/me",
            "introspection_endpoint": f"{ACME}/introspect",
            **published,
        },
    )
    world.says(f"{ACME}/me", info)
    world.says(f"{ACME}/token", token, method="POST")
    return registration("acme", issuer=ACME)


@pytest.mark.parametrize(
    ("said", "is_taken"),
    [
        ({"client_id": "an-id", "aud": "a-service"}, True),
        ({"azp": "an-id", "aud": ["a-service"]}, True),
        ({"aud": ["a-service", "an-id"]}, True),
        ({"client_id": "another", "aud": "an-id"}, False),
        ({"client_id": "another", "aud": ["another", "an-id"]}, False),
        ({"client_id": "an-id", "azp": "another"}, False),
        ({"azp": "another", "aud": ["an-id"]}, False),
        ({"client_id": "", "aud": "an-id"}, False),
        ({"client_id": ["an-id"], "aud": "an-id"}, False),
        ({"aud": "an-id-and-more"}, False),
        ({}, False),
    ],
)
def test_a_token_of_another_program_is_refused_although_we_are_in_its_audience(
    world: World, said: dict[str, Any], is_taken: bool
) -> None:
    known = acme(world, {"sub": "ada"}, tokens())
    world.says(f"{ACME}/introspect", {"active": True, **said}, method="POST")
    if is_taken:
        assert world.prove(known, BY_TOKEN).subject == "ada"
    else:
        assert "another program" in world.refused(known, BY_TOKEN)


MINE, HERS = "mallory@example.org", "ada@example.org"


@pytest.mark.parametrize(
    ("claims", "info", "email", "proved"),
    [
        ({"email": HERS}, {"email": MINE, "email_verified": True}, HERS, False),
        ({"email": HERS}, {"email_verified": True}, HERS, False),
        ({"email_verified": True}, {"email": HERS}, HERS, False),
        ({"email": HERS, "email_verified": False}, {"email": HERS, "email_verified": True}, HERS, False),
        ({"email": HERS, "email_verified": True}, {"email": MINE, "email_verified": False}, HERS, True),
        ({"email": HERS}, {"email": HERS, "email_verified": True}, HERS, True),
        ({}, {"email": HERS, "email_verified": True}, HERS, True),
    ],
)
def test_an_address_is_proved_only_by_what_stands_beside_it(
    world: World, claims: dict[str, Any], info: dict[str, Any], email: str, proved: bool
) -> None:
    signed = id_token(ACME, sub="7", **claims)
    person = world.prove(acme(world, {"sub": "7", **info}, tokens(id_token=signed)))
    assert (person.email, person.email_is_verified) == (email, proved)


def test_microsoft_proves_no_address_that_stands_in_the_user_info_only(world: World) -> None:
    microsoft(world, **COMMON, info={"sub": "AAAAAA", "email": HERS}, email=None, xms_edov=True)
    person = world.prove(registration("microsoft"))
    assert (person.email, person.email_is_verified) == (HERS, False)


# Checks, which sign nobody in.

NOT_A_CODE = {"error": "invalid_grant", "error_description": "Malformed auth code."}
WRONG_CLIENT = {"error": "invalid_client", "error_description": "The provided client secret is invalid."}


def found(world: World, registration: Registration) -> dict[str, tuple[bool | None, str]]:
    """What a check finds, by its subjects."""
    return {each.subject: (each.good, each.sentence) for each in world.providers.check(registration)}


def test_a_code_that_nobody_has_issued_shows_whether_google_knows_the_client(world: World) -> None:
    for status, answer, good in ((400, NOT_A_CODE, True), (401, WRONG_CLIENT, False)):
        world.server.clear()
        world.publishes(
            GOOGLE,
            authorization_endpoint=f"{GOOGLE}/o/oauth2/v2/auth",
            token_endpoint="https://oauth2.googleapis.com/token",
        )
        world.says("https://oauth2.googleapis.com/token", answer, method="POST", status=status)
        told = found(world, registration("google"))
        assert told["client"][0] is good
        assert (told["issuer"][0], told["keys"][0]) == (True, True)


@pytest.mark.parametrize(
    ("provider_id", "url", "document", "good"),
    [
        ("github", GITHUB_TOKEN, {"error": "bad_verification_code"}, True),
        ("github", GITHUB_TOKEN, {"error": "incorrect_client_credentials"}, False),
        ("github", GITHUB_TOKEN, {"error": "suspended"}, None),
        ("facebook", f"{GRAPH}/oauth/access_token", tokens(), True),
        ("facebook", f"{GRAPH}/oauth/access_token", {"error": {"message": "Error validating client secret."}}, False),
        ("linkedin", f"{LINKEDIN}/v2/accessToken", WRONG_CLIENT, False),
        ("twitter", "https://api.twitter.com/oauth2/token", tokens(), True),
        ("twitter", "https://api.twitter.com/oauth2/token", {"errors": [{"code": 99, "message": "No."}]}, False),
    ],
)
def test_each_provider_is_asked_in_its_way_whether_it_knows_the_client(
    world: World, provider_id: str, url: str, document: Any, good: bool | None
) -> None:
    world.says(f"{LINKEDIN}/openid/jwks", {"keys": [KEY.as_dict(private=False)]})
    world.says(url, document, method="POST", status=200 if provider_id == "github" or good else 400)
    told = found(world, registration(provider_id))
    assert told["client"][0] is good
    assert "a-secret" not in str(told)


def test_keys_that_verify_nothing_are_told(world: World) -> None:
    issuer = "https://acme.example"
    weak = {"kty": "RSA", "e": "AQAB", "n": "w" * 171, "kid": "w"}  # 1024 bits
    symmetric = {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}
    addresses = {"authorization_endpoint": f"{issuer}/a", "token_endpoint": f"{issuer}/t", "jwks_uri": f"{issuer}/k"}
    world.says(f"{issuer}/k", {"keys": [weak, symmetric, {"kty": "EC"}, "x", {**weak, "use": "enc"}]})
    document = {"issuer": issuer, "id_token_signing_alg_values_supported": ["RS256"], **addresses}
    world.says(f"{issuer}/.well-known/openid-configuration", document)
    world.says(f"{issuer}/t", WRONG_CLIENT, method="POST", status=401)
    assert found(world, registration("acme", issuer=issuer))["keys"] == (
        False,
        "it publishes no key that a signature can be verified with.",
    )


def test_a_provider_that_signs_with_a_shared_key_is_told(world: World) -> None:
    issuer = "https://acme.example"
    document = {"issuer": issuer, "id_token_signing_alg_values_supported": ["HS256", "none"]}
    world.says(f"{issuer}/.well-known/openid-configuration", document)
    told = found(world, registration("acme", issuer=issuer))
    assert told["signatures"][0] is False
    assert told["token_endpoint"][0] is False
