"""PEP 3333, from both sides: what a server may do to us, and an app behind us. And who `user` is meanwhile."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from support.visitors import HASH, Server, Site, hello, request
from werkzeug.test import run_wsgi_app

from stormpath_wsgi import user
from stormpath_wsgi.protect import Protected

TEXT = [("Content-Type", "text/plain")]


@pytest.fixture
def site() -> Iterator[Site]:
    """A site whose app each test sets as ``site.app``."""
    site = Site(lambda environ, start_response: site.app(environ, start_response))  # type: ignore[attr-defined]
    yield site
    site.client.close()


@pytest.fixture
def run(site: Site) -> Callable[[WSGIApplication], Iterable[bytes]]:
    """What the middleware returns to a server for Ada's request to an app."""
    cookie = site.cookie(site.account())

    def run(app: WSGIApplication, start_response: Any = None, **environ: Any) -> Iterable[bytes]:
        bare = _unchecked(site, app)
        return bare(request(cookie, **environ), start_response or Server())

    return run


def _unchecked(site: Site, app: WSGIApplication) -> WSGIApplication:
    site.middleware.protected = Protected(app, {})
    return site.middleware


class Body:
    """A body that tells who the user is, and counts how often it is closed."""

    def __init__(self, chunks: int = 3) -> None:
        self.left, self.closed = chunks, 0
        self.closed_by: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return user.username.encode()  # type: ignore[union-attr]

    def close(self) -> None:
        self.closed += 1
        self.closed_by = user.username


def answering(body: Iterable[bytes]) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        return body

    return app


def assert_released() -> None:
    with pytest.raises(RuntimeError):
        user._get_current_object()  # type: ignore[union-attr]


Run = Callable[..., Iterable[bytes]]


class TestTheUserIsBound:
    def test_while_the_app_runs_and_not_afterwards(self, run: Run) -> None:
        seen = []

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            seen.append(user.username)
            return hello(environ, start_response)

        run(app)
        assert seen == ["ada"]
        assert_released()

    def test_while_a_body_is_produced_and_not_between(self, run: Run) -> None:
        chunks = iter(run(answering(Body())))
        for _ in range(3):
            assert next(chunks) == b"ada"
            assert_released()
        with pytest.raises(StopIteration):
            next(chunks)
        assert_released()

    def test_while_a_body_is_closed(self, run: Run) -> None:
        body = Body()
        run(answering(body)).close()  # type: ignore[attr-defined]
        assert body.closed_by == "ada"
        assert_released()

    def test_while_an_iterator_is_made_of_the_body(self, run: Run) -> None:
        class Lazy:
            def __iter__(self) -> Iterator[bytes]:
                return iter([str(user.username).encode()])

        assert list(run(answering(Lazy()))) == [b"ada"]

    def test_not_after_an_error_of_the_app(self, run: Run) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            raise LookupError(user.username)

        with pytest.raises(LookupError, match="ada"):
            run(app)
        assert_released()

    def test_not_after_an_error_in_the_body(self, run: Run) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", TEXT)
            yield b"one"
            raise LookupError(user.username)

        chunks = iter(run(app))
        next(chunks)
        with pytest.raises(LookupError, match="ada"):
            next(chunks)
        assert_released()

    def test_not_after_the_visitor_hung_up(self, run: Run) -> None:
        """A server that cannot send stops asking and closes, or just forgets about the body."""
        body = Body()
        chunks = run(answering(body))
        next(iter(chunks))
        assert_released()
        chunks.close()  # type: ignore[attr-defined]
        assert (body.closed, body.closed_by) == (1, "ada")
        abandoned = run(answering(Body()))
        next(iter(abandoned))
        del abandoned
        assert_released()

    def test_in_whichever_thread_the_server_goes_on(self, run: Run) -> None:
        body = Body()
        chunks = iter(run(answering(body)))
        assert next(chunks) == b"ada"

        def elsewhere() -> None:
            seen.append(next(chunks))
            chunks.close()  # type: ignore[attr-defined]
            assert_released()
            seen.append(b"released")

        seen: list[bytes] = []
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert seen == [b"ada", b"released"]
        assert body.closed_by == "ada"
        assert_released()

    def test_to_each_thread_its_own(self, site: Site) -> None:
        names = [f"user{number}" for number in range(8)]
        cookies = {name: site.cookie(site.account(name)) for name in names}
        start = threading.Barrier(len(names))
        app = _unchecked(site, lambda environ, start_response: answering(Body(50))(environ, start_response))
        seen: dict[str, set[bytes]] = {}

        def visit(name: str) -> None:
            start.wait()
            seen[name] = {chunk for _ in range(20) for chunk in app(request(cookies[name]), Server())}

        threads = [threading.Thread(target=visit, args=[name]) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == {name: {name.encode()} for name in names}

    def test_to_each_of_two_bodies_that_a_server_takes_turns_with(self, site: Site) -> None:
        app = _unchecked(site, lambda environ, start_response: answering(Body())(environ, start_response))
        bodies = [iter(app(request(site.cookie(site.account(name))), Server())) for name in ("ada", "bob")]
        assert [next(body) for _ in range(3) for body in bodies] == [b"ada", b"bob"] * 3

    def test_to_each_greenlet_its_own(self) -> None:
        """In a process of its own, because gevent changes the standard library."""
        subprocess.run([sys.executable, "-c", GREENLETS, HASH], check=True, timeout=120)

    def test_to_the_inner_one_of_two_middlewares_and_then_again_to_the_outer(self, site: Site) -> None:
        inner = Site(hello, session={"cookie_name": "inner"}, secret_keys=["i" * 40])
        seen: list[str | None] = []

        def outer_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            seen.append(user.username)
            body = innermost(environ, start_response)
            seen.append(user.username)
            for chunk in body:
                seen.append(user.username)
                yield chunk
            body.close()  # type: ignore[attr-defined]

        innermost = _unchecked(inner, answering(Body(1)))
        outer = _unchecked(site, outer_app)
        cookie = f"{site.cookie(site.account('ada'))}; {inner.cookie(inner.account('bob'))}"
        assert list(outer(request(cookie), Server())) == [b"bob"]
        assert seen == ["ada", "ada", "ada"]
        inner.client.close()


class TestTheAnswer:
    def test_passes_a_whole_body_as_it_is(self, run: Run) -> None:
        """A server may send a list of one with its length."""
        for body in ([b"hello"], (b"hello",), []):
            assert run(answering(body)) is body

    def test_passes_a_file_as_it_is(self, run: Run) -> None:
        """A server may have the kernel send it."""
        file = FileWrapper(io.BytesIO(b"hello"))
        assert run(answering(file), **{"wsgi.file_wrapper": FileWrapper}) is file

    def test_is_begun_before_the_server_gets_a_body(self, run: Run) -> None:
        server = Server()
        run(answering([b"hello"]), server)
        assert server.calls == [("200 OK", TEXT)]

    def test_is_begun_before_the_first_bytes_of_a_stream(self, run: Run) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Generator[bytes]:
            start_response("200 OK", TEXT)
            yield b"one"
            yield b"two"

        server = Server()
        chunks = iter(run(app, server))
        assert server.calls == []
        assert next(chunks) == b"one"
        assert [status for status, _ in server.calls] == ["200 OK"]
        assert list(chunks) == [b"two"]

    @pytest.mark.parametrize("make", [list, iter], ids=["list", "iterator"])
    def test_may_be_empty(self, run: Run, make: Callable[[list[bytes]], Iterable[bytes]]) -> None:
        server = Server()
        assert list(run(answering(make([])), server)) == []
        assert server.calls == [("200 OK", TEXT)]

    def test_may_be_written(self, run: Run) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            write = start_response("200 OK", TEXT)
            assert server.calls == []
            write(str(user.username).encode())
            assert server.calls == [("200 OK", [*TEXT, ("Vary", "Cookie")])]
            write(b" again")
            return [b" and returned"]

        server = Server()
        assert list(run(app, server)) == [b" and returned"]
        assert server.written == [b"ada", b" again"]

    @pytest.mark.parametrize("streamed", [False, True])
    def test_may_be_replaced_while_nothing_was_sent(self, run: Run, streamed: bool) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", TEXT)
            try:
                raise ValueError
            except ValueError:
                start_response("500 Oops", TEXT, sys.exc_info())
            return [b"oops"]

        def streaming(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            yield from app(environ, start_response)

        server = Server()
        assert list(run(streaming if streamed else app, server)) == [b"oops"]
        assert [status for status, _ in server.calls] == ["500 Oops"]

    def test_cannot_be_replaced_when_it_was_sent(self, run: Run) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", TEXT)(b"half")
            try:
                raise ValueError("too late")
            except ValueError:
                start_response("500 Oops", TEXT, sys.exc_info())
            return []

        with pytest.raises(ValueError, match="too late"):
            run(app)

    def test_cannot_be_begun_twice(self, run: Run) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", TEXT)
            start_response("200 OK", TEXT)
            return []

        with pytest.raises(AssertionError, match="twice"):
            run(app)

    def test_of_an_app_that_fails_is_an_error_for_the_server(self, run: Run) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", TEXT)
            raise ZeroDivisionError

        server = Server()
        with pytest.raises(ZeroDivisionError):
            run(app, server)
        assert server.calls == []

    def test_of_an_app_that_forgets_to_begin_is_left_to_the_server(self, run: Run) -> None:
        server = Server()
        assert list(run(lambda environ, start_response: iter([b"hello"]), server)) == [b"hello"]
        assert server.calls == []

    def test_is_closed_once(self, run: Run) -> None:
        body = Body()
        chunks = run(answering(body))
        assert list(chunks) == [b"ada"] * 3
        assert body.closed == 0
        chunks.close()  # type: ignore[attr-defined]
        assert body.closed == 1

    def test_is_closed_although_nobody_read_it(self, run: Run) -> None:
        body = Body()
        run(answering(body)).close()  # type: ignore[attr-defined]
        assert body.closed == 1

    def test_needs_no_close(self, run: Run) -> None:
        run(answering(iter([b"hello"]))).close()  # type: ignore[attr-defined]

    def test_leaves_no_cycles_behind(self, run: Run) -> None:
        """What a request holds (files, sockets) is given back when it is over, not when the collector comes by."""

        class Held:
            pass

        def signing_out(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ["stormpath.session"].sign_out()
            return hello(environ, start_response)

        gc.collect()
        gc.disable()
        try:
            for app in (answering([b""]), answering(Body()), signing_out):
                held = Held()
                gone = weakref.ref(held)
                body = run(app, held=held)
                list(body)
                del body, held
                assert gone() is None
        finally:
            gc.enable()


class TestACheckerOnBothSides:
    """Of the standard library's; the browsers of all other tests have Werkzeug's."""

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    @pytest.mark.parametrize("path", ["/", "/login", "/me", "/protected", "/logout"])
    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_finds_nothing(self, site: Site, method: str, path: str, accept: str) -> None:
        for cookie in (None, site.cookie(site.account())):
            for streamed in (False, True):
                app = validator(self.app(streamed=streamed))
                site.middleware.protected = Protected(app, {"/protected": ["admins"]})
                environ = request(cookie, PATH_INFO=path, REQUEST_METHOD=method, HTTP_ACCEPT=accept)
                _, status, _ = run_wsgi_app(validator(site.middleware), environ, buffered=True)
                assert int(status.split()[0]) < 500

    def app(self, *, streamed: bool) -> WSGIApplication:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", TEXT)
            chunk = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
            return iter([chunk]) if streamed else [chunk]

        return app


GREENLETS = """
from gevent import monkey
monkey.patch_all()
import gevent
import sys
from stormpath_wsgi import StormpathMiddleware, user
from werkzeug.test import create_environ

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(10):
        gevent.sleep(0)
        yield user.username.encode()

middleware = StormpathMiddleware(app, directory="sqlite://", secret_keys=["k" * 40])

def visit(name):
    properties = {"username": name, "email": name + "@example.org", "password": sys.argv[1]}
    account = middleware.application.accounts.create(properties, password_format="mcf")
    session = middleware.sessions.open(create_environ())
    session.sign_in(account)
    cookie = dict(session.headers())["Set-Cookie"].partition(";")[0]
    seen = set()
    for chunk in middleware(create_environ(headers={"Cookie": cookie}), lambda *_: print):
        gevent.sleep(0)
        seen.add(chunk.decode())
        try:
            seen.add(user.username)
        except RuntimeError:
            pass
    assert seen == {name}, (name, seen)

gevent.joinall([gevent.spawn(visit, f"user{number}") for number in range(20)], raise_error=True)
"""
