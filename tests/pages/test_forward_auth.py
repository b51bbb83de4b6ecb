"""What a proxy is answered that asks whether a visitor may pass to an application behind it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import Engine, event
from support.browsing import PASSWORD, OpenSite, Visit

from stormpath_wsgi import ConfigurationError
from stormpath_wsgi.settings import Settings

CHECK = "/auth/check"
JSON = {"Accept": "application/json"}
#: One machine for the pages, two for applications behind the proxy, whose address is that of WebTest.
OTHERS: dict[str, Any] = {
    "web": {
        "base_url": "https://auth.example.com",
        "forward_auth": {
            "enabled": True,
            "hosts": {"wiki.example.com": "login", "http://ci.example.com:8080": ["ops", "staff"]},
        },
    },
    "session": {"cookie_domain": "example.com"},
    "proxies": ["10.0.0.5"],
}


def here(**rest: Any) -> dict[str, Any]:
    """The settings of a site at whose host all is."""
    return {"web": {"forward_auth": {"enabled": True, **rest}}}


def asked(uri: str = "/page?a=1", host: str | None = None, **more: str) -> dict[str, str]:
    """The headers of a proxy."""
    named = {} if host is None else {"X-Forwarded-Host": host}
    return {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": uri, **named, **more}


@pytest.fixture
def visit() -> Visit:
    return Visit(**here())


@pytest.fixture
def other() -> Visit:
    """Somebody who visits through the proxy."""
    visit = Visit(**OTHERS)
    visit.extra_environ |= {"REMOTE_ADDR": "10.0.0.5", "HTTP_HOST": "auth.example.com", "wsgi.url_scheme": "https"}
    return visit


def test_it_is_the_applications_unless_it_is_switched_on() -> None:
    assert "app: " in Visit().get(CHECK, status=404)


class TestWhoMayPass:
    def test_whoever_is_signed_in_and_the_proxy_is_told_who_that_is(self, visit: Visit) -> None:
        account = visit.account(username="ada", surname="Løvelace")
        account.email_verification_status = "VERIFIED"
        account.save()
        for name in ("staff", "ops"):
            account.add_group(visit.application.groups.create({"name": name}))
        visit.sign_in()
        answer = visit.get(CHECK, headers=asked(), status=202)
        told = {name: answer.headers[name].encode("latin-1").decode() for name in answer.headers if "Remote" in name}
        assert told == {
            "Remote-User": "ada",
            "Remote-Email": "ada@example.org",
            "Remote-Groups": "ops,staff",
            "Remote-Name": "Ada Løvelace",
        }
        assert answer.body == b""

    def test_no_stranger(self, visit: Visit) -> None:
        answer = visit.get(CHECK, headers=asked(), status=401)
        assert not [name for name in answer.headers if name.startswith("Remote-")]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("query", ["?groups=staff", "?groups=ops,staff", "?groups=ops&groups=staff", "?groups="])
    def test_only_members_of_all_groups_that_the_proxy_names(self, visit: Visit, query: str) -> None:
        account = visit.account()
        account.add_group(visit.application.groups.create({"name": "ops"}))
        visit.sign_in()
        visit.get(CHECK + "?groups=ops", status=202)
        visit.get(CHECK + query, status=403)

    def test_a_query_beyond_reading_lets_nobody_pass(self, visit: Visit) -> None:
        visit.account()
        visit.sign_in()
        visit.get(CHECK + "?" + "a=1&" * 300, status=403)

    def test_only_members_of_the_groups_that_the_settings_name(self) -> None:
        visit = Visit(**here(groups=["ops"]))
        account = visit.account()
        visit.sign_in()
        visit.get(CHECK, status=403)
        account.add_group(visit.application.groups.create({"name": "ops"}))
        visit.get(CHECK, status=202)

    def test_a_sign_out_counts_at_once(self, visit: Visit) -> None:
        visit.account()
        visit.sign_in()
        visit.get(CHECK, status=202)
        other = Visit(site=visit.site)
        other.set_cookie("stormpath_session", visit.cookies["stormpath_session"])
        other.get(CHECK, status=202)
        visit.post("/logout")
        other.get(CHECK, status=401)

    @pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "TRACE"])
    def test_whatever_the_method_is(self, visit: Visit, method: str) -> None:
        by_method = {"REQUEST_METHOD": method}
        visit.get(CHECK, extra_environ=by_method, status=401)
        visit.account()
        visit.sign_in()
        visit.get(CHECK, extra_environ=by_method, status=202)

    def test_nothing_is_asked_about_a_visitor_who_was_asked_about_before(self, visit: Visit) -> None:
        account = visit.account()
        account.add_group(visit.application.groups.create({"name": "ops"}))
        visit.sign_in()
        visit.get(CHECK + "?groups=ops", status=202)
        statements: list[str] = []

        def note(*arguments: Any) -> None:
            statements.append(arguments[2])

        event.listen(Engine, "before_cursor_execute", note)
        try:
            visit.get(CHECK + "?groups=ops", status=202)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        assert statements == []

    def test_no_cache_keeps_an_answer(self, visit: Visit) -> None:
        for status in (401, 202):
            answer = visit.get(CHECK, status=status)
            assert "no-store" in answer.headers["Cache-Control"]
            assert "Cookie" in answer.headers["Vary"]
            if status == 401:
                visit.account()
                visit.sign_in()

    def test_it_works_with_a_directory_on_another_machine(self, opened: OpenSite) -> None:
        visit = opened("text/html", **here())
        visit.account(username="ada")
        visit.sign_in()
        assert visit.get(CHECK, status=202).headers["Remote-User"] == "ada"


class TestHeaders:
    def test_what_cannot_be_told_is_empty_so_that_a_proxy_replaces_what_a_visitor_has_sent(self, visit: Visit) -> None:
        visit.account()
        visit.sign_in()
        answer = visit.get(CHECK, headers=asked(**{"Remote-Groups": "admins", "Remote-Email": "eve@example.org"}))
        assert (answer.headers["Remote-Groups"], answer.headers["Remote-Email"]) == ("", "")

    def test_they_have_the_names_of_the_settings(self) -> None:
        visit = Visit(**here(headers={"user": "X-Webauth-User", "groups": "off", "name": False}))
        visit.account(username="ada")
        visit.sign_in()
        headers = visit.get(CHECK).headers
        assert headers["X-Webauth-User"] == "ada"
        assert [name for name in headers if name.startswith("Remote-")] == ["Remote-Email"]

    @pytest.mark.parametrize("name", ["Remote_User", "Location", "X-A:b", "Remote-User\r\nSet-Cookie"])
    def test_other_names_are_refused(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match="write the name of a header such as Remote-User"):
            Settings.read(**here(headers={"user": name}))

    def test_each_has_a_name_of_its_own(self) -> None:
        with pytest.raises(ConfigurationError, match="headers of their own"):
            Settings.read(**here(headers={"user": "remote-email".title()}))


class TestSignIn:
    """Where a stranger is sent, at one host."""

    def test_the_proxy_is_told_the_address_of_the_sign_in_page(self, visit: Visit) -> None:
        answer = visit.get(CHECK, headers=asked(), status=401)
        assert answer.headers["Location"] == "/login?next=%2Fpage%3Fa%3D1"

    def test_a_proxy_that_hands_our_answer_on_is_given_a_redirect(self, visit: Visit) -> None:
        answer = visit.get(CHECK + "?redirect=1", headers=asked(), status=302)
        assert answer.headers["Location"] == "/login?next=%2Fpage%3Fa%3D1"

    @pytest.mark.parametrize("query", ["", "?redirect=1"])
    def test_a_program_gets_401_and_no_address(self, visit: Visit, query: str) -> None:
        answer = visit.get(CHECK + query, headers={**asked(), **JSON}, status=401)
        assert "Location" not in answer.headers

    @pytest.mark.parametrize("query", ["", "?redirect=1"])
    def test_a_wrong_token_is_401_for_a_browser_too(self, visit: Visit, query: str) -> None:
        form = {"grant_type": "password", "username": visit.account().email, "password": PASSWORD}
        token = visit.post("/oauth/token", form).json["access_token"]
        visit.get(CHECK, headers={"Authorization": f"Bearer {token}"}, status=202)
        wrong = visit.get(CHECK + query, headers={"Authorization": f"Bearer {token}x"}, status=401)
        assert "invalid_token" in wrong.headers["WWW-Authenticate"]
        assert "Location" not in wrong.headers

    @pytest.mark.parametrize(
        "uri", ["https://evil.example/", "//evil.example", "/\\evil.example", "", "/" + "a" * 3000]
    )
    def test_it_leads_nowhere_else(self, visit: Visit, uri: str) -> None:
        headers = asked(uri, host="evil.example")
        assert visit.get(CHECK, headers=headers, status=401).headers["Location"] == "/login"

    def test_a_form_is_not_sent_again(self, visit: Visit) -> None:
        headers = asked() | {"X-Forwarded-Method": "POST"}
        assert visit.get(CHECK, headers=headers, status=401).headers["Location"] == "/login"

    def test_who_may_not_pass_sees_a_page_with_a_way_to_sign_in_as_somebody_else(self, visit: Visit) -> None:
        visit.account()
        visit.sign_in()
        assert visit.get(CHECK + "?groups=ops", headers=asked(), status=403).content_type == "application/json"
        page = visit.get(CHECK + "?redirect=1&groups=ops", headers=asked(), status=403)
        [link] = [a["href"] for a in page.html.find_all("a") if "/login" in a["href"]]
        assert link == "/login?next=%2Fpage%3Fa%3D1&status=forbidden"


class TestOtherHosts:
    def test_sign_in_leads_back_to_a_host_that_is_named(self, other: Visit) -> None:
        other.account()
        answer = other.get(CHECK + "?redirect=1", headers=asked(host="wiki.example.com"), status=302)
        page = "https://wiki.example.com/page?a=1"
        assert answer.headers["Location"].startswith("https://auth.example.com/login?next=https%3A%2F%2Fwiki.example")
        form = other.get(answer.headers["Location"].removeprefix("https://auth.example.com"))
        policy = form.headers["Content-Security-Policy"]
        assert re.search(r"form-action 'self' http://ci.example.com:8080 https://wiki.example.com;", policy)
        form.form["login"], form.form["password"] = "ada@example.org", PASSWORD
        assert form.form.submit(status=302).headers["Location"] == page
        other.get(CHECK, headers=asked(host="wiki.example.com"), status=202)

    def test_and_to_no_other(self, other: Visit) -> None:
        other.account()
        form = other.get("/login", {"next": "https://wiki.example.com.evil.example/"}).form
        form["login"], form["password"] = "ada@example.org", PASSWORD
        assert form.submit(status=302).headers["Location"] == "/"

    def test_a_host_is_named_only_while_proxies_may_ask(self) -> None:
        off = {**OTHERS, "web": {**OTHERS["web"], "forward_auth": {"hosts": {"wiki.example.com": "login"}}}}
        visit = Visit(**off)
        visit.account()
        form = visit.get("/login", {"next": "https://wiki.example.com/"}).form
        form["login"], form["password"] = "ada@example.org", PASSWORD
        assert form.submit(status=302).headers["Location"] == "/"

    def test_each_has_its_own_groups(self, other: Visit) -> None:
        account = other.account()
        for name in ("ops", "staff"):
            other.sign_in()
            other.get(CHECK, headers=asked(host="wiki.example.com:443"), status=202)
            other.get(CHECK, headers=asked(host="CI.example.com:8080"), status=403)
            account.add_group(other.application.groups.create({"name": name}))
        other.get(CHECK, headers=asked(host="ci.example.com:8080"), status=202)

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "x.wiki.example.com",
            "wiki.example.com, evil.example",
            "evil.example, wiki.example.com",  # uWSGI has put the visitor's X_Forwarded_Host behind that of the proxy
            "wiki.example.com,wiki.example.com",
            "a" * 400,
        ],
    )
    def test_a_host_that_nobody_has_named_is_refused_to_everybody(
        self, other: Visit, host: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        other.get(CHECK + "?redirect=1", headers=asked(host=host), status=403)
        other.account()
        other.sign_in()
        other.get(CHECK, headers=asked(host=host), status=403)
        assert "which web.forwardAuth.hosts does not name" in caplog.text

    def test_a_visitor_chooses_no_host_by_a_header(self, other: Visit) -> None:
        other.account()
        other.sign_in()
        other.extra_environ |= {"REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "ci.example.com:8080"}
        other.get(CHECK, headers=asked(host="wiki.example.com"), status=403)

    def test_the_host_of_our_own_pages_needs_no_name(self, other: Visit) -> None:
        answer = other.get(CHECK, headers=asked(host="auth.example.com"), status=401)
        assert answer.headers["Location"] == "/login?next=%2Fpage%3Fa%3D1"

    @pytest.mark.parametrize(
        ("changed", "sentence"),
        [
            ({"base_url": None}, "set web.baseUrl as well"),
            ({"forward_auth": {"hosts": {"wiki.example.com/": "login"}}}, "wiki.example.com/ is no host"),
            ({"forward_auth": {"hosts": {"ftp://wiki.example.com": "login"}}}, "is no host"),
            ({"forward_auth": {"hosts": {"wiki.example.com": []}}}, "write login, or a list of group names"),
            ({"forward_auth": {"hosts": {"a.example.com": "login", "http://a.example.com": ["x"]}}}, "each host once"),
            ({"forward_auth": {"hosts": {"wiki.example.org": "login"}}}, "set session.cookieDomain to a domain"),
            ({"forward_auth": {"hosts": {"badexample.com": "login"}}}, "set session.cookieDomain to a domain"),
        ],
    )
    def test_settings_with_which_nobody_could_come_back_are_refused(self, changed: Any, sentence: str) -> None:
        with pytest.raises(ConfigurationError, match=sentence):
            Settings.read(**{**OTHERS, "web": {**OTHERS["web"], **changed}})


class TestBelow:
    """Envoy asks below the address: the path is that of the visitor, and so are method, host and query."""

    def test_who_may_pass_is_200(self, other: Visit) -> None:
        other.account()
        other.sign_in()
        other.extra_environ["HTTP_HOST"] = "wiki.example.com"
        answer = other.get(CHECK + "/page?a=1", extra_environ={"REQUEST_METHOD": "DELETE"}, status=200)
        assert answer.headers["Remote-User"] == "ada@example.org"

    def test_a_stranger_is_sent_to_the_sign_in_page(self, other: Visit) -> None:
        other.extra_environ["HTTP_HOST"] = "wiki.example.com"
        answer = other.get(CHECK + "/p%20q/?a=1", status=302)
        assert answer.headers["Location"].endswith("?next=https%3A%2F%2Fwiki.example.com%2Fp%2520q%2F%3Fa%3D1")
        other.post(CHECK + "/page", headers=JSON, status=401)

    def test_the_query_and_the_headers_of_the_visitor_say_nothing(self, other: Visit) -> None:
        other.account()
        other.sign_in()
        other.extra_environ["HTTP_HOST"] = "ci.example.com:8080"
        other.get(CHECK + "/?groups=", headers=asked(host="wiki.example.com"), status=403)
        other.extra_environ["HTTP_HOST"] = "wiki.example.com"
        other.get(CHECK + "/?groups=nobody", status=200)


class TestPrograms:
    def test_they_bring_an_api_key_where_the_settings_say_so(self) -> None:
        visit = Visit(**here(basic=True))
        key = visit.account(username="ada").api_keys.create()
        assert visit.get(CHECK, headers=JSON, status=401).headers["WWW-Authenticate"].startswith("Basic")
        visit.authorization = ("Basic", (key.id, key.secret))
        assert visit.get(CHECK, headers=JSON, status=202).headers["Remote-User"] == "ada"
        assert visit.get(CHECK + "/repository", headers=JSON, status=200)
        visit.authorization = ("Basic", (key.id, "wrong"))
        visit.get(CHECK, status=401)

    def test_and_nowhere_else(self, visit: Visit) -> None:
        key = visit.account().api_keys.create()
        visit.authorization = ("Basic", (key.id, key.secret))
        assert visit.get(CHECK, headers=JSON, status=401).headers["WWW-Authenticate"].startswith("Bearer")
