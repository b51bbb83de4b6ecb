"""What a page says when it does not do what was asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.flows.refusals import FlowRefused, field_of
from stormpath_wsgi.kinds import Account
from stormpath_wsgi.kinds.members import Text
from stormpath_wsgi.pages.sentences import A_VALUE, EXPIRED, GENERAL, INVALID_LOGIN, SENTENCES, on_page, sentence
from stormpath_wsgi.settings import FieldSettings
from stormpath_wsgi.texts import Texts, marked
from stormpath_wsgi.web.language import wait_and_try, waiting_time

log = logging.getLogger(__name__)

TOO_MANY = marked("Too many tries for now")
TOO_LONG_OPEN = marked("This page was open too long")

_KINDS = {INVALID_LOGIN: "no_match", SENTENCES[Code.NOT_UNIQUE, "email"]: "taken"}

_NO_FIELDS: Mapping[str, FieldSettings] = {}


class ShownRefusal(NamedTuple):
    """A refusal in the words of the visitor's language: what templates see as ``error``."""

    message: str
    status: int
    field: str | None
    #: The first line, where a second one follows.
    title: str | None = None
    #: Whether something is wrong (``bad``), or only has to wait (``wait``).
    tone: str = "bad"
    #: What it is, where a template has words of its own for it: ``no_match``, ``taken``, ``wait``, ``expired``.
    kind: str | None = None


class Refusal(Exception):
    """The request will not do. *message* is for the visitor, *status* for the client, :attr:`reason` for the log.

    *message* is English, and marked for the catalogues; *values* stand in its places ``%(name)s``, and are texts or
    labels as well. *field*: the name of the form field that is to blame. :attr:`location`: where a browser is sent
    instead. :attr:`members`: what a program is told besides. :attr:`retry_after`: after how many seconds the same
    request may be sent again; None: it would not help.
    """

    def __init__(self, message: str, *, status: int = 400, field: str | None = None, **values: str) -> None:
        self.status, self.field = status, field
        #: What a page says instead; None: what :mod:`.sentences` has for the message.
        self.on_page: str | None = None
        self.location: str | None = None
        self.retry_after: int | None = None
        self.members: Mapping[str, str] = {}
        #: What else is wrong, at other fields. Programs are told of the first only.
        self.others: tuple[Refusal, ...] = ()
        self.say(message, **values)

    def say(self, message: str, **values: str) -> None:
        """Tell the visitor *message* instead."""
        self.message, self.values = message, values
        self.args = (message % values if values else message,)
        self.reason = repr(str(self))

    def told(self, texts: Texts) -> ShownRefusal:
        """The same in the language of *texts*."""
        return ShownRefusal(self._in_words(self.message, texts), self.status, self.field)

    def shown(self, texts: Texts) -> ShownRefusal:
        """The same in the words of our pages, which are others than those for programs."""
        message = self._in_words(self.on_page or on_page(self.message, self.field), texts)
        if self.message == EXPIRED:
            return ShownRefusal(message, self.status, None, texts.gettext(TOO_LONG_OPEN), "wait", "expired")
        kind = _KINDS.get(self.message)
        return ShownRefusal(message, self.status, self.field, kind=kind)

    def wrong_fields(self, texts: Texts) -> dict[str, str]:
        """What is wrong with each field of a form, by its name, in the words of our pages."""
        found = [refusal for refusal in (self, *self.others) if refusal.field and refusal.message != EXPIRED]
        return {str(refusal.field): refusal.shown(texts).message for refusal in found}

    def _in_words(self, message: str, texts: Texts) -> str:
        values = {name: texts.gettext(value) for name, value in self.values.items()}
        return texts.gettext(message, **values)


class Invalid(Refusal):
    """What was filled in will not do. A browser gets the form again with status 200 (framework specification)."""


class Wait(Refusal):
    """It was tried too often, and may be tried again after so many *seconds*. The log was told when the wait began."""

    def __init__(self, seconds: int) -> None:
        super().__init__(SENTENCES[Code.TOO_MANY_TRIES], status=HTTPStatus.TOO_MANY_REQUESTS)
        self.retry_after = seconds

    @classmethod
    def check(cls, refused: FlowRefused) -> None:
        """Raises one if a flow *refused* because of a wait."""
        if refused.retry_after is not None:
            raise cls(refused.retry_after) from refused

    def told(self, texts: Texts) -> ShownRefusal:
        """As of any refusal, with the time in words."""
        return ShownRefusal(waiting_time(self.retry_after or 1, texts), self.status, self.field)

    def shown(self, texts: Texts) -> ShownRefusal:
        """The same for a page, whose first line says what has happened."""
        return ShownRefusal(
            wait_and_try(self.retry_after or 1, texts), self.status, None, texts.gettext(TOO_MANY), "wait", "wait"
        )


def invalid(refused: FlowRefused, fields: Mapping[str, FieldSettings] = _NO_FIELDS) -> Invalid:
    """The :class:`Invalid` of a flow that refused what was in *fields*.

    The directory's own sentences are not for visitors: they are told what :mod:`.sentences` has for its code.
    """
    error = refused.as_error()
    field = field_of(error, fields)
    message = sentence(error.code, field)
    if message is None:
        log.warning("No visitor can mend what the directory refuses: error %s, %s", error.code, error.developer_message)
    label = A_VALUE if field is None else fields[field].label
    refusal = Invalid(message or GENERAL, status=error.status, field=field, label=label, most=_most(field))
    refusal.reason = f"error {error.code}" if refused.error else refused.reason
    return refusal


def invalid_value(field: str, label: str, error: Error) -> Invalid:
    """The same for a value that needs no directory to be refused: *error* says what is wrong with it."""
    message = sentence(error.code, field) or GENERAL
    return Invalid(message, status=error.status, field=field, label=label, most=_most(field))


def _most(field: str | None) -> str:
    """How many characters the value of that *field* may have."""
    member = Account.members.get(field or "")
    return str(member.length[1]) if isinstance(member, Text) else ""
