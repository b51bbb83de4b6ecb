"""Facebook.

Source: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow and
https://developers.facebook.com/docs/graph-api/guides/secure-requests
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Any

from stormpath_wsgi.directory.providers.dialects.oauth2 import POST, OAuth2, Refused, Told
from stormpath_wsgi.directory.providers.facts import Finding, Person, Proof
from stormpath_wsgi.directory.providers.people import person_of, split, text_of

_GRAPH = "https://graph.facebook.com/v25.0"
_FIELDS = "id,name,first_name,middle_name,last_name,email"


class Facebook(OAuth2):
    """OAuth 2.0, with requests that the app secret proves."""

    title = "Facebook"
    scope = ("public_profile", "email")
    authorization_endpoint = "https://www.facebook.com/v25.0/dialog/oauth"
    token_endpoint = f"{_GRAPH}/oauth/access_token"
    person_endpoint = f"{_GRAPH}/me"
    client_authentication = POST

    def check_audience(self, access_token: str) -> None:
        """By what Facebook tells the app of a token."""
        pair = f"{self.provider.client_id}|{self.client_secret}"
        said = self.read(f"{_GRAPH}/debug_token", pair, params={"input_token": access_token}).get("data")
        if not isinstance(said, dict) or said.get("is_valid") is not True:
            raise Refused("the access token is not good")
        if str(said.get("app_id")) != self.provider.client_id:
            raise Refused("the access token was issued to another program")

    def user_info(self, access_token: str) -> dict[str, Any]:
        """What Facebook says of who has *access_token*, and of nobody else: the app secret is proved."""
        proof = hmac.digest((self.client_secret or "").encode(), access_token.encode(), "sha256").hex()
        return self.read(self.person_endpoint, access_token, params={"fields": _FIELDS, "appsecret_proof": proof})

    def person(self, told: Told, proof: Proof) -> Person:
        """Facebook does not say whether it has proved an address, so it counts as not proved."""
        info = self.user_info(told.access_token)
        given_name, surname = text_of(info.get("first_name")), text_of(info.get("last_name"))
        if given_name is None and surname is None:
            given_name, surname = split(text_of(info.get("name")))
        names = {"given_name": given_name, "surname": surname}
        return person_of(info, subject=info.get("id"), tokens=told, verified=False, **names)

    def credentials_finding(self) -> Finding:
        """Facebook gives an app a token of its own."""
        try:
            self.granted("client_credentials", POST)
        except Refused as refused:
            return Finding("client", False, f"Facebook does not know the app id with this secret: {refused}.")
        return Finding("client", True, "client id and secret are accepted")

    def findings(self) -> Iterator[Finding]:
        """Its addresses are known, so only the app is asked for."""
        yield self.credentials_finding()
