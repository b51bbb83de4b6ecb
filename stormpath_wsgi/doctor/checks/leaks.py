"""What a site tells that is nobody's business: files, tracebacks, the tools of its developers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stormpath_wsgi.doctor.check import Grade, Seen, of_site
from stormpath_wsgi.doctor.connection import Answer
from stormpath_wsgi.doctor.site import Site

#: Files that belong to nobody else, and how each begins.
FILES = {
    "/accounts.db": r"SQLite format 3",
    "/instance/accounts.db": r"SQLite format 3",
    "/secret_keys": r"[0-9a-f]{32}",
    "/instance/secret_keys": r"[0-9a-f]{32}",
    "/instance/accounts.db-keys": r"[0-9a-f]{32}",
    "/stormpath.yaml": r"(?m)^\s*\w+:",
    "/apiKey.properties": r"apiKey\.",
    "/.env": r"(?m)^\s*(export )?[A-Z_]+=",
    "/.git/HEAD": r"ref: ",
}
#: Words of pages that are for developers.
_OF_DEVELOPERS = re.compile(
    r"Traceback \(most recent call last\)|Werkzeug Debugger|DEBUG = True|// Werkzeug|EVALEX|pyramid_debugtoolbar"
)


@of_site(
    "files",
    "Everybody can download a file with accounts or keys",
    Grade.HIGH,
    why="Whoever has the keys signs himself in as anybody.",
    mend="STORMPATH_INSTANCE=/var/lib/yoursite, outside of what the server hands out",
    docs="production",
)
def files(site: Site) -> Iterator[Seen]:
    """A file of the instance folder, or one with secrets, is answered."""
    wanted = FILES | dict.fromkeys(site.places.files, r"SQLite format 3")
    for path, beginning in wanted.items():
        answer = site.browser().get(path)
        if answer.status == 200 and re.match(beginning, answer.body) and "<html" not in answer.body[:1000].lower():
            yield Seen("The file is there for everybody.", site.address(path))


def _odd(site: Site) -> Iterator[Answer]:
    """The answers to requests that no browser sends."""
    login, browser = site.places.login, site.browser
    yield browser().get("/doctor-has-looked-for-this")
    yield browser().get("/%ff%00")
    yield browser().get(f"{login}?next=%ff%00&next=/%0d%0aX: y".replace(" ", "%20"))
    yield browser().get(login, Cookie="=; ;;__Host-stormpath_session=%ff; a")
    yield browser().get(login, Authorization="Bearer x.y.z")
    yield browser().send("POST", login, {"Content_Type": "multipart/form-data"}, b"\xff\x00")
    yield browser().send("POST", login, {"Content_Type": "application/json"}, b"{")


@of_site(
    "debug-pages",
    "Visitors see pages that are for developers",
    Grade.HIGH,
    why="They show code, settings and keys; some of them run what a visitor types.",
    mend="app.run(debug=False), DEBUG = False; serve by stormpath-wsgi run",
    docs="production",
)
def debug_pages(site: Site) -> Iterator[Seen]:
    """A traceback, or the tools of a debugger."""
    tools = site.browser().get("/?__debugger__=yes&cmd=resource&f=debugger.js")
    for answer in (tools, *_odd(site)):
        if answer.headers and (found := _OF_DEVELOPERS.search(answer.body)):
            yield Seen(f"The page says {found[0]!r}.", site.address(answer.path))
            return


@of_site(
    "server-error",
    "An odd request makes the site fail",
    Grade.LOW,
    why="What is not foreseen is where holes are; and failures fill the log.",
    mend="answer with 400 what cannot be read",
    docs="troubleshooting",
)
def server_error(site: Site) -> Iterator[Seen]:
    """An answer of 500 or above, other than 501 and 503, to a request that cannot be read."""
    for answer in _odd(site):
        if answer.status >= 500 and answer.status not in (501, 503):
            yield Seen(f"The answer has status {answer.status}.", site.address(answer.path))
            return
