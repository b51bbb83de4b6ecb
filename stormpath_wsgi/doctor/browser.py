"""A visitor without any scripts: it keeps cookies, reads forms and sends them. It follows no redirect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from stormpath_wsgi.doctor.connection import Answer, Connection

FORM = "application/x-www-form-urlencoded"
_HTML = "text/html,application/xhtml+xml;q=0.9"


@dataclass
class Form:
    """A form of a page: where it leads, by which method, and its fields as they are filled in."""

    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Finds the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._is_open = False  # whether what is read now is in a form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self._is_open = True
        elif tag == "input" and self._is_open and given.get("name") and given.get("type") not in ("checkbox", "radio"):
            self.found[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_open = False


def forms(answer: Answer) -> list[Form]:
    """The forms of the page *answer*."""
    parser = _Forms()
    parser.feed(answer.body)
    return parser.found


class Browser:
    """One visitor. *allow*: called before each request; it raises when there were too many."""

    def __init__(self, connection: Connection, allow: Callable[[], None]) -> None:
        self._connection, self._allow = connection, allow
        #: The cookies that it sends, by name.
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Answer:
        """Asks for *path*. Headers are written with underscores."""
        return self.send("GET", path, headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Sends *fields* as a form does."""
        return self.send("POST", path, {"Content-Type": FORM, **headers}, urlencode(fields).encode())

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Sends one request, with the cookies. Raises what the connection raises, and what *allow* does."""
        self._allow()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            given.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        answer = self._connection.send(method, path, {"Accept": _HTML, **given}, body)
        for cookie in answer.cookies:
            if cookie.is_removal:
                self.cookies.pop(cookie.name, None)
            else:
                self.cookies[cookie.name] = cookie.value
        return answer

    def form(self, path: str, name: str) -> Form | None:
        """The form of the page at *path* that has a field of that *name*, as it is sent from there; None: no form."""
        page = self.get(path)
        found = next((form for form in forms(page) if name in form.fields), None)
        if found is not None:
            target = urlsplit(urljoin(path, found.action))
            found.action = target.path + (f"?{target.query}" if target.query else "")
        return found
