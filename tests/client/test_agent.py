"""What we call ourselves to a directory on another machine."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from support.servers import Scripted, answer, scripted

from flask_stormpath.middleware import FlaskMiddleware
from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Client
from stormpath_wsgi.client.agent import LONGEST
from stormpath_wsgi.events import Origin, at

OURS = r"stormpath-wsgi/\S+ python/\S+ \w+/\S+"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as server:
        server.answers.append(answer(200, {"href": f"{server.base_url}/accounts/1"}))
        yield server


def told(server: Scripted, user_agent: str | None = None, **environ: str) -> str:
    """What the server is told while a request with this *environ* is served."""
    with Client(server.base_url, id="id", secret="secret", user_agent=user_agent) as client, at(Origin.of(environ)):
        client.data_store.get(f"{server.base_url}/accounts/1")
    return server.asked[-1].headers["user-agent"]


def test_a_client_tells_its_name_that_of_python_and_of_the_system(server: Scripted) -> None:
    assert re.fullmatch(OURS, told(server))


def test_who_made_the_client_stands_before_that(server: Scripted) -> None:
    assert re.fullmatch(f"shop/7 {OURS}", told(server, "shop/7"))


@pytest.mark.parametrize(
    ("made_with", "expected"),
    [
        (StormpathMiddleware.made_with(), r"stormpath-wsgi-middleware/\S+ webob/\S+"),
        (FlaskMiddleware.made_with(), r"flask-stormpath/\S+ flask/\S+"),
    ],
)
def test_a_site_tells_what_it_is_made_with(server: Scripted, made_with: str, expected: str) -> None:
    assert re.fullmatch(f"{expected} {OURS}", told(server, made_with))


def test_the_program_of_the_visitor_stands_first(server: Scripted) -> None:
    found = told(server, "shop/7", HTTP_X_STORMPATH_AGENT="stormpath-sdk-angularjs/0.9.0 angular/1.4.7")
    assert re.fullmatch(f"stormpath-sdk-angularjs/0.9.0 angular/1.4.7 shop/7 {OURS}", found)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("a/1\r\nX-Evil: 1", "a/1X-Evil: 1 "),
        ("a/1\x00\x1b[31m\x7f", "a/1[31m "),
        ("\xc3\xa9/1 b/2", "/1 b/2 "),
        ("x" * 5000, "x" * LONGEST + " "),
        ("   ", ""),
        ("", ""),
    ],
)
def test_what_it_says_can_do_no_harm(server: Scripted, sent: str, expected: str) -> None:
    assert re.fullmatch(re.escape(expected) + OURS, told(server, HTTP_X_STORMPATH_AGENT=sent))


def test_visitors_at_the_same_time_are_told_apart(server: Scripted) -> None:
    """The header belongs to a request, and to no client."""
    together = threading.Barrier(2)
    with Client(server.base_url, id="id", secret="secret") as client:

        def ask(name: str) -> None:
            with at(Origin.of({"HTTP_X_STORMPATH_AGENT": name})):
                together.wait(10)
                client.data_store.get(f"{server.base_url}/accounts/1")

        threads = [threading.Thread(target=ask, args=(name,)) for name in ("one/1", "two/2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(each.headers["user-agent"][:5] for each in server.asked) == ["one/1", "two/2"]
