"""Exceptions: :class:`Error` for everything that a directory answers, and another one for wrong settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stormpath_wsgi.codes import Code


class Error(RuntimeError):
    """An answer of a directory that is not a success. It is the same in process and over HTTP.

    *error*: the error body of the REST API as a mapping, or a sentence, or None. *http_status*: the status of the
    answer, for a body without one.

    ``str(e)`` is the sentence for developers, :attr:`user_message` the one for users of the REST API. Our own pages
    show neither: they have sentences of their own.

    Source: the documented ``stormpath.error.Error``.
    """

    def __init__(self, error: Mapping[str, Any] | str | None = None, *, http_status: int | None = None) -> None:
        body: Mapping[str, Any] = error if isinstance(error, Mapping) else {}
        text = error if isinstance(error, str) else body.get("developerMessage") or body.get("message")
        super().__init__(text or "Unknown error.")
        #: The HTTP status; -1 when unknown.
        self.status: int = int(body.get("status") or http_status or -1)
        #: The Stormpath error code; -1 when unknown.
        self.code: int = int(body.get("code") or -1)
        #: The sentence for developers. It has two documented names, ``message`` and ``developer_message``.
        self.message: str = str(self)
        self.developer_message: str = str(self)
        #: The sentence for visitors.
        self.user_message: str = str(body.get("message") or self)
        self.more_info: str | None = body.get("moreInfo")
        self.request_id: str | None = body.get("requestId")
        #: For a conflict, the href of the resource that exists already, if the answer names it.
        self.existing: str | None = body.get("existing")

    def __reduce__(self) -> tuple[Any, ...]:
        # The constructor is not called when it is unpickled: a subclass may need other arguments, and have more
        # attributes.
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
    """The error that was pickled, with all its attributes."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


#: Called with each :class:`Unavailable` when it is made: what serves a request keeps in mind that there was one.
noticing: list[Callable[[Unavailable], None]] = []


class Unavailable(Error):
    """The directory cannot be reached or cannot write now: status 503. *retry_after*: seconds to wait."""

    def __init__(self, error: Mapping[str, Any] | str | None = None, *, retry_after: int = 5) -> None:
        super().__init__(error or _body(Code.UNAVAILABLE, None, None), http_status=Code.UNAVAILABLE.status)
        self.status = self.code = int(Code.UNAVAILABLE)
        self.user_message = Code.UNAVAILABLE.user_message or ""
        self.retry_after = retry_after
        for notice in noticing:
            notice(self)


class Overloaded(Unavailable):
    """There are too many requests at once. Nothing was done, so the request may be sent again. Status 503.

    *retry_after*: seconds to wait.
    """

    def __init__(self, error: Mapping[str, Any] | str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(error or "Too many passwords are being checked at once.", retry_after=retry_after)


class TooManyTries(Error):
    """Something was tried too often, and this try was not made. Status 429.

    *retry_after*: seconds to wait. *waits*: until when, in milliseconds since the epoch, by the keys of the tallies
    that say so. *place*: what the visitor brings back to be let in when it is due, however many others try: a key, and
    milliseconds since the epoch; None: there is no such place.
    """

    def __init__(
        self,
        error: Mapping[str, Any] | str | None = None,
        *,
        retry_after: int,
        waits: Mapping[str, int] | None = None,
        place: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(error or _body(Code.TOO_MANY_TRIES, None, None), http_status=Code.TOO_MANY_TRIES.status)
        self.retry_after, self.waits, self.place = retry_after, dict(waits or {}), place

    def body(self) -> dict[str, Any]:
        """As of any error, with ``place`` where there is one."""
        return {**super().body(), **({"place": list(self.place)} if self.place else {})}


class ConfigurationError(Exception):
    """A setting is wrong, unknown or missing. The text names the setting and says what to write."""


def fault(code: Code, developer_message: str | None = None, *, message: str | None = None) -> Error:
    """The :class:`Error` with that *code*, with the sentences of the catalogue unless others are given.

    *message*: the sentence for visitors. Without it, the one of the catalogue is used, or else *developer_message*.
    """
    return Error(_body(code, developer_message, message))


def _body(code: Code, developer_message: str | None, message: str | None) -> dict[str, Any]:
    developer_message = developer_message or code.developer_message
    return {
        "status": code.status,
        "code": int(code),
        "message": message or code.user_message or developer_message,
        "developerMessage": developer_message,
        "moreInfo": f"urn:stormpath:error:{int(code)}",
    }
