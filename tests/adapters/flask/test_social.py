"""Signing in through other sites in a Flask app: with the documented settings, and with the provider for tests."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, url_for
from flask_login import user_logged_in
from support.others import ID, social

from flask_stormpath import StormpathError, User
from flask_stormpath.models import user_created
from stormpath_wsgi.client import Directory
from stormpath_wsgi.testing import OpenIDProvider

GOOGLE = {"GOOGLE": {"client_id": "the-id", "client_secret": "the-secret", "hd": "example.com", "scopes": ["email"]}}
#: What a browser accepts.
BROWSER = {"Accept": "text/html"}
FACEBOOK = {"FACEBOOK": {"app_id": "the-id", "app_secret": "the-secret"}}


def test_the_documented_settings_are_enough(make_app: Any) -> None:
    app: Flask = make_app(
        STORMPATH_ENABLE_GOOGLE=True, STORMPATH_ENABLE_FACEBOOK=True, STORMPATH_SOCIAL={**GOOGLE, **FACEBOOK},
        STORMPATH_FACEBOOK_LOGIN_URL="/via/facebook",
    )  # fmt: skip
    with app.test_request_context():
        assert url_for("stormpath.google_login") == "/google"
        assert url_for("stormpath.facebook_login") == "/via/facebook"
    visitor = app.test_client()
    assert "Continue with Google" in visitor.get("/login").text
    assert visitor.get("/google?next=/cart").location == "/login/google?next=%2Fcart"
    google = _directory(app, "google").provider
    assert (google.client_id, google.client_secret, google.hd) == ("the-id", "the-secret", "example.com")
    assert google.scope == ["email"]
    address = urlsplit(visitor.get("/login/facebook").location)
    assert address.netloc == "www.facebook.com"
    assert parse_qs(address.query)["redirect_uri"] == ["http://localhost/via/facebook"]
    # Their views took any code (fault 12 of the old family), and a missing cookie was a server error (35).
    for path, name in (("/google?code=x", "Google"), ("/via/facebook?code=x&state=y", "Facebook")):
        page = app.test_client().get(path, follow_redirects=True)
        assert page.status_code == 200
        assert f"{name} did not sign you in." in page.text


def _directory(app: Flask, provider: str) -> Directory:
    """The directory that the start has made. It is called as before."""
    middleware = app.extensions["stormpath"]
    [found] = middleware.client.directories.search({"name": f"{middleware.application.name}-{provider}"})
    return cast(Directory, found)


@pytest.fixture
def app(make_app: Any, provider: OpenIDProvider) -> Flask:
    """An app whose visitors may use the provider for tests."""
    app: Flask = make_app(STORMPATH_WEB_SOCIAL=social(provider), STORMPATH_PROVIDERS_PRIVATE_ADDRESSES=True)
    return app


def test_a_new_person_is_told_of_by_the_signals(app: Flask, provider: OpenIDProvider) -> None:
    """It was not (fault 40 of the old family)."""
    told: list[tuple[str, str]] = []

    def created(sender: Any, user: Any) -> None:
        told.append(("created", user["email"]))

    def signed_in(sender: Any, user: Any) -> None:
        told.append(("signed in", user.email))

    with user_created.connected_to(created), user_logged_in.connected_to(signed_in):
        visitor = app.test_client()
        location = visitor.get(f"/login/{ID}?next=/cart").location
        assert visitor.get(provider.answer(location, "ada"), headers=BROWSER).location == "/cart"
    assert told == [("created", "ada@example.org"), ("signed in", "ada@example.org")]


def test_users_of_google_are_made_and_found(make_app: Any, provider: OpenIDProvider) -> None:
    """By a directory that has the provider for tests in the place of Google."""
    app: Flask = make_app(STORMPATH_WEB_SOCIAL=social(provider), STORMPATH_PROVIDERS_PRIVATE_ADDRESSES=True)
    told: list[str] = []

    def created(sender: Any, user: Any) -> None:
        told.append(user["email"])

    class OfAcme(User):
        @classmethod
        def from_acme(cls, code: str) -> User:
            return cls._from_provider(ID, code=code)

    with user_created.connected_to(created), app.test_request_context():
        address = f"http://localhost/callbacks/{ID}"
        first = OfAcme.from_acme(provider.code("grace", redirect_uri=address))
        again = OfAcme.from_acme(provider.code("grace", redirect_uri=address))
        assert first.href == again.href
        assert isinstance(first, User)
        with pytest.raises(StormpathError) as refused:
            OfAcme.from_acme("made up")
        assert refused.value.code == 7200
    assert told == ["grace@example.org"]
