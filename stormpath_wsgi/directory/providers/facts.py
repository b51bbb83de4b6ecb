"""What is known of a provider, what it is asked, and what it has said: plain values, which import no library.

Source: OpenID Connect Core 1.0; RFC 6749 (OAuth 2.0), RFC 7636 (PKCE), RFC 9207 (the issuer in the answer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stormpath_wsgi.kinds import Provider
from stormpath_wsgi.settings.social import READY

#: OAuth 1.0a: only programs bring its tokens, so it has no button.
TWITTER = "twitter"
#: Any other one that speaks OpenID Connect, or OAuth 2.0.
OIDC, OAUTH2 = "oidc", "oauth2"


def kind_of(provider_id: str, issuer: str | None = None) -> str:
    """How the provider with that id is spoken to: one of :data:`.READY`, ``twitter``, ``oidc`` where there is an
    *issuer*, or else ``oauth2``.
    """
    if provider_id in READY or provider_id == TWITTER:
        return provider_id
    return OIDC if issuer else OAUTH2


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What one provider is set up with: the Provider resource of a directory, with its secret in clear.

    *provider_id*: what the directory calls it. *kind*: see :func:`kind_of`. *client_secret*: what the provider has
    given for the client id; for Apple a JSON document with ``teamId``, ``keyId`` and ``privateKey``. None: a public
    client. *redirect_uri*: where the provider sends people whose sign-in names no other address. *scope*: empty for
    what the kind asks for by itself. *issuer*: of a provider with OpenID Connect; with ``microsoft`` that of one
    tenant. *id_field*: where the id of a person is in what ``resource_endpoint`` answers; dots and ``[0]`` lead into
    it. *access_token_type*: how the access token is sent there: ``bearer``, ``access_token`` or ``oauth_token``. *hd*:
    the Google domain that accounts have to be of. *display* and *access_type*: see Google's documents.
    """

    provider_id: str
    kind: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    scope: tuple[str, ...] = ()
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    resource_endpoint: str | None = None
    id_field: str = "id"
    access_token_type: str = "bearer"  # noqa: S105 - no password
    hd: str | None = None
    display: str | None = None
    access_type: str | None = None

    @classmethod
    def of(cls, provider: Mapping[str, Any]) -> Registration:
        """That of a Provider resource, in the JSON of the REST API."""
        id, issuer = provider["providerId"], provider.get("issuer")
        told = {each.name: provider[each.wire] for each in _TOLD if provider.get(each.wire) is not None}
        return cls(provider_id=id, kind=kind_of(id, issuer), scope=tuple(provider.get("scope") or ()), **told)


#: What a registration has of the Provider resource as it is.
_TOLD = (
    *(Provider.client_id, Provider.client_secret, Provider.redirect_uri, Provider.issuer, Provider.id_field),
    *(Provider.authorization_endpoint, Provider.token_endpoint, Provider.resource_endpoint),
    *(Provider.access_token_type, Provider.hd, Provider.display, Provider.access_type),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a visitor is sent to a provider with.

    *state*, *nonce*: texts that only this browser has. *code_challenge*: of the verifier, by S256 (RFC 7636, 4.2).
    *prompt*: as in OpenID Connect Core 1.0, 3.1.2.1, such as ``select_account``.
    """

    redirect_uri: str
    state: str = field(repr=False)
    nonce: str | None = field(default=None, repr=False)
    code_challenge: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a visitor or a program has brought back from a provider: a *code* or an *access_token*, one of the two.

    *access_token_secret*: with a token of Twitter. *redirect_uri*: the one the code was asked for with. *nonce* and
    *code_verifier*: of the browser that has begun; programs that bring codes may have neither. *iss*: the parameter of
    the answer (RFC 9207). *user*: the parameter of Apple's first answer, JSON, from which only names are taken, since
    nobody has signed it.
    """

    code: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    access_token_secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    nonce: str | None = field(default=None, repr=False)
    code_verifier: str | None = field(default=None, repr=False)
    iss: str | None = None
    user: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody is to a provider, which has proved it.

    *subject*: what the provider calls this person for ever; no other person gets it. *email_is_verified*: whether the
    provider says that it has proved the address; what it leaves open is not proved. *user_info*: all that it has
    said, for the mapping rules; with ``acr`` and ``amr``: how strongly it has proved who it is, and by what (OpenID
    Connect Core 1.0, 2).
    """

    subject: str
    email: str | None = None
    email_is_verified: bool = False
    given_name: str | None = None
    surname: str | None = None
    user_info: Mapping[str, Any] = field(default_factory=dict, repr=False)
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of a provider has found: a *subject* in a word or two, whether it is *good*, and a sentence. Of what
    is not good the sentence says what to write. None for *good*: it could not be tried.
    """

    subject: str
    good: bool | None
    sentence: str
