"""The middleware: what a request finds in its environ, and what it leaves in the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from support.post import leave_mail
from support.visitors import COOKIE, HTML, JSON, KEYS, PASSWORD, Site, hello, request, says

from stormpath_wsgi import AnonymousUser, ConfigurationError, StormpathMiddleware, User, user
from stormpath_wsgi.client import Client
from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.responses import _tell_of_swallowed

Open = Callable[..., Site]


@pytest.fixture
def open_site() -> Iterator[Open]:
    sites: list[Site] = []

    def make(app: WSGIApplication = hello, **settings: Any) -> Site:
        sites.append(Site(app, **settings))
        return sites[-1]

    yield make
    for site in sites:
        site.client.close()


class Keeping:
    """An app that keeps the environ of its last request."""

    environ: WSGIEnvironment

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.environ = environ
        return hello(environ, start_response)


class TestTheEnviron:
    def test_tells_who_is_signed_in(self, open_site: Open) -> None:
        app = Keeping()
        site = open_site(app)
        ada = site.account()
        site.browser(ada).get("/")
        assert isinstance(app.environ["stormpath.user"], User)
        assert app.environ["stormpath.user"].href == ada.href
        assert app.environ["stormpath.session"].session.account_id == ada.href.rpartition("/")[2]
        assert app.environ["stormpath.application"] == site.application
        assert app.environ["REMOTE_USER"] == "ada"

    def test_tells_when_nobody_is(self, open_site: Open) -> None:
        app = Keeping()
        open_site(app).browser().get("/")
        assert isinstance(app.environ["stormpath.user"], AnonymousUser)
        assert app.environ["stormpath.session"].session is None
        assert "REMOTE_USER" not in app.environ

    def test_follows_a_sign_in_and_a_sign_out(self, open_site: Open) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            session, seen = environ["stormpath.session"], []
            for step in (lambda: session.sign_in(ada), session.sign_out, lambda: session.sign_in(ada)):
                step()
                assert environ["stormpath.user"] is session.user
                seen.append(environ.get("REMOTE_USER"))
            return says(lambda: seen)(environ, start_response)

        def streaming(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            yield from app(environ, start_response)

        for each in (app, streaming):
            site = open_site(each)
            ada = site.account()
            assert site.browser().get("/").text == "['ada', None, 'ada']"

    def test_believes_no_remote_user_of_somebody_else(self, open_site: Open) -> None:
        """Whoever sits in front of us knows nothing of our sessions."""
        app = Keeping()
        site = open_site(app)
        for browser, found in ((site.browser(), None), (site.browser(site.account()), "ada")):
            browser.get("/", environ_overrides={"REMOTE_USER": "root"})
            assert app.environ.get("REMOTE_USER") == found


class TestVary:
    @pytest.mark.parametrize(
        "look",
        [lambda: user.is_authenticated, lambda: user.email, lambda: user.has_group("admins"), lambda: user.get_id()],
    )
    def test_tells_caches_when_the_user_was_looked_at(self, open_site: Open, look: Callable[[], object]) -> None:
        site = open_site(says(look))
        assert "Cookie" in site.browser().get("/").vary
        assert "Cookie" in site.browser(site.account()).get("/").vary

    def test_is_not_there_when_nobody_looked(self, open_site: Open) -> None:
        """A style sheet is the same for everybody, and a cache may know."""
        site = open_site()
        for browser in (site.browser(), site.browser(site.account())):
            answer = browser.get("/")
            assert "Vary" not in answer.headers
            assert "Cache-Control" not in answer.headers
            assert "Set-Cookie" not in answer.headers

    @pytest.mark.parametrize("there", ["Cookie", "accept, COOKIE", "*"])
    def test_is_not_said_twice(self, open_site: Open, there: str) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            assert not user.is_authenticated
            start_response("200 OK", [("Content-Type", "text/plain"), ("vary", there)])
            return [b""]

        assert open_site(app).browser().get("/").headers.getlist("Vary") == [there]

    def test_adds_to_what_the_app_says(self, open_site: Open) -> None:
        headers = [("Content-Type", "text/plain"), ("Vary", "Accept")]

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            assert not user.is_authenticated
            start_response("200 OK", headers)
            return [b""]

        assert open_site(app).browser().get("/").vary.to_header() == "Accept, Cookie"
        assert headers[2:] == []  # the list is the app's: it may give the same one to everybody

    def test_notices_a_look_at_the_first_bytes_of_a_stream(self, open_site: Open) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield str(user.username).encode()

        site = open_site(app)
        answer = site.browser(site.account()).get("/")
        assert answer.text == "ada"
        assert "Cookie" in answer.vary

    def test_notices_a_look_at_the_session(self, open_site: Open) -> None:
        app = Keeping()
        site = open_site(lambda environ, start: says(lambda: environ["stormpath.session"].session)(environ, start))
        for browser in (site.browser(), site.browser(site.account())):
            assert "Cookie" in browser.get("/").vary
        assert "Vary" not in open_site(app).browser().get("/").headers

    @pytest.mark.parametrize("written", [False, True])
    def test_is_said_when_the_look_may_come_after_the_headers(self, open_site: Open, written: bool) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"hello "
            yield str(user.username).encode()

        def writing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])(b"hello ")
            return [str(user.username).encode()]

        site = open_site(writing if written else app)
        for browser, name in ((site.browser(), "None"), (site.browser(site.account()), "ada")):
            answer = browser.get("/")
            assert (answer.text, answer.vary.to_header()) == (f"hello {name}", "Cookie")

    def test_is_not_said_when_the_first_bytes_are_all(self, open_site: Open) -> None:
        """Flask gives every page to the server as an iterator, with its length."""
        site = open_site(lambda environ, start_response: iter(hello(environ, start_response)))
        assert "Vary" not in site.browser(site.account()).get("/").headers


class TestCookies:
    def test_of_a_sign_in_are_written_into_the_answer(self, open_site: Open) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/in":
                environ["stormpath.session"].sign_in(ada)
            if environ["PATH_INFO"] == "/out":
                environ["stormpath.session"].sign_out()
            return says(lambda: user.username)(environ, start_response)

        site = open_site(app)
        ada = site.account()
        browser = site.browser()
        assert [browser.get(path).text for path in ("/", "/in", "/", "/out", "/")] == [
            "None", "ada", "ada", "None", "None"
        ]  # fmt: skip
        assert browser.get_cookie(COOKIE) is None

    def test_of_a_sign_in_during_the_first_bytes_are_written_too(self, open_site: Open) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            environ["stormpath.session"].sign_in(ada)
            yield b"hello"

        site = open_site(app)
        ada = site.account()
        browser = site.browser()
        browser.get("/")
        assert browser.get_cookie(COOKIE) is not None

    def test_are_not_given_to_whom_a_cache_serves(self, open_site: Open) -> None:
        site = open_site()
        browser = site.browser(site.account())
        site.directory.accounts[0].refresh_tokens[0].delete()
        answer = browser.get("/")
        assert answer.headers["Set-Cookie"].startswith(f"{COOKIE}=;")
        assert answer.cache_control.private
        assert "Cookie" in answer.vary

    @pytest.mark.parametrize(
        ("said", "sent"),
        [
            ([], ["private"]),
            (["public, max-age=3600"], ["private"]),
            (["public", "s-maxage=60"], ["private"]),
            (["no-cache"], ["private, no-cache"]),
            (["public", "No-Store"], ["public", "No-Store"]),
        ],
    )
    def test_come_with_one_word_to_caches(self, open_site: Open, said: list[str], sent: list[str]) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ["stormpath.session"].sign_out()
            headers = [("Content-Type", "text/plain"), ("Expires", "Fri, 01 Jan 2100 00:00:00 GMT")]
            start_response("200 OK", [*headers, *(("cache-control", each) for each in said)])
            return [b""]

        answer = open_site(app).browser().get("/")
        assert answer.headers.getlist("Cache-Control") == sent
        assert ("Expires" in answer.headers) == (sent == said)

    def test_of_others_are_left_alone(self, open_site: Open) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ["stormpath.session"].sign_out()
            start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "theirs=1")])
            return [b""]

        assert [each.partition("=")[0] for each in open_site(app).browser().get("/").headers.getlist("Set-Cookie")] == [
            "theirs", COOKIE
        ]  # fmt: skip


class TestAWholeStory:
    """Over the pages: a browser that knows a password."""

    def test_a_copy_of_the_cookie_is_worthless_after_signing_out(self, open_site: Open) -> None:
        site = open_site(says(lambda: user.username))
        site.account()
        browser = site.browser()
        answer = browser.post("/login", json={"login": "ada", "password": PASSWORD}, headers=JSON)
        assert answer.status_code == 200
        cookie = browser.get_cookie(COOKIE)
        assert cookie is not None
        assert browser.get("/").text == "ada"
        browser.post("/logout", headers=JSON)
        assert browser.get("/").text == "None"
        thief = site.browser()
        thief.set_cookie(COOKIE, cookie.value)
        assert thief.get("/").text == "None"

    def test_a_wrong_password_signs_nobody_in(self, open_site: Open) -> None:
        site = open_site()
        site.account()
        browser = site.browser()
        assert browser.post("/login", json={"login": "ada", "password": "wrong"}, headers=JSON).status_code == 400
        assert browser.get_cookie(COOKIE) is None


class TestADirectoryThatIsGone:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "accounts.db"

    def gone(self, site: Site, file: Path) -> None:
        """As when a disk is replaced: connections are lost, and what is there now is no directory."""
        site.client.close()
        for path in file.parent.glob("accounts.db*"):
            path.unlink()
        file.write_bytes(b"this is no database" * 1000)

    @pytest.mark.parametrize("headers", [HTML, JSON])
    def test_is_503_and_not_a_strangers_page(self, open_site: Open, file: Path, headers: dict[str, str]) -> None:
        site = open_site(directory=f"sqlite:///{file}")
        browser = site.browser(site.account())
        self.gone(site, file)
        answer = browser.get("/", headers=headers)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.cache_control.no_store
        assert ("<html" in answer.text) == (headers is HTML)

    def test_is_told_by_the_pages_of_the_inner_one_of_two(self, open_site: Open, file: Path) -> None:
        inner = open_site(
            directory=f"sqlite:///{file}", session={"cookie_name": "inner"}, web={"produces": ["application/json"]}
        )
        outer = open_site(inner.middleware)
        browser = outer.browser(outer.account())
        browser.set_cookie("inner", inner.cookie(inner.account("bob")).partition("=")[2])
        self.gone(inner, file)
        answer = browser.get("/", headers=HTML)
        assert (answer.status_code, answer.mimetype) == (503, "application/json")

    def test_tells_the_log_and_not_the_visitor(
        self, open_site: Open, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        site = open_site(directory=f"sqlite:///{file}")
        browser = site.browser(site.account())
        cookie = browser.get_cookie(COOKIE)
        assert cookie
        self.gone(site, file)
        answer = browser.get("/")
        assert "unavailable" in caplog.text
        assert cookie.value not in caplog.text
        assert str(file) not in answer.text

    def test_serves_strangers(self, open_site: Open, file: Path) -> None:
        site = open_site(directory=f"sqlite:///{file}")
        self.gone(site, file)
        assert site.browser().get("/").text == "hello"

    @pytest.mark.parametrize("streamed", [False, True])
    def test_in_the_middle_of_a_request_is_503_as_well(self, open_site: Open, file: Path, streamed: bool) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            self.gone(site, file)
            return [str(user.has_group("admins")).encode()]

        def streaming(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            yield from app(environ, start_response)

        site = open_site(streaming if streamed else app, directory=f"sqlite:///{file}")
        answer = site.browser(site.account()).get("/")
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers

    def test_a_framework_that_makes_a_500_of_it_is_told_once(
        self, open_site: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            with suppress(Unavailable):
                raise Unavailable
            start_response(environ["PATH_INFO"][1:], [("Content-Type", "text/plain")])
            return [b"sorry"]

        _tell_of_swallowed.cache_clear()
        browser = open_site(app).browser()
        browser.get("/200 OK")
        assert "catchall" not in caplog.text
        for _ in range(2):
            assert browser.get("/500 Internal Server Error").status_code == 500
        assert caplog.text.count("app.catchall = False") == 1

    def test_a_500_of_another_cause_is_not_told(self, open_site: Open, caplog: pytest.LogCaptureFixture) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"sorry"]

        _tell_of_swallowed.cache_clear()
        assert open_site(app).browser().get("/").status_code == 500
        assert "catchall" not in caplog.text

    def test_after_the_first_bytes_breaks_the_answer_off(self, open_site: Open) -> None:
        """What is on its way cannot be taken back; half a page must not look like a whole one."""

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"half"
            raise Unavailable

        with pytest.raises(Unavailable):
            open_site(app).browser().get("/", buffered=True)


class TestFrames:
    """Whoever shows a page of the site in a frame of another one can have visitors click there (clickjacking)."""

    def answering(self, *headers: tuple[str, str]) -> WSGIApplication:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [*headers, ("Content-Length", "5")])
            return [b"hello"]

        return app

    @pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
    def test_of_other_sites_show_no_page_of_the_application(self, open_site: Open, kind: str) -> None:
        answer = open_site(self.answering(("content-type", kind))).browser().get("/")
        assert answer.headers.getlist("X-Frame-Options") == ["SAMEORIGIN"]

    @pytest.mark.parametrize(
        "said",
        [
            ("X-Frame-Options", "DENY"),
            ("content-security-policy", "default-src 'self'; Frame-Ancestors https://a.example"),
        ],
    )
    def test_are_the_applications_to_allow(self, open_site: Open, said: tuple[str, str]) -> None:
        for headers in ([said, ("Content-Type", "text/html")], [("Content-Type", "text/html"), said]):
            answer = open_site(self.answering(*headers)).browser().get("/")
            assert answer.headers.getlist("X-Frame-Options") == ([said[1]] if said[1] == "DENY" else [])

    def test_matter_to_pages_whose_policy_speaks_of_other_things(self, open_site: Open) -> None:
        headers = ("Content-Type", "text/html"), ("Content-Security-Policy", "default-src 'self'")
        assert open_site(self.answering(*headers)).browser().get("/").headers["X-Frame-Options"] == "SAMEORIGIN"

    @pytest.mark.parametrize("kind", ["text/plain", "application/json", "image/svg+xml", "application/pdf"])
    def test_do_not_matter_to_what_is_no_page(self, open_site: Open, kind: str) -> None:
        assert "X-Frame-Options" not in open_site(self.answering(("Content-Type", kind))).browser().get("/").headers

    @pytest.mark.parametrize("looks", [False, True])
    def test_show_no_page_that_says_twice_what_it_is(self, open_site: Open, looks: bool) -> None:
        inner = self.answering(("Content-Type", "text/html"), ("Content-Type", "text/plain"))

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            assert not looks or environ["stormpath.user"].is_anonymous
            return inner(environ, start_response)

        assert open_site(app).browser().get("/").headers["X-Frame-Options"] == "SAMEORIGIN"

    def test_are_not_our_business_when_the_settings_say_so(self, open_site: Open) -> None:
        site = open_site(self.answering(("Content-Type", "text/html")), same_origin_frames=False)
        assert "X-Frame-Options" not in site.browser().get("/").headers

    def test_show_no_page_of_ours(self, open_site: Open) -> None:
        answer = open_site().browser().get("/login", headers=HTML)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in answer.headers


class TestTheStart:
    def test_names_our_addresses_and_the_settings_that_move_them(
        self, open_site: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("INFO", "stormpath_wsgi"):
            open_site(web={"base_path": "/app", "me": {"enabled": False}, "login": {"uri": "/in"}})
        (line,) = [record.getMessage() for record in caplog.records if "hidden" in record.getMessage()]
        assert "/app/in (web.login), /app/register (web.register), /app/logout (web.logout)" in line
        assert "/me" not in line

    def test_has_nothing_to_say_where_we_have_no_pages(self, open_site: Open, caplog: pytest.LogCaptureFixture) -> None:
        off = {name: {"enabled": False} for name in Settings().web.pages}
        with caplog.at_level("INFO", "stormpath_wsgi"):
            open_site(web=off)
        assert "hidden" not in caplog.text


class TestTheApplication:
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        url = f"sqlite:///{tmp_path}/accounts.db"
        with Client(url) as client:
            client.applications[0].name = "First"
            application = client.applications[0]
            application.name = "First"
            application.save()
            client.applications.create({"name": "Second"})
        return url

    def opened(self, url: str, **application: str) -> str:
        middleware = StormpathMiddleware(hello, directory=url, secret_keys=KEYS, application=application)
        try:
            return str(middleware.application.name)
        finally:
            middleware.client.close()

    def test_is_the_only_one_there_is(self) -> None:
        assert self.opened("sqlite://") == "My Application"

    def test_is_found_by_its_name(self, url: str) -> None:
        assert self.opened(url, name="Second") == "Second"

    def test_is_found_by_its_href(self, url: str) -> None:
        with Client(url) as client:
            href = next(each.href for each in client.applications if each.name == "Second")
        assert self.opened(url, href=href) == "Second"

    @pytest.mark.parametrize("name", ["Sec", "second", "*", "S*"])
    def test_is_never_one_that_is_named_alike(self, url: str, name: str) -> None:
        """The old library searched, and "app" found "my-app"."""
        with pytest.raises(ConfigurationError, match="no application named"):
            self.opened(url, name=name)

    def test_has_to_be_chosen_when_there_are_several(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match=r"'First', 'Second'.* set application"):
            self.opened(url)

    def test_has_to_exist(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match=r"application\.href"):
            self.opened(url, href="https://localhost/v1/applications/none")


def test_an_unknown_setting_is_refused_at_start() -> None:
    with pytest.raises(ConfigurationError, match="secret_kyes"):
        StormpathMiddleware(hello, directory="sqlite://", secret_kyes=KEYS)


def test_the_keys_that_are_set_encrypt_what_the_directory_keeps(open_site: Open, tmp_path: Path) -> None:
    site = open_site(directory=f"sqlite:///{tmp_path}/accounts.db", encryption_keys=["5a" * 32])
    key = site.account("ada").api_keys.create()
    assert not (tmp_path / "accounts.db-keys").exists()
    with (
        Client(f"sqlite:///{tmp_path}/accounts.db") as other,
        pytest.raises(ConfigurationError, match=r"accounts\.db-keys"),
    ):
        other.api_keys.get(key.id).refresh()


def test_mail_that_a_process_left_behind_leaves_with_the_first_request(open_site: Open, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    leave_mail(url)
    site = open_site(directory=url)
    assert not (tmp_path / "outbox").exists(), "a program that only prepares may still fork"
    site.browser().get("/")
    site.client.close()
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_two_applications_in_one_process_do_not_know_each_other(open_site: Open) -> None:
    """Nothing is kept in modules. Each has its own directory, keys, and users, also one inside of the other."""
    inner = open_site(says(lambda: user.username), session={"cookie_name": "inner"}, secret_keys=["i" * 40])
    outer = open_site(inner.middleware)
    cookie = f"{outer.cookie(outer.account('ada'))}; {inner.cookie(inner.account('bob'))}"
    chunks = outer.middleware(request(cookie), lambda *_: print)
    assert b"".join(chunks) == b"bob"
    assert inner.session(cookie).user.username == "bob"
    assert outer.session(cookie).user.username == "ada"
