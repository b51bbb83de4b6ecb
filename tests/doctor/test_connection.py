"""How the doctor asks: this machine only, within bounds, and a statistic that single values do not mislead."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import trustme
from support.machine import free_port
from support.servers import answer, scripted, served

from stormpath_wsgi.doctor import connection, site
from stormpath_wsgi.doctor.browser import Browser, forms
from stormpath_wsgi.doctor.connection import Answer, InProcess, OverNetwork, TooSlow, is_here
from stormpath_wsgi.doctor.site import Account, Places, Site, Skip, same
from stormpath_wsgi.doctor.statistics import tells_apart
from stormpath_wsgi.errors import ConfigurationError, Unavailable


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["HTTP_HOST"].encode()]


class TestWhere:
    @pytest.mark.parametrize("address", ["http://192.0.2.7:8000", "https://[2001:db8::1]/", "http://0.0.0.0:8000"])
    def test_another_machine_is_refused_with_what_to_write(self, address: str) -> None:
        with pytest.raises(ConfigurationError, match="--allow-host"):
            OverNetwork(address)

    def test_another_machine_may_be_named(self) -> None:
        assert OverNetwork("http://192.0.2.7:8000", ["192.0.2.7"]).origin == "http://192.0.2.7:8000"

    @pytest.mark.parametrize(
        "address", ["localhost:8000", "ftp://localhost", "http://", "http://ada:pw@localhost", "http://localhost:x"]
    )
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(ConfigurationError, match="no address of a site"):
            OverNetwork(address)

    def test_a_loopback_address_is_here_and_one_of_the_documentation_is_not(self) -> None:
        assert is_here("127.0.0.1") and is_here("::1")
        assert not (is_here("192.0.2.7") or is_here("0.0.0.0") or is_here("224.0.0.1"))  # noqa: S104 - an address

    def test_a_certificate_of_home_make_is_no_hindrance(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(context)
        with scripted(context) as server:
            server.answers = [answer(200, "Hello")]
            assert OverNetwork(server.address).send("GET", "/", {}, b"").body == "Hello"

    def test_nobody_there_is_told_in_a_sentence(self) -> None:
        port = free_port()
        with pytest.raises(Unavailable, match="cannot be reached"):
            OverNetwork(f"http://127.0.0.1:{port}").send("GET", "/", {}, b"")


class TestBounds:
    def test_a_server_that_says_nothing_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "PATIENCE", 0.01)
        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TooSlow):
            OverNetwork(f"http://127.0.0.1:{silent.getsockname()[1]}").send("GET", "/", {}, b"")

    def test_of_a_large_answer_the_beginning_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "LARGEST", 10)
        with scripted() as server:
            server.answers = [answer(200, "x" * 100)]
            assert len(OverNetwork(server.address).send("GET", "/", {}, b"").body) == 10

    def test_an_application_that_hangs_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "PATIENCE", 0.01)
        ours, theirs = socket.socketpair()

        def hangs(environ: Any, start_response: Any) -> Iterable[bytes]:
            theirs.recv(1)
            return hello(environ, start_response)

        with ours, theirs:
            with pytest.raises(TooSlow):
                InProcess(hangs, "https://localhost").send("GET", "/", {}, b"")
            ours.send(b"x")

    def test_an_application_that_fails_is_an_answer(self) -> None:
        def fails(environ: Any, start_response: Any) -> Iterable[bytes]:
            raise LookupError("no such thing")

        assert InProcess(fails, "https://localhost").send("GET", "/", {}, b"").status == 500

    def test_a_run_asks_so_often_and_so_long_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(site, "MOST_REQUESTS", 2)
        moments = iter([0.0, 1.0, 2.0])
        looked_at = Site(InProcess(hello, "https://localhost"), Places.of(), clock=lambda: next(moments))
        browser = looked_at.browser()
        assert [browser.get("/").status for _ in range(2)] == [200, 200]
        with pytest.raises(Skip, match="2 times"):
            browser.get("/")
        late = iter([0.0, 1000.0])
        with pytest.raises(Skip, match="seconds of a run"):
            Site(InProcess(hello, "https://localhost"), Places.of(), clock=lambda: next(late)).browser().get("/")

    def test_it_stops_where_limits_hold_it_up(self) -> None:
        answers = iter([200, 200, 200, 429])
        looked_at = Site(InProcess(hello, "https://localhost"), Places.of(), Account("ada", "secret"))
        known, unknown = looked_at.samples(lambda login: said(next(answers)), 8)
        assert sorted((len(known), len(unknown))) == [1, 2]


class TestRequests:
    @pytest.fixture(params=["over the network", "in this process"])
    def browser(self, request: pytest.FixtureRequest) -> Iterator[Browser]:
        if request.param == "in this process":
            yield Browser(InProcess(hello, "http://127.0.0.1:8000"), lambda: None)
            return
        with served(lambda address: hello) as address:
            yield Browser(OverNetwork(address), lambda: None)

    def test_the_host_is_that_of_the_address_or_a_stranger(self, browser: Browser) -> None:
        assert browser.get("/").body.startswith("127.0.0.1:")
        assert browser.get("/", Host="attacker.example").body == "attacker.example"

    def test_cookies_are_kept_sent_and_taken_away(self) -> None:
        with scripted() as server:
            server.answers = [
                answer(200, Set_Cookie="a=1; HttpOnly"), answer(200, Set_Cookie="a=; Max-Age=0"), answer(200)
            ]  # fmt: skip
            browser = Browser(OverNetwork(server.address), lambda: None)
            for _ in range(3):
                browser.get("/")
            assert [asked.headers.get("cookie") for asked in server.asked] == [None, "a=1", None]

    def test_a_form_is_found_with_what_is_filled_in(self) -> None:
        page = said(200, '<form><input name="q"></form><form method="POST" action="/x"><input name=a value=1></form>')
        assert [(form.method, form.action, form.fields) for form in forms(page)] == [
            ("get", "", {"q": ""}),
            ("post", "/x", {"a": "1"}),
        ]


class TestComparing:
    def test_answers_are_the_same_but_for_tokens_and_names(self) -> None:
        first = said(200, 'ada@example.com <input value="1234567890123456789012">')
        second = said(200, 'doctor-0123456789abcdef@example.com <input value="abcdefghijklmnopqrstuv">')
        assert same(first, second, ["ada@example.com"])
        assert not same(first, said(200, "Somebody else"), ["ada@example.com"])
        assert not same(first, said(400, first.body), ["ada@example.com"])

    @pytest.mark.parametrize(
        "location",
        ["//attacker.example", "///attacker.example", "/\\attacker.example", "/\t/attacker.example",
         "javascript:alert(1)", "http:attacker.example", "http://localhost/"],
    )  # fmt: skip
    def test_a_location_that_leads_away_is_known_however_it_is_written(self, location: str) -> None:
        looked_at = Site(InProcess(hello, "https://localhost"), Places.of())
        assert looked_at.leads_away(location)
        assert not any(map(looked_at.leads_away, ("/members", "members?a=//b", "https://localhost/x", "")))

    def test_times_tell_apart_only_what_lies_on_one_side_and_far_enough(self) -> None:
        fast, slow = [0.010, 0.012, 0.011, 0.013], [0.100, 0.110, 0.090, 0.105]
        assert tells_apart(fast, slow) and tells_apart(slow, fast)
        assert not tells_apart(fast, [value + 0.015 for value in fast]), "too small a difference to be seen"
        assert not tells_apart(fast, [0.010, 0.012, 0.011, 5.0]), "one value out of line"
        assert not tells_apart([*fast, 0.2, 0.3], [*slow, 0.01, 0.01]), "they are mixed"
        assert not tells_apart(fast[:3], slow[:3]), "too few"


def said(status: int, body: str = "") -> Answer:
    """An answer as a site gives it."""
    return Answer("/", status, (), body, 0.0)
