"""Twitter, now X, by OAuth 1.0a: only tokens that a program has got by itself.

Source: RFC 5849; GET account/verify_credentials of the API 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from authlib.integrations.requests_client import OAuth1Session

from stormpath_wsgi.directory.providers.dialects.oauth2 import BASIC, OAuth2, Refused, Told
from stormpath_wsgi.directory.providers.facts import Asked, Finding, Person, Proof
from stormpath_wsgi.directory.providers.people import person_of
from stormpath_wsgi.directory.providers.port import document_of

_API = "https://api.twitter.com"


class Twitter(OAuth2):
    """A request that is signed with the secrets of the program and of the token: so the token is for this program."""

    title = "Twitter"
    token_endpoint = f"{_API}/oauth2/token"
    person_endpoint = f"{_API}/1.1/account/verify_credentials.json"

    def location(self, asked: Asked) -> str:
        """There is none."""
        raise Refused("visitors cannot be sent there: it takes the access tokens of programs only")

    def by_code(self, proof: Proof) -> Person:
        """There is none."""
        raise Refused("it has no codes; send an accessToken with its accessTokenSecret")

    def by_access_token(self, proof: Proof) -> Person:
        """Who has brought a token with its secret."""
        if not proof.access_token_secret:
            raise Refused(
                "Authorization is required for the operation, but the API binding was created without authorization."
            )
        session = OAuth1Session(
            self.provider.client_id,
            self.client_secret,
            token=proof.access_token,
            token_secret=proof.access_token_secret,
        )
        self.port.equip(session)
        asked = {"include_email": "true", "skip_status": "true", "include_entities": "false"}
        info = document_of(self.accepted(session.get(self.person_endpoint, params=asked)))
        subject = info.get("id_str") or info.get("id")
        # Twitter tells no address that it has not verified.
        return person_of(info, subject=subject, tokens=Told(access_token=proof.access_token), verified=True)

    def credentials_finding(self) -> Finding:
        """Twitter gives a program a token of its own."""
        try:
            self.granted("client_credentials", BASIC)
        except Refused as refused:
            return Finding("client", False, f"Twitter does not know the client id with this secret: {refused}.")
        return Finding("client", True, "client id and secret are accepted")

    def findings(self) -> Iterator[Finding]:
        """Its addresses are known, so only the program is asked for."""
        yield self.credentials_finding()
