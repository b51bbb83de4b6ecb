"""Any server of OAuth 2.0 that tells who somebody is at an address of its own; what all dialects have in common.

Source: RFC 6749, RFC 7636 (PKCE).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.providers.facts import Asked, Finding, Person, Proof, Registration
from stormpath_wsgi.directory.providers.people import person_of
from stormpath_wsgi.directory.providers.port import Port, Unanswered, document_of, status_of, value_of
from stormpath_wsgi.directory.providers.published import Published
from stormpath_wsgi.errors import fault

BASIC, POST, PUBLIC = "client_secret_basic", "client_secret_post", "none"

#: What a server says to a client id or a secret that it does not know: RFC 6749, 5.2, and GitHub.
NOT_OURS = frozenset({"invalid_client", "unauthorized_client", "incorrect_client_credentials"})
#: What it says to a code that it has not issued, after it has accepted the client.
NOT_A_CODE = frozenset({"invalid_grant", "bad_verification_code"})

#: What people and programs bring: visible characters (RFC 6749, appendix A).
_VISIBLE = re.compile(r"[\x20-\x7e]{1,16384}")
_BROUGHT = ("code", "access_token", "access_token_secret", "code_verifier", "nonce", "iss")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,4})\]")


class Refused(Exception):
    """The provider refuses, or what it says is not for us. *error*: its own word for that, where it has one."""

    def __init__(self, reason: str, *, error: str | None = None, code: Code = Code.PROVIDER_REFUSED) -> None:
        super().__init__(reason)
        self.error, self.code = error, code


class Told(dict[str, Any]):
    """What a token endpoint has answered."""

    @property
    def access_token(self) -> str:
        """The access token."""
        return str(self["access_token"])


class OAuth2:
    """How *provider* is spoken to, through *port*; *published* remembers what providers publish."""

    #: What messages for developers call it. None: its id.
    title: ClassVar[str | None] = None
    #: What is asked for where the registration says nothing.
    scope: ClassVar[tuple[str, ...]] = ()
    #: Whether it gets a challenge that its token endpoint wants to see solved.
    pkce: ClassVar[bool] = True

    def __init__(self, provider: Registration, port: Port, published: Published) -> None:
        self.provider, self.port, self.published = provider, port, published

    @property
    def name(self) -> str:
        """What messages for developers call it."""
        return self.title or self.provider.provider_id

    # Its addresses.

    @property
    def authorization_endpoint(self) -> str:
        """Where visitors are sent."""
        return self._set("authorization_endpoint", self.provider.authorization_endpoint)

    @property
    def token_endpoint(self) -> str:
        """Where a code is exchanged for tokens."""
        return self._set("token_endpoint", self.provider.token_endpoint)

    @property
    def person_endpoint(self) -> str:
        """Where an access token tells whose it is."""
        return self._set("resource_endpoint", self.provider.resource_endpoint)

    @property
    def client_authentication(self) -> str:
        """How the client secret is sent to the token endpoint, in Authlib's words."""
        return BASIC if self.provider.client_secret else PUBLIC

    @property
    def client_secret(self) -> str | None:
        """What proves that we are the client."""
        return self.provider.client_secret

    # What it is asked.

    def location(self, asked: Asked) -> str:
        """Where a visitor has to go."""
        address = self.authorization_endpoint
        told = {"redirect_uri": asked.redirect_uri, "scope": " ".join(self.wanted_scope()) or None}
        location, _ = self.session().create_authorization_url(address, asked.state, **told, **self.parameters(asked))
        return str(location)

    def wanted_scope(self) -> tuple[str, ...]:
        """What is asked for."""
        return self.provider.scope or self.scope

    def parameters(self, asked: Asked) -> dict[str, str | None]:
        """More parameters for the visitor's way there."""
        challenge = asked.code_challenge if self.pkce else None
        return {
            "code_challenge": challenge,
            "code_challenge_method": "S256" if challenge else None,
            "prompt": asked.prompt,
        }

    def prove(self, proof: Proof) -> Person:
        """Who has brought *proof*. Raises :class:`Refused`, :class:`.Unanswered`."""
        if (proof.code is None) == (proof.access_token is None):
            raise fault(Code.REQUIRED, "Account providerData needs a code or an accessToken, one of the two.")
        for name in _BROUGHT:
            text = getattr(proof, name)
            if text is not None and not _VISIBLE.fullmatch(text):
                raise Refused(f"the {name} has characters that it cannot have, or too many")
        if proof.code is not None:
            return self.by_code(proof)
        return self.by_access_token(proof)

    def by_code(self, proof: Proof) -> Person:
        """Who has brought a code."""
        return self.person(self.tokens(proof), proof)

    def by_access_token(self, proof: Proof) -> Person:
        """Who has brought an access token, which was issued to us."""
        told = Told(access_token=proof.access_token)
        self.check_audience(told.access_token)
        return self.person(told, proof)

    def check_audience(self, access_token: str) -> None:
        """Raises :class:`Refused` unless *access_token* was issued to us.

        Without that, whoever has another program with this provider could sign in here as everybody who uses it.
        """
        if not self.port.settings.foreign_tokens:
            raise Refused(
                "nobody can tell for which program the access token was issued; send a code, or set "
                "providers.foreignTokens to true"
            )

    def person(self, told: Told, proof: Proof) -> Person:
        """Who it is that has the tokens *told*."""
        info = self.user_info(told.access_token)
        return person_of(info, subject=self._walk(info), tokens=told)

    def user_info(self, access_token: str) -> dict[str, Any]:
        """What the provider says of whose *access_token* is."""
        if self.provider.access_token_type == "bearer":  # noqa: S105 - no password
            return self.read(self.person_endpoint, access_token)
        return self.read(self.person_endpoint, None, params={self.provider.access_token_type: access_token})

    # How it is asked.

    def session(self, access_token: str | None = None, **options: Any) -> OAuth2Session:
        """What speaks OAuth 2.0, through the port; with *access_token* in the name of a person."""
        token = {"access_token": access_token, "token_type": "bearer"} if access_token else None
        options.setdefault("token_endpoint_auth_method", self.client_authentication)
        session = OAuth2Session(self.provider.client_id, self.client_secret, token=token, **options)
        self.port.equip(session)
        return session

    def tokens(self, proof: Proof) -> Told:
        """What the token endpoint gives for the code of *proof*."""
        try:
            return self._exchanged(proof, self.client_authentication)
        except Refused as refused:
            # RFC 6749, 2.3.1 wants servers to take the header; some take the form only. The code was not used up.
            if refused.error != "invalid_client" or self.client_authentication != BASIC:
                raise
            return self._exchanged(proof, POST)

    def _exchanged(self, proof: Proof, authentication: str) -> Told:
        form = {
            "code": proof.code,
            "redirect_uri": proof.redirect_uri or self.provider.redirect_uri,
            "code_verifier": proof.code_verifier if self.pkce else None,
        }
        return self.granted("authorization_code", authentication, **form)

    def granted(self, grant_type: str, authentication: str, **form: str | None) -> Told:
        """What the token endpoint gives for *form*."""
        session = self.session(token_endpoint_auth_method=authentication)
        session.register_compliance_hook("access_token_response", self._checked)
        told = {name: value for name, value in form.items() if value is not None}
        try:
            token = session.fetch_token(self.token_endpoint, grant_type=grant_type, **told)
        except (AuthlibBaseError, ValueError, TypeError, OverflowError) as error:
            raise Refused(f"its token endpoint gives no token: {type(error).__name__}") from None
        return Told(token)

    def read(self, address: str, access_token: str | None, **what: Any) -> dict[str, Any]:
        """The JSON object at *address*, for who has *access_token*."""
        return document_of(self.readable(address, access_token, **what))

    def readable(self, address: str, access_token: str | None, **what: Any) -> requests.Response:
        """What is at *address*, for who has *access_token*."""
        session = self.session(access_token)
        answer: requests.Response = session.get(address, withhold_token=access_token is None, **what)
        return self.accepted(answer)

    def accepted(self, answer: requests.Response) -> requests.Response:
        """*answer*. Raises :class:`Refused` for an error."""
        if answer.status_code >= 400:
            error, words = _error_in(answer)
            raise Refused(f"{status_of(answer)}{words}", error=error)
        return answer

    def _checked(self, answer: requests.Response) -> requests.Response:
        """*answer* of the token endpoint, which Authlib can read."""
        document = document_of(self.accepted(answer))
        if "error" in document:  # with a status of success, as GitHub does it
            error, words = _error_in(answer)
            raise Refused(words.lstrip(" (").rstrip(")"), error=error)
        token = document.get("access_token")
        if not isinstance(token, str) or not 0 < len(token) <= _LONGEST_TOKEN:
            raise Refused("there is no access token in the answer", code=Code.PROVIDER_LACKS)
        return answer

    def _set(self, name: str, value: str | None) -> str:
        if not value:
            raise Refused(f"its {name} is not set")
        if not self.port.may_ask(value):
            raise Refused(f"its {name} does not begin with https://")
        return value

    def _walk(self, info: Mapping[str, Any]) -> Any:
        """What stands in *info* where ``idField`` leads."""
        found: Any = info
        for key, index in _STEP.findall(self.provider.id_field):
            if key:
                found = found.get(key) if isinstance(found, Mapping) else None
            else:
                found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        return found

    # What can be found out without anybody.

    def findings(self) -> Iterator[Finding]:
        """What a check finds, one after the other. Raises as :meth:`prove`, and then nothing comes after."""
        yield from self.endpoint_findings()
        yield self.credentials_finding()

    def endpoint_findings(self) -> Iterator[Finding]:
        """Whether there are addresses, and good ones."""
        for subject, name in (
            ("authorization endpoint", "authorization_endpoint"),
            ("token endpoint", "token_endpoint"),
            ("resource endpoint", "person_endpoint"),
        ):
            try:
                yield Finding(subject, True, getattr(self, name))
            except Refused as refused:
                yield Finding(subject, False, f"{refused}: write one that does.")

    def credentials_finding(self) -> Finding:
        """Whether client id and secret are good: the token endpoint says so of a code that nobody has issued."""
        made_up = Proof(code="a-code-that-nobody-has-issued", redirect_uri=self.provider.redirect_uri or _NOWHERE)
        try:
            self.tokens(made_up)
        except Refused as refused:
            if refused.error in NOT_OURS:
                return Finding("client", False, f"{self.name} does not know the client id with this secret: {refused}.")
            if refused.error in NOT_A_CODE:
                return Finding("client", True, "client id and secret are accepted")
            return Finding("client", None, f"it cannot be told whether client id and secret are good: {refused}.")
        return Finding("client", None, f"{self.name} has given a token for a code that nobody has issued.")


def _error_in(answer: requests.Response) -> tuple[str | None, str]:
    """The provider's own word for its error, and what it says of it, in brackets, as far as it can be read."""
    try:
        document = value_of(answer)
    except Unanswered:
        return None, ""
    if not isinstance(document, dict):
        return None, ""
    error = document.get("error")
    inner = error if isinstance(error, dict) else document
    listed = document.get("errors")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        inner = listed[0]
    words = [each for each in (error, inner.get("error_description"), inner.get("message")) if isinstance(each, str)]
    text = ": ".join(words)[:300]
    plain = "".join(each for each in text if each.isprintable())
    return error if isinstance(error, str) else None, f" ({plain})" if plain else ""


_LONGEST_TOKEN = 16_384
_NOWHERE = "https://localhost/callback"
