"""Paths below the base URL, and which resource or collection each of them names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import ID, KINDS, Collection, Kind, Part

#: The kinds by the first segment of their hrefs. Kinds that are not here are found below their owner.
BY_SEGMENT: Mapping[str, type[Kind]] = {
    kind.path: kind
    for kind in KINDS.values()
    if kind
    not in (
        kinds.CustomData,
        kinds.LoginAttempt,
        kinds.PasskeyAttempt,
        kinds.AuthorizationRequest,
        kinds.SpentAnswer,
        kinds.PasswordStrength,
        kinds.Provider,
        kinds.ProviderData,
        kinds.PasswordResetToken,
        kinds.VerificationEmail,
        kinds.EmailVerificationToken,
        kinds.MailedCode,
        kinds.InvitationToken,
        kinds.EmailChange,
        kinds.EmailChangeToken,
        kinds.NoticeToken,
        kinds.PasswordChange,
        kinds.DefaultRelayState,
    )
}

#: The form of a token in a path, mailed, JWT or id: text of the base64url alphabet and dots.
_TOKEN = re.compile(r"[0-9A-Za-z._~-]{1,8192}\Z")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: ``accounts/<id>``, or a part such as ``passwordPolicies/<id>/strength``, with the id of its
    *owner*.
    """

    kind: type[Kind]
    id: str
    owner: type[Kind] | None = None

    @property
    def path(self) -> str:
        """The path below the base URL."""
        if self.owner is None:
            return f"{self.kind.path}/{self.id}"
        return f"{self.owner.path}/{self.id}/{self.kind.path}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A collection: ``accounts/<id>/groups``.

    Without an owner, as ``applications``, it is a place to make resources only.
    """

    of: type[Kind]
    owner: type[Kind] | None = None
    id: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """The path below the base URL."""
        return self.of.path if self.owner is None else f"{self.owner.path}/{self.id}/{self.name}"

    @property
    def creates(self) -> bool:
        """Whether a resource can be made here."""
        if self.owner is None:
            return self.of.creatable
        member = self.owner.members[self.name]
        return isinstance(member, Collection) and member.create


@dataclass(frozen=True, slots=True)
class DataKey:
    """``accounts/<id>/customData/<key>``: one key of the custom data of *owner*."""

    owner: type[Kind]
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """``applications/<id>/authTokens/<token>``: the question whether a token is valid at an application.

    *token*: the id of a token, or a JWT.
    """

    application_id: str
    token: str


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """``applications/<id>/oauth/token``: where grants are exchanged for tokens (RFC 6749, section 3.2)."""

    application_id: str


@dataclass(frozen=True, slots=True)
class ResetToken:
    """``applications/<id>/passwordResetTokens/<token>``: a mailed token that sets a new password."""

    application_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerificationToken:
    """``accounts/emailVerificationTokens/<token>``: a mailed token that verifies an e-mail address."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailedCodes:
    """``applications/<id>/mailedCodes``: where codes that were mailed are answered."""

    application_id: str

    @property
    def path(self) -> str:
        """The path below the base URL."""
        return f"{kinds.Application.path}/{self.application_id}/{kinds.MailedCode.path}"


@dataclass(frozen=True, slots=True)
class InvitationToken:
    """``applications/<id>/invitationTokens/<token>``: a mailed token that makes an account."""

    application_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddressChange:
    """``accounts/<id>/emailChange``: the new address of an account that waits to be verified."""

    account_id: str


@dataclass(frozen=True, slots=True)
class AddressToken:
    """``accounts/emailChangeTokens/<token>``: a mailed token that changes the address of an account, or takes that
    back.
    """

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoticeToken:
    """``accounts/noticeTokens/<token>``: a mailed token with which somebody secures the account."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """``accounts/<id>/passwordChange``: where the owner of an account chooses a new password."""

    account_id: str


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """``accounts/<id>/secondFactor``: what an account can prove beside its password."""

    account_id: str


Target = (
    Resource
    | Listing
    | DataKey
    | TokenCheck
    | TokenEndpoint
    | ResetToken
    | VerificationToken
    | InvitationToken
    | MailedCodes
    | AddressChange
    | AddressToken
    | NoticeToken
    | OwnPassword
    | SecondFactors
)


def parse(path: str) -> Target:
    """What *path* names, without looking into the database. Raises a 404 for a path that can name nothing."""
    target = _target(path)
    if target is None:
        raise fault(Code.NOT_FOUND)
    return target


def below(base_url: str, href: Any) -> Target | None:
    """What *href* names, which a caller has sent. None when it is not below *base_url*, or can name nothing."""
    if not isinstance(href, str) or not href.startswith(base_url + "/"):
        return None
    return _target(href[len(base_url) + 1 :])


def _target(path: str) -> Target | None:
    match path.split("/"):
        case [segment] if segment in BY_SEGMENT and BY_SEGMENT[segment].creatable:
            return Listing(BY_SEGMENT[segment])
        case [segment, id] if segment in BY_SEGMENT and ID.match(id):
            return Resource(BY_SEGMENT[segment], id)
        case ["accounts", kinds.EmailVerificationToken.path, token] if _TOKEN.match(token):
            return VerificationToken(token)
        case ["applications", id, kinds.MailedCode.path] if ID.match(id):
            return MailedCodes(id)
        case ["accounts", kinds.EmailChangeToken.path, token] if _TOKEN.match(token):
            return AddressToken(token)
        case ["accounts", kinds.NoticeToken.path, token] if _TOKEN.match(token):
            return NoticeToken(token)
        case ["accounts", id, kinds.EmailChange.path] if ID.match(id):
            return AddressChange(id)
        case ["accounts", id, kinds.PasswordChange.path] if ID.match(id):
            return OwnPassword(id)
        case ["accounts", id, kinds.SecondFactor.path] if ID.match(id):
            return SecondFactors(id)
        case [segment, id, name] if segment in BY_SEGMENT and ID.match(id):
            return _member(BY_SEGMENT[segment], id, name)
        case ["applications", id, "authTokens", token] if ID.match(id) and _TOKEN.match(token):
            return TokenCheck(id, token)
        case ["applications", id, "oauth", "token"] if ID.match(id):
            return TokenEndpoint(id)
        case ["applications", id, "passwordResetTokens", token] if ID.match(id) and _TOKEN.match(token):
            return ResetToken(id, token)
        case ["applications", id, kinds.InvitationToken.path, token] if ID.match(id) and _TOKEN.match(token):
            return InvitationToken(id, token)
        case [segment, id, "customData", key] if segment in BY_SEGMENT and ID.match(id):
            owner = BY_SEGMENT[segment]
            if "customData" in owner.members:
                return DataKey(owner, id, key)
    return None


def _member(owner: type[Kind], id: str, name: str) -> Target | None:
    member = owner.members.get(name)
    if isinstance(member, Collection):
        return Listing(KINDS[member.of], owner, id, name)
    if isinstance(member, Part) and member.to and member.at is None:
        return Resource(KINDS[member.to], id, owner)
    return None
