"""A step of the sign-in that asks for a colour, and the page of a site that asks it and finishes the sign-in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from wsgiref.types import StartResponse, WSGIEnvironment

from webob import Request, Response

from stormpath_wsgi import user
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import Origin
from stormpath_wsgi.flows import PendingRefused, Unfinished, flows_of
from stormpath_wsgi.session import session_of

ANSWERS = {"colour": "green", "number": "seven"}


class Asks:
    """Asks everybody for what is called *name*. *asked*: whom, and from where."""

    uri = "/question"

    def __init__(self, name: str = "colour") -> None:
        self.name = name
        self.asked: list[tuple[str, Origin]] = []

    def asks(self, account: Account, origin: Origin) -> str | None:
        self.asked.append((account.email, origin))
        return self.name


def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A front page that says who is signed in, and the page of the questions."""
    request = Request(environ)
    answer = _question(request) if request.path_info == Asks.uri else Response(text=f"user: {user.email}")
    return answer(environ, start_response)


def _question(request: Request) -> Response:
    session, sign_in, pending = (
        session_of(request.environ),
        flows_of(request.environ).sign_in,
        str(request.params["pending"]),
    )
    try:
        question = sign_in.pending(session, pending)
        if request.method == "POST" and request.params["answer"] == ANSWERS[question.name]:
            result = sign_in.answered(session, pending, question.name)
            if not isinstance(result, Unfinished):
                return Response(status=302, location="/")
            question, pending = sign_in.pending(session, result.pending), result.pending
    except PendingRefused as refused:
        return Response(status=403, text=refused.reason)
    return Response(
        text=f'<form method="post" action="/question"><p>{question.account.given_name}, which {question.name}?</p>'
        f'<input name="answer"><input type="hidden" name="pending" value="{escape(pending)}"></form>'
    )
