"""Which address a visitor has: that of the peer, or the one that a proxy tells which the site has named."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.browsing import PASSWORD, Visit, make_site
from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.proxy_fix import ProxyFix

from stormpath_wsgi import Settings
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.events import SignInFailed
from stormpath_wsgi.web.address import LONGEST, Proxies, hint

ADA = "ada@example.org"
HINTS = "stormpath_wsgi.web.address"


def seen(peer: str, said: str | None, *proxies: str) -> str | None:
    """Whom a site with these *proxies* takes for the visitor, where *peer* says in X-Forwarded-For what is *said*."""
    environ = {"REMOTE_ADDR": peer} | ({} if said is None else {"HTTP_X_FORWARDED_FOR": said})
    return Proxies(proxies).address(environ)


@pytest.mark.parametrize(
    ("said", "visitor"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7", "192.0.2.7"),  # what the visitor sent himself stands on the left
        ("192.0.2.7, 10.0.0.9,10.1.2.3", "192.0.2.7"),
        ("<script>, 192.0.2.7, 10.0.0.9", "192.0.2.7"),
        ("192.0.2.7:5678", "192.0.2.7"),
        ("[2001:db8::7]:80", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        (" 2001:DB8:0::7\t", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, ::ffff:10.0.0.9", "192.0.2.7"),
        ("192.0.2.7, , ", "192.0.2.7"),
        ("1" * LONGEST + ", 192.0.2.7", "192.0.2.7"),
        ("10.0.0.7, 10.0.0.9", "10.0.0.7"),  # somebody in the same network
    ],
)
def test_the_visitor_is_the_right_most_address_that_is_no_proxy(said: str, visitor: str) -> None:
    assert seen("10.0.0.5", said, "10.0.0.0/8") == visitor


@pytest.mark.parametrize(
    "said",
    [
        None, "", " , ,", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "1.2.3.4:http", "1.2.3.4:123456", "[::1", "::1]",
        "[1.2", "fe80::1%eth0", "192.0.2.7, unknown", "192.0.2.7, unknown, 10.0.0.9", "192.0.2.7;10.0.0.9", "1" * 8000,
        "7" + ",10.0.0.9" * 500, "192.0.2.\N{FULLWIDTH DIGIT SEVEN}", "\xff", "-1", "12345678", "for=192.0.2.7",
    ],
)  # fmt: skip
def test_where_it_says_no_address_it_is_the_peer(said: str | None) -> None:
    assert seen("10.0.0.5", said, "10.0.0.0/8") == "10.0.0.5"


@pytest.mark.parametrize("proxies", [(), ("10.0.0.6",), ("unix",), ("::/0",)])
def test_nobody_else_is_believed(proxies: tuple[str, ...]) -> None:
    assert seen("10.0.0.5", "192.0.2.7", *proxies) == "10.0.0.5"


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.5", "8.8.8.8"])
def test_while_no_proxy_is_named_no_header_changes_the_address(header: str, peer: str) -> None:
    """Not even on this machine: whoever has a program there could try as somebody else each time."""
    assert Proxies().address({"REMOTE_ADDR": peer, header: "192.0.2.7"}) == peer


@pytest.mark.parametrize(
    ("peer", "proxy"), [("::1", "::1"), ("::ffff:10.0.0.5", "10.0.0.5"), ("fe80::5%eth0", "fe80::/10"), ("", "unix")]
)
def test_a_proxy_is_known_however_it_is_connected(peer: str, proxy: str) -> None:
    assert seen(peer, "192.0.2.7", proxy) == "192.0.2.7"


@pytest.mark.parametrize("proxies", [(), ("unix",)])
def test_on_a_unix_socket_nothing_is_known_unless_a_proxy_tells(proxies: tuple[str, ...]) -> None:
    assert seen("", None, *proxies) is None


@given(st.text(st.sampled_from("0123456789abcdef.:,[]% \x00"), max_size=60) | st.text(max_size=60))
def test_whatever_it_says_the_answer_is_an_address(said: str) -> None:
    answer = seen("10.0.0.5", said, "10.0.0.5")
    assert answer is not None and not set(answer) - set("0123456789abcdef.:")


@pytest.mark.parametrize("wrong", ["nginx", "10.0.0.5/8", "10.0.0", "*", "10.0.0.5:80", "1" * 5000])
def test_what_is_no_proxy_is_refused_with_what_to_write(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write addresses such as 10\.0\.0\.5, whole networks") as caught:
        Settings.load(directory="sqlite://", proxies=[wrong])
    assert "proxies" in str(caught.value) and len(str(caught.value)) < 500


#: Whoever tries twice has to wait.
TWICE = {"accountAndAddress": "2 tries, waits 1h to 1h, one back after 1h"}


class TestSite:
    """Pages of a site."""

    def test_events_and_log_lines_have_the_visitors_address(self, caplog: pytest.LogCaptureFixture) -> None:
        visit = Visit(proxies="unix, 127.0.0.1")
        failed: list[SignInFailed] = []
        visit.site.events.listen(SignInFailed, failed.append)
        caplog.set_level(logging.INFO)
        guess(visit, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1, 192.0.2.7")
        assert [event.address for event in failed] == ["192.0.2.7"]
        assert "/login refuses 192.0.2.7: " in caplog.text
        assert HINTS not in {record.name for record in caplog.records}

    def test_visitors_of_a_proxy_that_is_named_do_not_wait_for_each_other(self) -> None:
        visit = Visit(proxies="127.0.0.1", limits=TWICE)
        visit.account()
        for _ in range(3):
            guess(visit, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7")
        assert not gets_in(visit, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7")
        assert gets_in(visit, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.8")

    @pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"])
    def test_unless_one_is_named_no_header_gets_a_guesser_another_address(self, header: str) -> None:
        visit = Visit(limits=TWICE)
        visit.account()
        for number in range(3):
            guess(visit, REMOTE_ADDR="198.51.100.9", **{header: f"192.0.2.{number}"})
        assert not gets_in(visit, REMOTE_ADDR="198.51.100.9", **{header: "192.0.2.99"})


class TestHint:
    """Whoever runs a site behind a proxy is told once, when it matters, that it was not named."""

    @pytest.mark.parametrize(
        ("peer", "missed"), [("127.0.0.1", "127.0.0.1"), ("10.0.0.5", "10.0.0.5"), ("fd00::5", "fd00::5"), ("", "unix")]
    )
    def test_the_first_wrong_try_that_a_proxy_brings_is_one_line(
        self, peer: str, missed: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        visit = Visit(proxies="192.168.0.0/16")
        visit.account()
        brought: dict[str, Any] = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "192.0.2.7"}
        visit.get("/", extra_environ=brought)
        assert gets_in(visit, **brought)
        assert hints(caplog) == []
        for _ in range(2):
            guess(visit, **brought)
        [said] = hints(caplog)
        assert said == hint(missed)
        assert said.endswith(f"STORMPATH_PROXIES={missed}")

    @pytest.mark.parametrize("header", ["X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_FORWARDED_HOST", "VIA"])
    def test_it_says_what_comes_of_that(self, header: str, caplog: pytest.LogCaptureFixture) -> None:
        guess(Visit(), REMOTE_ADDR="127.0.0.1", **{f"HTTP_{header}": "192.0.2.7"})
        [said] = hints(caplog)
        assert said.startswith("All visitors who come through 127.0.0.1 count as one, and have to wait together.")

    @pytest.mark.parametrize(
        "environ",
        [
            {"REMOTE_ADDR": "127.0.0.1"},
            {"REMOTE_ADDR": ""},
            {"REMOTE_ADDR": "8.8.8.8", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
            {"REMOTE_ADDR": "192.168.0.7", "HTTP_X_FORWARDED_FOR": "10.0.0.7"},
            {"REMOTE_ADDR": "192.168.0.7", "HTTP_X_FORWARDED_FOR": "unknown"},
        ],
    )
    def test_where_none_seems_to_be_missing_nothing_is_said(
        self, environ: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        guess(Visit(proxies="192.168.0.0/16"), **environ)
        assert hints(caplog) == []

    def test_where_werkzeug_has_put_the_visitor_in_the_place_of_the_proxy_nothing_is_said(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        site = make_site()
        told: list[SignInFailed] = []
        site.events.listen(SignInFailed, told.append)
        environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.7", "HTTP_ACCEPT": "application/json"}
        form = {"login": ADA, "password": "Wrong-horse-7"}
        TestApp(ProxyFix(site)).post_json("/login", form, extra_environ=environ, status=400)
        assert [event.address for event in told] == ["10.0.0.7"]
        assert hints(caplog) == []


def test_a_site_names_its_proxies_in_one_text_or_in_several() -> None:
    assert make_site(proxies="unix 10.0.0.0/8").settings.proxies == ("unix", "10.0.0.0/8")


def guess(visit: Visit, **environ: str) -> None:
    form = {"login": ADA, "password": "Wrong-horse-7"}
    visit.post_json("/login", form, extra_environ=environ, expect_errors=True)


def gets_in(visit: Visit, **environ: str) -> bool:
    form = {"login": ADA, "password": PASSWORD}
    environ["HTTP_ACCEPT"] = "application/json"
    return bool(visit.post_json("/login", form, extra_environ=environ, expect_errors=True).status_int == 200)


def hints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == HINTS]
