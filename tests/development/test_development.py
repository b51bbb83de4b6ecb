"""The server for development: whom it answers, persons to be, mails, and why a page was refused."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.lint import LintMiddleware

from stormpath_wsgi import ConfigurationError, StormpathMiddleware, groups_required, user
from stormpath_wsgi.development.guard import PANEL, WARNING, opening
from stormpath_wsgi.development.persons import READY
from stormpath_wsgi.development.server import QuietAboutKeys, development_site
from stormpath_wsgi.events import Declined, SignInStarts
from stormpath_wsgi.flows import Step
from stormpath_wsgi.testing import SETTINGS, quick_databases

KEY = "k" * 64
BROWSER = {"HTTP_ACCEPT": "text/html", "HTTP_HOST": "localhost:8000", "SERVER_PORT": "8000", "REMOTE_ADDR": "127.0.0.1"}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Says who asks; below ``/json`` to a script."""
    kind = "application/json" if environ["PATH_INFO"].startswith("/json") else "text/html"
    body = f"<h1>{user.username}</h1>".encode()
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(0 if is_head else len(body)))])
    return [] if is_head else [body]


def make_site() -> StormpathMiddleware:
    protect = {"/staff": ["staff"], "/both": groups_required(["staff", "board"]), "/": "login"}
    with quick_databases():
        return StormpathMiddleware(LintMiddleware(app), protect=protect, **SETTINGS)


@pytest.fixture(scope="module")
def shared() -> WSGIApplication:
    """A server for all tests that leave the persons as they are."""
    return LintMiddleware(development_site(make_site(), KEY))


@pytest.fixture
def browser(shared: WSGIApplication) -> TestApp:
    return opened(shared)


@pytest.fixture
def middleware() -> StormpathMiddleware:
    """A site for one test."""
    return make_site()


@pytest.fixture
def own_browser(middleware: StormpathMiddleware) -> TestApp:
    return opened(LintMiddleware(development_site(middleware, KEY)))


def opened(site: WSGIApplication) -> TestApp:
    """A browser that has opened the address with the key."""
    browser = TestApp(site, extra_environ=BROWSER)
    browser.get(opening("", KEY))
    return browser


def be(browser: TestApp, name: str, **options: object) -> TestApp:
    """Presses the button of that person."""
    panel = browser.get(PANEL)
    [form] = [form for form in panel.forms.values() if "name" in form.fields and form["name"].value == name]
    return form.submit(**options)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"REMOTE_ADDR": "192.0.2.7"}, "own machine"),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, "tunnels"),
        ({"HTTP_FORWARDED": "for=127.0.0.1"}, "tunnels"),
        ({"HTTP_HOST": "attacker.example"}, "Open it as localhost"),
        ({"HTTP_HOST": "localhost.attacker.example:8000"}, "Open it as localhost"),
        ({"HTTP_HOST": "127.0.0.1@attacker.example"}, "Open it as localhost"),
        ({"HTTP_ORIGIN": "https://attacker.example"}, "another site"),
        ({"HTTP_ORIGIN": "null"}, "another site"),
    ],
)
@pytest.mark.parametrize("path", ["/", PANEL])
def test_it_answers_browsers_of_this_machine_only(
    browser: TestApp, path: str, changed: dict[str, str], words: str
) -> None:
    refused = browser.get(path, extra_environ={**BROWSER, **changed}, status=403)
    assert words in refused
    assert refused.headers[WARNING[0]] == WARNING[1]


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"])
def test_it_has_the_names_of_this_machine(shared: WSGIApplication, host: str) -> None:
    named = {**BROWSER, "HTTP_HOST": host, "HTTP_ORIGIN": f"http://{host}"}
    shown = TestApp(shared, extra_environ=named).get(opening("", KEY))
    assert shown.status_int == 302
    assert shown.headers[WARNING[0]] == WARNING[1]


@pytest.mark.parametrize(
    "path", ["/", "/login", "/json", PANEL, f"{PANEL}mail/0", f"{PANEL}bar.css", opening("", "k"), f"/?key={KEY}"]
)
def test_a_browser_that_does_not_know_the_key_sees_nothing(shared: WSGIApplication, path: str) -> None:
    """Such as everybody behind a proxy that passes on the address of this server as ``Host``, and says nothing else."""
    stranger = TestApp(shared, extra_environ=BROWSER)
    assert "address with ?key=" in stranger.get(path, status=403)
    assert "Set-Cookie" not in stranger.get(path, status=403).headers
    wrong = {"Cookie": "stormpath-development-80=\xe9; stormpath-development-8000=" + "k" * 63}
    assert stranger.get(path, status=403, headers=wrong)
    assert stranger.post(f"{PANEL}be", {"name": "ada"}, status=403)
    assert stranger.options(PANEL, status=403)


def test_the_key_goes_from_the_address_into_a_cookie_for_this_site_only(shared: WSGIApplication) -> None:
    browser = TestApp(shared, extra_environ=BROWSER)
    answer = browser.get(opening("", KEY), status=302)
    assert answer.headers["Location"] == PANEL
    assert answer.headers["Set-Cookie"] == f"stormpath-development-8000={KEY}; Path=/; HttpOnly; SameSite=Strict"
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert KEY not in browser.get(PANEL, status=200)
    assert KEY not in browser.get("/login", status=200)


def test_a_browser_may_ask_without_the_cookie_whether_a_script_may_send_a_request(shared: WSGIApplication) -> None:
    asks = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "PUT"}
    stranger = TestApp(shared, extra_environ=BROWSER)
    assert "?key=" not in stranger.options("/json", headers=asks, status="*")
    assert stranger.put("/json", headers=asks, status=403)


def test_the_log_has_no_key(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(QuietAboutKeys):
        def __init__(self) -> None:
            self.path, self.command, self.request_version = opening("", KEY), "GET", "HTTP/1.1"
            self.requestline, self.client_address = f"GET {self.path} HTTP/1.1", ("127.0.0.1", 5000)

    with caplog.at_level("INFO", "werkzeug"):
        Handler().log_request(302)
    assert f"GET {PANEL}?key=*** HTTP/1.1" in caplog.text
    assert KEY not in caplog.text


def test_one_click_is_a_sign_in_and_leads_back(browser: TestApp) -> None:
    assert browser.get("/", status=302).location.startswith("/login")
    assert be(browser, "ada").location == PANEL
    assert "<h1>ada</h1>" in browser.get("/")
    panel = browser.get(f"{PANEL}?next=/report")
    assert "signed in as ada" in panel
    [form] = [form for form in panel.forms.values() if "name" in form.fields and form["name"].value == "grace"]
    assert form.submit().location == "/report"
    assert "<h1>grace</h1>" in browser.get("/both")


def test_the_button_is_a_form_of_ours_from_this_page(browser: TestApp) -> None:
    assert browser.get(f"{PANEL}be?name=ada", status=404)
    assert "out of date" in browser.post(f"{PANEL}be", {"name": "ada"}, status=403)
    panel = browser.get(PANEL)
    token = panel.forms[0]["csrfToken"].value
    other = {**BROWSER, "HTTP_ORIGIN": "http://localhost:3000"}
    assert browser.post(f"{PANEL}be", {"name": "ada", "csrfToken": token}, extra_environ=other, status=403)
    assert browser.post(f"{PANEL}be", {"name": "nobody", "csrfToken": token}, status=404)
    assert browser.post(f"{PANEL}be", "{}", status=415, content_type="text/plain")
    assert browser.put(PANEL, status=405)
    assert browser.get("/", status=302)


def test_everybody_is_there_and_who_may_not_sign_in_is_told_why(browser: TestApp) -> None:
    panel = browser.get(PANEL)
    assert all(each.what in panel for each in READY)
    assert "The code of the app is now" in panel
    for name in ("mary", "joan"):
        assert f"{name} may not sign in: " in be(browser, name, status=403)
    assert browser.get("/", status=302)


def test_a_page_that_was_refused_says_by_which_policy_and_what_the_visitor_has(browser: TestApp) -> None:
    be(browser, "ada")
    refused = browser.get("/both", status=403)
    told = "The policy groups_required(staff, board) asks for staff, board; ada has no group."
    assert told in refused
    assert "no in the group board: stormpath-wsgi group add puts an account into it" in refused
    assert told in browser.get(PANEL)
    be(browser, "grace")
    assert "Why 403" not in browser.get("/both")


def test_the_bar_is_on_pages_only_and_lengths_are_right(browser: TestApp) -> None:
    assert "Nobody is signed in." in browser.get("/login")
    be(browser, "ada")
    page = browser.get("/")
    assert "Signed in as ada" in page
    assert page.text.count("stormpath-bar") == 1
    assert "#stormpath-bar" in browser.get(f"{PANEL}bar.css")
    for answer in (
        browser.get("/json"),
        browser.get("/", headers={"Accept": "application/json"}),
        browser.get("/", headers={"Sec-Fetch-Dest": "empty"}),
        browser.head("/"),
    ):
        assert "stormpath-bar" not in answer.text
        assert WARNING[0] in answer.headers


def test_mails_and_messages_are_in_the_inbox_with_their_links(
    own_browser: TestApp, middleware: StormpathMiddleware
) -> None:
    browser = own_browser
    form = browser.get("/forgot").form
    form["email"] = "ada@example.org"
    form.submit()
    mail = browser.get(PANEL).click("Choose a new password")
    link = next(each["href"] for each in mail.html.find_all("a") if "sptoken" in each["href"])
    assert "password" in browser.get(link.partition("localhost:8000")[2] or link)
    program = mail.click("As a mail program")
    assert "default-src 'none'" in program.headers["Content-Security-Policy"]
    for address in ("mail/7", "html/x", "mail/99999999999", "nothing"):
        assert "nothing at this address" in browser.get(PANEL + address, status=404)
    [alan] = [each for each in middleware.application.accounts if each.username == "alan"]
    alan.factors.create({"type": "SMS", "phone": {"number": "+15555550123"}}, challenge=True)
    assert "To +15555550123" in browser.get(PANEL)


def test_the_listeners_and_steps_of_the_site_have_their_say(
    middleware: StormpathMiddleware, own_browser: TestApp
) -> None:
    class Asks(Step):
        uri = "/question"

        def asks(self, account: object, origin: object) -> str | None:
            return "code"

    middleware.flows.sign_in.add_step(Asks())
    assert be(own_browser, "ada").location.startswith("/question?pending=")

    def refuse(event: SignInStarts) -> None:
        raise Declined("Closed today.")

    middleware.events.listen(SignInStarts, refuse)
    assert "Closed today." in be(own_browser, "grace", status=403)


def test_a_site_with_real_accounts_is_refused(tmp_path: object) -> None:
    real = StormpathMiddleware(app, directory=f"sqlite:///{tmp_path}/accounts.db", secret_keys=["k" * 64])
    with pytest.raises(ConfigurationError, match="in memory"):
        development_site(real, KEY)
    real.client.close()


def test_who_is_deleted_is_not_there(own_browser: TestApp, middleware: StormpathMiddleware) -> None:
    [ada] = [each for each in middleware.application.accounts if each.username == "ada"]
    ada.delete()
    assert "Be ada" not in own_browser.get(PANEL)
