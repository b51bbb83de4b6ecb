"""The page that says that a mail is on its way, takes the code in it, and sends it again.

It is a state of the page where the mail is asked for, ``?status=sent``: a signed cookie has the address, so that no
address and no ticket stands in the history of a browser. It is the same whether anybody has the address or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from webob import Request, Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import Awaited, CodeRefused
from stormpath_wsgi.pages.form import is_blank
from stormpath_wsgi.pages.parameters import read_query
from stormpath_wsgi.pages.refusal import Invalid, Refusal
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import session_of
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of

#: What ``?status=`` says on this page, the field for the code, and the name of the button that sends it again.
SENT, CODE, AGAIN = "sent", "code", "again"

#: The templates of this page: after a new password was asked for, and while an address is not verified.
RESET_VIEW, VERIFICATION_VIEW = "mail-sent", "verify-code"

_WRONG, _DEAD = Code.MAILED_CODE_WRONG, Code.MAILED_CODE_DEAD
_MINUTE = 60_000  # milliseconds


class SentPage:
    """That page for mails of one *purpose*. *view*: its template. *uri*: of the page that it is a state of."""

    def __init__(self, site: Site, purpose: str, view: str, uri: str) -> None:
        self._site, self._purpose, self._view, self._uri = site, purpose, view, uri

    def ticket(self, request: Request, address: object) -> str | None:
        """The ticket of the browser for a mail to *address*; None: the directory mails no codes. A form that is sent
        twice has one.
        """
        if self._site.about.code_lifetime is None or not isinstance(address, str) or is_blank(address):
            return None
        return self._site.tokens.ticket(request, self._purpose, address)

    def begin(self, request: Request, address: str, ticket: str) -> str:
        """The browser waits for that mail from now on. Returns the address of the page."""
        self._site.flows.awaited.begin(session_of(request.environ), self._purpose, address, ticket)
        return self._site.link(request, self._uri, status=SENT, next=self._site.wanted(request))

    def awaited(self, request: Request) -> Awaited | None:
        """What the browser waits for; None: for nothing."""
        return self._site.flows.awaited.read(session_of(request.environ), self._purpose)

    def is_asked_for(self, request: Request) -> bool:
        """Whether the address of *request* is that of this page, and the browser waits for a mail."""
        return read_query(request).get("status") == SENT and self.awaited(request) is not None

    def typed(self, request: Request, posted: Mapping[str, Any]) -> tuple[Awaited, str]:
        """What the browser waits for, and the code that was typed. Raises :class:`Refusal`."""
        awaited, code = self.awaited(request), posted.get(CODE)
        if awaited is None:
            refusal = Invalid(SENTENCES[_DEAD], field=CODE)
            refusal.location = self._site.link(request, self._uri)
            raise refusal
        if not isinstance(code, str) or is_blank(code):
            raise Invalid(marked("Enter the code from the mail."), field=CODE)
        return awaited, code

    def wrong(self, refused: CodeRefused) -> Invalid:
        """What a visitor is told whose code will not do."""
        return Invalid(SENTENCES[refused.code if refused.code in (_WRONG, _DEAD) else _WRONG], field=CODE)

    def forget(self, request: Request) -> None:
        """The code was right: the browser waits no longer."""
        self._site.flows.awaited.end(session_of(request.environ), self._purpose)

    def html(self, request: Request, action: str, refusal: Refusal | None = None, **context: Any) -> Response:
        """The page. *action*: where its forms are sent. *refusal*: what is wrong."""
        awaited, texts = self.awaited(request), texts_of(request.environ)
        status = HTTPStatus.OK if refusal is None or isinstance(refusal, Invalid) else refusal.status
        answer = self._site.html(
            request,
            self._view,
            status,
            site_name=self._site.about.name,
            action=action,
            email=awaited.address if awaited else "",
            minutes=-(-(self._site.about.code_lifetime or 0) // _MINUTE),
            wrong=refusal.wrong_fields(texts).get(CODE) if refusal else None,
            error=refusal and refusal.shown(texts),
            **context,
        )
        if refusal is not None:
            answer.retry_after = refusal.retry_after
        return answer
