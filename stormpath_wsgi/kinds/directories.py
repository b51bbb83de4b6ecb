"""Directories, their policies, and the groups in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Array, Boolean, Choice, Collection, Integer, Link, Name, Part, Struct, Text
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.values import DISABLED, DOMAIN_PATTERN, ENABLED, NO_DOMAIN, ONE_LINE


class Directory(Timestamped):
    """A container of accounts and groups, with its own password policy."""

    path = "directories"
    creatable = True
    gone_is_deleted = True
    searches_custom_data = True
    name = Name[str](length=(1, 255), required=True, writable="cu", unique="tenant", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), writable="cu", nullable=True, search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    tenant = Link[Any]("Tenant")
    custom_data = Part[Any]("CustomData")
    provider = Part[Any]("Provider", writable="c")
    password_policy = Part[Any]("PasswordPolicy", at="passwordPolicies/{id}")
    account_creation_policy = Part[Any]("AccountCreationPolicy", at="accountCreationPolicies/{id}")
    account_schema = Part[Any]("AccountSchema", at="schemas/{id}")
    accounts = Collection[Any]("Account", create=True)
    groups = Collection[Any]("Group", create=True)
    applications = Collection[Any]("Application")
    application_mappings = Collection[Any]("AccountStoreMapping")
    organizations = Collection[Any]("Organization")
    organization_mappings = Collection[Any]("OrganizationAccountStoreMapping")


class PasswordPolicy(Timestamped):
    """How passwords of one directory are reset; ``resetTokenTtl`` counts hours. Its id is the directory's."""

    path = "passwordPolicies"
    reset_token_ttl = Integer(minimum=1, maximum=168, default=24, writable="u")  # hours
    reset_email_status = Choice(ENABLED, DISABLED, default=ENABLED, writable="u")
    reset_success_email_status = Choice(ENABLED, DISABLED, default=ENABLED, writable="u")
    strength = Part[Any]("PasswordStrength")
    reset_email_templates = Collection[Any]("EmailTemplate")
    reset_success_email_templates = Collection[Any]("EmailTemplate")


class PasswordStrength(Timestamped):
    """What a new password in one directory must contain. The numbers count characters."""

    path = "strength"
    #: What each minimum counts: the word for error texts, and the test whether a character counts. Errors are reported
    #: in this order, with digits first, as Stormpath did. Letters and digits of all scripts count. Source: the resource
    #: reference; the live tests of the SDKs.
    counted: ClassVar[Mapping[str, tuple[str, Callable[[str], object]]]] = {
        "min_numeric": ("numeric", str.isdecimal),
        "min_lower_case": ("lowercase", str.islower),
        "min_upper_case": ("uppercase", str.istitle),  # also true for ǅ, which is both upper and lower case
        "min_symbol": ("symbol", re.compile(r"[ -/:-@\[-`{-~¡¦§©«¬®±µ¶·»½¿\u00d7÷]").match),
        "min_diacritic": ("diacritic", re.compile(r"[À-ÖØ-öø-ÿ]").match),
    }
    min_length = Integer(minimum=0, maximum=255, default=8, writable="u")
    max_length = Integer(minimum=1, maximum=255, default=100, writable="u")
    min_lower_case = Integer(minimum=0, maximum=255, default=1, writable="u")
    min_upper_case = Integer(minimum=0, maximum=255, default=1, writable="u")
    min_numeric = Integer(minimum=0, maximum=255, default=1, writable="u")
    min_symbol = Integer(minimum=0, maximum=255, default=0, writable="u")
    min_diacritic = Integer(minimum=0, maximum=255, default=0, writable="u")
    # The number of passwords, the current one included.
    prevent_reuse = Integer(minimum=0, maximum=25, default=0, writable="u")


class AccountCreationPolicy(Timestamped):
    """Which mails the new accounts of one directory get, and which addresses may have one.

    Its id is the directory's.
    """

    path = "accountCreationPolicies"
    verification_email_status = Choice(ENABLED, DISABLED, default=DISABLED, writable="u")
    verification_success_email_status = Choice(ENABLED, DISABLED, default=DISABLED, writable="u")
    welcome_email_status = Choice(ENABLED, DISABLED, default=DISABLED, writable="u")
    email_domain_whitelist = Array(default=[], writable="u", item=DOMAIN_PATTERN, complaint=NO_DOMAIN)
    email_domain_blacklist = Array(default=[], writable="u", item=DOMAIN_PATTERN, complaint=NO_DOMAIN)
    verification_email_templates = Collection[Any]("EmailTemplate")
    verification_success_email_templates = Collection[Any]("EmailTemplate")
    welcome_email_templates = Collection[Any]("EmailTemplate")


class EmailTemplate(Timestamped):
    """The text of one of the mails that a directory sends. Made and removed with the directory."""

    path = "emailTemplates"
    name = Name[str](length=(1, 255), writable="u", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), writable="u", nullable=True)
    # Until they are changed, these two and the link have the values of the settings.
    from_name = Text[str](length=(1, 255), pattern=ONE_LINE, derived=True, writable="u")
    from_email_address = Text[str](length=(1, 255), pattern=ONE_LINE, derived=True, writable="u")
    subject = Text[str](length=(1, 255), pattern=ONE_LINE, writable="u")
    text_body = Text[str](length=(0, 100_000), writable="u")
    html_body = Text[str](length=(0, 100_000), writable="u")
    mime_type = Choice("text/plain", "text/html", "multipart/alternative", default="text/plain", writable="u")
    default_model = Struct({"link_base_url": Text[str](length=(1, 2000))}, omitted=True, derived=True, writable="u")


class AccountSchema(Timestamped):
    """Which attributes the accounts of one directory must have. Its id is the directory's."""

    path = "schemas"
    fields = Collection[Any]("Field")
    directory = Link[Any]("Directory", derived=True)


class Field(Timestamped):
    """One attribute of the accounts of a directory."""

    path = "fields"
    name = Text[str](search=True, sort=True)
    required = Boolean(default=False, writable="u")
    schema = Link[Any]("AccountSchema")


class Group(Timestamped):
    """A named set of accounts in a directory."""

    path = "groups"
    gone_is_deleted = True
    searches_custom_data = True
    ignored = frozenset({"nameKey"})
    name = Name[str](length=(1, 255), required=True, writable="cu", unique="directory", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), writable="cu", nullable=True, search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    custom_data = Part[Any]("CustomData")
    directory = Link[Any]("Directory")
    tenant = Link[Any]("Tenant")
    accounts = Collection[Any]("Account")
    account_memberships = Collection[Any]("GroupMembership")
    applications = Collection[Any]("Application")


class GroupMembership(Kind):
    """The link between one account and one group of the same directory."""

    path = "groupMemberships"
    creatable = True
    gone_is_deleted = True
    account = Link[Any]("Account", writable="c", required=True)
    group = Link[Any]("Group", writable="c", required=True)
