"""Where the accounts of a directory come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stormpath_wsgi.kinds.accounts import Account
from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Array, Boolean, Choice, Document, Integer, Link, Part, Struct, Structs, Text
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.values import ACCOUNT_ATTRIBUTE

#: What the answer to a sign-in through a provider says beside the account: whether that was made now. It crosses the
#: REST API as the status, 201 or 200.
IS_NEW_ACCOUNT = "isNewAccount"

#: Characters of the longest token of a provider that is taken.
LONGEST_TOKEN = 16_384


class Provider(Timestamped):
    """The system that the accounts of one directory come from, at ``<directory>/provider``.

    Which attributes it has depends on ``providerId``.
    """

    path = "provider"
    #: The ids of the providers that have rules of their own. Any other id stands for a server of OpenID Connect, where
    #: it has an ``issuer``, or else for one of OAuth 2.0.
    STORMPATH: ClassVar[str] = "stormpath"
    FACEBOOK: ClassVar[str] = "facebook"
    GITHUB: ClassVar[str] = "github"
    GOOGLE: ClassVar[str] = "google"
    LINKEDIN: ClassVar[str] = "linkedin"
    TWITTER: ClassVar[str] = "twitter"
    MICROSOFT: ClassVar[str] = "microsoft"
    APPLE: ClassVar[str] = "apple"
    SAML: ClassVar[str] = "saml"
    LDAP: ClassVar[str] = "ldap"
    AD: ClassVar[str] = "ad"
    #: Those that are no sites where people sign in: we check the passwords, or a server that is mirrored does.
    own: ClassVar[frozenset[str]] = frozenset({STORMPATH, SAML, LDAP, AD})
    #: The ``providerType`` of all other providers.
    OAUTH2: ClassVar[str] = "oauth2"
    OIDC: ClassVar[str] = "oidc"
    SIGNING_ALGORITHM_RSA_SHA_1: ClassVar[str] = "RSA-SHA1"
    SIGNING_ALGORITHM_RSA_SHA_256: ClassVar[str] = "RSA-SHA256"
    provider_id = Text[str](length=(1, 255), default="stormpath", writable="c")
    provider_type = Text[str](derived=True)
    client_id = Text[str](length=(1, 1024), omitted=True, writable="cu")
    client_secret = Text[str](length=(1, 1024), omitted=True, encrypted=True, writable="cu")
    redirect_uri = Text[str](length=(1, 2000), omitted=True, writable="cu")
    # Whose tokens are accepted, as they name it (OpenID Connect Core 1.0, 2): its endpoints and keys are found by it.
    issuer = Text[str](length=(1, 2000), omitted=True, writable="cu")
    # Parameters for Google: the domain of the accounts, the form of its page (OpenID Connect Core 1.0, 3.1.2.1), and
    # whether a refresh token is wanted.
    hd = Text[str](length=(1, 255), omitted=True, writable="cu")
    display = Choice("page", "popup", "touch", "wap", omitted=True, writable="cu")
    access_type = Choice("online", "offline", omitted=True, writable="cu")
    scope = Array(omitted=True, writable="cu")
    authorization_endpoint = Text[str](length=(1, 2000), omitted=True, writable="cu")
    token_endpoint = Text[str](length=(1, 2000), omitted=True, writable="cu")
    resource_endpoint = Text[str](length=(1, 2000), omitted=True, writable="cu")
    id_field = Text[str](length=(1, 255), omitted=True, writable="cu")
    access_token_type = Choice("bearer", "access_token", "oauth_token", omitted=True, writable="cu")
    sso_login_url = Text[str](length=(1, 2000), omitted=True, writable="cu")
    sso_logout_url = Text[str](length=(1, 2000), omitted=True, writable="cu")
    encoded_x509_signing_cert = Text[str](length=(1, 20_000), omitted=True, writable="cu")
    request_signature_algorithm = Choice(
        SIGNING_ALGORITHM_RSA_SHA_256, SIGNING_ALGORITHM_RSA_SHA_1, omitted=True, writable="cu"
    )
    agent = Link[Any]("Agent", omitted=True)
    user_info_mapping_rules = Link[Any]("UserInfoMappingRules", omitted=True)
    attribute_statement_mapping_rules = Link[Any]("AttributeStatementMappingRules", omitted=True)
    service_provider_metadata = Link[Any]("SamlServiceProviderMetadata", omitted=True)


class ProviderData(Timestamped):
    """The data about one account from the provider of its directory, at ``<account>/providerData``.

    In the body of a new account, at an application, it is what the provider has given to a visitor: the ``code`` that
    came with the redirect to ``redirectUri``, or an ``accessToken``. The answer is the account of that visitor, which
    is made if there is none. ``codeVerifier`` (RFC 7636), ``nonce`` (OpenID Connect Core 1.0, 3.1.2.1), ``iss`` (RFC
    9207) and ``user``, which Apple sends along, belong to the code; ``accessTokenSecret`` to a token of OAuth 1.0a.
    """

    path = "providerData"
    provider_id = Text[str](length=(1, 255), default="stormpath", writable="c")
    access_token = Text[str](length=(1, LONGEST_TOKEN), omitted=True, encrypted=True, writable="c")
    refresh_token = Text[str](omitted=True, encrypted=True)
    user_info = Document(omitted=True)
    code = Text[str](length=(1, 4096), omitted=True, writable="c", secret=True)
    access_token_secret = Text[str](length=(1, 1024), omitted=True, writable="c", secret=True)
    redirect_uri = Text[str](length=(1, 2000), omitted=True, writable="c", secret=True)
    code_verifier = Text[str](length=(43, 128), omitted=True, writable="c", secret=True)
    nonce = Text[str](length=(1, 255), omitted=True, writable="c", secret=True)
    iss = Text[str](length=(1, 2000), omitted=True, writable="c", secret=True)
    user = Text[str](length=(1, 4096), omitted=True, writable="c", secret=True)


class AuthorizationRequest(Kind):
    """Where a visitor is sent to sign in at a provider, with a directory of which that is at the application. The
    answer has the ``location`` and nothing else. The provider sends the visitor back to ``redirectUri``.

    ``state``, ``nonce`` and ``codeChallenge`` (of the method S256) are the site's, which keeps what it compares them
    with. The REST API of Stormpath did not have this kind.
    """

    path = "authorizationRequests"
    provider_id = Text[str](length=(1, 255), required=True, writable="c", secret=True)
    redirect_uri = Text[str](length=(1, 2000), required=True, writable="c", secret=True)
    state = Text[str](length=(1, 512), required=True, writable="c", secret=True)
    nonce = Text[str](length=(1, 255), omitted=True, writable="c", secret=True)
    code_challenge = Text[str](length=(43, 43), omitted=True, writable="c", secret=True)
    prompt = Text[str](length=(1, 255), omitted=True, writable="c", secret=True)
    account_store = Link[Any]("Directory", "Organization", writable="c", omitted=True)
    location = Text[str](derived=True)


def brings_proof(properties: Any) -> bool:
    """Whether the body of a new account has what a provider has given to a visitor, in the place of attributes. An href
    alone is what is read of an account, and clients send it back.
    """
    data = properties.get(Account.provider_data.wire) if isinstance(properties, Mapping) else None
    return data is not None and not (isinstance(data, Mapping) and data.keys() <= {"href"})


class UserInfoMappingRules(Timestamped):
    """Which members of a social provider's answer are copied to which attributes of an account.

    Its id is the directory's.
    """

    path = "userInfoMappingRules"
    items = Structs(
        {
            "name": Text[str](length=(1, 255), required=True),
            "account_attributes": Array(required=True, item=ACCOUNT_ATTRIBUTE),
        },
        default=[],
        writable="cu",
    )


class AttributeStatementMappingRules(Timestamped):
    """Which attributes of a SAML assertion are copied to which attributes of an account.

    Its id is that of the directory or the application.
    """

    path = "attributeStatementMappingRules"
    items = Structs(
        {
            "name": Text[str](length=(1, 255), required=True),
            "name_format": Text["str | None"](length=(0, 255), nullable=True),
            "account_attributes": Array(required=True, item=ACCOUNT_ATTRIBUTE),
        },
        default=[],
        writable="cu",
    )


class Agent(Timestamped):
    """The configuration of a program that mirrors an LDAP or Active Directory server. Its id is the directory's."""

    path = "agents"
    id = Text[str](derived=True)
    status = Choice("ONLINE", "OFFLINE", "ERROR", default="OFFLINE")
    config = Struct(
        {
            "directory_host": Text[str](length=(1, 255)),
            "directory_port": Integer(minimum=1, maximum=65535),
            "ssl_required": Boolean(),
            "agent_user_dn": Text[str](length=(1, 1024)),
            "agent_user_dn_password": Text[str](length=(1, 1024), nullable=True, secret=True),
            "base_dn": Text[str](length=(1, 1024)),
            "poll_interval": Integer(minimum=1),  # minutes
            "referral_mode": Choice("follow", "ignore", nullable=True),
            "ignore_referral_issues": Boolean(nullable=True),
            "account_config": Struct(
                {
                    **{
                        name: Text[str](length=(1, 1024))
                        for name in ("object_class", "email_rdn", "given_name_rdn", "surname_rdn", "username_rdn")
                    },
                    **{
                        name: Text["str | None"](length=(1, 1024), nullable=True)
                        for name in ("dn_suffix", "object_filter", "middle_name_rdn", "password_rdn")
                    },
                }
            ),
            "group_config": Struct(
                {
                    **{name: Text[str](length=(1, 1024)) for name in ("object_class", "name_rdn", "description_rdn")},
                    **{
                        name: Text["str | None"](length=(1, 1024), nullable=True)
                        for name in ("dn_suffix", "object_filter", "members_rdn")
                    },
                }
            ),
        },
        writable="u",
    )
    directory = Link[Any]("Directory")
    tenant = Link[Any]("Tenant")
    download = Part[Any](None)
