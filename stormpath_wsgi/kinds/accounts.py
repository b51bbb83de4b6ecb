"""Accounts, and the resources that belong to an account."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Choice, Collection, Duration, Instant, Link, Name, Part, Text
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.tokens import account_naming
from stormpath_wsgi.kinds.values import DISABLED, ENABLED, LOCKED, LOGIN_NAME, SECOND, UNVERIFIED, VERIFIED, YEAR


class Account(Timestamped):
    """The stored record of one person or machine."""

    path = "accounts"
    gone_is_deleted = True
    searches_custom_data = True
    # If no username is sent, it is the e-mail address.
    username = Name[str](length=(1, 255), pattern=LOGIN_NAME, writable="cu", unique="directory", search=True, sort=True)
    email = Text[str](length=(1, 255), required=True, writable="cu", unique="directory", search=True, sort=True)
    password = Text[str](length=(0, 1024), writable="cu", secret=True)
    given_name = Name["str | None"](length=(1, 255), writable="cu", nullable=True, search=True, sort=True)
    middle_name = Name["str | None"](length=(1, 255), writable="cu", nullable=True, search=True, sort=True)
    surname = Name["str | None"](length=(1, 255), writable="cu", nullable=True, search=True, sort=True)
    full_name = Text[str](derived=True)  # given name, middle name and surname, as far as they are set, joined by blanks
    status = Choice(ENABLED, DISABLED, UNVERIFIED, LOCKED, default=ENABLED, writable="cu", search=True, sort=True)
    email_verification_status = Choice(VERIFIED, UNVERIFIED, "UNKNOWN", default=UNVERIFIED, writable="u")
    password_modified_at = Instant[dt.datetime | None](nullable=True, search=True, sort=True)
    email_verification_token = Link[Any]("EmailVerificationToken", nullable=True, derived=True)
    custom_data = Part[Any]("CustomData")
    provider_data = Part[Any]("ProviderData", writable="c")
    directory = Link[Any]("Directory")
    tenant = Link[Any]("Tenant")
    groups = Collection[Any]("Group")
    group_memberships = Collection[Any]("GroupMembership")
    applications = Collection[Any]("Application")
    api_keys = Collection[Any]("ApiKey", create=True)
    access_tokens = Collection[Any]("AccessToken", create=True)
    refresh_tokens = Collection[Any]("RefreshToken", create=True)
    linked_accounts = Collection[Any]("Account")
    account_links = Collection[Any]("AccountLink")
    phones = Collection[Any]("Phone", create=True)
    factors = Collection[Any]("Factor", create=True)
    sessions = Collection[Any]("Session", create=True, named=False)
    connected_keys = Collection[Any]("ConnectedKey", named=False)
    deletions = Collection[Any]("Deletion", create=True, named=False)
    passkeys = Collection[Any]("Passkey", create=True, named=False)


class CustomData(Timestamped):
    """The site's own JSON beside a resource; we do not read it. Its members are the stored ones."""

    path = "customData"
    #: Keys that only the directory sets.
    reserved: ClassVar[frozenset[str]] = frozenset(
        {"href", "createdAt", "modifiedAt", "meta", "spMeta", "spmeta", "ionmeta", "ionMeta"}
    )
    #: The form of a key.
    key: ClassVar[re.Pattern[str]] = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_-]{0,254}")


class ApiKey(Kind):
    """An id and a secret, with which programs of an account authenticate at an API."""

    path = "apiKeys"
    id = Text[str](derived=True, search=True)
    secret = Text[str](encrypted=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    name = Name["str | None"](length=(0, 255), nullable=True, writable="cu", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), nullable=True, writable="cu", search=True, sort=True)
    account = Link[Any]("Account")
    tenant = Link[Any]("Tenant")
    naming = account_naming(omitted=True)  # told where it is looked up at an application


class ConnectedKey(Kind):
    """An API key as the person whose account it is may see it: without its secret, and with when it was used last.

    It has the id of the API key. The REST API of Stormpath did not have this kind.
    """

    path = "connectedKeys"
    id = Text[str](derived=True)
    name = Name["str | None"](length=(0, 255), nullable=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED)
    created_at = Instant[dt.datetime](sort=True)
    last_used_at = Instant[dt.datetime | None](nullable=True)  # up to ten minutes ago
    account = Link[Any]("Account")
    tenant = Link[Any]("Tenant")


class Deletion(Kind):
    """The wish that an account be deleted after some time. Until then it is DISABLED, and its owner can change his mind
    by signing in.

    To delete it, or to set the account to ENABLED, is to keep the account. The REST API of Stormpath did not have this
    kind.
    """

    path = "deletions"
    created_at = Instant[dt.datetime](sort=True)
    due_at = Instant[dt.datetime](sort=True)
    grace = Duration(minimum=SECOND, maximum=YEAR, writable="c", required=True)  # from createdAt to dueAt
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", nullable=True, weak=True)  # where it was asked for
    tenant = Link[Any]("Tenant")


class AccountLink(Timestamped):
    """The statement that two accounts in different directories belong to the same person."""

    path = "accountLinks"
    creatable = True
    left_account = Link[Any]("Account", writable="c", required=True)
    right_account = Link[Any]("Account", writable="c", required=True)
