"""A site on which everything is wrong that the doctor looks for, and the settings of such sites.

It is no application of ours: our middleware cannot be had to do most of this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from stormpath_wsgi.doctor.setup import Setup
from stormpath_wsgi.doctor.site import Account
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.settings.sources import HIDDEN, Effective
from support.cheap import HASHER

ADA = Account("ada@example.com", "Correct-Horse-1")
#: Seconds since 1970 at the site, whose clock is slow.
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
BAD_KEY = "change-me-change-me-change-me-now"

_FORM = '<form method="{method}" action="{action}">{fields}<button>Go</button></form>'
_FIELD = '<input name="{0}">'


class BrokenSite:
    """The site. *moment*: what the clock says that measures its answers; the site moves it on by what it takes.

    *outbox*: a folder for its mails; None: it writes none.
    """

    #: What strangers get, and what those whose name has an account.
    TEXTS: ClassVar = {False: "There is no such account.", True: "The password is wrong."}

    def __init__(self, outbox: Path | None = None) -> None:
        self.moment = 0.0
        self._outbox = outbox

    def clock(self) -> float:
        """Seconds, as :func:`time.monotonic` has them."""
        return self.moment

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, is_post = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "POST"
        size = int(environ.get("CONTENT_LENGTH") or 0)
        posted = {
            name: values[0] for name, values in parse_qs(environ["wsgi.input"].read(size).decode("latin-1")).items()
        }
        answer = getattr(self, f"{'post' if is_post else 'get'}_{path.strip('/')}", self.other)
        status, text, headers = answer(environ, posted)
        always = [("Content-Type", "text/html"), ("Server", "Broken/1.2.3"), ("Date", DATE)]
        start_response(status, [*always, *headers])
        return [text.encode()]

    def get_login(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        host = environ.get("HTTP_X_FORWARDED_HOST", environ["HTTP_HOST"])
        fields = _FIELD.format("login") + _FIELD.format("password") + '<input type="hidden" name="token" value="1">'
        link = f'<a href="https://{host}/forgot">Forgotten?</a>'
        cookie = ("Set-Cookie", "visitor=1; Domain=example.com")
        policy = ("Content-Security-Policy", "script-src * 'unsafe-inline'")
        if "next" in environ["QUERY_STRING"]:
            return "200 OK", self.form("/login", fields, f"?{environ['QUERY_STRING']}"), [cookie, policy]
        return "200 OK", link + self.form("/login", fields), [cookie, policy]

    def form(self, path: str, fields: str, query: str = "") -> str:
        by_get = _FORM.format(method="get", action="/nowhere", fields=_FIELD.format("password"))
        return by_get + _FORM.format(method="post", action=path + query, fields=fields)

    def post_login(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        is_known = posted.get("login") == ADA.login
        self.moment += 0.3 if is_known else 0.01
        if not (is_known and posted.get("password") == ADA.password):
            return "200 OK", self.TEXTS[is_known], []
        wanted = parse_qs(environ["QUERY_STRING"]).get("next", ["/?session=always-the-same"])[0]
        return "302 Found", "", [("Location", wanted), ("Set-Cookie", "session=always-the-same")]

    def get_logout(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        wanted = parse_qs(environ["QUERY_STRING"]).get("next", ["/"])[0]
        return "302 Found", "", [("Location", wanted), ("Set-Cookie", "session=; Max-Age=0")]

    post_logout = get_logout

    def get_account(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        origin = environ.get("HTTP_ORIGIN", "")
        cors = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
        if "session=always-the-same" in environ.get("HTTP_COOKIE", "") or "HTTP_REMOTE_USER" in environ:
            return "200 OK", "Ada", cors
        return "401 Unauthorized", "", cors

    def get_members(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        return "200 OK", "For members only.", []

    def get_change(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        return "200 OK", "A new password", [("Referrer-Policy", "unsafe-url")]

    def get_forgot(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        return "200 OK", self.form("/forgot", _FIELD.format("email")), []

    def post_forgot(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        if self._outbox is not None:
            mail = f"To: {posted['email']}\n\nhttps://{environ['HTTP_HOST']}/change?sptoken=1\n"
            (self._outbox / f"{len(list(self._outbox.iterdir()))}.eml").write_text(mail)
        return self.post_login(environ, {"login": posted["email"]})

    def get_register(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        return "200 OK", self.form("/register", _FIELD.format("email") + _FIELD.format("password")), []

    def post_register(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        return "200 OK", "Taken." if posted["email"] == ADA.login else "Welcome.", []

    def other(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        if environ["PATH_INFO"] == "/.env":
            return "200 OK", "SECRET_KEY=abc", []
        if environ["PATH_INFO"] == "/":
            return "200 OK", "Hello", []
        return "500 Internal Server Error", "Traceback (most recent call last):", []


class BareSite(BrokenSite):
    """The same without any content security policy."""

    def get_login(self, environ: WSGIEnvironment, posted: dict[str, str]) -> Any:
        status, text, headers = super().get_login(environ, posted)
        return status, text, [header for header in headers if header[0] == "Set-Cookie"]


class DebuggedApplication:
    """Called as the one of Werkzeug is."""


def broken_setups(folder: Path) -> Iterator[Setup]:
    """Settings that do not fit together on one machine, so they are several. What they name is made in *folder*."""
    yield _files(folder / "static")
    loose = {
        "limits": {"enabled": False},
        "proxies": ["0.0.0.0/0"],
        "session": {"cookieSameSite": "None", "cookieSecure": True, "cookieDomain": "example.com", "idle": "P100D",
                    "absolute": "P100D"},
        "web": {"baseUrl": "http://www.example.com", "verifyEmail": {"onGet": True}, "register": {"tellsTaken": True}},
        "protect": {"/members": "login"},
        "same_origin_frames": False,
        "bearer": {"validation": "local"},
        "basic": {"password": True},
        "database_timeout": 60,
        "hash_queue": 100,
        "password_hasher": HASHER,
        "mail": {"url": "smtp+plain://mail.example.com"},
    }  # fmt: skip
    yield Setup(Settings(**loose), environ={"FORWARDED_ALLOW_IPS": "*", "FLASK_DEBUG": "1"})
    server = "postgresql+psycopg://site@db.example.com/accounts"
    yield Setup(Settings(directory=server, mail={"url": "smtp://mail.example.com"}), apps=[DebuggedApplication()])
    yield Setup(
        Settings(directory="http://id.example.com/v1", secret_keys=["a1" * 32], encryption_keys=["a1" * 32]), environ={}
    )


def _files(folder: Path) -> Setup:
    """A folder that servers hand out, with an open database, keys and settings."""
    folder.mkdir()
    folder.chmod(0o777)
    database, keys, written = folder / "accounts.db", folder / "accounts.db-keys", folder / "stormpath.yaml"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE accounts (id)")
    keys.write_text("5a" * 32)
    written.write_text(f"secretKeys: [{BAD_KEY}]")
    for file in (database, keys, written):
        file.chmod(0o644)
    settings = Settings(directory=f"sqlite:///{database}", instance=folder, secret_keys=[BAD_KEY])
    return Setup(settings, [Effective("secretKeys", HIDDEN, str(written))], now=database.stat().st_mtime - 3600)
