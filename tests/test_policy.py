"""Policies and the challenge: who may pass, and what those get who may not."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from hypothesis import HealthCheck, example
from hypothesis import given as for_all
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.visitors import HTML, JSON, Server, Site, hello, request, says
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from stormpath_wsgi import AnonymousUser, ConfigurationError, groups_required, login_required, user
from stormpath_wsgi.policy import Policy, Rule, fresh_required
from stormpath_wsgi.protect import MOST_MARKS, MOST_READINGS, Protected, TooManyReadings, bad_request, readings
from stormpath_wsgi.session import session_of

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


class TestLoginRequired:
    def test_lets_in_who_is_signed_in(self, open_site: Open) -> None:
        site = open_site(login_required(says(lambda: user.username)))
        assert site.browser(site.account()).get("/").text == "ada"

    def test_lets_no_stranger_in(self, open_site: Open) -> None:
        called: list[str] = []
        site = open_site(login_required(says(lambda: called.append("called"))))
        assert site.browser().get("/", headers=JSON).status_code == 401
        assert called == []

    def test_needs_the_middleware_around_it(self) -> None:
        with pytest.raises(RuntimeError, match="wrap the application in StormpathMiddleware"):
            login_required(hello)({}, lambda *_: print)


class TestGroupsRequired:
    @pytest.mark.parametrize("name", [lambda group: group, lambda group: group.href, lambda group: group.name])
    def test_takes_groups_by_object_href_or_name(self, open_site: Open, name: Callable[[Any], Any]) -> None:
        app: list[WSGIApplication] = []
        site = open_site(lambda environ, start: app[0](environ, start))
        admins = site.group("admins")
        app.append(groups_required([name(admins)])(hello))
        assert site.browser(site.account("ada", groups=[admins])).get("/").status_code == 200
        assert site.browser(site.account("bob")).get("/").status_code == 403

    @pytest.mark.parametrize(
        ("memberships", "all_of_them", "any_of_them"),
        [(["a", "b"], 200, 200), (["a"], 403, 200), (["c"], 403, 403), ([], 403, 403)],
    )
    def test_asks_for_all_or_for_any(
        self, open_site: Open, memberships: list[str], all_of_them: int, any_of_them: int
    ) -> None:
        wanted = ["a", "b"]
        site = open_site(protect={"/all": groups_required(wanted), "/any": groups_required(wanted, all=False)})
        groups = {name: site.group(name) for name in "abc"}
        browser = site.browser(site.account(groups=[groups[name] for name in memberships]))
        assert browser.get("/all").status_code == all_of_them
        assert browser.get("/any").status_code == any_of_them

    @pytest.mark.parametrize("all_of_them", [True, False])
    def test_with_an_empty_list_lets_nobody_in(self, open_site: Open, all_of_them: bool) -> None:
        site = open_site(groups_required([], all_of_them)(hello))
        assert site.browser(site.account()).get("/").status_code == 403

    def test_with_a_group_that_does_not_exist_lets_nobody_in(self, open_site: Open) -> None:
        site = open_site(groups_required(["none"])(hello))
        assert site.browser(site.account()).get("/").status_code == 403

    def test_sends_strangers_to_sign_in(self, open_site: Open) -> None:
        site = open_site(groups_required(["admins"])(hello))
        assert site.browser().get("/", headers=HTML).status_code == 302

    @pytest.mark.parametrize("mistake", ["admins", None, 1, [None], [["admins"]]])
    def test_wants_a_list(self, mistake: Any) -> None:
        """The letters of a name would be taken for names of groups."""
        with pytest.raises(TypeError):
            groups_required(mistake)

    def test_may_be_written_as_any_question(self, open_site: Open) -> None:
        named_ada = Policy("named ada", lambda user: user.username == "ada")
        site = open_site(named_ada(hello))
        assert site.browser(site.account("ada")).get("/").status_code == 200
        assert site.browser(site.account("bob")).get("/").status_code == 403

    def test_names_itself_to_the_log_and_not_to_the_visitor(
        self, open_site: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        site = open_site(groups_required(["secret society"])(hello))
        with caplog.at_level(logging.INFO, "stormpath_wsgi"):
            answer = site.browser(site.account()).get("/")
        assert "secret society" in caplog.text
        assert "secret society" not in answer.text


class TestTheChallenge:
    @pytest.fixture
    def site(self, open_site: Open) -> Site:
        return open_site(login_required(hello))

    def test_sends_browsers_to_the_login_page(self, site: Site) -> None:
        answer = site.browser().get("/a/b?c=d&e=f", headers=HTML)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/login?next=%2Fa%2Fb%3Fc%3Dd%26e%3Df"
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("accept", [None, "", "*/*", "application/json", "image/png", "application/*", "nonsense"])
    def test_tells_everybody_else_401(self, site: Site, accept: str | None) -> None:
        answer = site.browser().get("/", headers={} if accept is None else {"Accept": accept})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.json == {
            "status": 401, "message": "You are not authenticated. Please log in to access this resource."
        }  # fmt: skip

    def test_follows_the_settings(self, open_site: Open) -> None:
        site = open_site(login_required(hello), web={"base_path": "/app", "login": {"uri": "/sign-in"}})
        assert site.browser().get("/", headers=HTML).headers["Location"] == "/app/sign-in?next=%2F"

    def test_is_401_where_there_is_no_login_page(self, open_site: Open) -> None:
        site = open_site(login_required(hello), web={"login": {"enabled": False}})
        assert site.browser().get("/", headers=HTML).status_code == 401

    def test_of_a_site_without_json_is_the_login_page_for_all(self, open_site: Open) -> None:
        site = open_site(login_required(hello), web={"produces": ["text/html"]})
        assert site.browser().get("/").status_code == 302

    def test_stays_below_the_mount_point(self, site: Site) -> None:
        environ = {"SCRIPT_NAME": "/mounted"}
        answer = site.browser().get("/a", headers=HTML, environ_overrides=environ)
        assert answer.headers["Location"] == "/mounted/login?next=%2Fmounted%2Fa"

    def test_of_an_app_that_is_mounted_further_in_leads_to_the_login_page_all_the_same(self, open_site: Open) -> None:
        site = open_site(DispatcherMiddleware(hello, {"/inner": login_required(hello)}))
        answer = site.browser().get("/inner/a", headers=HTML, environ_overrides={"SCRIPT_NAME": "/outer"})
        assert answer.headers["Location"] == "/outer/login?next=%2Fouter%2Finner%2Fa"

    def test_leads_to_no_other_host_whatever_the_mount_point(self, site: Site) -> None:
        answer = site.browser().get("/", headers=HTML, environ_overrides={"SCRIPT_NAME": "//evil.example"})
        assert answer.headers["Location"].startswith("/evil.example/login")

    def test_says_nothing_of_the_host_that_a_visitor_claims(self, site: Site) -> None:
        answer = site.browser().get("/", headers=HTML | {"Host": "evil.example"})
        assert answer.headers["Location"].startswith("/login")

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_remembers_no_address_that_was_posted_to(self, site: Site, method: str) -> None:
        """To come back with GET would ask another question, and what was posted is gone."""
        answer = site.browser().open("/a", method=method, headers=HTML)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/login")

    def test_of_head_has_no_body(self, site: Site) -> None:
        assert site.browser().head("/", headers=JSON).data == b""
        assert site.browser().head("/", headers=HTML).headers["Location"] == "/login?next=%2F"

    @pytest.mark.parametrize("path", ["/caf%C3%A9", "/a%20b", "/%FF%FE", "/a%3Fb", "/100%25", "/a;b=c", "/%00"])
    def test_keeps_the_address_as_it_was(self, site: Site, path: str) -> None:
        answer = site.browser().get("/", headers=HTML, environ_overrides={"PATH_INFO": decoded(path)})
        [wanted] = parse_qs(urlsplit(answer.headers["Location"]).query, errors="strict")["next"]
        assert wanted == path

    def test_makes_the_answer_vary(self, site: Site) -> None:
        assert "Cookie" in site.browser().get("/", headers=HTML).vary


class TestARefusal:
    @pytest.fixture
    def site(self, open_site: Open) -> Site:
        return open_site(groups_required(["admins"])(hello))

    def test_is_a_page_for_people(self, site: Site) -> None:
        answer = site.browser(site.account()).get("/", headers=HTML)
        assert (answer.status_code, answer.mimetype) == (403, "text/html")

    def test_is_json_for_programs(self, site: Site) -> None:
        answer = site.browser(site.account()).get("/", headers=JSON)
        assert answer.status_code == 403
        assert answer.json == {
            "status": 403, "message": "You do not have sufficient permissions to access this resource."
        }  # fmt: skip

    def test_is_not_kept_by_caches(self, site: Site) -> None:
        answer = site.browser(site.account()).get("/", headers=HTML)
        assert answer.cache_control.no_store
        assert "Cookie" in answer.vary


#: Paths that some app, server or file system takes for /admin.
SPELLINGS = [
    "/admin", "/admin/", "//admin", "///admin//", "/./admin", "/x/../admin", "/x/y/../../admin", "/../admin",
    "/admin/.", "/admin/x", "/admin%2fx", "/admin%2F", "/%61dmin", "/%2561dmin", "/x%2f..%2fadmin",
    "/x%2f%2e%2e%2fadmin", "/x/%2e%2e/admin", "/x/%252e%252e/admin", "\\admin", "/\\admin", "/x\\..\\admin",
    "/admin\\x", "/%5cadmin", "/admin;x", "/admin;x=1/y", "/;x/admin", "/x/..;/admin", "/x/..;y=z/admin", "/admin.",
    "/admin..", "/admin./x", "/admin%20", "/admin%09", "/admin%00", "/admin%00.html", "/admin/..;x/admin",
    "/%EF%BC%8Fadmin", "/%EF%BD%81dmin", "/admin%2e", "/.;/admin", "/%2e/admin", "/admin%3bx", "/admin%253bx",
    "/x/.. /admin", "admin", "/admin%3fx", "/admin%23x",
    "/admin .", "/admin. .", "/admin%20.", "/admin.%09. /x", "/admin .%20.;/x", "/admin..;/",
    "/ ./admin", "/. ./admin", "/x/.. ./admin", "/x/ ../admin", "/%20admin", "/admin::$DATA", "/admin::$data .",
    "/admin:$i30:$INDEX_ALLOCATION/x", "/admin%3a%3a%24DATA", "/admin%E3%80%80%E2%80%A4", "/admin. \\x",
]  # fmt: skip

#: What some file system or app leaves away at the end of a name.
FORGIVEN = [" ", ".", "..", "\t", "%20", "%2e", "%252e", "%00", ";", ";a=b", "::$DATA", ":$i30:$INDEX_ALLOCATION"]


class TestProtectedPaths:
    def test_ask_before_the_app_is_reached(self, open_site: Open) -> None:
        site = open_site(protect={"/members": login_required, "/admin": groups_required(["admins"])})
        browser = site.browser(site.account())
        assert browser.get("/").status_code == 200
        assert browser.get("/members").status_code == 200
        assert browser.get("/admin/x").status_code == 403
        assert site.browser().get("/members/x", headers=JSON).status_code == 401
        assert site.browser().get("/").status_code == 200

    def test_may_be_written_in_a_file(self, open_site: Open) -> None:
        site = open_site(protect={"/members": "login", "/admin": ["admins"]})
        browser = site.browser(site.account(groups=[site.group("admins")]))
        assert browser.get("/admin").status_code == browser.get("/members").status_code == 200
        assert site.browser(site.account("bob")).get("/admin").status_code == 403

    def test_are_compared_by_whole_segments(self, open_site: Open) -> None:
        site = open_site(protect={"/admin/": login_required})
        assert site.browser().get("/administrator").status_code == 200
        assert site.browser().get("/x/admin").status_code == 200
        assert site.browser().get("/admin").status_code == 401

    def test_the_longest_wins(self, open_site: Open) -> None:
        site = open_site(protect={"/": login_required, "/a": groups_required(["none"]), "/a/b": login_required})
        browser = site.browser(site.account())
        assert [browser.get(path).status_code for path in ("/x", "/a", "/a/c", "/a/b", "/a/b/c")] == [
            200, 403, 403, 200, 200
        ]  # fmt: skip

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"])
    def test_hold_for_every_method(self, open_site: Open, method: str) -> None:
        site = open_site(protect={"/admin": login_required})
        assert site.browser().open("/admin", method=method).status_code == 401

    def test_do_not_count_the_mount_point(self, open_site: Open) -> None:
        site = open_site(protect={"/admin": login_required})
        browser = site.browser()
        assert browser.get("/admin", environ_overrides={"SCRIPT_NAME": "/x"}).status_code == 401
        assert browser.get("/x", environ_overrides={"SCRIPT_NAME": "/admin"}).status_code == 200

    def test_may_have_any_letters(self, open_site: Open) -> None:
        site = open_site(protect={"/café": login_required})
        assert site.browser().get("/caf%C3%A9/x").status_code == 401
        assert site.browser().get("/cafe").status_code == 200

    def test_leave_our_own_pages_open(self, open_site: Open) -> None:
        """Or nobody could ever sign in."""
        site = open_site(protect={"/": login_required})
        answer = site.browser().get("/", headers=HTML, follow_redirects=True)
        assert (answer.status_code, answer.request.path) == (200, "/login")

    def test_hold_for_what_a_page_of_ours_passes_on(self, open_site: Open) -> None:
        site = open_site(protect={"/": login_required})
        assert site.browser().put("/login", headers=JSON).status_code == 401

    @pytest.mark.parametrize("mistake", [None, 1, "admins", {}, [1]])
    def test_need_a_policy(self, open_site: Open, mistake: Any) -> None:
        with pytest.raises(ConfigurationError, match="protect"):
            open_site(protect={"/admin": mistake})

    @pytest.mark.parametrize("path", SPELLINGS)
    def test_are_protected_in_every_spelling(self, path: str) -> None:
        assert guards(path, {"/admin": "admin"}) == {"admin"}

    @pytest.mark.parametrize("path", SPELLINGS)
    def test_a_doubtful_spelling_has_to_pass_every_policy_that_it_may_fall_under(self, path: str) -> None:
        assert "admin" in guards(path, {"/": "all", "/admin": "admin", "/x": "x"})

    def test_a_spelling_of_an_open_part_does_not_open_what_is_around_it(self) -> None:
        protect = {"/admin": "admin", "/admin/help": "help"}
        assert guards("/admin/help/x", protect) == {"help"}
        for path in ("/admin/help;x", "/admin/help/../x", "/admin//help", "/admin/help.", "/admin/x/../help"):
            assert "admin" in guards(path, protect)

    @hypothesis_settings(deadline=None)
    @for_all(
        suffix=st.lists(st.sampled_from(FORGIVEN), max_size=6).map("".join),
        below=st.sampled_from(["", "/", "/x", "\\x"]),
    )
    def test_whatever_is_forgiven_behind_a_name_opens_nothing(self, suffix: str, below: str) -> None:
        assert guards(f"/admin{suffix}{below}", {"/admin": "admin"}) in ({"admin"}, {"400"})

    def test_a_plain_path_is_read_in_one_way(self) -> None:
        for path in ("/", "/admin", "/a/b.html", "/a-b_c~d/", "/.well-known/x", "/a=b&c,d:e@f$", "/a:b/$c"):
            assert readings(path) == {path}

    @hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @for_all(path=st.text(st.characters(max_codepoint=255), max_size=100))
    def test_any_path_has_an_answer(self, path: str) -> None:
        assert guards(path, {"/": "all"}) in ({"all"}, {"400"})

    @pytest.mark.parametrize(
        "streak", [" ", "\t", ".", ";", "/", "\\", "\0", "%", "a.", "a ", ". ", ":", ":$", ":a", "\xcc\x81\xcc\xa3a"]
    )
    def test_a_long_path_is_as_little_work_as_a_short_one_for_each_character(self, streak: str) -> None:
        """In proportion, that is. With the square of its length this one would take from minutes to hours."""
        path = f"/admin/{streak * 100_000}x"
        assert len(readings(path)) <= MOST_READINGS

    def test_a_path_with_too_many_readings_reaches_nobody(self, open_site: Open) -> None:
        path = "/%252541%2525\xe2\x93\x90;a/b\\c;d//x\0y /. "
        with pytest.raises(TooManyReadings):
            readings(path)
        site = open_site(protect={"/admin": login_required})
        answer = site.browser(site.account()).get("/", environ_overrides={"PATH_INFO": path})
        assert (answer.status_code, answer.mimetype) == (400, "text/plain")
        assert site.browser().head("/", environ_overrides={"PATH_INFO": path}).data == b""

    @pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73"])
    def test_a_letter_under_a_heap_of_marks_reaches_nobody(self, marks: str) -> None:
        """To put them in order takes the square of their number."""
        few, many = (f"/a{marks * number}".encode().decode("latin-1") for number in (5, MOST_MARKS + 1))
        assert Protected(hello, {"/b": login_required}).find(few) is hello
        assert Protected(hello, {"/b": login_required}).find(many) is bad_request

    @hypothesis_settings(deadline=None)
    @for_all(
        path=st.lists(
            st.sampled_from(["/", "//", ".", "..", "%2e", "%2f", "\\", ";", ";a=b", "admin", "x", " ", "%00", "%5c"])
        ).map("".join)
    )
    @example("/x/..;/admin")
    def test_whoever_reads_a_path_as_admin_finds_it_guarded(self, path: str) -> None:
        """Four apps that are not like each other, and none of them shows /admin to a stranger."""
        for reader in READERS:
            if reader(path)[:1] == ["admin"]:
                assert guards("/" + path, {"/admin": "admin"}) in ({"admin"}, {"400"})


class TestPreflights:
    """A browser asks with OPTIONS, and without cookies, what a script of another site may send."""

    ASKS: ClassVar[dict[str, str]] = {"Origin": "https://spa.example", "Access-Control-Request-Method": "PUT"}

    def test_pass_where_the_settings_say_so_and_nothing_else_does(self, open_site: Open) -> None:
        protect = {"/api": "login", "/api/admin": ["admins"], "/other": "login"}
        browser = open_site(protect=protect, preflight=["/api"]).browser()
        assert browser.options("/api/x", headers=self.ASKS).status_code == 200
        for path in ("/api/admin", "/other", "/api/../other", "/api/../api"):
            assert browser.options(path, headers=self.ASKS).status_code == 401
        for method in ("GET", "PUT", "POST", "options"):
            assert browser.open("/api/x", method=method, headers=self.ASKS).status_code == 401

    @pytest.mark.parametrize(
        "change",
        [{"HTTP_ORIGIN": ""}, {"HTTP_ACCESS_CONTROL_REQUEST_METHOD": ""}, {"CONTENT_LENGTH": "1"},
         {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}],
    )  # fmt: skip
    def test_are_what_browsers_send_and_nothing_more(self, open_site: Open, change: dict[str, Any]) -> None:
        site = open_site(protect={"/api": "login"}, preflight=["/api"])
        environ = {"HTTP_ORIGIN": "https://spa.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT", **change}
        assert site.browser().options("/api", data=b"x", environ_overrides=environ).status_code == 401

    def test_are_guarded_unless_it_is_set(self, open_site: Open) -> None:
        assert open_site(protect={"/api": "login"}).browser().options("/api", headers=self.ASKS).status_code == 401

    @pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
    def test_are_not_taken_for_another_method_by_the_app(self, open_site: Open, name: str) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            found = [key for key, value in environ.items() if value == "DELETE"]
            return says(lambda: found)(environ, start_response)

        site = open_site(app, protect={"/api": "login"}, preflight=["/api"])
        answer = site.browser().options("/api", headers={**self.ASKS, name: "DELETE"})
        assert (answer.status_code, answer.text) == (200, "[]")

    @pytest.mark.parametrize("query", ["_method=DELETE", "x=1&%5Fmethod=DELETE", "_METHOD=DELETE"])
    def test_with_another_method_in_the_query_are_none(self, open_site: Open, query: str) -> None:
        site = open_site(protect={"/api": "login"}, preflight=["/api"])
        assert site.browser().options(f"/api?{query}", headers=self.ASKS).status_code == 401

    def test_are_set_for_paths_that_are_protected(self, open_site: Open) -> None:
        with pytest.raises(ConfigurationError, match="preflight names /api/"):
            open_site(protect={"/api": "login"}, preflight=["/api/"])


def guards(path: str, protect: dict[str, str]) -> set[str]:
    """The names of the policies that a request for *path* (as in an address) has to pass."""
    passed: set[str] = set()

    def policy(name: str) -> Callable[[WSGIApplication], WSGIApplication]:
        def wrap(app: WSGIApplication) -> WSGIApplication:
            def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
                passed.add(name)
                return app(environ, start_response)

            return guarded

        return wrap

    protected = Protected(lambda environ, start_response: [], {path: policy(name) for path, name in protect.items()})
    app = protected.find(decoded(path))
    if app is bad_request:
        return {"400"}
    app({}, lambda *_: print)
    return passed


def decoded(path: str) -> str:
    """What a server makes of a *path*: PATH_INFO."""
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _resolved(segments: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return kept


#: Ways in which apps take a path apart.
READERS: list[Callable[[str], list[str]]] = [
    lambda path: _resolved(decoded(path).split("/")),
    lambda path: _resolved(decoded(decoded(path)).replace("\\", "/").split("/")),
    lambda path: _resolved(segment.partition(";")[0] for segment in decoded(path).split("/")),
    lambda path: [segment.rstrip(". \0") for segment in decoded(path).split("/") if segment],
]


class TestChallengeOn401:
    def test_turns_the_401_of_an_app_into_the_challenge(self, open_site: Open) -> None:
        site = open_site(Refusing(), challenge_on_401=True)
        answer = site.browser().get("/a", headers=HTML)
        assert (answer.status_code, answer.headers["Location"], answer.data) == (302, "/login?next=%2Fa", b"")

    @pytest.mark.parametrize("web", [{}, {"produces": ["text/html"]}])
    @pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/x-cadaver", "application/json;v=1"])
    @pytest.mark.parametrize("late", [False, True])
    def test_leaves_the_401_for_programs_which_answer_what_the_app_asks_for(
        self, open_site: Open, web: dict[str, Any], accept: str | None, late: bool
    ) -> None:
        """cadaver and curl --anyauth sign in by the app's own Basic."""
        site = open_site(Refusing(late=late), challenge_on_401=True, web=web)
        answer = site.browser().get("/a", headers={} if accept is None else {"Accept": accept})
        assert (answer.status_code, answer.text) == (401, "no")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="the app"'

    def test_leaves_the_401_where_there_is_no_login_page(self, open_site: Open) -> None:
        site = open_site(Refusing(), challenge_on_401=True, web={"login": {"enabled": False}})
        assert site.browser().get("/", headers=HTML).text == "no"

    def test_is_off_unless_it_is_set(self, open_site: Open) -> None:
        assert open_site(Refusing()).browser().get("/", headers=HTML).text == "no"

    @pytest.mark.parametrize("late", [False, True])
    def test_closes_what_the_app_said(self, open_site: Open, late: bool) -> None:
        app = Refusing(late=late)
        site = open_site(app, challenge_on_401=True)
        assert site.browser().get("/", headers=HTML, buffered=True).status_code == 302
        assert app.closed == 1

    @pytest.mark.parametrize("late", [False, True])
    def test_leaves_other_answers_alone(self, open_site: Open, late: bool) -> None:
        site = open_site(Refusing("403 Forbidden", late=late), challenge_on_401=True)
        assert site.browser().get("/", headers=HTML).text == "no"

    def test_leaves_alone_what_other_answers_tell_caches(self, open_site: Open) -> None:
        assert "Vary" not in open_site(challenge_on_401=True).browser().get("/", headers=HTML).headers

    def test_leaves_the_401_for_who_is_signed_in(self, open_site: Open) -> None:
        """To sign in again would lead to the same place."""
        site = open_site(Refusing(), challenge_on_401=True)
        answer = site.browser(site.account()).get("/", headers=HTML)
        assert (answer.status_code, answer.text) == (401, "no")

    def test_an_app_may_think_again(self, open_site: Open) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("401 Unauthorized", [("Content-Type", "text/plain")])
            try:
                raise ValueError("on second thoughts")
            except ValueError:
                start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
            return [b"oops"]

        server = Server()
        assert list(open_site(app, challenge_on_401=True).middleware(request(), server)) == [b"oops"]
        assert [status for status, _ in server.calls] == ["500 Oops"]

    def test_forgets_what_was_written_with_the_401(self, open_site: Open) -> None:
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("401 Unauthorized", [("Content-Type", "text/plain")])(b"no")
            return []

        site = open_site(app, challenge_on_401=True)
        assert site.browser().get("/", headers=HTML).headers["Location"] == f"/login?next={quote('/', safe='')}"


class Refusing:
    """An app that answers *status*; *late*: with the first bytes only."""

    def __init__(self, status: str = "401 Unauthorized", *, late: bool = False) -> None:
        self.status, self.late, self.closed = status, late, 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = [("Content-Type", "text/plain"), ("WWW-Authenticate", 'Basic realm="the app"')]
        if not self.late:
            start_response(self.status, headers)
        return Body(self, lambda: start_response(self.status, headers) if self.late else None)


class Body:
    def __init__(self, app: Refusing, begin: Callable[[], object]) -> None:
        self.app, self.begin, self.chunks = app, begin, iter([b"n", b"o"])

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self.chunks)
        if chunk == b"n":
            self.begin()
        return chunk

    def close(self) -> None:
        self.app.closed += 1


class TestPoliciesTogether:
    """``&``, ``|`` and ``~`` make policies of policies."""

    def test_pythons_own_words_cannot_combine_them(self) -> None:
        with pytest.raises(TypeError, match=r"&, \| and ~"):
            _ = login_required and groups_required(["staff"])
        with pytest.raises(TypeError, match="and not with and, or, not"):
            _ = not login_required

    STAFF, BOARD = groups_required(["staff"]), groups_required(["board"])

    @pytest.mark.parametrize(
        ("policy", "passing"),
        [
            (STAFF & BOARD, {"both"}),
            (STAFF | BOARD, {"staff", "board", "both"}),
            (~STAFF, {"stranger", "board", "none"}),
            (login_required & ~STAFF, {"board", "none"}),
            ((STAFF & ~BOARD) | (BOARD & ~STAFF), {"staff", "board"}),
            (fresh_required & STAFF, {"staff", "both"}),
        ],
    )
    def test_let_pass_whom_the_parts_say(self, open_site: Open, policy: Rule, passing: set[str]) -> None:
        site = open_site(policy(hello))
        staff, board = site.group("staff"), site.group("board")
        groups = {"none": [], "staff": [staff], "board": [board], "both": [staff, board]}
        visitors = {who: site.browser(site.account(who, groups=each)) for who, each in groups.items()}
        visitors["stranger"] = site.browser()
        assert {who for who, browser in visitors.items() if browser.get("/").status_code == 200} == passing
        assert visitors["none"].get("/").status_code == (200 if "none" in passing else 403)

    def test_send_strangers_to_sign_in(self, open_site: Open) -> None:
        for policy in (self.STAFF & self.BOARD, self.STAFF | self.BOARD, ~(self.STAFF | ~login_required)):
            answer = open_site(policy(hello)).browser().get("/", headers=HTML)
            assert (answer.status_code, urlsplit(answer.headers["Location"]).path) == (302, "/login")

    def test_ask_for_a_fresh_sign_in_where_that_is_what_is_missing(self, open_site: Open) -> None:
        site = open_site((login_required & fresh_required)(hello))
        browser = site.browser(site.account())
        assert browser.get("/", headers=HTML).status_code == 200
        now = site.middleware.sessions.now
        site.middleware.sessions.now = lambda: now() + 3600
        assert urlsplit(browser.get("/", headers=HTML).headers["Location"]).path == "/account/fresh"

    def test_are_made_of_policies_only(self) -> None:
        with pytest.raises(TypeError):
            login_required & len


class TestTheReason:
    def test_is_a_tree_of_checks_with_what_would_make_them_pass(self, open_site: Open) -> None:
        ada = Policy("named ada", lambda user: user.username == "ada")
        policy = (groups_required(["staff", "board"]) | ada) & ~fresh_required
        checks: list[str] = []

        def look(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            checks.extend(policy.check(session_of(environ)).lines())
            return hello(environ, start_response)

        site = open_site(look)
        site.browser(site.account("bob", groups=[site.group("staff")])).get("/")
        assert checks[:5] == [
            "no   ((groups_required(staff, board) | named ada) & ~fresh_required): all of these have to pass",
            "no     (groups_required(staff, board) | named ada): one of these has to pass",
            "no       groups_required(staff, board)",
            "yes        in the group staff",
            "no         in the group board: stormpath-wsgi group add puts an account into it",
        ]
        assert checks[5].startswith("no       named ada: ") and "has to answer yes" in checks[5]
        assert checks[6:] == ["no     ~fresh_required: this must not pass", "yes      fresh_required"]

    def test_is_in_the_log_with_the_id_of_the_request_and_not_in_the_answer(
        self, open_site: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        site = open_site(groups_required(["staff"])(hello))
        browser = site.browser(site.account())
        with caplog.at_level(logging.INFO, "stormpath_wsgi.policy"):
            plain = browser.get("/")
            named = browser.get("/", headers={"X-Request-Id": "7f3a-1"})
            forged = browser.get("/", headers={"X-Request-Id": "7f3a 2"})
        told = "no groups_required(staff) [no in the group staff: stormpath-wsgi group add puts an account into it]"
        assert [told in message for message in caplog.messages] == [True] * 3
        assert ["(request 7f3a-1)" in message for message in caplog.messages] == [False, True, False]
        assert plain.text == named.text == forged.text and "staff" not in plain.text
        assert list(plain.headers.keys()) == list(named.headers.keys())

    def test_of_a_path_names_the_policies_of_all_its_readings(self, open_site: Open) -> None:
        def own(app: WSGIApplication) -> WSGIApplication:
            return app

        protected = Protected(
            hello, {"/a": ["staff"], "/b": {"policy": "login", "challenge": "basic"}, "/c": own}, preflight=["/a"]
        )
        nobody = Nobody()
        assert {path: check and check.passed for path, check in protected.explain("GET", "/a/x", nobody).items()} == {
            "/a": False
        }
        assert protected.explain("GET", "/a/../b", nobody).keys() == {"/a", "/b"}
        assert protected.explain("GET", "/c", nobody) == {"/c": None}
        assert protected.explain("OPTIONS", "/a", nobody) == protected.explain("GET", "/d", nobody) == {}


class Nobody:
    """A visit of a stranger."""

    user, is_fresh, second_factor = AnonymousUser(), False, None

    def is_younger(self, seconds: float) -> bool:
        return False
