"""What a page says when it does not do what was asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows.refusals import FlowRefused, field_of
from stormpath_wsgi.pages.sentences import A_VALUE, GENERAL, SENTENCES, sentence
from stormpath_wsgi.settings import FieldSettings
from stormpath_wsgi.texts import Texts
from stormpath_wsgi.web.language import waiting_time

log = logging.getLogger(__name__)

_NO_FIELDS: Mapping[str, FieldSettings] = {}


class ShownRefusal(NamedTuple):
    """A refusal in the words of the visitor's language: what templates see as ``error``."""

    message: str
    status: int
    field: str | None


class Refusal(Exception):
    """The request will not do. *message* is for the visitor, *status* for the client, :attr:`reason` for the log.

    *message* is English, and marked for the catalogues; *values* stand in its places ``%(name)s``, and are texts or
    labels as well. *field*: the name of the form field that is to blame. :attr:`location`: where a browser is sent
    instead. :attr:`members`: what a program is told besides. :attr:`retry_after`: after how many seconds the same
    request may be sent again; None: it would not help.
    """

    def __init__(self, message: str, *, status: int = 400, field: str | None = None, **values: str) -> None:
        self.status, self.field = status, field
        self.location: str | None = None
        self.retry_after: int | None = None
        self.members: Mapping[str, str] = {}
        self.say(message, **values)

    def say(self, message: str, **values: str) -> None:
        """Tell the visitor *message* instead."""
        self.message, self.values = message, values
        self.args = (message % values if values else message,)
        self.reason = repr(str(self))

    def told(self, texts: Texts) -> ShownRefusal:
        """The same in the language of *texts*."""
        values = {name: texts.gettext(value) for name, value in self.values.items()}
        return ShownRefusal(texts.gettext(self.message, **values), self.status, self.field)


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
    refusal = Invalid(message or GENERAL, status=error.status, field=field, label=label)
    refusal.reason = f"error {error.code}" if refused.error else refused.reason
    return refusal
