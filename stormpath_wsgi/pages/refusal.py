"""What a page says when it does not do what was asked."""

from __future__ import annotations

from stormpath_wsgi.errors import Error, Unavailable


class Refusal(Exception):
    """The request will not do. *message* is for the visitor, *status* for the client, *reason* for the log.

    *field*: the name of the form field that is to blame. *location*: where a browser is sent instead.
    """

    def __init__(self, message: str, *, status: int = 400, field: str | None = None) -> None:
        super().__init__(message)
        self.message, self.status, self.field = message, status, field
        self.reason = repr(message)
        self.location: str | None = None


class Invalid(Refusal):
    """What was filled in will not do. A browser gets the form again with status 200 (framework specification)."""


def invalid(error: Error) -> Invalid:
    """The :class:`Invalid` of a directory that refused, in the visitor's words. Raises a :func:`failure`."""
    if error.status == 404 or not 400 <= error.status < 500:
        raise failure(error) from error
    refusal = Invalid(error.user_message, status=error.status)
    refusal.reason = f"error {error.code}"
    return refusal


def failure(error: Error) -> Error:
    """*error* as a failure of ours. A 404 is one: the application that we serve is not in the directory any more."""
    return Unavailable("The application is not in the directory any more.") if error.status == 404 else error
