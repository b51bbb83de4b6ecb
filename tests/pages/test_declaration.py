"""A page declares itself: what else there is to know of it follows from that, and from its section of the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from flask import Flask, url_for
from pydantic import Field
from support.browsing import Visit, make_site
from support.visitors import KEYS
from webob import Request, Response

from flask_stormpath.routing import add_page
from stormpath_wsgi import ConfigurationError, StormpathMiddleware
from stormpath_wsgi.pages import Pages, declared
from stormpath_wsgi.pages.page import Page
from stormpath_wsgi.settings import FormPageSettings, PageSettings, Settings, WebSettings
from stormpath_wsgi.settings.sources import describe


class HelpSettings(FormPageSettings):
    """The page where people ask for help."""

    uri: str = Field("/help", description="Its path.")
    next_uri: str = Field("https://desk.example/thanks", description="Where a visitor goes who has asked.")
    view: str = Field("help", description="Its template.")


class HelpPage(Page[HelpSettings]):
    """A page that no file but this one knows of."""

    name = "help"
    section = HelpSettings
    methods = frozenset({"GET"})
    keeps_next = True

    def answer(self, request: Request, *, html: bool) -> Response:
        return self.site.html(request, self._settings.view)


class OwnWeb(WebSettings):
    help: HelpSettings = HelpSettings()


class OwnSettings(Settings):
    web: OwnWeb = OwnWeb()


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    return make_site()


VisitSite: TypeAlias = Callable[..., Visit]


@pytest.fixture
def visits(site: StormpathMiddleware, tmp_path: Path) -> VisitSite:
    """Makes visitors of a site that has the page as well, with these settings of it. *template*: of the login page."""
    (tmp_path / "help.html").write_text('<a href="{{ links.help }}">{{ links|join(" ") }}</a>')

    def visit(template: str = "", **own: object) -> Visit:
        (tmp_path / "login.html").write_text(template)
        settings = OwnSettings.read(secret_keys=KEYS, web={"templates": tmp_path, "help": own})
        site.pages = Pages(settings, site.client, site.application, site.flows, [*declared(), HelpPage])
        return Visit(site=site)

    return visit


def test_it_is_served_at_its_address_to_its_methods(visits: VisitSite) -> None:
    visit = visits()
    own = "account email secure fresh second_factor social me token help"
    assert visit.get("/help").html.a.get_text() == f"home login register logout forgot change invitation {own}"
    assert "app: " in visit.post("/help", status=404)


def test_it_is_the_applications_when_it_is_switched_off(visits: VisitSite) -> None:
    visit = visits(enabled=False)
    assert "app: " in visit.get("/help", status=404)
    assert "help" not in visit.site.pages.addresses


def test_the_templates_of_all_pages_link_to_it(visits: VisitSite) -> None:
    visit = visits("{{ links.help }}", uri="/ask")
    assert visit.get("/login?next=%2Freports").text == "/ask?next=%2Freports"


def test_its_template_has_to_be_there(visits: VisitSite) -> None:
    with pytest.raises(ConfigurationError, match="elsewhere"):
        visits(view="elsewhere")


def test_a_page_without_a_form_declares_its_template_too() -> None:
    class NoticeSettings(PageSettings):
        uri: str = Field("/notice", description="Its path.")
        view: str = Field("notice", description="Its template.")

    class NoticePage(Page[NoticeSettings]):
        name = "notice"
        section = NoticeSettings

        def answer(self, request: Request, *, html: bool) -> Response:
            return self.site.html(request, self._settings.view)

    assert NoticePage.declaration(NoticeSettings()).templates == ("notice",)


def test_it_has_an_address_of_its_own() -> None:
    with pytest.raises(ConfigurationError, match=r"login\.uri and help\.uri are both /login"):
        OwnSettings.read(web={"help": {"uri": "/login"}})


def test_forms_may_lead_where_it_sends_people(visits: VisitSite) -> None:
    assert "form-action 'self' https://desk.example;" in visits().get("/login").headers["Content-Security-Policy"]


def test_a_flask_app_knows_its_endpoint(visits: VisitSite) -> None:
    app = Flask("shop")
    for name, path in visits().site.pages.addresses.items():
        add_page(app, name, path)
    with app.test_request_context():
        assert url_for("stormpath.help") == "/help"
        assert url_for("stormpath.me") == "/me"


def test_its_settings_are_described() -> None:
    names = [setting.name for setting in describe(OwnSettings)]
    assert {"web.help.enabled", "web.help.uri", "web.help.view"} <= set(names)


def test_every_page_has_a_section_and_every_section_a_page() -> None:
    sections = [type(section) for section in WebSettings().pages.values()]
    assert {page.section for page in declared()} == set(sections)
    assert len({page.name for page in declared()}) == len(declared()) == len(sections) == 19
