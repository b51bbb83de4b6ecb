"""OpenID Connect by an issuer: the way there and back, and everything that must not sign anybody in."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.providers import Asked, Person, Proof, Providers, Registration
from stormpath_wsgi.errors import Error, Unavailable
from stormpath_wsgi.testing import OpenIDProvider
from stormpath_wsgi.testing.openid import AnswerFault, TokenFault

CALLBACK = "https://site.example/callbacks/acme"
#: The example of RFC 7636, appendix B.
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
NONCE = "a-nonce"
ASKED = Asked(redirect_uri=CALLBACK, state="a-state", nonce=NONCE, code_challenge=CHALLENGE)

Round = Callable[..., Person]


def back(openid: OpenIDProvider, location: str, user: str | None = "ada") -> dict[str, str]:
    """What a browser brings back."""
    query = parse_qs(urlsplit(openid.answer(location, user)).query)
    return {name: values[0] for name, values in query.items()}


def proof_of(told: dict[str, str], **changes: Any) -> Proof:
    proof = Proof(code=told["code"], redirect_uri=CALLBACK, nonce=NONCE, code_verifier=VERIFIER, iss=told.get("iss"))
    return replace(proof, **changes)


@pytest.fixture
def proof(openid: OpenIDProvider, providers: Providers, registration: Registration) -> Proof:
    return proof_of(back(openid, providers.location(registration, ASKED)))


def refused(providers: Providers, registration: Registration, proof: Proof) -> str:
    """Why the provider's answer is refused."""
    with pytest.raises(Error) as caught:
        providers.prove(registration, proof)
    assert caught.value.code in (Code.PROVIDER_REFUSED, Code.PROVIDER_LACKS)
    assert caught.value.status == 400
    return str(caught.value)


def test_a_visitor_is_sent_there_with_all_that_protects_her(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    address = urlsplit(providers.location(registration, replace(ASKED, prompt="select_account")))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{openid.issuer}/authorize"
    assert {name: values[0] for name, values in parse_qs(address.query).items()} == {
        "response_type": "code",
        "client_id": openid.client_id,
        "redirect_uri": CALLBACK,
        "scope": "openid profile email",
        "state": "a-state",
        "nonce": NONCE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "prompt": "select_account",
    }


def test_a_code_tells_who_somebody_is(
    openid: OpenIDProvider, providers: Providers, registration: Registration, proof: Proof
) -> None:
    openid.claims = {"acr": "urn:mace:incommon:iap:silver", "amr": ["pwd", "otp"]}
    person = providers.prove(registration, proof)
    openid.claims = {}
    assert (person.subject, person.email, person.email_is_verified) == ("ada", "ada@example.org", True)
    assert (person.given_name, person.surname) == ("Ada", "Lovelace")
    assert {name: person.user_info[name] for name in openid.claims} == openid.claims
    assert person.access_token
    assert person.refresh_token
    assert person.user_info["name"] == "Ada Lovelace"
    assert not person.user_info.keys() & {"iss", "aud", "nonce", "exp"}


def test_an_address_that_the_provider_has_not_verified_counts_as_not_proved(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    told = back(openid, providers.location(registration, ASKED), "mallory")
    person = providers.prove(registration, proof_of(told))
    assert (person.subject, person.email, person.email_is_verified) == ("mallory", "ada@example.org", False)


def test_what_the_id_token_leaves_out_is_asked_for(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    openid.bare = True
    person = providers.prove(registration, proof_of(back(openid, providers.location(registration, ASKED))))
    openid.bare = False
    assert (person.email, person.given_name) == ("ada@example.org", "Ada")
    assert openid.asked[-1] == "GET /userinfo"


def test_user_info_about_somebody_else_signs_nobody_in(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    openid.bare = True
    told = back(openid, providers.location(registration, ASKED))
    with openid.answer_fault("another person", "/userinfo"):
        assert "somebody else" in refused(providers, registration, proof_of(told))
    openid.bare = False


def test_a_program_may_bring_a_code_without_nonce_and_verifier(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    code = openid.code("grace", redirect_uri=CALLBACK)
    assert providers.prove(registration, Proof(code=code, redirect_uri=CALLBACK)).subject == "grace"


def test_an_access_token_that_was_issued_to_us_tells_who_somebody_is(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    person = providers.prove(registration, Proof(access_token=openid.access_token("grace")))
    assert (person.subject, person.email) == ("grace", "grace@example.org")


def test_an_access_token_of_another_program_signs_nobody_in(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    token = openid.access_token("ada", client_id="another")
    assert "another program" in refused(providers, registration, Proof(access_token=token))
    assert "401 Unauthorized" in refused(providers, registration, Proof(access_token="made-up"))


def test_a_code_is_good_once(providers: Providers, registration: Registration, proof: Proof) -> None:
    providers.prove(registration, proof)
    assert "400 Bad Request (invalid_grant" in refused(providers, registration, proof)


def test_a_code_is_good_for_the_browser_only_that_has_asked_for_it(
    providers: Providers, registration: Registration, proof: Proof
) -> None:
    assert "invalid_grant" in refused(providers, registration, replace(proof, code_verifier="x" * 43))


def test_a_code_with_the_nonce_of_another_browser_signs_nobody_in(
    providers: Providers, registration: Registration, proof: Proof
) -> None:
    assert "nonce" in refused(providers, registration, replace(proof, nonce="another"))


def test_an_answer_of_another_provider_signs_nobody_in(
    openid: OpenIDProvider, providers: Providers, registration: Registration, proof: Proof
) -> None:
    before = list(openid.asked)
    assert "another provider" in refused(providers, registration, replace(proof, iss="https://evil.example"))
    assert "which provider" in refused(providers, registration, replace(proof, iss=None))
    assert openid.asked == before  # the code was sent to nobody


@pytest.mark.parametrize("fault", get_args(TokenFault))
def test_a_token_that_is_not_good_signs_nobody_in(
    openid: OpenIDProvider, providers: Providers, registration: Registration, proof: Proof, fault: TokenFault
) -> None:
    with openid.token_fault(fault):
        assert refused(providers, registration, proof).startswith("acme error message: the ID token ")


def test_several_audiences_are_taken_only_with_us_as_the_authorized_party(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    def claims(**claims: Any) -> Proof:
        openid.claims = {"aud": [openid.client_id, "another"], **claims}
        return proof_of(back(openid, providers.location(registration, ASKED)))

    assert "azp" in refused(providers, registration, claims())
    assert "azp" in refused(providers, registration, claims(azp="another"))
    assert providers.prove(registration, claims(azp=openid.client_id)).subject == "ada"
    openid.claims = {}


def test_an_access_token_that_was_exchanged_on_the_way_is_noticed(
    openid: OpenIDProvider, providers: Providers, registration: Registration, proof: Proof
) -> None:
    openid.claims = {"at_hash": base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")}
    assert "at_hash" in refused(providers, registration, proof)
    openid.claims = {}


def test_keys_may_be_exchanged_at_any_time(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    for _ in range(2):
        told = back(openid, providers.location(registration, ASKED))
        assert providers.prove(registration, proof_of(told)).subject == "ada"
        openid.rotate_keys()


def test_tokens_of_unknown_keys_do_not_make_us_ask_again_and_again(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    asked = openid.asked.count("GET /jwks")
    for _ in range(4):
        told = back(openid, providers.location(registration, ASKED))
        with openid.token_fault("unknown key"):
            refused(providers, registration, proof_of(told))
    assert openid.asked.count("GET /jwks") == asked + 2


def test_addresses_are_remembered(openid: OpenIDProvider, providers: Providers, registration: Registration) -> None:
    before = len(openid.asked)
    for _ in range(3):
        providers.location(registration, ASKED)
    assert openid.asked[before:] == ["GET /.well-known/openid-configuration"]


def test_a_document_of_another_issuer_is_not_believed(
    openid: OpenIDProvider, providers: Providers, registration: Registration
) -> None:
    with openid.answer_fault("another issuer", "/.well-known/openid-configuration"):
        with pytest.raises(Error, match=r"calls itself https://issuer.example") as caught:
            providers.location(registration, ASKED)
        assert caught.value.code == Code.PROVIDER_REFUSED
    assert providers.location(registration, ASKED)  # nothing of it was remembered


@pytest.mark.parametrize(
    ("fault", "path"),
    [
        *[(fault, "/token") for fault in ("big", "down", "HTML", "no JSON", "redirect", "slow")],
        *[(fault, path) for fault in ("down", "HTML") for path in ("/.well-known/openid-configuration", "/jwks")],
    ],
)
def test_a_provider_that_does_not_answer_as_it_should_is_one_that_is_down(
    openid: OpenIDProvider,
    providers: Providers,
    impatient: Callable[[], Providers],
    registration: Registration,
    fault: AnswerFault,
    path: str,
) -> None:
    told = back(openid, providers.location(registration, ASKED))
    others = impatient() if fault == "slow" else Providers(providers._settings)
    with openid.answer_fault(fault, path), pytest.raises(Unavailable, match=r"^acme ") as caught:
        others.prove(registration, proof_of(told))
    assert (caught.value.status, caught.value.retry_after) == (503, 5)


def test_nobody_waits_for_a_provider_that_has_just_not_answered(
    openid: OpenIDProvider, impatient: Callable[[], Providers], registration: Registration
) -> None:
    providers = impatient()
    with openid.answer_fault("slow"):
        with pytest.raises(Unavailable, match="no answer in time"):
            providers.location(registration, ASKED)
        before = len(openid.asked)
        with pytest.raises(Unavailable, match="has not answered a moment ago"):
            providers.location(registration, ASKED)
        assert len(openid.asked) == before


def test_a_wrong_client_secret_is_told_and_not_written_down(
    providers: Providers, registration: Registration, proof: Proof
) -> None:
    wrong = replace(registration, client_secret="not-the-secret")
    assert "invalid_client" in (said := refused(providers, wrong, proof))
    assert "not-the-secret" not in said + repr(wrong)


def test_a_code_or_a_token_has_to_be_there_and_not_both(providers: Providers, registration: Registration) -> None:
    for proof in (Proof(), Proof(code="a", access_token="b")):
        with pytest.raises(Error) as caught:
            providers.prove(registration, proof)
        assert caught.value.code == Code.REQUIRED


def test_no_proof_and_no_registration_shows_a_secret() -> None:
    proof = Proof(code="c-1", access_token="t-1", access_token_secret="s-1", nonce="n-1", code_verifier="v-1")
    person = Person(subject="ada", access_token="t-2", refresh_token="r-2", user_info={"a": "u-2"})
    shown = repr(proof) + repr(person) + repr(ASKED)
    assert not [each for each in ("c-1", "t-1", "s-1", "n-1", "v-1", "t-2", "r-2", "u-2", NONCE) if each in shown]


def test_an_unsigned_token_is_what_it_says(openid: OpenIDProvider) -> None:
    """The fault is a real one: the rest of the token is good."""
    with openid.token_fault("unsigned"):
        text = openid._signed({"sub": "ada"})
    header, payload, signature = text.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "none"
    assert (json.loads(base64.urlsafe_b64decode(payload + "==")), signature) == ({"sub": "ada"}, "")
