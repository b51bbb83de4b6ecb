"""GitHub.

Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps and
https://docs.github.com/en/rest (users, emails, checking a token)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from stormpath_wsgi.directory.providers.dialects.oauth2 import POST, OAuth2, Refused, Told
from stormpath_wsgi.directory.providers.facts import Finding, Person, Proof
from stormpath_wsgi.directory.providers.people import person_of, text_of
from stormpath_wsgi.directory.providers.port import value_of

_API = "https://api.github.com"


class GitHub(OAuth2):
    """OAuth 2.0, and addresses at an address of their own."""

    title = "Github"
    scope = ("user:email",)
    authorization_endpoint = "https://github.com/login/oauth/authorize"
    token_endpoint = "https://github.com/login/oauth/access_token"  # noqa: S105 - no password
    person_endpoint = f"{_API}/user"
    client_authentication = POST

    def by_access_token(self, proof: Proof) -> Person:
        """GitHub says 401 of a bad token to who asks for the person, and 404 to who asks for the token."""
        told = Told(access_token=proof.access_token)
        person = self.person(told, proof)
        self.check_audience(told.access_token)
        return person

    def check_audience(self, access_token: str) -> None:
        """By asking GitHub for the token, as its program."""
        pair = (self.provider.client_id, self.client_secret or "")
        address = f"{_API}/applications/{quote(pair[0], safe='')}/token"
        answer = self.port.ask("POST", address, json={"access_token": access_token}, auth=pair)
        if answer.status_code != 200:
            raise Refused("the access token was issued to another program")

    def person(self, told: Told, proof: Proof) -> Person:
        """With the primary address, and whether GitHub has verified it."""
        info = self.user_info(told.access_token)
        email, verified = self._primary(told.access_token)
        if email is None:
            email, verified = text_of(info.get("email")), False  # the public one of the profile, which may be any
        told_of = {**info, "email": email}
        return person_of(told_of, subject=info.get("id"), tokens=told, verified=verified)

    def _primary(self, access_token: str) -> tuple[str | None, bool]:
        """The primary address, and whether it is verified; None where the token may not read addresses."""
        try:
            listed: Any = value_of(self.readable(f"{_API}/user/emails", access_token))
        except Refused:
            return None, False
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("primary") is True:
                return text_of(each.get("email")), each.get("verified") is True
        return None, False

    def findings(self) -> Iterator[Finding]:
        """Its addresses are known, so only the program is asked for."""
        yield self.credentials_finding()
