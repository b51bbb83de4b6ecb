"""What a signed-in page costs under gunicorn: processor time of the workers for each request, beside the bare app.

    python benchmarks/served.py [--starts 5] [--rounds 4] [--requests 2000]

Each case is served by a gunicorn of its own, with two workers of the kind ``gthread``. The servers take turns, a round
of requests each, so that whatever else the machine does falls on all of them. Each case is compared, round by round,
with the bare app beneath it, which gets cookies of the same length; printed are medians of these ratios. Processor time
is what the kernel counts for all threads of the workers, in nanoseconds, so it does not matter who asks, or how fast.

Two servers of the same app differ by some percent for as long as they run: by where their memory lies, and by which of
their workers takes which connection. So all are started anew several times. Printed are also the lowest and the highest
median of a start.

The peers come with ``pip install repoze.who Flask-Login``; who is not installed is left out.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from table import note

#: Environment variables by which a worker learns what to serve.
DIRECTORY, KEY = "BENCHMARK_DIRECTORY", "BENCHMARK_KEY"

BODY = b"<p>hello</p>"
HEADERS = [("Content-Type", "text/html"), ("Content-Length", str(len(BODY)))]

#: What a browser brings that is signed in at a site of ours.
COOKIE = f"stormpath_session={'a' * 139}; stormpath_browser={'b' * 119}"

#: Seconds until a server must answer.
PATIENCE = 60


def hello(look: Callable[[], object] = bool) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        look()
        start_response("200 OK", list(HEADERS))
        return [BODY]

    return app


# What the servers serve. gunicorn calls these functions in each worker. Who asks for /enter is signed in.


def bare() -> WSGIApplication:
    return hello()


def middleware() -> WSGIApplication:
    from stormpath_wsgi import StormpathMiddleware, user

    members = hello(lambda: user.email.encode())

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/enter":
            (account,) = site.application.accounts
            environ["stormpath.session"].sign_in(account)
        return members(environ, start_response)

    site = StormpathMiddleware(app, directory=os.environ[DIRECTORY], secret_keys=[os.environ[KEY]])
    return site


def repoze_who() -> WSGIApplication:
    from repoze.who.classifiers import (  # type: ignore[import-untyped]
        default_challenge_decider,
        default_request_classifier,
    )
    from repoze.who.middleware import PluggableAuthenticationMiddleware  # type: ignore[import-untyped]
    from repoze.who.plugins.auth_tkt import AuthTktCookiePlugin  # type: ignore[import-untyped]

    tickets = AuthTktCookiePlugin(os.environ[KEY], "auth_tkt", digest_algo="sha256")

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = list(HEADERS)
        if environ["PATH_INFO"] == "/enter":
            headers += tickets.remember(environ, {"repoze.who.userid": "ada"})
        else:
            assert environ["repoze.who.identity"]["repoze.who.userid"]
        start_response("200 OK", headers)
        return [BODY]

    return PluggableAuthenticationMiddleware(  # type: ignore[no-any-return]
        app,
        [("auth_tkt", tickets)], [("auth_tkt", tickets)], [], [],
        default_request_classifier, default_challenge_decider,
    )  # fmt: skip


def bare_flask() -> Any:
    from flask import Flask

    app = Flask(__name__)
    app.secret_key = os.environ[KEY]
    app.add_url_rule("/", "members", BODY.decode)
    app.add_url_rule("/enter", "enter", BODY.decode)
    return app


def flask_adapter() -> WSGIApplication:
    from flask import Flask

    from flask_stormpath import StormpathManager, User, login_required, login_user, user

    app = Flask(__name__)
    app.config.update(SECRET_KEY=os.environ[KEY], STORMPATH_DIRECTORY=os.environ[DIRECTORY])
    manager = StormpathManager(app)

    @app.route("/")
    @login_required
    def members() -> str:
        assert user.email
        return BODY.decode()

    @app.route("/enter")
    def enter() -> str:
        (account,) = manager.application.accounts
        login_user(User.at(account.href))
        return BODY.decode()

    return app


def flask_login() -> WSGIApplication:
    import flask_login as login

    class Person(login.UserMixin):  # type: ignore[misc]
        id, email = "ada", "ada@example.org"

    return _over_flask_login({"ada": Person()}.get)


def flask_login_with_database() -> WSGIApplication:
    from people import people

    return _over_flask_login(people(os.environ[DIRECTORY].replace("/accounts.db", "/people.db")))


def _over_flask_login(load: Callable[[str], Any]) -> WSGIApplication:
    import flask_login as login

    app = bare_flask()
    login.LoginManager(app).user_loader(load)

    def members() -> str:
        assert login.current_user.email
        return BODY.decode()

    def enter() -> str:
        login.login_user(load("ada"))
        return BODY.decode()

    app.view_functions.update(members=login.login_required(members), enter=enter)
    return app  # type: ignore[no-any-return]


@dataclass
class Case:
    """What *makes* the app. *over*: the case it is compared with."""

    name: str
    makes: Callable[[], Any]
    over: Case | None = None
    server: Server | None = None
    #: Seconds of a request, by start and round.
    seconds: list[list[float]] = field(default_factory=list)

    def ratios(self) -> list[list[float]]:
        """Processor time, to that of the case below, by start and round."""
        assert self.over
        pairs = zip(self.seconds, self.over.seconds, strict=True)
        return [[one / other for one, other in zip(mine, theirs, strict=True)] for mine, theirs in pairs]


def cases() -> list[Case]:
    plain, flask = Case("bare app", bare), Case("bare Flask", bare_flask)
    return [
        plain,
        Case("stormpath_wsgi: the e-mail read", middleware, plain),
        Case("repoze.who, auth_tkt: the id read", repoze_who, plain),
        flask,
        Case("flask_stormpath: a page for members", flask_adapter, flask),
        Case("Flask-Login: a page for members", flask_login, flask),
        Case("Flask-Login, users in SQLite: the same", flask_login_with_database, flask),
    ]


class Server:
    """A gunicorn that serves *case*, and a visitor who is signed in there."""

    def __init__(self, case: Case, environ: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        options = ["--workers", "2", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60"]
        place = ["--bind", f"127.0.0.1:{self.port}", "--chdir", str(Path(__file__).parent), "--log-level", "error"]
        command = [sys.executable, "-m", "gunicorn", *options, *place, f"served:{case.makes.__name__}()"]
        self._process = subprocess.Popen(command, env={**os.environ, **environ})
        self._cookie = ""

    def enter(self) -> None:
        """Waits until the server answers, and signs the visitor in."""
        until = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError), Visitor(self.port) as visitor:
                head = visitor.get("/enter", "")
                break
            if time.monotonic() > until or self._process.poll() is not None:
                raise SystemExit("A server does not answer.")
            time.sleep(0.1)
        fields = [line.partition(": ") for line in head.splitlines()]
        set_cookies = [value.partition(";")[0] for name, _, value in fields if name.lower() == "set-cookie"]
        self._cookie = "; ".join(set_cookies) or COOKIE

    def measure(self, requests: int) -> float:
        """Seconds of processor time that the workers have taken for one request."""
        before = self._spent()
        for _ in range(4):  # so that both workers have some
            with Visitor(self.port) as visitor:
                for _ in range(requests // 4):
                    head = visitor.get("/", self._cookie)
                    assert head.startswith("HTTP/1.1 200"), head
        return (self._spent() - before) / requests

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)

    def _spent(self) -> float:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        files = [each for child in children for each in Path(f"/proc/{child}/task").glob("*/schedstat")]
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9


class Visitor:
    """One connection to the server at *port*."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def get(self, path: str, cookie: str) -> str:
        """The status and the headers of the answer."""
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            "Accept: text/html",
            *([f"Cookie: {cookie}"] if cookie else []),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while not answer.endswith(BODY):
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the server has hung up")
            answer += data
        return answer.decode("latin-1").partition("\r\n\r\n")[0]


@contextmanager
def accounts() -> Iterator[dict[str, str]]:
    """A directory with Ada in it, as the environment of a worker."""
    from stormpath_wsgi import StormpathMiddleware

    with tempfile.TemporaryDirectory() as folder:
        environ = {DIRECTORY: f"sqlite:///{folder}/accounts.db", KEY: secrets.token_hex()}
        site = StormpathMiddleware(hello(), directory=environ[DIRECTORY], secret_keys=[environ[KEY]])
        password = secrets.token_hex() + "A"
        site.application.accounts.create({"username": "ada", "email": "ada@example.org", "password": password})
        site.client.close()
        yield environ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5, help="of all servers")
    parser.add_argument("--rounds", type=int, default=4, help="of a start")
    parser.add_argument("--requests", type=int, default=2000, help="of a round")
    arguments = parser.parse_args()
    with accounts() as environ:
        os.environ.update(environ)
        measured = [case for case in cases() if _is_there(case)]
        for _ in range(arguments.starts):
            measure(measured, environ, arguments.rounds, arguments.requests)
    print(f"{'':40} {'us a request':>12} {'x below':>8}")
    for case in measured:
        microseconds = statistics.median(each for start in case.seconds for each in start) * 1e6
        line = f"{case.name:40} {microseconds:12.1f}"
        if case.over:
            ratio = statistics.median(each for start in case.ratios() for each in start)
            starts = [statistics.median(start) for start in case.ratios()]
            note(f"processor time under gunicorn, {case.name}", ratio, case.over.name)
            line += f" {ratio:8.3f}   {min(starts):.3f} to {max(starts):.3f}"
        print(line)


def measure(measured: list[Case], environ: dict[str, str], rounds: int, requests: int) -> None:
    """Starts a server for each case, and has them take turns."""
    with ExitStack() as stack:
        for case in measured:
            case.server = Server(case, environ)
            stack.callback(case.server.stop)
            case.seconds.append([])
        for case in measured:
            assert case.server
            case.server.enter()
            case.server.measure(requests)  # it is warming up
        for _ in range(rounds):
            for case in measured:
                assert case.server
                case.seconds[-1].append(case.server.measure(requests))


def _is_there(case: Case) -> bool:
    try:
        case.makes()
    except ImportError as error:
        print(f"left out: {error.name}")
        return False
    return True


if __name__ == "__main__":
    main()
