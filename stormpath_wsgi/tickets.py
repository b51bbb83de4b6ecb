"""Tickets: what one browser has, and no other, while something is asked for and done in it by mail.

A ticket is random text. A code that is mailed is good only with the ticket of the browser in which it was asked for, so
nobody can guess the codes of somebody else. A mailed token that was used up is still good for the ticket that used it,
if exactly the same is asked for again: by a double click.

A flow says which ticket the browser has whose request it serves (:func:`holding`), and whoever needs it asks for
:func:`ticket`. To a directory on another machine a header of the request tells it.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

from stormpath_wsgi.bound import Bound

#: The name of the header.
NAME = "X-Stormpath-Ticket"

_FORM = re.compile(r"[0-9A-Za-z_-]{22,128}")

_ticket: ContextVar[str | None] = ContextVar("stormpath_wsgi.ticket", default=None)


def ticket() -> str | None:
    """That of the browser for which is done what is done now; None where there is none."""
    return _ticket.get()


def holding(ticket: str | None) -> Bound[str | None]:
    """Says, until the block is left, which ticket the browser has for which something is done."""
    return Bound(_ticket, ticket)


def new() -> str:
    """A ticket that nobody else has."""
    return secrets.token_urlsafe(24)


def read(text: str | None) -> str | None:
    """*text*, which may be anything, if it can be a ticket; None otherwise."""
    return text if text is not None and _FORM.fullmatch(text) else None
