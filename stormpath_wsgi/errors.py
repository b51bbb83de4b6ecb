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
    503: (503, "The service is temporarily unavailable. Please try again shortly.", "The directory cannot be reached."),
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
    2020: (400, None, "The referenced resource does not exist."),
    2100: (400, None, "The query string is malformed."),
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
    5010: (409, None, "A directory with the name given in createDirectory exists already."),
    5100: (400, None, "The application has no default account store."),
    5101: (400, None, "The application's default account store is disabled."),
    5102: (400, None, "The application has no default group store."),
    5103: (400, None, "The application's default group store is disabled."),
    5104: (409, None, "The account store is already mapped to the application."),
    5105: (400, _INVALID_LOGIN, "The application has no account stores."),
    5112: (400, None, "A group cannot be the default group store of an application."),
    5114: (400, _INVALID_LOGIN, "The account store is not mapped to the application."),
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
    10010: (401, "Token is invalid", "Token is invalid because the Account is not enabled."),
    10011: (401, "Token is invalid", "Token is invalid because it has expired."),
    10013: (404, "Token is invalid", "Token does not exist: it was revoked, or has expired and was purged."),
    10014: (400, "Token is invalid", "Token is invalid because another Application issued it."),
    10015: (400, "Token is invalid", "Token is invalid because the issuing Application is disabled."),
    10016: (
        400,
        "Token is invalid",
        "Token is invalid because the Account is no longer in an Account Store mapped to the issuing Application.",
    ),
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

    def __reduce__(self) -> tuple[type[Error], tuple[dict[str, Any]]]:
        return type(self), (self.body(),)

    def body(self) -> dict[str, Any]:
        """The error as the REST API writes it: status, code, message, developerMessage, moreInfo, requestId."""
        return {
            "status": self.status,
            "code": self.code,
            "message": self.user_message,
            "developerMessage": self.developer_message,
            "moreInfo": self.more_info,
            "requestId": self.request_id,
        }


class Unavailable(Error):
    """The directory cannot be reached or cannot write now: status 503. *retry_after*: seconds to wait."""

    def __init__(self, error: Mapping[str, Any] | str | None = None, *, retry_after: int = 5) -> None:
        super().__init__(error or _body(503, None, None), http_status=503)
        self.status = self.code = 503
        self.user_message = CATALOGUE[503][1] or ""
        self.retry_after = retry_after


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
