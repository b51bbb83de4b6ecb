"""Every resource kind, declared once: its attributes, links, collections, limits and defaults.

The wire form, the checks, the tables, the Python objects of :mod:`stormpath_wsgi.client` and the documentation of the
REST API all follow from these classes.

Source: the resource reference of the Stormpath REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping

from stormpath_wsgi.kinds import (
    accounts,
    applications,
    directories,
    factors,
    passkeys,
    providers,
    saml,
    tenants,
    tokens,
)
from stormpath_wsgi.kinds.accounts import Account, AccountLink, ApiKey, ConnectedKey, CustomData, Deletion
from stormpath_wsgi.kinds.applications import (
    AccountLinkingPolicy,
    AccountStoreMapping,
    Application,
    ApplicationWebConfig,
    Invitation,
    InvitationToken,
    OAuthPolicy,
    Organization,
    OrganizationAccountStoreMapping,
)
from stormpath_wsgi.kinds.directories import (
    AccountCreationPolicy,
    AccountSchema,
    Directory,
    EmailTemplate,
    Field,
    Group,
    GroupMembership,
    PasswordPolicy,
    PasswordStrength,
)
from stormpath_wsgi.kinds.factors import RECOVERY_CODES, Challenge, Factor, Phone, SecondFactor
from stormpath_wsgi.kinds.kind import Kind, Member, wire_name
from stormpath_wsgi.kinds.members import (
    Array,
    Attribute,
    Boolean,
    Choice,
    Collection,
    Document,
    Duration,
    Instant,
    Integer,
    Link,
    Name,
    Part,
    Struct,
    Structs,
    Text,
    is_storable,
)
from stormpath_wsgi.kinds.moments import format_duration, format_instant, parse_duration, parse_instant
from stormpath_wsgi.kinds.passkeys import LONGEST_ANSWER, MOST_PASSKEYS, PASSKEY_ALGORITHMS, Passkey, PasskeyAttempt
from stormpath_wsgi.kinds.providers import (
    IS_NEW_ACCOUNT,
    Agent,
    AttributeStatementMappingRules,
    AuthorizationRequest,
    Provider,
    ProviderData,
    UserInfoMappingRules,
    brings_proof,
)
from stormpath_wsgi.kinds.saml import (
    DefaultRelayState,
    RegisteredSamlServiceProvider,
    SamlIdentityProvider,
    SamlIdentityProviderMetadata,
    SamlPolicy,
    SamlServiceProvider,
    SamlServiceProviderMetadata,
    SamlServiceProviderRegistration,
    X509Certificate,
)
from stormpath_wsgi.kinds.tenants import IdSite, SmtpServer, Tenant
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.tokens import (
    ENDED_OTHERS,
    AccessToken,
    EmailChange,
    EmailChangeToken,
    EmailVerificationToken,
    LoginAttempt,
    MailedCode,
    NoticeToken,
    PasswordChange,
    PasswordResetToken,
    RefreshToken,
    Session,
    SpentAnswer,
    VerificationEmail,
)
from stormpath_wsgi.kinds.values import (
    ACCOUNT_ATTRIBUTE,
    COLON,
    CONTROL,
    DISABLED,
    DOMAIN_PATTERN,
    ENABLED,
    GOOGLE_AUTHENTICATOR,
    ID,
    LOCKED,
    LOGIN_NAME,
    NAME_KEY,
    NO_DOMAIN,
    ONE_LINE,
    ORIGIN,
    SECOND,
    SMS,
    TEN_YEARS,
    UNSEEN,
    UNVERIFIED,
    VERIFIED,
    VISITOR_ADDRESS,
    YEAR,
    id_of,
    is_authorized_callback,
)

_FAMILIES = (tenants, applications, directories, accounts, factors, passkeys, providers, tokens, saml)

#: Every kind by its title, as links name them.
KINDS: Mapping[str, type[Kind]] = {
    kind.title(): kind
    for family in _FAMILIES
    for kind in vars(family).values()
    if isinstance(kind, type) and issubclass(kind, Kind) and kind.__module__ == family.__name__
}

# fmt: off
__all__ = [
    "ACCOUNT_ATTRIBUTE", "COLON", "CONTROL", "DISABLED", "DOMAIN_PATTERN", "ENABLED", "ENDED_OTHERS",
    "GOOGLE_AUTHENTICATOR", "ID", "IS_NEW_ACCOUNT", "KINDS", "LOCKED", "LOGIN_NAME", "LONGEST_ANSWER",
    "MOST_PASSKEYS", "NAME_KEY", "NO_DOMAIN", "ONE_LINE", "ORIGIN", "PASSKEY_ALGORITHMS", "RECOVERY_CODES",
    "SECOND", "SMS", "TEN_YEARS", "UNSEEN", "UNVERIFIED", "VERIFIED", "VISITOR_ADDRESS", "YEAR", "AccessToken",
    "Account", "AccountCreationPolicy", "AccountLink", "AccountLinkingPolicy", "AccountSchema",
    "AccountStoreMapping", "Agent", "ApiKey", "Application", "ApplicationWebConfig", "Array", "Attribute",
    "AttributeStatementMappingRules", "AuthorizationRequest", "Boolean", "Challenge", "Choice", "Collection",
    "ConnectedKey", "CustomData", "DefaultRelayState", "Deletion", "Directory", "Document", "Duration",
    "EmailChange", "EmailChangeToken", "EmailTemplate", "EmailVerificationToken", "Factor", "Field", "Group",
    "GroupMembership", "IdSite", "Instant", "Integer", "Invitation", "InvitationToken", "Kind", "Link",
    "LoginAttempt", "MailedCode", "Member", "Name", "NoticeToken", "OAuthPolicy", "Organization",
    "OrganizationAccountStoreMapping", "Part", "Passkey", "PasskeyAttempt", "PasswordChange", "PasswordPolicy",
    "PasswordResetToken", "PasswordStrength", "Phone", "Provider", "ProviderData", "RefreshToken",
    "RegisteredSamlServiceProvider", "SamlIdentityProvider", "SamlIdentityProviderMetadata", "SamlPolicy",
    "SamlServiceProvider", "SamlServiceProviderMetadata", "SamlServiceProviderRegistration", "SecondFactor",
    "Session", "SmtpServer", "SpentAnswer", "Struct", "Structs", "Tenant", "Text", "Timestamped",
    "UserInfoMappingRules", "VerificationEmail", "X509Certificate", "brings_proof", "format_duration",
    "format_instant", "id_of", "is_authorized_callback", "is_storable", "parse_duration", "parse_instant",
    "wire_name",
]
# fmt: on
