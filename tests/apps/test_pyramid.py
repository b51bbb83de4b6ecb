"""Pyramid applications in our middleware: who it is, what access control lists say, and signing in and out by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pyramid.authorization import Allow, Authenticated, Deny, Everyone
from pyramid.config import Configurator
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import forget, remember
from support.story import everybody_gets_as_far_as_his_groups_allow, example
from support.visitors import COOKIE, OPENING, PASSWORD, Site
from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.lint import LintMiddleware
from zope.interface.verify import verifyObject

from pyramid_stormpath import Principals, PyramidMiddleware, StormpathSecurityPolicy, make_wsgi_app, principal_of_group
from stormpath_wsgi import AnonymousUser, ConfigurationError
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import Declined, SignInStarts

HERE = {"Sec-Fetch-Site": "same-origin"}

MakeSite: TypeAlias = Callable[..., Site]


class Root:
    """What is protected."""

    def __init__(self, *acl: Any) -> None:
        self.__acl__ = list(acl)


def view(request: Request) -> Response:
    return Response("come in")


def who(request: Request) -> Response:
    return Response(f"{request.identity.username if request.identity else None} {request.authenticated_userid}")


def enter(request: Request) -> Response:
    return Response(headerlist=[("Content-Type", "text/plain"), *remember(request, request.params["href"])])


def leave(request: Request) -> Response:
    return Response(headerlist=[("Content-Type", "text/plain"), *forget(request)])


@pytest.fixture
def make_site() -> Iterator[MakeSite]:
    """Makes sites with one protected view, ``/view``. *acl*: the list that protects it; *more* changes the set-up."""
    with ExitStack() as stack:

        def make(acl: Sequence[Any] = (), more: Callable[[Configurator], None] | None = None, **settings: Any) -> Site:
            with Configurator(root_factory=lambda request: Root(*acl), settings=settings) as config:
                config.include("pyramid_stormpath")
                for name, shown in {"who": who, "enter": enter, "leave": leave}.items():
                    config.add_view(shown, name=name)
                config.add_view(view, name="view", permission="read")
                if more is not None:
                    more(config)
            site = Site.of(make_wsgi_app(config, **OPENING))
            stack.callback(site.client.close)
            return site

        yield make


def visit(site: Site, account: Account | None = None, accept: str = "text/html") -> TestApp:
    """A browser, in which an account may be signed in."""
    visitor = TestApp(LintMiddleware(site.middleware), extra_environ={"HTTP_ACCEPT": accept})
    if account is not None:
        visitor.set_cookie(*site.cookie(account).split("=", 1))
    return visitor


class TestIdentity:
    def test_is_the_user_and_the_id_is_the_href(self, make_site: MakeSite) -> None:
        site = make_site()
        account = site.account()
        assert visit(site, account).get("/who").text == f"ada {account.href}"
        assert visit(site).get("/who").text == "None None"

    def test_of_an_application_that_is_not_wrapped_is_a_mistake_that_is_told(self) -> None:
        with Configurator() as config:
            config.include("pyramid_stormpath")
            config.add_view(who, name="who")
        with pytest.raises(ConfigurationError, match=r"return pyramid_stormpath\.make_wsgi_app\(config\)"):
            TestApp(config.make_wsgi_app()).get("/who")


class TestAccessControlLists:
    def test_know_whoever_is_signed_in(self, make_site: MakeSite) -> None:
        site = make_site([(Allow, Authenticated, "read")])
        assert visit(site).get("/view").location == "http://localhost/login?next=%2Fview"
        assert visit(site, site.account()).get("/view").text == "come in"

    def test_know_an_account_by_its_href(self, make_site: MakeSite) -> None:
        entries: list[Any] = []
        site = make_site(entries)
        ada, bob = site.account("ada"), site.account("bob")
        entries += [(Allow, ada.href, "read")]
        assert visit(site, ada).get("/view").text == "come in"
        visit(site, bob).get("/view", status=403)

    @pytest.mark.parametrize("named", ["name", "href"])
    def test_know_groups_by_name_and_by_href(self, make_site: MakeSite, named: str) -> None:
        entries: list[Any] = []
        site = make_site(entries)
        group, account = site.group("editors"), site.account()
        entries += [(Allow, principal_of_group(getattr(group, named)), "read")]
        visitor = visit(site, account)
        visitor.get("/view", status=403)
        account.add_group(group)
        assert visitor.get("/view").text == "come in"
        group.status = "DISABLED"
        group.save()
        visitor.get("/view", status=403)

    def test_may_deny_a_group(self, make_site: MakeSite) -> None:
        site = make_site([(Deny, principal_of_group("banned"), "read"), (Allow, Everyone, "read")])
        assert visit(site).get("/view").text == "come in"
        visit(site, site.account(groups=[site.group("banned")])).get("/view", status=403)

    def test_that_are_not_there_let_nobody_in(self, make_site: MakeSite) -> None:
        site = make_site()
        visit(site, site.account()).get("/view", status=403)


class TestPrincipals:
    def test_of_a_stranger_are_everyone(self) -> None:
        assert list(Principals(AnonymousUser())) == [Everyone]
        names = ("group:editors", "group:", Authenticated, None, 7)
        assert not any(name in Principals(AnonymousUser()) for name in names)

    def test_of_somebody_are_listed_for_whoever_wants_to_see_them(self, make_site: MakeSite) -> None:
        site = make_site()
        account = site.account(groups=[site.group("editors")])
        user = site.session(site.cookie(account)).user
        assert set(Principals(user)) == {Everyone, Authenticated, account.href, "group:editors"}
        assert "ada" in repr(Principals(user))


class TestARefusal:
    def test_of_a_program_is_a_401_or_a_403(self, make_site: MakeSite) -> None:
        site = make_site([(Allow, principal_of_group("editors"), "read")])
        refused = visit(site, accept="application/json").get("/view", status=401)
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert visit(site, site.account(), accept="application/json").get("/view", status=403).json["status"] == 403

    def test_may_be_said_by_the_application(self, make_site: MakeSite) -> None:
        def shut(config: Configurator) -> None:
            config.add_forbidden_view(lambda request: Response("shut", status=403))

        assert visit(make_site(more=shut)).get("/view", status=403).text == "shut"


class TestSigningIn:
    def test_on_our_page_leads_back(self, make_site: MakeSite) -> None:
        site = make_site([(Allow, Authenticated, "read")])
        site.account()
        visitor = visit(site)
        page = visitor.get("/view").follow()
        page.form["login"], page.form["password"] = "ada", PASSWORD
        assert page.form.submit().follow().text == "come in"
        visitor.post("/logout", headers=HERE)
        assert visitor.get("/view").status_code == 302

    def test_by_remember_begins_a_session_of_ours(self, make_site: MakeSite) -> None:
        site = make_site()
        account = site.account()
        visitor = visit(site)
        visitor.get("/enter", {"href": account.href})
        assert visitor.get("/who").text == f"ada {account.href}"

    def test_by_remember_is_refused_where_a_listener_refuses(self, make_site: MakeSite) -> None:
        def refuse(event: SignInStarts) -> None:
            raise Declined("Not today.")

        site = make_site()
        site.middleware.events.listen(SignInStarts, refuse)
        visitor = visit(site, accept="application/json")
        visitor.get("/enter", {"href": site.account().href}, status=401)
        assert visitor.get("/who").text == "None None"

    def test_by_remember_leads_to_the_page_that_asks_for_more(self, make_site: MakeSite) -> None:
        class Terms:
            uri = "/terms"

            def asks(self, account: Account, origin: object) -> str | None:
                return "terms"

        site = make_site()
        account = site.account()
        site.middleware.flows.sign_in.add_step(Terms())
        visitor = visit(site)
        assert "/terms?pending=" in visitor.get("/enter", {"href": account.href}, status=303).location
        assert visitor.get("/who").text == "None None"

    def test_ends_by_forget_in_the_directory_too(self, make_site: MakeSite) -> None:
        site = make_site()
        visitor = visit(site, site.account())
        cookie = visitor.cookies[COOKIE]
        visitor.get("/leave")
        assert visitor.get("/who").text == "None None"
        visitor.set_cookie(COOKIE, cookie)
        assert visitor.get("/who").text == "None None"


class TestSettings:
    def test_may_stand_among_those_of_pyramid(self, make_site: MakeSite) -> None:
        site = make_site([(Allow, Authenticated, "read")], **{"stormpath.web.login.uri": "/sign-in"})
        assert visit(site).get("/view").location == "http://localhost/sign-in?next=%2Fview"

    def test_that_are_wrong_are_told(self, make_site: MakeSite) -> None:
        with pytest.raises(ConfigurationError, match="nowhere"):
            make_site(**{"stormpath.web.nowhere.uri": "/sign-in"})


def test_the_example_lets_everybody_as_far_as_his_groups_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    with example("pyramid_app.py") as application:
        everybody_gets_as_far_as_his_groups_allow(application)


def test_a_directory_that_is_gone_is_our_503(tmp_path: Path) -> None:
    def gone(request: Request) -> Response:
        site.client.close()
        for file in tmp_path.glob("accounts.db*"):
            file.unlink()
        (tmp_path / "accounts.db").write_bytes(b"this is no database" * 1000)
        return Response(str(request.identity.has_group("editors")))

    with Configurator() as config:
        config.include("pyramid_stormpath")
        config.add_view(gone, name="gone")
    site = Site.of(make_wsgi_app(config, **{**OPENING, "directory": f"sqlite:///{tmp_path}/accounts.db"}))
    assert "Retry-After" in visit(site, site.account()).get("/gone", status=503).headers
    site.client.close()


def test_the_policy_is_one_in_the_eyes_of_pyramid() -> None:
    assert verifyObject(ISecurityPolicy, StormpathSecurityPolicy(), tentative=True)


def test_the_middleware_names_itself_and_pyramid_to_a_directory() -> None:
    assert PyramidMiddleware.made_with().startswith("pyramid-stormpath/")
