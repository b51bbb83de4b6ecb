"""What all pages have in common: who is answered, with what headers, where links lead, and how they look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.browsing import BROWSER, PASSWORD, Visit
from webob import Request

from stormpath_wsgi import ConfigurationError, Settings

JSON, HTML = "application/json", "text/html"
BOTH, ONLY_JSON, ONLY_HTML = (JSON, HTML), (JSON,), (HTML,)
PASSED = "text/plain"

VIEWS = ["/login", "/register"]


@pytest.mark.parametrize("address", VIEWS)
@pytest.mark.parametrize(
    ("accept", "produces", "answered"),
    [
        ("", BOTH, JSON),
        ("*/*", BOTH, JSON),
        ("", ONLY_HTML, HTML),
        ("*/*", ONLY_HTML, HTML),
        ("*/*", (HTML, JSON), HTML),
        (BROWSER, BOTH, HTML),
        (BROWSER, ONLY_JSON, PASSED),
        (BROWSER, ONLY_HTML, HTML),
        (JSON, BOTH, JSON),
        (JSON, ONLY_JSON, JSON),
        (JSON, ONLY_HTML, PASSED),
        ("application/json, text/html;q=0.9", BOTH, JSON),
        ("text/html, application/json;q=0.9", BOTH, HTML),
        ("text/html, application/json", BOTH, JSON),
        ("text/html, application/json", (HTML, JSON), HTML),
        ("foo/bar", BOTH, PASSED),
        ("text/html;q=0", BOTH, PASSED),
    ],
)
def test_the_visitor_gets_what_he_prefers(address: str, accept: str, produces: tuple[str, ...], answered: str) -> None:
    visit = Visit(accept, web={"produces": produces})
    assert visit.get(address, expect_errors=True).content_type == answered


@pytest.mark.parametrize("address", VIEWS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_for_the_application(visit: Visit, address: str, method: str) -> None:
    assert f"app: None at {address}" in visit.request(address, method=method, status=404)


@pytest.mark.parametrize("name", ["login", "register", "logout", "me"])
def test_a_page_that_is_switched_off_is_the_applications(name: str) -> None:
    visit = Visit(web={name: {"enabled": False}})
    assert "app: " in visit.post(f"/{name}", status=404)
    assert "app: " in visit.get(f"/{name}", status=404)


@pytest.mark.parametrize("address", ["/login/", "/Login", "/login/x", "//login", "/login%00"])
def test_only_the_very_address_is_ours(visit: Visit, address: str) -> None:
    assert "app: " in visit.get(address, status=404)


@pytest.mark.filterwarnings("ignore:Content-Length and the number of bytes")  # the checker overlooks the method
@pytest.mark.parametrize("address", [*VIEWS, "/me"])
def test_head_is_a_get_without_a_body(visit: Visit, address: str) -> None:
    got, headed = visit.get(address), visit.head(address)
    assert headed.body == b""
    assert headed.status_int == got.status_int


@pytest.mark.parametrize("accept", [BROWSER, JSON])
@pytest.mark.parametrize("address", [*VIEWS, "/me", "/logout", "/nowhere"])
def test_no_cache_keeps_and_no_frame_shows_what_is_ours(accept: str, address: str) -> None:
    visit = Visit(accept)
    answer = visit.post("/logout") if address == "/logout" else visit.get(address, expect_errors=True)
    if "app: " in answer:
        assert "no-store" not in answer.headers.get("Cache-Control", "")
        return
    assert "no-store" in answer.headers.getall("Cache-Control")[0]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    assert "script-src 'self'" not in policy


def test_the_form_token_is_secure_when_the_settings_say_so_of_the_session() -> None:
    for secure in (True, None):
        visit = Visit(session={"cookieSecure": secure})
        assert visit.get("/login").headers["Set-Cookie"].startswith("__Host-") is bool(secure)


def test_a_location_is_a_path_whatever_host_was_asked_for(visit: Visit) -> None:
    answer = visit.get("/me", headers={"Host": "evil.example"})
    assert answer.headers["Location"] == "/login?next=%2Fme"


class TestMountedBelowAPath:
    @pytest.fixture
    def mounted(self) -> Visit:
        return Visit(mount="/shop é".encode().decode("latin-1"))

    def test_links_and_redirects_stay_below_it(self, mounted: Visit) -> None:
        page = mounted.get("/shop%20%C3%A9/login")
        assert page.form.action == "/shop%20%C3%A9/login"
        assert page.html.select_one("footer a")["href"] == "/shop%20%C3%A9/register"
        assert mounted.post("/shop%20%C3%A9/logout").headers["Location"] == "/shop%20%C3%A9/"

    def test_the_way_back_is_the_whole_path(self, mounted: Visit) -> None:
        mounted.account()
        address = mounted.get("/shop%20%C3%A9/me").headers["Location"]
        assert address == "/shop%20%C3%A9/login?next=%2Fshop%2520%25C3%25A9%2Fme"
        answer = mounted.fill_in(address, login="ada@example.org", password=PASSWORD)
        assert answer.headers["Location"] == "/shop%20%C3%A9/me"


def test_links_lead_to_no_other_host_whatever_the_mount_point(visit: Visit) -> None:
    answer = visit.get("/me", extra_environ={"SCRIPT_NAME": "//evil.example"})
    assert answer.headers["Location"].startswith("/evil.example/login")


def test_a_base_path_stands_before_all_our_addresses() -> None:
    visit = Visit(web={"basePath": "/app"})
    assert visit.get("/login", status=404)
    page = visit.get("/app/login")
    assert page.form.action == "/app/login"
    assert page.html.select_one(".brand")["href"] == "/app/"
    assert visit.get("/app/me").headers["Location"] == "/app/login?next=%2Fapp%2Fme"


#: With login at /in below the base path: a request, and where it leads.
LEADS = [
    ("GET", "/app/me", None, "/app/in?next=%2Fapp%2Fme"),
    ("POST", "/app/forgot", {"email": "ada@example.org"}, "/app/forgot?status=sent"),
    ("GET", "/app/change", None, "/app/forgot"),
    ("GET", "/app/change?sptoken=dead", None, "/app/forgot?status=invalid_sptoken"),
    ("POST", "/app/verify", {"login": "ada@example.org"}, "/app/verify?status=sent"),
    ("POST", "/app/register", {"email": "eve@example.org", "password": PASSWORD}, "/app/in?status=created"),
    ("POST", "/app/in", {"login": "ada@example.org", "password": PASSWORD}, "/"),
    ("POST", "/app/logout", None, "/"),
]


@pytest.fixture(scope="module")
def moved() -> Visit:
    """A site whose pages are below a base path, and whose login page has another address."""
    optional = {name: {"required": False} for name in ("givenName", "surname")}
    visit = Visit(
        web={
            "basePath": "/app",
            "login": {"uri": "/in"},
            "verifyEmail": {"enabled": True},
            "register": {"form": {"fields": optional}},
        }
    )
    visit.account()
    return visit


@pytest.mark.parametrize(("method", "address", "posted", "location"), LEADS)
def test_pages_lead_to_each_other_wherever_they_are(
    moved: Visit, method: str, address: str, posted: dict[str, str] | None, location: str
) -> None:
    moved.reset()
    answer = moved.fill_in(address, **posted) if posted else moved.request(address, method=method)
    assert answer.headers["Location"] == location


def test_an_address_that_somebody_has_set_is_taken_as_it_is() -> None:
    own = {"basePath": "/app", "forgotPassword": {"nextUri": "/login?status=forgot"}}
    assert Settings(web=own).web.forgot_password.next_uri == "/login?status=forgot"


def test_a_form_may_lead_to_the_owners_other_site() -> None:
    visit = Visit(web={"login": {"nextUri": "https://app.example/start"}})
    assert "form-action 'self' https://app.example;" in visit.get("/login").headers["Content-Security-Policy"]
    visit.account()
    answer = visit.fill_in("/login", login="ada@example.org", password=PASSWORD)
    assert answer.headers["Location"] == "https://app.example/start"


class TestWhoMayNotPass:
    def test_learns_who_he_is_and_may_sign_out(self, visit: Visit) -> None:
        visit.account()
        visit.sign_in()
        page = visit.get("/staff", status=403)
        assert "ada@example.org" in page.html.select_one("main").get_text()
        assert page.form.submit().headers["Location"] == "/"
        assert not visit.is_signed_in()

    def test_gets_two_keys_as_a_single_page_app(self, spa: Visit) -> None:
        spa.account()
        spa.sign_in()
        answer = spa.get("/staff", status=403)
        message = "You do not have sufficient permissions to access this resource."
        assert answer.json == {"status": 403, "message": message}


@pytest.mark.parametrize(("accept", "kind"), [(BROWSER, HTML), (JSON, JSON)])
def test_everybody_learns_when_the_directory_is_away(accept: str, kind: str) -> None:
    visit = Visit()
    request = Request.blank("/login", headers={"Accept": accept})
    answer = visit.site.pages.unavailable(request, 7)
    assert (answer.status_int, answer.content_type, answer.headers["Retry-After"]) == (503, kind, "7")
    assert ("Back in a moment" if kind == HTML else "temporarily unavailable") in answer.text


class TestTemplates:
    def look(self, folder: Path, **web: Any) -> Visit:
        return Visit(web={"templates": folder, **web})

    def test_the_owner_adds_to_the_style(self, tmp_path: Path) -> None:
        (tmp_path / "custom.css").write_text(":root { --accent: #0a7f5a; }")
        page = self.look(tmp_path).get("/login")
        assert page.html.style.string.endswith(":root { --accent: #0a7f5a; }")

    def test_a_file_that_a_windows_editor_wrote_is_read(self, tmp_path: Path) -> None:
        """It begins with a byte order mark, which would spoil the first rule in the middle of our style."""
        (tmp_path / "custom.css").write_text(":root { --accent: #0a7f5a; }", encoding="utf-8-sig")
        assert "\ufeff" not in self.look(tmp_path).get("/login").text

    def test_the_owner_changes_one_block_of_one_page(self, tmp_path: Path) -> None:
        (tmp_path / "login.html").write_text(
            '{% extends "stormpath/login.html" %}{% block footer %}Welcome back!{% endblock %}'
        )
        visit = self.look(tmp_path)
        page = visit.get("/login")
        assert page.html.footer.get_text(strip=True) == "Welcome back!"
        assert page.form["login"]
        assert "Welcome back!" not in visit.get("/register")

    def test_the_owner_changes_what_all_pages_share(self, tmp_path: Path) -> None:
        (tmp_path / "base.html").write_text(
            '{% extends "stormpath/base.html" %}{% block brand %}<img src="/logo.svg" alt="Us">{% endblock %}'
        )
        visit = self.look(tmp_path)
        for address in VIEWS:
            assert visit.get(address).html.header.img["alt"] == "Us"

    def test_the_owner_names_another_template(self, tmp_path: Path) -> None:
        (tmp_path / "door.html").write_text("<form method=post>{{ csrf_token() }}</form>")
        assert self.look(tmp_path, login={"view": "door"}).get("/login").text.startswith("<form")

    def test_a_site_that_begins_later_shows_what_the_file_holds_by_then(self, tmp_path: Path) -> None:
        """What a template is compiled to is kept for all sites of the process."""
        for words in ("Come in!", "Closed"):
            (tmp_path / "login.html").write_text(words)
            assert self.look(tmp_path).get("/login").text == words

    def test_a_token_is_the_same_wherever_it_stands_on_a_page(self, tmp_path: Path) -> None:
        (tmp_path / "login.html").write_text("{{ csrf_token() }} {{ csrf_token() }}")
        answer = self.look(tmp_path).get("/login")
        first, second = answer.text.split()
        assert first == second
        assert len(answer.headers.getall("Set-Cookie")) == 1

    @pytest.mark.parametrize(
        ("name", "text", "says"),
        [
            ("login.html", "{% block %}", "login.html"),
            ("custom.css", "</style><script>", "custom.css"),
        ],
    )
    def test_what_cannot_work_is_found_at_the_start(self, tmp_path: Path, name: str, text: str, says: str) -> None:
        (tmp_path / name).write_text(text)
        with pytest.raises(ConfigurationError, match=says):
            self.look(tmp_path)

    def test_a_template_that_is_not_there_is_found_at_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="door"):
            self.look(tmp_path, login={"view": "door"})
        with pytest.raises(ConfigurationError, match="folder"):
            self.look(tmp_path / "nowhere")

    @pytest.mark.parametrize("view", ["door", "../templates/login", "./login", "factor/"])
    def test_without_a_folder_a_template_that_is_not_ours_is_found_at_the_start(self, view: str) -> None:
        with pytest.raises(ConfigurationError, match="there is no template"):
            Visit(web={"login": {"view": view}})

    def test_without_a_folder_ours_have_both_names(self) -> None:
        assert "<form" in Visit(web={"login": {"view": "stormpath/login"}}).get("/login")


class TestSettings:
    @pytest.mark.parametrize(
        ("web", "says"),
        [
            ({"login": {"uri": "login"}}, "uri"),
            ({"login": {"nextUri": "//evil.example"}}, "nextUri"),
            ({"login": {"form": {"fields": {"password": {"enabled": False}}}}}, "password"),
            ({"register": {"form": {"fields": {"email": {"enabled": False}}}}}, "email"),
            ({"register": {"form": {"fieldOrder": ["colour"]}}}, "colour"),
            ({"register": {"form": {"fields": {"colour": {"colour": 1}}}}}, "colour"),
            ({"produces": ["text/plain"]}, "produces"),
            ({"produces": []}, "produces"),
            ({"me": {"expand": {"passwords": True}}}, "passwords"),
        ],
    )
    def test_what_is_wrong_is_named_at_the_start(self, web: dict[str, Any], says: str) -> None:
        with pytest.raises(ConfigurationError, match=says):
            Visit(web=web)
