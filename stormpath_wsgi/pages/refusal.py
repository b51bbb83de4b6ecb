"""What a page says when it does not do what was asked."""

from __future__ import annotations

from collections.abc import Mapping

from stormpath_wsgi.flows.refusals import FlowRefused


class Refusal(Exception):
    """The request will not do. *message* is for the visitor, *status* for the client, *reason* for the log.

    *field*: the name of the form field that is to blame. *location*: where a browser is sent instead. *members*: what
    a program is told besides.
    """

    def __init__(self, message: str, *, status: int = 400, field: str | None = None) -> None:
        super().__init__(message)
        self.message, self.status, self.field = message, status, field
        self.reason = repr(message)
        self.location: str | None = None
        self.members: Mapping[str, str] = {}


class Invalid(Refusal):
    """What was filled in will not do. A browser gets the form again with status 200 (framework specification)."""


def invalid(refused: FlowRefused, message: str | None = None) -> Invalid:
    """The :class:`Invalid` of a flow that refused, with *message*, or the directory's for visitors."""
    error = refused.error
    refusal = Invalid(message or (error.user_message if error else refused.reason), status=refused.status)
    refusal.reason = f"error {error.code}" if error else refused.reason
    return refusal
