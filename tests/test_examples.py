"""The example of every framework, with one story for all, and what holds for one of them only."""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from a2wsgi import ASGIMiddleware, WSGIMiddleware
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from support.story import EXAMPLES, everybody_gets_as_far_as_his_groups_allow, example, visit
from support.visitors import OPENING, Site, hello
from webtest import TestApp  # type: ignore[import-untyped]

from stormpath_wsgi import StormpathMiddleware, user
from stormpath_wsgi.errors import Unavailable

Around: TypeAlias = Callable[..., Site]

#: The examples that are one module, by the name of what has to be installed. Pyramid's is in tests/apps.
MODULES = {
    "stormpath_wsgi": "wsgi_app.py",
    "bottle": "bottle_app.py",
    "cherrypy": "cherrypy_app.py",
    "falcon": "falcon_app.py",
    "fastapi": "fastapi_app.py",
    "tg": "turbogears_app.py",
}


@pytest.fixture(autouse=True)
def in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An example finds its directory in memory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")


@pytest.fixture
def around() -> Iterator[Around]:
    """Puts our middleware around an app, and closes its directory afterwards."""
    with ExitStack() as stack:

        def put(app: Any, **settings: Any) -> Site:
            site = Site.of(StormpathMiddleware(app, **{**OPENING, **settings}))
            stack.callback(site.client.close)
            return site

        yield put


@pytest.mark.parametrize("framework", MODULES)
def test_everybody_gets_as_far_as_his_groups_allow(framework: str) -> None:
    pytest.importorskip(framework)
    with example(MODULES[framework]) as application:
        everybody_gets_as_far_as_his_groups_allow(application)


def test_everybody_gets_as_far_as_his_groups_allow_in_flask() -> None:
    app = runpy.run_path(str(EXAMPLES / "flask_app.py"))["create_app"](SECRET_KEY="a secret of the tests, long enough")
    everybody_gets_as_far_as_his_groups_allow(app, "/admin", refusal=302)
    app.extensions["stormpath"].client.close()


def test_everybody_gets_as_far_as_his_groups_allow_in_django() -> None:
    pytest.importorskip("django")
    from support.django_project import rolled_back

    with rolled_back():
        from django.contrib.auth.models import Group

        from django_stormpath.wsgi import get_wsgi_application

        Group.objects.create(name="Editors")  # which the settings of the example name
        application = get_wsgi_application(**OPENING)
        everybody_gets_as_far_as_his_groups_allow(application)
        application.client.close()


def test_cherrypy_reads_some_signs_in_a_path_as_underscores(around: Around) -> None:
    """So a page whose name has one needs a policy for what is around it."""
    cherrypy = pytest.importorskip("cherrypy")

    class Root:
        @cherrypy.expose  # type: ignore[untyped-decorator]
        def for_admins(self) -> str:
            return "For admins."

    app = cherrypy.Application(Root())
    site = around(app, protect={"/for_admins": ["admins"]})
    assert visit(site.middleware).get("/for_admins").status_code == 302
    assert visit(site.middleware).get("/for-admins").text == "For admins."
    site = around(app, protect={"/": ["admins"]})
    assert visit(site.middleware).get("/for-admins").status_code == 302


def test_turbogears_leaves_the_end_of_a_path_away_unless_it_is_told_not_to(around: Around) -> None:
    tg = pytest.importorskip("tg")
    base: Any = runpy.run_path(str(EXAMPLES / "turbogears_app.py"))["Root"]
    config = tg.MinimalApplicationConfigurator()

    class Root(base):  # type: ignore[misc]
        for_admins = base.admins

    config.update_blueprint({"root_controller": Root()})
    protect = {"/admins": ["admins"], "/for_admins": ["admins"]}
    app = around(config.make_wsgi_app(), protect=protect).middleware
    assert [visit(app).get(path).status_code for path in protect] == [302, 302]
    assert visit(app).get("/admins.html").text == "For admins."
    assert visit(app).get("/for-admins").text == "For admins."


class TestADirectoryThatIsAway:
    """What a page asks of it raises an error of ours, which becomes our 503 where the framework lets it through."""

    @staticmethod
    def raises(*_: Any) -> None:
        raise Unavailable

    def test_comes_through_bottle_that_catches_nothing(self, around: Around) -> None:
        bottle = pytest.importorskip("bottle")
        app = bottle.Bottle()
        app.config["catchall"] = False
        app.route("/", callback=self.raises)
        assert "Retry-After" in visit(around(app).middleware).get("/", status=503).headers

    def test_comes_through_falcon_that_passes_it_on(self, around: Around) -> None:
        falcon = pytest.importorskip("falcon")

        class Page:
            on_get = staticmethod(self.raises)

        def pass_on(req: Any, resp: Any, error: Exception, params: Any) -> None:
            raise error

        app = falcon.App()
        app.add_route("/", Page())
        app.add_error_handler(Unavailable, pass_on)
        assert "Retry-After" in visit(around(app).middleware).get("/", status=503).headers


class TestAsgiAsWsgi:
    """An ASGI app in a2wsgi.ASGIMiddleware, in our middleware."""

    @pytest.fixture
    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/stream")
        async def stream() -> StreamingResponse:
            async def chunks() -> Any:
                for number in range(3):
                    yield f"{number} for {user.username}. "

            return StreamingResponse(chunks(), media_type="text/plain")

        @app.get("/thread")
        def in_a_thread() -> str:
            return str(user.username)

        return app

    @pytest.fixture
    def visitor(self, app: Any, around: Around) -> TestApp:
        """Somebody who is signed in."""
        site = around(ASGIMiddleware(app))
        visitor = visit(site.middleware)
        visitor.set_cookie(*site.cookie(site.account()).split("=", 1))
        return visitor

    def test_streams_and_knows_the_user_until_the_end(self, visitor: TestApp) -> None:
        assert visitor.get("/stream").text == "0 for ada. 1 for ada. 2 for ada. "

    def test_knows_the_user_in_threads(self, visitor: TestApp) -> None:
        assert visitor.get("/thread").json == "ada"

    def test_is_not_told_that_the_server_starts(self, around: Around) -> None:
        """What an app does in its lifespan is not done."""
        began: list[bool] = []

        @contextmanager
        def never() -> Iterator[None]:
            began.append(True)
            yield

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                with never():
                    return
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"hello"})

        assert visit(around(ASGIMiddleware(app)).middleware).get("/").text == "hello"
        assert began == []


class TestWsgiUnderAsgi:
    """Our middleware in a2wsgi.WSGIMiddleware, for an ASGI server."""

    @staticmethod
    def ask(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
        """What *app* sends to a server that gives it *scope* and an empty body."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        return sent

    @pytest.fixture
    def app(self, around: Around) -> Any:
        return around(hello, protect={"/members": "login"}).middleware

    def test_serves_our_pages_and_policies(self, app: Any) -> None:
        http = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http"}
        address = {"query_string": b"", "server": ("localhost", 80), "client": ("127.0.0.1", 4711)}
        headers = [(b"host", b"localhost"), (b"accept", b"text/html")]

        def start(path: str, mount: str = "") -> dict[str, Any]:
            scope = {**http, **address, "path": mount + path, "root_path": mount, "headers": headers}
            return self.ask(WSGIMiddleware(app), scope)[0]

        assert start("/login")["status"] == 200
        assert dict(start("/members")["headers"])[b"location"] == b"/login?next=%2Fmembers"
        assert dict(start("/members", "/shop")["headers"])[b"location"] == b"/shop/login?next=%2Fshop%2Fmembers"

    def test_has_no_websockets(self, app: Any) -> None:
        assert self.ask(WSGIMiddleware(app), {"type": "websocket", "path": "/"}) == [
            {"type": "websocket.close", "code": 1000}
        ]
