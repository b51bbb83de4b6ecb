"""What the middleware costs: microseconds that it adds to each call of a WSGI app, beside its peers.

    python benchmarks/middleware.py [--rounds 300] [--calls 100]

All cases take turns in one process, a short round each, so that whatever else the machine does falls on all of
them. Each case is compared with what it wraps, the same app without it; printed are medians over the rounds.

*limit* is what nobody can do without who believes a signed cookie and forgets it again: split the header, one
HMAC-SHA256, a comparison in constant time, base 64, JSON. Each case is also told as a multiple of *limit* with the same
kind of cookie: none, foreign ones, one that is good, one that is forged; both with the call of the app. flask_stormpath
and Flask-Login are told as multiples of Flask.

The peers come with ``pip install repoze.who Beaker Flask-Login``; who is not installed is left out.
"""

from __future__ import annotations

import argparse
import hmac
import itertools
import json
import logging
import secrets
import statistics
import tempfile
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from table import note
from werkzeug.test import create_environ, run_wsgi_app

from stormpath_wsgi import StormpathMiddleware, user
from stormpath_wsgi.client import Account
from stormpath_wsgi.session import Sessions

HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "5")]
KEY = secrets.token_hex()


@dataclass
class Case:
    """An *app* that is called with the *cookie*, or with the next of several; *over*: the case it is compared with;
    *limit*: the one whose multiple it is told as.
    """

    name: str
    app: WSGIApplication
    cookie: str | Iterator[str] | None = None
    over: Case | None = None
    limit: Case | None = None
    seconds: list[float] = field(default_factory=list)
    slow: bool = False  # makes a hundredth of the calls

    def run(self, calls: int) -> None:
        environ = create_environ("/some/page")
        calls = max(1, calls // 100) if self.slow else calls
        if self.cookie is None:
            environs = [environ] * calls
        elif isinstance(self.cookie, str):
            environs = [environ | {"HTTP_COOKIE": self.cookie}] * calls
        else:
            environs = [environ | {"HTTP_COOKIE": next(self.cookie)} for _ in range(calls)]
        app, started = self.app, time.perf_counter()
        for environ in environs:
            for _chunk in app(dict(environ), start_response):
                pass
        self.seconds.append((time.perf_counter() - started) / calls)

    def added(self) -> float:
        """Microseconds per call, beyond those of the case below."""
        below = self.over.seconds if self.over else [0.0] * len(self.seconds)
        return statistics.median(mine - theirs for mine, theirs in zip(self.seconds, below, strict=True)) * 1e6

    def ratio(self) -> float:
        """The time of a call, to one of *limit*."""
        assert self.limit
        return statistics.median(mine / theirs for mine, theirs in zip(self.seconds, self.limit.seconds, strict=True))


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
    return print


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", list(HEADERS))  # Beaker adds to the list itself
    return [b"hello"]


def after(look: Callable[[WSGIEnvironment], object]) -> WSGIApplication:
    """The bare app, which does *look* first."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        look(environ)
        start_response("200 OK", list(HEADERS))
        return [b"hello"]

    return app


BARE = Case("bare app", answer)


#: What a browser brings that other programs have set.
FOREIGN = "other=1234; _ga=GA1.2.1234567890.1700000000; theme=dark"

#: As long as the cookies of who is signed in.
SIGNED_IN = f"stormpath_session={'a' * 139}; stormpath_fresh={'b' * 87}"


@dataclass
class Limits:
    """*limit* by what the request brings."""

    stranger: Case
    foreign: Case
    good: Case
    forged: Case

    @property
    def all(self) -> list[Case]:
        return [self.stranger, self.foreign, self.good, self.forged]


def limits() -> Limits:
    key = KEY.encode()
    payload = urlsafe_b64encode(json.dumps({"account": "a" * 22, "session": "s" * 22, "time": 1_800_000_000}).encode())
    good = f"other=1234; session={(payload + b'.' + urlsafe_b64encode(hmac.digest(key, payload, 'sha256'))).decode()}"

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        for part in environ.get("HTTP_COOKIE", "").split("; "):
            name, _, found = part.partition("=")
            if name == "session":
                text, _, signature = found.encode().partition(b".")
                if hmac.compare_digest(urlsafe_b64decode(signature), hmac.digest(key, text, "sha256")):
                    environ["user"] = json.loads(urlsafe_b64decode(text))
        return answer(environ, start_response)

    return Limits(
        Case("limit: stranger", app, None, BARE),
        Case("limit: foreign cookies only", app, FOREIGN, BARE),
        Case("limit: a good cookie", app, good, BARE),
        Case("limit: a forged cookie", app, forged(good), BARE),
    )


def forged(cookie: str) -> str:
    """*cookie* with another signature of the right form."""
    end = len(cookie) - cookie.count("=", -2)  # base 64 is filled up with =
    return cookie[: end - 8] + ("1" if cookie[end - 8] != "1" else "2") + cookie[end - 7 :]


def ours(folder: str, limits: Limits) -> Iterator[Case]:
    def wrap(app: WSGIApplication) -> StormpathMiddleware:
        # One case signs the same account in again and again: its oldest session would end, which the others use.
        settings = {"directory": f"sqlite:///{folder}/accounts.db", "secret_keys": [KEY], "session": {"most": 0}}
        return StormpathMiddleware(app, **settings)

    middleware = wrap(answer)
    account = middleware.application.accounts.create(
        {"username": "ada", "email": "ada@example.org", "password": secrets.token_hex() + "A"}
    )
    account.add_group(middleware.application.groups.create({"name": "admins"}))
    cookie = f"other=1234; {sign_in(middleware.sessions, account)}"
    reading, through_user = (
        wrap(after(lambda environ: environ["stormpath.user"].href)),
        wrap(after(lambda _: user.href)),
    )

    yield Case("stranger, nobody looks", middleware, None, BARE, limits.stranger)
    yield Case("stranger, href read", reading, None, BARE, limits.stranger)
    yield Case("stranger, href read through ``user``", through_user, None, BARE, limits.stranger)
    yield Case("foreign cookies only, href read", reading, FOREIGN, BARE, limits.foreign)
    yield Case("foreign cookies only, href read through ``user``", through_user, FOREIGN, BARE, limits.foreign)
    yield Case("signed in, nobody looks", middleware, cookie, BARE, limits.good)
    yield Case("signed in, href read", reading, cookie, BARE, limits.good)
    yield Case("signed in, href read through ``user``", through_user, cookie, BARE, limits.good)
    yield Case("e-mail read, group checked", wrap(after(email_and_group_of_environ)), cookie, BARE, limits.good)
    yield Case(
        "e-mail read, group checked through ``user``", wrap(after(email_and_group_of_proxy)), cookie, BARE, limits.good
    )
    yield Case("forged cookie, the same again", middleware, forged(cookie), BARE, limits.forged)
    others = (f"{cookie[:-8]}{number:08x}" for number in itertools.count())
    yield Case("forged cookies, each another", middleware, others, BARE, limits.forged)
    yield Case("expired cookie", middleware, aged(middleware, account, days=20), BARE, limits.good)
    yield Case("the cookie renewed", middleware, aged(middleware, account, hours=5), BARE, limits.good)
    signing_in = wrap(after(lambda environ: environ["stormpath.session"].sign_in(account)))
    yield Case("a sign-in, with its write", signing_in, None, BARE, slow=True)


def sign_in(sessions: Sessions, account: Account) -> str:
    session = sessions.open(create_environ())
    session.sign_in(account)
    return dict(session.headers())["Set-Cookie"].partition(";")[0]


def aged(middleware: StormpathMiddleware, account: Account, **ago: float) -> str:
    """A cookie from some time *ago* (of :class:`~datetime.timedelta`). From hours ago, each answer brings a new one."""
    then = timedelta(**ago).total_seconds()
    sessions = Sessions(middleware.client, middleware.application, middleware.settings, now=lambda: time.time() - then)
    return sign_in(sessions, account)


def email_and_group_of_environ(environ: WSGIEnvironment) -> None:
    found = environ["stormpath.user"]
    assert found.email and found.has_group("admins")


def email_and_group_of_proxy(environ: WSGIEnvironment) -> None:
    assert user.email and user.has_group("admins")


def repoze_who(limit: Case) -> Iterator[Case]:
    from repoze.who.classifiers import (  # type: ignore[import-untyped]
        default_challenge_decider,
        default_request_classifier,
    )
    from repoze.who.middleware import PluggableAuthenticationMiddleware  # type: ignore[import-untyped]
    from repoze.who.plugins.auth_tkt import AuthTktCookiePlugin  # type: ignore[import-untyped]

    tickets = AuthTktCookiePlugin(KEY, "auth_tkt", digest_algo="sha256")
    remembered = tickets.remember(create_environ(), {"repoze.who.userid": "ada"})
    app = PluggableAuthenticationMiddleware(
        after(lambda environ: environ["repoze.who.identity"]["repoze.who.userid"]),
        [("auth_tkt", tickets)], [("auth_tkt", tickets)], [], [],
        default_request_classifier, default_challenge_decider,
    )  # fmt: skip
    yield Case("repoze.who, auth_tkt: id read", app, remembered[0][1].partition(";")[0], BARE, limit)


def beaker(limit: Case) -> Iterator[Case]:
    from beaker.middleware import SessionMiddleware  # type: ignore[import-untyped]

    options = {"session.type": "cookie", "session.validate_key": KEY, "session.data_serializer": "json"}

    def fill(environ: WSGIEnvironment) -> None:
        environ["beaker.session"]["user"] = "ada"
        environ["beaker.session"].save()

    _, _, headers = run_wsgi_app(SessionMiddleware(after(fill), options), create_environ())
    cookie = headers["Set-Cookie"].partition(";")[0]
    app = SessionMiddleware(after(lambda environ: environ["beaker.session"]["user"]), options)
    yield Case("Beaker, cookie session: id read", app, cookie, BARE, limit)


def over_flask(folder: str) -> Iterator[Case]:
    """What is added to bare Flask: by us, and by Flask-Login."""
    import flask

    bare = flask.Flask(__name__)
    bare.secret_key = KEY

    @bare.route("/some/page")
    def hello() -> str:
        return "hello"

    below = Case("bare Flask", bare, SIGNED_IN)
    yield below
    for over in (flask_stormpath, flask_login, flask_login_with_database):
        try:
            yield over(folder, below)
        except ImportError as error:
            print(f"left out: {error.name}")


def flask_stormpath(folder: str, below: Case) -> Case:
    import flask

    from flask_stormpath import StormpathManager, User, login_required, login_user, user

    app = flask.Flask(__name__)
    app.config.update(SECRET_KEY=KEY, STORMPATH_DIRECTORY=f"sqlite:///{folder}/accounts.db")
    manager = StormpathManager(app)

    @app.route("/some/page")
    @login_required
    def members() -> str:
        assert user.email and user.has_group("admins")
        return "hello"

    @app.route("/enter")
    def enter() -> str:
        (account,) = manager.application.accounts
        login_user(User.at(account.href))
        return "hello"

    return Case("flask_stormpath over Flask: e-mail, group", app, _entered(app, "/enter"), below, below)


def flask_login(_: str, below: Case) -> Case:
    import flask_login

    class Person(flask_login.UserMixin):  # type: ignore[misc]
        id, email, groups = "ada", "ada@example.org", frozenset({"admins"})

    return _over_flask_login("Flask-Login over Flask: e-mail, group", {"ada": Person()}.get, below)


def flask_login_with_database(folder: str, below: Case) -> Case:
    from people import people

    return _over_flask_login("Flask-Login, users in SQLite: the same", people(f"sqlite:///{folder}/people.db"), below)


def _over_flask_login(name: str, load: Callable[[str], Any], below: Case) -> Case:
    import flask
    import flask_login

    app = flask.Flask(__name__)
    app.secret_key = KEY
    flask_login.LoginManager(app).user_loader(load)

    @app.route("/some/page")
    @flask_login.login_required  # type: ignore[untyped-decorator]
    def members() -> str:
        assert flask_login.current_user.email and "admins" in flask_login.current_user.groups
        return "hello"

    @app.route("/login")
    def login() -> str:
        flask_login.login_user(load("ada"))
        return "hello"

    return Case(name, app, _entered(app, "/login"), below, below)


def _entered(app: Any, path: str) -> str:
    """The cookies of a browser that has asked for *path*."""
    _, _, headers = run_wsgi_app(app, create_environ(path))
    return "; ".join(each.partition(";")[0] for each in headers.getlist("Set-Cookie"))


def peers(limit: Case, folder: str) -> Iterator[Case]:
    for peer in (repoze_who, beaker):
        try:
            yield from peer(limit)
        except ImportError as error:
            print(f"left out: {error.name}")
    try:
        yield from over_flask(folder)
    except ImportError as error:
        print(f"left out: {error.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--calls", type=int, default=100, help="per case and round")
    arguments = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        bounds = limits()
        cases = [BARE, *bounds.all, *ours(folder, bounds), *peers(bounds.good, folder)]
        for _ in range(arguments.rounds):
            for case in cases:
                case.run(arguments.calls)
    print(f"{'':46} {'us added':>9} {'x limit':>8}")
    for case in cases:
        ratio = f"{case.ratio():8.2f}" if case.limit else ""
        if case.limit:
            note(case.name, case.ratio(), case.limit.name)
        print(f"{case.name:46} {case.added():9.2f} {ratio}")


if __name__ == "__main__":
    main()
