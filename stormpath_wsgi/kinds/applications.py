"""Applications and organizations, and the account stores that are mapped to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import (
    Array,
    Boolean,
    Choice,
    Collection,
    Duration,
    Instant,
    Integer,
    Link,
    Name,
    Part,
    Struct,
    Text,
)
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.values import DISABLED, ENABLED, NAME_KEY, ORIGIN, SECOND, TEN_YEARS


class Application(Timestamped):
    """What people sign in to. Its account stores are mapped to it in an order."""

    path = "applications"
    creatable = True
    searches_custom_data = True
    name = Name[str](length=(1, 255), required=True, writable="cu", unique="tenant", search=True, sort=True)
    description = Text["str | None"](length=(0, 4000), writable="cu", nullable=True, search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    authorized_callback_uris = Array(default=[], writable="cu")
    authorized_origin_uris = Array(default=[], writable="cu", item=ORIGIN)
    tenant = Link[Any]("Tenant")
    default_account_store_mapping = Link[Any]("AccountStoreMapping", nullable=True, derived=True)
    default_group_store_mapping = Link[Any]("AccountStoreMapping", nullable=True, derived=True)
    custom_data = Part[Any]("CustomData")
    o_auth_policy = Part[Any]("OAuthPolicy", at="oAuthPolicies/{id}")
    saml_policy = Part[Any]("SamlPolicy", at="samlPolicies/{id}")
    account_linking_policy = Part[Any]("AccountLinkingPolicy", at="accountLinkingPolicies/{id}")
    web_config = Part[Any]("ApplicationWebConfig", at="applicationWebConfigs/{id}")
    accounts = Collection[Any]("Account", create=True)
    groups = Collection[Any]("Group", create=True)
    account_store_mappings = Collection[Any]("AccountStoreMapping")
    login_attempts = Collection[Any]("LoginAttempt", create=True)
    password_reset_tokens = Collection[Any]("PasswordResetToken", create=True)
    verification_emails = Collection[Any]("VerificationEmail", create=True)
    api_keys = Collection[Any]("ApiKey")
    invitations = Collection[Any]("Invitation", create=True, named=False)
    passkey_attempts = Collection[Any]("PasskeyAttempt", create=True, named=False)
    authorization_requests = Collection[Any]("AuthorizationRequest", create=True, named=False)
    spent_answers = Collection[Any]("SpentAnswer", create=True, named=False)
    auth_tokens = Part[Any](None)


class Invitation(Timestamped):
    """An address that is invited to make an account. Its token is mailed, and makes the account once. ``groups``, names
    or hrefs, may be sent when it is made. To send the mail again, make it again.
    """

    path = "invitations"
    email = Text[str](length=(1, 255), required=True, writable="c", search=True, sort=True)
    expires_at = Instant[dt.datetime](sort=True)
    application = Link[Any]("Application")
    directory = Link[Any]("Directory", writable="c")
    tenant = Link[Any]("Tenant")
    groups = Collection[Any]("Group")


class InvitationToken(Kind):
    """The mailed token of an invitation, at ``applications/<id>/invitationTokens/<token>``."""

    path = "invitationTokens"
    email = Text[str]()
    expires_at = Instant[dt.datetime]()
    application = Link[Any]("Application")
    directory = Link[Any]("Directory")


class AccountStoreMapping(Timestamped):
    """Maps an account store to an application, at a place in the order in which the application searches its stores."""

    path = "accountStoreMappings"
    creatable = True
    gone_is_deleted = True
    list_index = Integer(writable="cu", sort=True)
    is_default_account_store = Boolean(default=False, writable="cu")
    is_default_group_store = Boolean(default=False, writable="cu")
    application = Link[Any]("Application", writable="c", required=True)
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c", required=True)


class Organization(Timestamped):
    """A customer of an application, with account stores of its own. It is mapped to applications as a whole."""

    path = "organizations"
    creatable = True
    gone_is_deleted = True
    searches_custom_data = True
    name = Name[str](length=(1, 255), required=True, writable="cu", unique="tenant", search=True, sort=True)
    name_key = Text[str](
        length=(1, 63), pattern=NAME_KEY, required=True, writable="cu", unique="tenant", search=True, sort=True
    )
    description = Text["str | None"](length=(0, 1000), writable="cu", nullable=True, search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    tenant = Link[Any]("Tenant")
    default_account_store_mapping = Link[Any]("OrganizationAccountStoreMapping", nullable=True, derived=True)
    default_group_store_mapping = Link[Any]("OrganizationAccountStoreMapping", nullable=True, derived=True)
    custom_data = Part[Any]("CustomData")
    account_linking_policy = Part[Any]("AccountLinkingPolicy", at="accountLinkingPolicies/{id}")
    accounts = Collection[Any]("Account", create=True)
    groups = Collection[Any]("Group", create=True)
    account_store_mappings = Collection[Any]("OrganizationAccountStoreMapping")


class OrganizationAccountStoreMapping(Timestamped):
    """Maps an account store to an organization, at a place in the order in which the stores are searched."""

    path = "organizationAccountStoreMappings"
    creatable = True
    gone_is_deleted = True
    list_index = Integer(writable="cu", sort=True)
    is_default_account_store = Boolean(default=False, writable="cu")
    is_default_group_store = Boolean(default=False, writable="cu")
    organization = Link[Any]("Organization", writable="c", required=True)
    account_store = Link[Any]("Directory", "Group", writable="c", required=True)


class AccountLinkingPolicy(Timestamped):
    """Whether a login may answer with a linked account. Its id is that of its application or organization."""

    path = "accountLinkingPolicies"
    status = Choice(ENABLED, DISABLED, default=DISABLED, writable="u")
    automatic_provisioning = Choice(ENABLED, DISABLED, default=DISABLED, writable="u")
    matching_property = Choice("email", nullable=True, writable="u")
    tenant = Link[Any]("Tenant")


class OAuthPolicy(Timestamped):
    """How long the tokens of one application are valid. Its id is the application's."""

    path = "oAuthPolicies"
    access_token_ttl = Duration(minimum=SECOND, maximum=TEN_YEARS, default="PT1H", writable="u")
    refresh_token_ttl = Duration(minimum=SECOND, maximum=TEN_YEARS, zero=True, default="P60D", writable="u")
    token_endpoint = Part[Any](None, at="applications/{id}/oauth/token")
    application = Link[Any]("Application")
    tenant = Link[Any]("Tenant")


class ApplicationWebConfig(Timestamped):
    """What the hosted pages of an application offer. Its id is the application's."""

    path = "applicationWebConfigs"
    dns_label = Text[str](length=(1, 63), pattern=NAME_KEY, unique="service", writable="u")
    domain_name = Text[str](derived=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="u")
    oauth2 = Struct({"enabled": Boolean(default=True)}, writable="u")
    register = Struct({"enabled": Boolean(default=True)}, writable="u")
    login = Struct({"enabled": Boolean(default=True)}, writable="u")
    verify_email = Struct({"enabled": Boolean(nullable=True, default=False)}, writable="u")
    forgot_password = Struct({"enabled": Boolean(nullable=True, default=False)}, writable="u")
    change_password = Struct({"enabled": Boolean(nullable=True, default=False)}, writable="u")
    me = Struct(
        {
            "enabled": Boolean(default=True),
            "expand": Struct(
                {
                    name: Boolean(default=False)
                    for name in (
                        *("api_keys", "applications", "custom_data", "directory"),
                        *("group_memberships", "groups", "provider_data", "tenant"),
                    )
                }
            ),
        },
        writable="u",
    )
    signing_api_key = Link[Any]("ApiKey", nullable=True, weak=True)
    application = Link[Any]("Application")
    tenant = Link[Any]("Tenant")
