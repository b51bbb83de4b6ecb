"""The bar below each page of a site under development: who is signed in, and why a page was refused."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from markupsafe import Markup
from werkzeug.wsgi import ClosingIterator

from stormpath_wsgi.checks import Check
from stormpath_wsgi.policy import Rule
from stormpath_wsgi.session import session_of
from stormpath_wsgi.users import AnonymousUser, User
from stormpath_wsgi.web.environ import REFUSED_BY, USER

#: How many refusals are kept: the last ones.
MOST = 20

#: Where the style sheet of the bar is, below the address of the panel.
STYLE = "bar.css"

CSS = """
#stormpath-bar { all: initial; display: block; position: sticky; bottom: 0; z-index: 2147483647; padding: .5rem 1rem;
  border-top: 2px solid #b45309; background: #fef3c7; color: #451a03; font: 14px/1.5 system-ui, sans-serif; }
#stormpath-bar a { color: #451a03; font-weight: 600; }
#stormpath-bar a:focus-visible { outline: 2px solid #451a03; outline-offset: 2px; }
"""


@dataclass(frozen=True)
class Refused:
    """A page that somebody was refused.

    *asks*: the name of the policy; *wants*, *has*: names of groups; *why*: what the policy has found.
    """

    path: str
    who: str
    asks: str
    wants: tuple[str, ...]
    has: tuple[str, ...]
    why: Check
    at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def __str__(self) -> str:
        has = ", ".join(self.has) or "no group"
        wants = f"asks for {', '.join(self.wants)}" if self.wants else "says no"
        return f"The policy {self.asks} {wants}; {self.who} has {has}. {self.why}."


class Bar:
    """*app*, with a bar at the end of each page that leads to the *panel*, an address."""

    def __init__(self, app: WSGIApplication, panel: str) -> None:
        self._app, self._panel = app, panel
        #: What was refused, the last first.
        self.refusals: deque[Refused] = deque(maxlen=MOST)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        wants_page = environ["REQUEST_METHOD"] == "GET" and _is_page_load(environ)
        shown: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            refused = _refused(environ)
            if refused is not None:
                self.refusals.appendleft(refused)
            shown.clear()
            if wants_page and _is_html(status, headers):
                shown.append(self._bar(environ.get(USER), refused))
                headers = [_lengthened(header, len(shown[0])) for header in headers]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        body = self._app(environ, start)
        return ClosingIterator(_followed(body, shown), getattr(body, "close", None))

    def _bar(self, user: User | AnonymousUser | None, refused: Refused | None) -> bytes:
        who = f"Signed in as {_name(user)}." if user is not None and user.is_authenticated else "Nobody is signed in."
        text = Markup(
            '<link rel="stylesheet" href="{0}{1}"><div id="stormpath-bar" role="complementary" '
            'aria-label="Development server">Development server, never for production. {2} {3} '
            '<a href="{0}">Persons, mails, refusals</a></div>\n'
        )
        return text.format(self._panel, STYLE, who, "" if refused is None else f"Why 403: {refused}").encode()


def _followed(body: Iterable[bytes], shown: list[bytes]) -> Iterable[bytes]:
    yield from body
    yield from shown


def _lengthened(header: tuple[str, str], more: int) -> tuple[str, str]:
    name, value = header
    return (name, str(int(value) + more)) if name.lower() == "content-length" and value.isdecimal() else header


def _is_page_load(environ: WSGIEnvironment) -> bool:
    """Whether a browser will show the answer as a page of its own, and no script asks."""
    place = environ.get("HTTP_SEC_FETCH_DEST")
    return place == "document" if place is not None else "text/html" in environ.get("HTTP_ACCEPT", "")


def _is_html(status: str, headers: list[tuple[str, str]]) -> bool:
    told = {name.lower(): value for name, value in headers}
    return (
        not status.startswith(("1", "204", "206", "3"))
        and told.get("content-type", "").lower().startswith("text/html")
        and "content-encoding" not in told
    )


def _name(user: User | AnonymousUser) -> str:
    return str(user.username or user.email)


def _refused(environ: WSGIEnvironment) -> Refused | None:
    policy, user = environ.get(REFUSED_BY), environ.get(USER)
    if not isinstance(policy, Rule) or user is None:
        return None
    has = tuple(sorted(group.name for group in user.groups))
    why = policy.check(session_of(environ))
    return Refused(environ.get("PATH_INFO", ""), _name(user), policy.name, policy.groups, has, why)
