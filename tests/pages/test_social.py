"""Signing in through another site, as a visitor meets it: the way there, the way back, and what goes wrong."""

from __future__ import annotations

import logging
from contextlib import closing
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.browsing import Visit, make_site
from support.others import ID, LABEL, LOOPBACK, comes_back, social, social_site, way_back

from stormpath_wsgi import ConfigurationError, StormpathMiddleware
from stormpath_wsgi.events import Declined, Registered, SignedIn, SignInFailed, SignInStarts
from stormpath_wsgi.flows import journeys, social_setup
from stormpath_wsgi.flows.social_stores import SocialStores
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.testing import OpenIDProvider

_numbers = count()


@pytest.fixture(scope="module")
def site(provider: OpenIDProvider) -> StormpathMiddleware:
    return social_site(provider)


@pytest.fixture(scope="module")
def other_site(provider: OpenIDProvider) -> StormpathMiddleware:
    """One with several buttons before its form, whose addresses are not the usual ones."""
    pair = {"clientId": "x", "clientSecret": "y"}
    web = {
        "baseUrl": "https://www.example.com",
        "social": {
            **social(provider, uri="/back", startUri="/to/acme"),
            "second": {**pair, "issuer": "https://second.example", "label": "Second"},
            "google": {**pair, "mark": "https://cdn.example/g.svg"},
            "github": pair,
            "microsoft": pair,
        },
        "socialSignIn": {"place": "before", "order": ["microsoft", "github"]},
    }
    return make_site(**LOOPBACK, web=web)


@pytest.fixture
def visit(site: StormpathMiddleware) -> Visit:
    return Visit(site=site)


@pytest.fixture
def somebody(provider: OpenIDProvider) -> str:
    """A person whom nobody knows yet."""
    name = f"person{next(_numbers)}"
    provider.people[name] = {"name": name, "given_name": "P", "email": f"{name}@example.org", "email_verified": True}
    return name


def said(visit: Visit, answer: Any) -> str:
    """What the sign-in page says to which *answer* leads."""
    assert answer.status_int == 302
    assert urlsplit(answer.headers["Location"]).path == "/login"
    return str(visit.get(answer.headers["Location"]).html.select_one(".alert").get_text(" ", strip=True))


NOT_IN = f"{LABEL} did not sign you in. Try again, or use another way."


class TestComingBack:
    """What becomes of a visitor whom the other site has proved."""

    def test_a_new_person_gets_an_account_and_a_known_one_has_it(
        self, visit: Visit, provider: Any, somebody: str
    ) -> None:
        assert comes_back(visit, provider, somebody).headers["Location"] == "/"
        assert visit.is_signed_in()
        again = Visit(site=visit.site)
        comes_back(again, provider, somebody)
        assert again.is_signed_in()
        assert len(visit.site.client.accounts.search({"email": f"{somebody}@example.org"})) == 1

    def test_they_go_where_they_wanted_to_go(self, visit: Visit, provider: Any, somebody: str) -> None:
        assert (
            comes_back(visit, provider, somebody, f"/login/{ID}?next=%2Fcart%3Fa%3D1").headers["Location"]
            == "/cart?a=1"
        )

    @pytest.mark.parametrize(
        "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "/%2Fevil.example"]
    )
    def test_they_are_led_to_no_other_site(self, visit: Visit, provider: Any, somebody: str, elsewhere: str) -> None:
        path = way_back(visit, provider, somebody, f"/login/{ID}?next={elsewhere}")
        assert visit.get(f"{path}&next={elsewhere}").headers["Location"] == "/"

    def test_an_address_that_is_too_long_for_a_cookie_is_left_out(
        self, visit: Visit, provider: Any, somebody: str
    ) -> None:
        wanted = "/" + "a" * journeys.LONGEST_ADDRESS
        assert comes_back(visit, provider, somebody, f"/login/{ID}?next={wanted}").headers["Location"] == "/"

    def test_several_tabs_are_under_way_at_once(self, visit: Visit, provider: Any, somebody: str) -> None:
        first = way_back(visit, provider, somebody, f"/login/{ID}?next=%2Fone")
        second = way_back(visit, provider, somebody, f"/login/{ID}?next=%2Ftwo")
        assert visit.get(second).headers["Location"] == "/two"
        assert visit.get(first).headers["Location"] == "/one"

    def test_the_oldest_of_many_tabs_is_forgotten(self, visit: Visit, provider: Any, somebody: str) -> None:
        paths = [way_back(visit, provider, somebody) for _ in range(journeys.MOST + 1)]
        cookies = [name for name in visit.cookies if name.startswith("stormpath_journey")]
        assert len(cookies) == journeys.MOST
        assert visit.get(paths[-1]).headers["Location"] == "/"

    def test_what_has_happened_is_told_once(self, visit: Visit, provider: Any, somebody: str) -> None:
        told: list[Any] = []
        visit.site.events.listen(Registered, told.append)
        visit.site.events.listen(SignedIn, told.append)
        comes_back(visit, provider, somebody)
        assert [type(each) for each in told] == [Registered, SignedIn]
        assert told[1].credential == "provider"

    def test_a_listener_may_refuse(self, visit: Visit, provider: Any, somebody: str) -> None:
        refuses = True

        def refuse(event: SignInStarts) -> None:
            if refuses and event.credential == "provider":
                raise Declined("Only for the staff.")

        visit.site.events.listen(SignInStarts, refuse)
        answer = comes_back(visit, provider, somebody)
        assert said(visit, answer) == "Only for the staff."
        assert "staff" not in visit.get(answer.headers["Location"]), "it is told once"
        assert not visit.is_signed_in()
        program = Visit("application/json", site=visit.site)
        assert comes_back(program, provider, somebody).json == {"status": 403, "message": "Only for the staff."}
        refuses = False

    def test_the_wish_to_stay_signed_in_goes_along(self, visit: Visit, provider: Any, somebody: str) -> None:
        answer = comes_back(visit, provider, somebody, f"/login/{ID}?rememberMe=true")
        assert "Max-Age" in next(each for each in answer.headers.getall("Set-Cookie") if "stormpath_session=" in each)
        answer = comes_back(Visit(site=visit.site), provider, somebody)
        assert "Max-Age" not in next(
            each for each in answer.headers.getall("Set-Cookie") if "stormpath_session=" in each
        )

    def test_the_second_factor_is_asked(self, provider: Any, somebody: str) -> None:
        site = social_site(provider, secondFactor={"requiredFor": ["*"]})
        visit = Visit(site=site)
        answer = comes_back(visit, provider, somebody, f"/login/{ID}?next=%2Fcart")
        assert urlsplit(answer.headers["Location"]).path == "/factor"
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == ["/cart"]
        assert not visit.is_signed_in()

    def test_a_program_gets_the_account(self, site: StormpathMiddleware, provider: Any, somebody: str) -> None:
        program = Visit("application/json", site=site)
        assert comes_back(program, provider, somebody).json["account"]["email"] == f"{somebody}@example.org"

    def test_the_name_that_a_form_of_the_provider_brings_is_in_no_address(
        self, visit: Visit, provider: Any, somebody: str
    ) -> None:
        """Apple tells it so, once."""
        path, _, query = way_back(visit, provider, somebody).partition("?")
        form = {name: values[0] for name, values in parse_qs(query).items()}
        answer = visit.post(path, {**form, "user": '{"name": {"firstName": "Ada"}}'}, status=303)
        assert "Ada" not in answer.headers["Location"]
        assert answer.headers["Set-Cookie"].startswith("stormpath_person=")
        assert visit.get(answer.headers["Location"]).headers["Location"] == "/"
        assert "stormpath_person" not in visit.cookies

    def test_a_name_counts_only_for_the_state_that_it_came_with(
        self, visit: Visit, provider: Any, somebody: str, monkeypatch: Any
    ) -> None:
        """Any site can have a browser post a form here."""
        brought: list[Any] = []
        flow = visit.site.flows.social
        come_back = flow.come_back

        def recorded(session: Any, id: str, uri: str, parameters: Any, **more: Any) -> Any:
            brought.append(parameters.get("user"))
            return come_back(session, id, uri, parameters, **more)

        monkeypatch.setattr(flow, "come_back", recorded)
        path, _, query = way_back(visit, provider, somebody).partition("?")
        for state in ("", "x", "x; Path=/", "A" * 42):
            visit.post(path, {"state": state, "user": "planted"}, status=303)
            assert "stormpath_person" not in visit.cookies
        visit.post(path, {"state": "A" * 43, "user": "planted"}, status=303)
        assert visit.get(f"{path}?{query}").headers["Location"] == "/"
        assert "stormpath_person" not in visit.cookies
        again = way_back(visit, provider, somebody)
        path, _, query = again.partition("?")
        form = {name: values[0] for name, values in parse_qs(query).items()}
        visit.post(path, {**form, "user": "Zoë"}, status=303)
        visit.get(again)
        assert brought == [None, "Zoë"]

    def test_a_form_of_the_provider_brings_the_same(self, visit: Visit, provider: Any, somebody: str) -> None:
        """Browsers send no cookie of ours with a form of another site, so it goes on by GET."""
        path, _, query = way_back(visit, provider, somebody).partition("?")
        form = {name: values[0] for name, values in parse_qs(query).items()}
        answer = visit.post(path, {**form, "id_token": "left out"}, status=303)
        assert "id_token" not in answer.headers["Location"]
        assert answer.follow().headers["Location"] == "/"
        assert visit.is_signed_in()


class TestGoingWrong:
    """Nobody is signed in as somebody else, nothing is a server error, and people learn what to do."""

    @pytest.mark.parametrize(
        "query",
        [
            "code=x",
            "code=x&state=",
            "code=x&state=x",
            "state=" + "A" * 43,
            "error=access_denied",
            "code=%00&state=%ff",
            "code=" + "x" * 5000,
            "code=x&state=x&state=y",
            "code[]=x&state={}",
            "code=x&iss=%0d%0a",
        ],
    )
    def test_who_has_not_set_out_does_not_arrive(self, visit: Visit, query: str) -> None:
        assert said(visit, visit.get(f"/callbacks/{ID}?{query}")) == NOT_IN

    @pytest.mark.parametrize("value", ["", "x", ".", "a.b.c.d.e.f.g.h", "x" * 4000, "\xff", "google.in..0.." + "." * 9])
    def test_whatever_stands_in_its_cookie_does_no_harm(self, visit: Visit, value: str) -> None:
        state = "A" * 43
        visit.extra_environ["HTTP_COOKIE"] = f"stormpath_journey_{state[:12]}={value}; stormpath_connect={value}"
        for path in (f"/callbacks/{ID}?code=x&state={state}", f"/login/{ID}", "/login?status=connect"):
            assert visit.get(path, status="*").status_int in (200, 302)

    def test_many_made_up_cookies_cost_few_headers(self, visit: Visit) -> None:
        made_up = "; ".join(f"stormpath_journey_{number:012}=x" for number in range(400))
        visit.extra_environ["HTTP_COOKIE"] = made_up
        answer = visit.get(f"/login/{ID}", status=302)
        assert len(answer.headers.getall("Set-Cookie")) <= 4 * journeys.MOST

    @pytest.mark.parametrize(
        ("body", "status"), [("user=%ff", 400), ("user=%ed%a0%80", 400), ("user=" + "x" * 200_000, 413)]
    )
    def test_a_form_that_cannot_be_read_is_refused(self, visit: Visit, body: str, status: int) -> None:
        answer = visit.post(f"/callbacks/{ID}", body, status=status)
        assert answer.json["status"] == status
        assert "stormpath_person" not in visit.cookies

    def test_another_browser_does_not_arrive(self, visit: Visit, provider: Any, somebody: str) -> None:
        path = way_back(visit, provider, somebody)
        other = Visit(site=visit.site)
        assert said(other, other.get(path)) == NOT_IN
        assert not other.is_signed_in()

    def test_a_browser_with_a_journey_of_its_own_does_not_arrive_by_another(
        self, visit: Visit, provider: Any, somebody: str
    ) -> None:
        stolen = way_back(visit, provider, somebody)
        other = Visit(site=visit.site)
        way_back(other, provider, somebody)
        assert said(other, other.get(stolen)) == NOT_IN
        assert not other.is_signed_in()

    def test_the_same_way_back_is_good_once(self, visit: Visit, provider: Any, somebody: str) -> None:
        path = way_back(visit, provider, somebody)
        cookies = dict(visit.cookies)
        visit.get(path)
        assert not [name for name in visit.cookies if name.startswith("stormpath_journey")]
        visit.reset()
        assert said(visit, visit.get(path)) == NOT_IN
        for name, value in cookies.items():
            visit.set_cookie(name, value)
        assert said(visit, visit.get(path)) == NOT_IN, "the provider takes its code once"
        assert not visit.is_signed_in()

    def test_who_comes_back_twice_at_once_is_signed_in(self, visit: Visit, provider: Any, somebody: str) -> None:
        path = way_back(visit, provider, somebody)
        visit.get(path)
        again = visit.get(path)
        assert visit.get(again.headers["Location"]).headers["Location"] == "/"
        assert visit.is_signed_in()

    def test_a_journey_that_took_too_long_is_over(
        self, visit: Visit, provider: Any, somebody: str, monkeypatch: Any
    ) -> None:
        path = way_back(visit, provider, somebody, f"/login/{ID}?next=%2Fcart")
        flow = visit.site.flows.social._journeys
        monkeypatch.setattr(flow, "_now", lambda now=flow._now: now() + journeys.LIFETIME)
        answer = visit.get(path)
        assert said(visit, answer) == "That took too long. Sign in once more."
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == ["/cart"]

    def test_what_one_provider_has_given_is_nothing_at_another(
        self, other_site: StormpathMiddleware, provider: Any, somebody: str
    ) -> None:
        """The second one is nowhere: it is not shown what the first one has given."""
        visit = Visit(site=other_site)
        path = way_back(visit, provider, somebody, "/to/acme")
        answer = visit.get(path.replace("/back", "/callbacks/second"))
        assert said(visit, answer) == "Second did not sign you in. Try again, or use another way."
        assert not visit.is_signed_in()

    def test_who_has_cancelled_is_told_so_kindly(self, visit: Visit, provider: Any) -> None:
        failed: list[SignInFailed] = []
        visit.site.events.listen(SignInFailed, failed.append)
        answer = comes_back(visit, provider, None, f"/login/{ID}?next=%2Fcart")
        assert said(visit, answer) == f"You did not sign in with {LABEL}. Try again, or use another way."
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == ["/cart"]
        assert failed == []

    @pytest.mark.parametrize("fault", ["another audience", "another nonce"])
    def test_what_is_wrong_with_a_token_is_for_the_log(
        self, visit: Visit, provider: Any, somebody: str, fault: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = way_back(visit, provider, somebody)
        with provider.token_fault(fault), caplog.at_level(logging.INFO):
            assert said(visit, visit.get(path)) == NOT_IN
        assert not visit.is_signed_in()
        assert f"/callbacks/{ID} refuses" in caplog.text
        assert "error message: " in caplog.text
        assert "code=" not in caplog.text

    def test_who_does_not_tell_the_address_learns_to_allow_that(
        self, visit: Visit, provider: Any, somebody: str
    ) -> None:
        del provider.people[somebody]["email"]
        expected = f"{LABEL} did not tell us your email. Allow that there, and try again."
        assert said(visit, comes_back(visit, provider, somebody)) == expected
        program = Visit("application/json", site=visit.site)
        data = {"providerId": ID, "accessToken": provider.access_token(somebody)}
        assert program.post_json("/login", {"providerData": data}, status=400).json["message"] == expected

    @pytest.mark.parametrize("forged", ["x", "x.y", "T25seSBmb3IgbWU=." + "0" * 64])
    def test_nobody_has_the_page_say_something_else(self, visit: Visit, forged: str) -> None:
        visit.set_cookie("stormpath_said", forged)
        assert not visit.get("/login?status=declined").html.select(".alert")

    def test_a_provider_that_is_down_is_one_that_did_not_sign_in(
        self, visit: Visit, provider: Any, somebody: str
    ) -> None:
        path = way_back(visit, provider, somebody)
        with provider.answer_fault("down", "/token"):
            assert said(visit, visit.get(path)) == NOT_IN

    def test_a_program_is_told_the_same(self, site: StormpathMiddleware) -> None:
        answer = Visit("application/json", site=site).get(f"/callbacks/{ID}?code=x&state=y", status=400)
        assert answer.json == {"status": 400, "message": NOT_IN}

    def test_an_account_that_was_disabled_meanwhile_is_not_let_in(
        self, visit: Visit, provider: Any, somebody: str
    ) -> None:
        comes_back(visit, provider, somebody)
        [account] = visit.site.client.accounts.search({"email": f"{somebody}@example.org"})
        account.status = "DISABLED"
        account.save()
        other = Visit(site=visit.site)
        assert said(other, comes_back(other, provider, somebody)) == NOT_IN
        assert not other.is_signed_in()

    @pytest.mark.parametrize(
        "path", ["/login/nobody", "/callbacks/nobody?code=x&state=y", "/login/google", "/callbacks", "/login/a/b"]
    )
    def test_the_addresses_of_other_providers_are_the_applications(self, visit: Visit, path: str) -> None:
        assert "app: " in visit.get(path, status=404)

    def test_a_way_back_without_anything_leads_there(self, visit: Visit) -> None:
        assert visit.get(f"/callbacks/{ID}?next=%2Fcart").headers["Location"] == f"/login/{ID}?next=%2Fcart"


class TestTheWayThere:
    """What the provider is told."""

    def asked(self, visit: Visit, **web: Any) -> dict[str, str]:
        location = visit.get(f"/login/{ID}", status=302).headers["Location"]
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    def test_it_has_a_state_a_nonce_and_a_challenge_and_no_verifier(self, visit: Visit) -> None:
        asked = self.asked(visit)
        [cookie] = [value for name, value in visit.cookies.items() if name.startswith("stormpath_journey")]
        assert asked["code_challenge_method"] == "S256"
        assert {len(asked[name]) for name in ("state", "nonce", "code_challenge")} == {43}
        assert not {asked[name] for name in ("state", "nonce", "code_challenge")} & set(cookie.split("."))

    def test_the_cookie_is_of_the_browser_alone(self, visit: Visit) -> None:
        [cookie] = visit.get(f"/login/{ID}").headers.getall("Set-Cookie")
        assert cookie.startswith("stormpath_journey_")
        assert {"HttpOnly", "SameSite=Lax", f"Max-Age={journeys.LIFETIME}"} <= set(cookie.split("; "))
        secure = visit.get(f"/login/{ID}", extra_environ={"wsgi.url_scheme": "https"}).headers.getall("Set-Cookie")[-1]
        assert secure.startswith("__Host-stormpath_journey_")

    def test_it_leads_back_to_the_configured_address_whatever_host_is_named(self, other_site: Any) -> None:
        visit = Visit(site=other_site)
        visit.extra_environ["HTTP_HOST"] = "evil.example"
        location = visit.get("/to/acme", status=302).headers["Location"]
        assert parse_qs(urlsplit(location).query)["redirect_uri"] == ["https://www.example.com/back"]

    def test_it_leads_back_to_where_the_visitor_is_where_none_is_configured(self, site: StormpathMiddleware) -> None:
        assert self.asked(Visit(site=site))["redirect_uri"] == f"http://site.example/callbacks/{ID}"
        mounted = Visit(site=site, mount="/shop")
        location = mounted.get(f"/shop/login/{ID}", status=302).headers["Location"]
        assert parse_qs(urlsplit(location).query)["redirect_uri"] == [f"http://site.example/shop/callbacks/{ID}"]

    def test_it_leads_back_by_https_where_a_proxy_speaks_that(self, provider: Any) -> None:
        site = make_site(**LOOPBACK, web={"social": social(provider)}, session={"cookieSecure": True})
        with closing(site.client):
            assert self.asked(Visit(site=site))["redirect_uri"] == f"https://site.example/callbacks/{ID}"

    def test_both_addresses_can_be_moved(self, other_site: Any, provider: Any, somebody: str) -> None:
        visit = Visit(site=other_site)
        assert comes_back(visit, provider, somebody, "/to/acme").headers["Location"] == "/"
        assert "app: " in visit.get(f"/login/{ID}", status=404)


class TestTheStart:
    """The directory of a provider that settings describe."""

    def test_it_is_made_once_and_brought_up_to_date(self, provider: Any, tmp_path: Any) -> None:
        directory = f"sqlite:///{tmp_path}/accounts.db"
        first = make_site(directory=directory, **LOOPBACK, web={"social": social(provider)})
        assert first.flows.social.offered()[ID].client_id == provider.client_id
        second = make_site(directory=directory, **LOOPBACK, web={"social": social(provider, clientId="other")})
        [found] = [each for each in second.client.directories if each.name.endswith(f"-{ID}")]
        assert found.provider.client_id == "other"
        assert len(second.application.account_store_mappings) == 2
        for site in (first, second):
            site.client.close()

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"google": {"enabled": True}}, "web.social.google.clientId and clientSecret"),
            ({"google": {"clientId": "x"}}, "web.social.google.clientSecret is missing"),
            ({"google": {"clientSecret": "x"}}, "web.social.google.clientId is missing"),
            ({"acme": {"clientId": "x", "clientSecret": "y"}}, "web.social.acme.issuer is missing"),
            ({"other": {"enabled": True}}, "given you for this site, and issuer to its address"),
            ({"acme": {"issuer": "https://acme.example"}}, "web.social.acme.issuer counts only with"),
            ({"google": {"hd": "acme.example"}}, "web.social.google.hd counts only with"),
            ({"twitter": {"clientId": "x", "clientSecret": "y"}}, "over the REST API only"),
            ({"no good": {"clientId": "x"}}, "is no id of a provider"),
        ],
    )
    def test_what_is_missing_is_said(self, site: StormpathMiddleware, given: Any, said: str) -> None:
        with pytest.raises(ConfigurationError, match=said):
            social_setup.set_up(site.client, site.application, Settings.read(web={"social": given}))

    def test_a_provider_that_is_switched_off_has_no_button(self, site: StormpathMiddleware, provider: Any) -> None:
        web = Settings.read(web={"social": social(provider, enabled=False)}).web
        href = site.application.href
        assert SocialStores(site.client.data_store, href, ttl=1, offers=web.offers_social).at() == {}

    def test_a_directory_that_is_disabled_has_none(self, site: StormpathMiddleware) -> None:
        provider = {"provider_id": "github", "client_id": "x", "client_secret": "y"}
        made = site.client.directories.create({"name": "Hub", "status": "DISABLED", "provider": provider})
        site.client.account_store_mappings.create({"application": site.application, "account_store": made})
        assert SocialStores(site.client.data_store, site.application.href, ttl=1).at().keys() == {ID}

    def test_a_secret_is_in_no_setting_that_is_printed(self, site: StormpathMiddleware, provider: Any) -> None:
        assert provider.client_secret not in repr(site.settings)


class TestButtons:
    """What the pages show."""

    def test_they_stand_after_the_form_or_before_it(self, other_site: Any, visit: Visit) -> None:
        for page in ("/login", "/register"):
            shown = visit.get(f"{page}?next=%2Fcart").html
            link = shown.select_one("form ~ .ways a.way")
            assert link["href"] == f"/login/{ID}?next=%2Fcart"
            assert link.get_text(strip=True) == f"Continue with {LABEL}"
        assert Visit(site=other_site).get("/login").html.select_one(".ways.first ~ form")

    def test_a_site_without_other_sites_has_none(self) -> None:
        assert not Visit(site=make_site()).get("/login").html.select(".ways")

    def test_the_last_one_that_was_used_is_marked(self, visit: Visit, provider: Any, somebody: str) -> None:
        comes_back(visit, provider, somebody)
        assert visit.cookies["stormpath_last_way"] == ID
        assert "Last used" in visit.get("/login?status=forbidden").html.select_one("a.way").get_text()
        assert "Last used" not in Visit(site=visit.site).get("/login").text

    def test_their_order_is_that_of_the_settings_and_then_as_they_are_mapped(self, other_site: Any) -> None:
        links = Visit(site=other_site).get("/login").html.select("a.way")
        assert [link.get_text(strip=True).removeprefix("Continue with ") for link in links] == [
            "Microsoft", "GitHub", "Google", LABEL, "Second",
        ]  # fmt: skip
        assert [bool(link.select("svg")) for link in links] == [True, False, False, False, False]

    def test_a_mark_is_shown_from_the_file_that_a_setting_names(self, other_site: Any) -> None:
        page = Visit(site=other_site).get("/login")
        [mark] = page.html.select("a.way img")
        assert (mark["src"], mark["alt"]) == ("https://cdn.example/g.svg", "")
        assert "https://cdn.example" in page.headers["Content-Security-Policy"]

    def test_a_single_page_app_sees_them_in_the_view_model(self, site: StormpathMiddleware) -> None:
        for page in ("/login", "/register"):
            model = Visit("application/json", site=site).get(page).json
            [store] = model["accountStores"]
            assert store["name"].endswith(f"-{ID}")
            assert store["provider"]["providerId"] == ID
            assert store["provider"]["clientId"] == "test-client"
            assert store["provider"]["href"] == f"{store['href']}/provider"
            assert "secret" not in str(model)

    def test_the_scope_of_the_specification_is_in_it(self, other_site: Any) -> None:
        stores = Visit("application/json", site=other_site).get("/login").json["accountStores"]
        assert {store["provider"]["providerId"]: store["provider"].get("scope") for store in stores} == {
            "google": "email profile", "github": "user:email", "microsoft": None, ID: None, "second": None
        }  # fmt: skip


class TestPrograms:
    """``POST /login`` with what a program has been given by the other site."""

    def post(self, site: StormpathMiddleware, data: Any, status: int = 200) -> tuple[Visit, Any]:
        program = Visit("application/json", site=site)
        return program, program.post_json("/login", {"providerData": data}, status=status)

    def test_an_access_token_signs_in(self, site: StormpathMiddleware, provider: Any, somebody: str) -> None:
        data = {"providerId": ID, "accessToken": provider.access_token(somebody)}
        program, answer = self.post(site, data)
        assert answer.json["account"]["email"] == f"{somebody}@example.org"
        assert program.is_signed_in()

    def test_a_code_signs_in(self, site: StormpathMiddleware, provider: Any, somebody: str) -> None:
        data = {"providerId": ID, "code": provider.code(somebody), "redirectUri": "http://localhost/callback"}
        assert self.post(site, data)[1].json["account"]["email"] == f"{somebody}@example.org"

    @pytest.mark.parametrize(
        "data",
        [
            None, "x", [], {}, {"providerId": ID}, {"providerId": ["x"], "code": "y"},
            {"providerId": ID, "code": ["x"]}, {"providerId": ID, "accessToken": "made up"},
            {"providerId": ID, "code": "x" * 5000}, {"providerId": "google", "code": "x"},
        ],
    )  # fmt: skip
    def test_anything_else_is_400(self, site: StormpathMiddleware, data: Any) -> None:
        program, answer = self.post(site, data, status=400)
        assert answer.json.keys() == {"status", "message"}
        assert not program.is_signed_in()

    def test_a_token_for_another_program_is_400(self, site: StormpathMiddleware, provider: Any, somebody: str) -> None:
        data = {"providerId": ID, "accessToken": provider.access_token(somebody, client_id="another")}
        assert not self.post(site, data, status=400)[0].is_signed_in()

    def test_a_form_brings_none(self, visit: Visit, provider: Any, somebody: str) -> None:
        form = visit.get("/login").form
        fields = [*form.submit_fields(), ("providerData", "x")]
        assert visit.post("/login", fields).status_int == 200
        assert not visit.is_signed_in()
