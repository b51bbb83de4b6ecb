"""The OpenID provider for tests, asked as a browser and a program ask it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from stormpath_wsgi.testing import OpenIDProvider

CALLBACK = "http://localhost/callbacks/test"
#: The example of RFC 7636, appendix B.
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIDProvider]:
    with OpenIDProvider() as provider:
        yield provider


def location(provider: OpenIDProvider, **asked: str) -> str:
    query = {
        "client_id": provider.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "s",
        **asked,
    }
    return f"{provider.issuer}/authorize?{urlencode(query)}"


def token(provider: OpenIDProvider, code: str, **told: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **told}
    pair = (provider.client_id, provider.client_secret)
    return requests.post(f"{provider.issuer}/token", data=form, auth=pair, timeout=10)


def test_its_page_has_a_button_for_each_person_and_one_to_cancel(provider: OpenIDProvider) -> None:
    page = requests.get(location(provider, state='"><script>'), timeout=10)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert [name in page.text for name in ("Ada Lovelace", "Grace Hopper", "Cancel")] == [True] * 3
    assert "<script" not in page.text


def test_a_button_sends_the_browser_back_with_a_code_the_state_and_the_issuer(provider: OpenIDProvider) -> None:
    form = dict(parse_qs(urlsplit(location(provider)).query).items()) | {"user": ["grace"]}
    sent = requests.post(f"{provider.issuer}/authorize", data=form, allow_redirects=False, timeout=10)
    told = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert sent.status_code == 303
    assert (told["state"], told["iss"]) == (["s"], [provider.issuer])
    assert token(provider, told["code"][0]).json()["token_type"] == "Bearer"


def test_who_cancels_is_sent_back_with_an_error(provider: OpenIDProvider) -> None:
    told = parse_qs(urlsplit(provider.answer(location(provider), None)).query)
    assert told["error"] == ["access_denied"]


def test_a_code_is_good_once_and_for_who_has_its_verifier(provider: OpenIDProvider) -> None:
    code = provider.code("ada", redirect_uri=CALLBACK, code_challenge=CHALLENGE)
    assert token(provider, code, code_verifier=VERIFIER).status_code == 200
    assert token(provider, code, code_verifier=VERIFIER).json()["error"] == "invalid_grant"
    stolen = provider.code("ada", redirect_uri=CALLBACK, code_challenge=CHALLENGE)
    assert token(provider, stolen, code_verifier="guessed").json()["error"] == "invalid_grant"


def test_it_sends_nobody_back_to_whom_it_does_not_know(provider: OpenIDProvider) -> None:
    assert requests.get(location(provider, client_id="another"), timeout=10).status_code == 400
    with pytest.raises(ValueError, match="not of the provider"):
        provider.answer("https://issuer.example/authorize?client_id=test-client")


def test_the_plug_in_has_one(stormpath_openid_provider: OpenIDProvider) -> None:
    answer = requests.get(f"{stormpath_openid_provider.issuer}/.well-known/openid-configuration", timeout=10)
    assert answer.json()["issuer"] == stormpath_openid_provider.issuer
