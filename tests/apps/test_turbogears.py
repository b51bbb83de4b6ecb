"""A site made with TurboGears, with users and predicates of its own, which learns from us who is signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.recipes import Browser, Site, copied, served

APP = """
from tg import FullStackApplicationConfigurator, TGController, expose, predicates, request, require
from tg.configuration.auth import TGAuthMetadata


class Users(TGAuthMetadata):
    def authenticate(self, environ, identity):
        return None

    def get_user(self, identity, userid):
        return {"name": userid}

    def get_groups(self, identity, userid):
        return ["managers"] if userid == "ada" else []

    def get_permissions(self, identity, userid):
        return []


class Root(TGController):
    @expose()
    def index(self):
        return f"Hello, {request.identity['user']['name'] if request.identity else 'stranger'}!"

    @expose()
    @require(predicates.not_anonymous())
    def members(self):
        return "For members."

    @expose()
    @require(predicates.in_group("managers"))
    def managers(self):
        return "For managers."


def make_app(global_conf, **conf):
    configurator = FullStackApplicationConfigurator()
    configurator.update_blueprint({
        "root_controller": Root(), "renderers": ["json"], "serve_static": False, "errorpage.enabled": False,
        "sa_auth.enabled": True, "sa_auth.authmetadata": Users(), "sa_auth.cookie_secret": "as long as it is here",
        "session.enabled": False, "cache.enabled": False, "i18n.enabled": False, "trace_errors.enable": False,
    })
    return configurator.make_wsgi_app(global_conf, conf)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("turbogears")
    copied("turbogears.ini", folder, "myapp/production.ini")
    (folder / "myapp.py").write_text(APP)
    with served("turbogears.py", folder) as site:
        yield site


def test_a_page_for_members_leads_to_our_sign_in_page_and_back(site: Site) -> None:
    browser = Browser(site)
    assert browser.open("/").text == "Hello, stranger!"
    page = browser.open("/members")
    assert "/login?next=" in page.url
    assert browser.sign_in(page, site.bob).text == "For members."
    assert browser.open("/").text == "Hello, bob!"


def test_the_groups_of_the_site_decide(site: Site) -> None:
    for person, status in ((site.ada, 200), (site.bob, 403)):
        browser = Browser(site)
        browser.sign_in(browser.open("/login"), person)
        assert browser.open("/managers").status_code == status
