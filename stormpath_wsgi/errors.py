"""What can go wrong: one :class:`Error` for every answer of a directory, and one for wrong settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INVALID_LOGIN = "Invalid username or password."
_NOT_FOUND = "The requested resource does not exist."

#: code: (HTTP status, the user's sentence or None, the developer's sentence).
#: Source: the Stormpath REST API v1 error list. Where a code has no sentence for users the developer's serves both.
CATALOGUE: Mapping[int, tuple[int, str | None, str]] = {
    400: (400, None, "The request is malformed."),
    401: (401, None, "Authentication is required."),
    403: (403, None, "The authenticated caller may not touch this resource."),
    404: (404, _NOT_FOUND, _NOT_FOUND),
    405: (405, None, "This resource does not offer that method."),
    409: (409, None, "The request conflicts with the state of the resource."),
    413: (413, None, "The request body is larger than the server accepts."),
    500: (500, None, "The server failed on this request, which was not the caller's mistake."),
    503: (503, "The service is temporarily unavailable. Please try again shortly.", "The directory cannot be reached."),
    1101: (415, None, "The Content-Type of the request is not supported here."),
    2000: (400, None, "A required property is missing; it cannot be null, empty, or blank."),
    2001: (409, None, "The value must be unique and is already taken."),
    2002: (400, None, "The property value is invalid."),
    2003: (400, None, "The property value is not one of the supported values."),
    2004: (400, None, "The property value is an invalid type."),
    2005: (400, None, "The property value holds characters that cannot be stored."),
    2006: (400, None, "The property value has an invalid format."),
    2007: (400, None, "The property value is shorter than the minimum length."),
    2008: (400, None, "The property value is longer than the maximum length."),
    2009: (400, None, "The property value is below the minimum."),
    2010: (400, None, "The property value is above the maximum."),
    2014: (400, None, "The referenced resource may not be linked here."),
    2015: (400, None, "The property is not known to this resource."),
    2016: (400, None, "The property value does not match a known resource."),
    2017: (400, None, "The property is not supported by this sort of resource."),
    2020: (400, None, "The referenced resource does not exist."),
    2100: (400, None, "The query string is malformed."),
    2101: (400, None, "A query parameter has no value."),
    2102: (400, None, "A query parameter is given more than once."),
    2103: (400, None, "The query parameter value is invalid."),
    2104: (400, None, "The orderBy statement is malformed."),
    2105: (400, None, "The query parameter is not supported here."),
    2106: (400, None, "orderBy names an attribute that cannot be sorted."),
    2107: (400, None, "expand names something that cannot be expanded."),
    2108: (400, None, "The end of the range is before its start."),
    3000: (400, None, "A custom data key cannot be null, empty, or blank."),
    3001: (400, None, "A custom data key is longer than 255 characters."),
    3002: (400, None, "A custom data key may hold only 0-9 A-Z a-z _ - and may not start with '-'."),
    3003: (400, None, "The custom data key is reserved."),
    3004: (400, None, "The custom data is larger than 10 MB."),
    4001: (400, None, "The account that owns the tenant cannot be deleted."),
    4002: (400, None, "The status of the account that owns the tenant cannot be changed."),
    4520: (409, None, "A directory with the name given in createDirectory exists already."),
    4600: (400, None, "The organization has no default account store."),
    4601: (400, None, "The organization's default account store is disabled."),
    4602: (400, None, "The organization has no default group store."),
    4603: (400, None, "The organization's default group store is disabled."),
    4604: (409, None, "The account store is already mapped to the organization."),
    4605: (400, _INVALID_LOGIN, "The organization has no account stores."),
    4606: (400, None, "The default account store of the organization is a mirror directory and takes no new accounts."),
    4608: (400, None, "The default account store of the organization is a mirror group and takes no new accounts."),
    4610: (400, None, "The default group store of the organization is a mirror directory and takes no new groups."),
    4612: (400, None, "A group cannot be the default group store of an organization."),
    4614: (400, None, "An organization cannot be an account store of an organization."),
    4700: (409, None, "The organization has a social directory of that provider already."),
    5010: (409, None, "A directory with the name given in createDirectory exists already."),
    5100: (400, None, "The application has no default account store."),
    5101: (400, None, "The application's default account store is disabled."),
    5102: (400, None, "The application has no default group store."),
    5103: (400, None, "The application's default group store is disabled."),
    5104: (409, None, "The account store is already mapped to the application."),
    5105: (400, _INVALID_LOGIN, "The application has no account stores."),
    5106: (400, None, "The default account store of the application is a mirror directory and takes no new accounts."),
    5108: (400, None, "The default account store of the application is a mirror group and takes no new accounts."),
    5110: (400, None, "The default group store of the application is a mirror directory and takes no new groups."),
    5112: (400, None, "A group cannot be the default group store of an application."),
    5114: (400, _INVALID_LOGIN, "The account store is not mapped to the application."),
    5116: (400, None, "The application's default account store is an organization that has none itself."),
    5117: (400, None, "The application's default account store is an organization whose own is disabled."),
    5118: (400, None, "The application's default group store is an organization that has none itself."),
    5119: (400, None, "The application's default group store is an organization whose own is disabled."),
    5121: (400, None, "The callbackUri is not one of the application's authorizedCallbackUris."),
    5200: (409, None, "The application has a social directory of that provider already."),
    5201: (400, None, "No Directory with that providerId is mapped to the Application."),
    6100: (400, None, "The directory is managed by its provider: accounts and groups cannot be made in it."),
    6201: (400, None, "A directory cannot become a mirror directory."),
    6202: (400, None, "The provider of a directory cannot become another one."),
    6101: (400, None, "The verification e-mails of the directory are disabled."),
    7100: (400, _INVALID_LOGIN, "Login attempt failed because the specified password is incorrect."),
    7101: (400, _INVALID_LOGIN, "Login attempt failed because the Account is disabled."),
    7102: (400, _INVALID_LOGIN, "Login attempt failed because the Account is not verified."),
    7103: (400, _INVALID_LOGIN, "Login attempt failed because the Account is locked."),
    7104: (
        400,
        _INVALID_LOGIN,
        "Login attempt failed because there is no Account in the Application's associated "
        "Account Stores with the specified username or email.",
    ),
    7105: (400, _INVALID_LOGIN, "Login attempt failed because the Group is disabled."),
    7106: (400, _INVALID_LOGIN, "Login attempt failed because the Directory is disabled."),
    7107: (400, _INVALID_LOGIN, "Login attempt failed because the Organization is disabled."),
    7200: (400, None, "The provider refused the code or token."),
    7202: (400, None, "The property comes from the provider and cannot be changed here."),
    7500: (409, None, "These accounts are already linked."),
    7501: (400, None, "An account cannot be linked to itself."),
    7502: (400, None, "An account link needs a leftAccount and a rightAccount, each an object with an href."),
    7503: (400, None, "An account has as many links as it may."),
    7504: (400, None, "Accounts of one directory cannot be linked."),
    7505: (409, None, "An account is already linked to an account of that directory."),
    7205: (400, None, "Cannot create the Account because your email's domain is not allowed."),
    7206: (400, None, "Cannot create the Account because your email's domain is not allowed."),
    7301: (400, None, "The text of this e-mail must hold one of $!{url}, $!{sptoken} and $!{sptokenNameValuePair}."),
    10010: (401, "Token is invalid", "Token is invalid because the Account is not enabled."),
    10011: (400, "Token is invalid", "Token is invalid because it has expired."),
    10012: (400, "Token is invalid", "Token is invalid because it was issued in the future."),
    10013: (404, "Token is invalid", "Token does not exist: it was revoked, or has expired and was purged."),
    10014: (400, "Token is invalid", "Token is invalid because another Application issued it."),
    10015: (400, "Token is invalid", "Token is invalid because the issuing Application is disabled."),
    10016: (
        400,
        "Token is invalid",
        "Token is invalid because the Account is no longer in an Account Store mapped to the issuing Application.",
    ),
    10017: (400, "Token is invalid", "Token is invalid because verifying the signature of a JWT failed."),
    10019: (
        400,
        None,
        "API Key Authentication failed because the API key or secret submitted is invalid.",
    ),
    11001: (400, "Token is invalid", "Token is invalid because the Organization it names does not exist."),
    11002: (400, "Token is invalid", "Token is invalid because the Organization it names is disabled."),
    11003: (
        400,
        "Token is invalid",
        "Token is invalid because the Organization it names is not mapped to the Application.",
    ),
    11004: (400, "Token is invalid", "Token is invalid because a claim is missing or empty."),
    11005: (400, "Token is invalid", "Token is invalid because it was used before."),
    12002: (400, "Token is invalid", "Token cannot be exchanged because its status is not AUTHENTICATED."),
    13000: (400, None, "There is no SMTP server at that host and port, or it does not answer."),
    13001: (400, None, "The SMTP server refused the username and password."),
    13002: (400, None, "The connection to the SMTP server cannot be secured by that protocol."),
    13003: (409, None, "The tenant has an SMTP server already."),
    13100: (400, None, "Verified phone numbers cannot be modified."),
    13101: (400, None, "The provided phone number is invalid."),
    13102: (409, None, "An existing phone with that number already exists for this Account."),
    13103: (400, None, "The challenge message must include '${code}'."),
    13104: (400, None, "The code of the challenge must have six digits."),
    13105: (409, None, "The phone is used by another factor of the Account already."),
    13108: (400, None, "The code of the challenge has expired; ask for another challenge."),
    13109: (400, None, "The factor is disabled."),
    13110: (400, None, "The phone of the factor is disabled."),
    13111: (400, None, "The number and the href name different phones."),
    13112: (400, None, "The challenge cannot be answered any more."),
    13113: (400, None, "Too many wrong codes were sent for the challenge."),
}


class Error(RuntimeError):
    """An answer of a directory that is not a success. The same over every transport.

    *error* is the error body of the REST API as a mapping, or a sentence, or nothing.
    Source: the documented ``stormpath.error.Error``; ``str(e)`` is the developer's sentence,
    :attr:`user_message` the only one that may be shown to a visitor.
    """

    def __init__(self, error: Mapping[str, Any] | str | None = None, *, http_status: int | None = None) -> None:
        body: Mapping[str, Any] = error if isinstance(error, Mapping) else {}
        text = error if isinstance(error, str) else body.get("developerMessage") or body.get("message")
        super().__init__(text or "Unknown error.")
        #: HTTP status, -1 when unknown.
        self.status: int = int(body.get("status") or http_status or -1)
        #: Stormpath error code, -1 when unknown.
        self.code: int = int(body.get("code") or -1)
        #: The developer's sentence, under the two documented names.
        self.message: str = str(self)
        self.developer_message: str = str(self)
        #: The visitor's sentence.
        self.user_message: str = str(body.get("message") or self)
        self.more_info: str | None = body.get("moreInfo")
        self.request_id: str | None = body.get("requestId")
        #: Of a conflict, the href of the resource that exists already, where the answer names it.
        self.existing: str | None = body.get("existing")

    def __reduce__(self) -> tuple[Any, ...]:
        # Not made anew: a subclass may ask for other arguments, and have more to tell than the body does.
        return _restored, (type(self), self.args, self.__dict__)

    def body(self) -> dict[str, Any]:
        """The error as the REST API writes it: status, code, message, developerMessage, moreInfo, requestId."""
        return {
            "status": self.status,
            "code": self.code,
            "message": self.user_message,
            "developerMessage": self.developer_message,
            "moreInfo": self.more_info,
            "requestId": self.request_id,
            **({"existing": self.existing} if self.existing else {}),
        }


def _restored(kind: type[Error], args: tuple[Any, ...], state: Mapping[str, Any]) -> Error:
    """The error that was pickled, with all that was known of it."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class Unavailable(Error):
    """The directory cannot be reached or cannot write now: status 503. *retry_after*: seconds to wait."""

    def __init__(self, error: Mapping[str, Any] | str | None = None, *, retry_after: int = 5) -> None:
        super().__init__(error or _body(503, None, None), http_status=503)
        self.status = self.code = 503
        self.user_message = CATALOGUE[503][1] or ""
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """Too much is asked at once: refused before anything was done, so the same may be sent again. Status 503."""

    def __init__(self, error: Mapping[str, Any] | str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(error or "Too many passwords are being checked at once.", retry_after=retry_after)


class ConfigurationError(Exception):
    """A setting is wrong, unknown or missing. The text names the setting and says what to write."""


def fault(code: int, developer_message: str | None = None, *, message: str | None = None) -> Error:
    """The :class:`Error` of a Stormpath error *code*, with the catalogue's sentences unless others are given.

    *message* is the visitor's sentence; without one the catalogue's is used, or else *developer_message*.
    """
    return Error(_body(code, developer_message, message))


def _body(code: int, developer_message: str | None, message: str | None) -> dict[str, Any]:
    status, users, developers = CATALOGUE[code]
    developer_message = developer_message or developers
    return {
        "status": status,
        "code": code,
        "message": message or users or developer_message,
        "developerMessage": developer_message,
        "moreInfo": f"urn:stormpath:error:{code}",
    }
