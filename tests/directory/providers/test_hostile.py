"""Whatever a provider, or who claims to come from one, says: a refusal, and never anything else."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.providers import Asked, Person, Proof, Providers, Registration
from stormpath_wsgi.directory.providers.id_tokens import WrongToken, checked, signed
from stormpath_wsgi.directory.providers.people import NoSubject, person_of
from stormpath_wsgi.directory.providers.port import parsed
from stormpath_wsgi.errors import Error, Unavailable
from stormpath_wsgi.settings import ProvidersSettings
from stormpath_wsgi.testing import OpenIDProvider

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CLAIMS = ("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "amr", "acr", "auth_time", "jti")
KEY = ECKey.generate_key("P-256", parameters={"kid": "k1"})
ISSUER = "https://issuer.example"


@settings(max_examples=20, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(CLAIMS, JSON)))
def test_claims_of_any_form_are_good_or_refused(changes: dict[str, Any]) -> None:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "ada", "aud": "we", "iat": now, "exp": now + 60, "nonce": "n", **changes}
    try:
        token = checked(
            {"alg": "ES256"},
            claims,
            issuers=(ISSUER,),
            client_id="we",
            nonce="n",
            access_token="a-token",
            clock=time.time,
        )
    except WrongToken:
        return
    assert (token["iss"], token["nonce"]) == (ISSUER, "n")
    assert token["aud"] == "we" or "we" in token["aud"]
    assert isinstance(token["sub"], str)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.sampled_from(["email", "email_verified", "name", "given_name", "amr", "acr"]), JSON), JSON)
def test_a_person_of_any_form_is_somebody_or_nobody(info: dict[str, Any], subject: Any) -> None:
    try:
        person = person_of(info, subject=subject, tokens=info)
    except NoSubject:
        return
    assert 0 < len(person.subject) <= 255
    assert person.email is None or 0 < len(person.email) <= 255
    assert person.email_is_verified in (False, info.get("email_verified") in (True, "true"))


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){0,4}", fullmatch=True) | JSON)
def test_what_is_no_token_is_refused(text: Any) -> None:
    with pytest.raises(WrongToken):
        signed(text, ["ES256"], [KEY])


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": "another"},
        {"alg": "ES256", "kid": ["k1"]},
        {"alg": "ES256", "crit": ["exp"], "exp": 1},
        {"alg": "ES256", "jwk": ECKey.generate_key("P-256").as_dict(private=False), "kid": "own"},
    ],
)
def test_a_header_names_no_key_of_its_own_and_no_extension(header: dict[str, Any]) -> None:
    text = ".".join((_part(header), _part({"sub": "ada"}), "AAAA"))
    with pytest.raises(WrongToken):
        signed(text, ["ES256"], [KEY])


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("text", ["", "a\nb", "a\r\nX-Evil: 1", "a\0b", "ü", "\ud800", "x" * 20_000])
def test_a_code_or_a_token_that_is_none_reaches_nobody(text: str) -> None:
    settings = ProvidersSettings(private_addresses=True, foreign_tokens=True)
    with OpenIDProvider() as openid:
        known: dict[str, Any] = {"client_id": openid.client_id, "client_secret": openid.client_secret}
        by_issuer = Registration(provider_id="acme", kind="oidc", issuer=openid.issuer, **known)
        endpoints: dict[str, Any] = {
            name: f"{openid.issuer}/{name}" for name in ("token_endpoint", "resource_endpoint")
        }
        by_address = Registration(provider_id="acme", kind="oauth2", **known, **endpoints)
        for registration in (by_issuer, by_address):
            for proof in (
                Proof(code=text),
                Proof(access_token=text),
                Proof(code="a", code_verifier=text),
                Proof(code="a", iss=text, nonce=text),
            ):
                with pytest.raises(Error, match=r"the \w+ has characters") as caught:
                    Providers(settings).prove(registration, proof)
                assert caught.value.code == Code.PROVIDER_REFUSED
        assert not [each for each in openid.asked if each.startswith("POST")]


def test_a_way_there_that_cannot_be_written_is_refused() -> None:
    registration = Registration(
        provider_id="acme", kind="oauth2", client_id="we", authorization_endpoint="https://acme.example/"
    )
    with pytest.raises(Error) as caught:
        Providers().location(registration, Asked(redirect_uri="https://site.example/", state="\ud800"))
    assert caught.value.code == Code.PROVIDER_REFUSED


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
def test_a_client_that_no_header_can_hold_is_refused(name: str) -> None:
    with OpenIDProvider() as openid:
        known: dict[str, Any] = {"client_id": "we", "client_secret": "secret", name: "Ω"}
        registration = Registration(provider_id="acme", kind="oidc", issuer=openid.issuer, **known)
        for proof in (Proof(code="a"), Proof(access_token="a")):
            with pytest.raises(Error) as caught:
                Providers(ProvidersSettings(private_addresses=True)).prove(registration, proof)
            assert (caught.value.code, "Ω" in str(caught.value)) == (Code.PROVIDER_REFUSED, False)


class Acme:
    """A provider that answers with the documents in ``said``, of which any member may be changed."""

    def __init__(self, server: HTTPServer) -> None:
        self.issuer = server.url_for("").rstrip("/")
        self.said: dict[str, dict[str, Any]] = {}
        for name in self.good():
            server.expect_request(f"/{name}").respond_with_handler(partial(self._answer, name))

    def good(self) -> dict[str, dict[str, Any]]:
        """What a good provider says, by the path."""
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "ada", "aud": "we", "iat": now, "exp": now + 60}
        return {
            ".well-known/openid-configuration": {
                "issuer": self.issuer,
                **{name: f"{self.issuer}/{name.partition('_')[0]}" for name in _ADDRESSES},
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "authorization_response_iss_parameter_supported": False,
            },
            "jwks": {"keys": [KEY.as_dict(private=False)]},
            "token": {
                "access_token": "a-token",
                "token_type": "Bearer",
                "expires_in": 60,
                "expires_at": now + 60,
                "refresh_token": "another",
                "scope": "openid",
                "id_token": jws.serialize_compact({"alg": "ES256", "kid": "k1"}, json.dumps(claims), KEY),
            },
            "userinfo": {"sub": "ada", "email": "ada@example.org", "email_verified": True, "name": "Ada", "amr": []},
            "introspection": {"active": True, "client_id": "we", "azp": "we", "aud": ["we"]},
        }

    def _answer(self, name: str, request: Request) -> Response:
        return Response(json.dumps(self.said[name]).replace("Infinity", "1e999"), content_type="application/json")

    def asked(self, said: dict[str, dict[str, Any]]) -> list[Person | Error]:
        """What comes of a code and of an access token, where the provider says what is *said*."""
        self.said, outcome = said, list[Person | Error]()
        known = Registration(provider_id="acme", kind="oidc", client_id="we", client_secret="us", issuer=self.issuer)
        providers = Providers(ProvidersSettings(private_addresses=True))
        for proof in (Proof(code="a"), Proof(access_token="a-token")):
            try:
                outcome.append(providers.prove(known, proof))
            except Error as error:
                outcome.append(error)
        providers.check(known)
        with suppress(Error):
            providers.location(known, Asked(redirect_uri="https://site.example/", state="s"))
        return outcome


_ADDRESSES = (
    *("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "introspection_endpoint"),
    "jwks_uri",
)


@pytest.fixture(scope="module")
def acme() -> Iterator[Acme]:
    with HTTPServer(host="127.0.0.1") as server:
        yield Acme(server)


@settings(max_examples=25, deadline=None)
@given(st.data(), JSON)
def test_a_member_of_any_form_is_taken_or_refused(acme: Acme, data: st.DataObject, value: Any) -> None:
    said = acme.good()
    said["key"] = said["jwks"]["keys"][0]  # the same object, so a change of it is published
    document = said[data.draw(st.sampled_from(sorted(said)))]
    document[data.draw(st.sampled_from(sorted(document)))] = value
    for outcome in acme.asked(said):
        assert isinstance(outcome, Error) or outcome.subject == "ada"


@pytest.mark.parametrize("offered", [True, 5, "client_secret_jwt", {"client_secret_jwt": 1}, [], None])
def test_methods_of_clients_that_are_no_list_are_as_none_published(acme: Acme, offered: Any) -> None:
    said = acme.good()
    said[".well-known/openid-configuration"]["token_endpoint_auth_methods_supported"] = offered
    assert [each.subject for each in acme.asked(said) if isinstance(each, Person)] == ["ada", "ada"]


@pytest.mark.parametrize("text", ["1e999", "-1e999", "[Infinity]", '{"a": NaN}'])
def test_a_number_that_no_database_keeps_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        parsed(text)


@pytest.mark.parametrize("name", ["expires_in", "expires_at", "scope"])
def test_a_number_that_is_infinite_is_no_answer(acme: Acme, name: str) -> None:
    said = acme.good()
    said["token"][name] = math.inf
    by_code, by_token = acme.asked(said)
    assert isinstance(by_code, Unavailable)
    assert isinstance(by_token, Person)


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=50) | st.binary(max_size=50))
def test_text_of_any_form_is_json_or_a_value_error(text: str | bytes) -> None:
    with suppress(ValueError):
        json.dumps(parsed(text), allow_nan=False, ensure_ascii=False).encode()
