"""What a site sets of the look of its pages, and that nothing of it can break out of its place."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from support.browsing import Visit

from stormpath_wsgi import ConfigurationError


def look(**settings: Any) -> Visit:
    return Visit(web={"look": settings})


def policy(page: Any) -> dict[str, list[str]]:
    """The sources of the Content-Security-Policy of *page*, by directive."""
    directives = [directive.split() for directive in page.headers["Content-Security-Policy"].split("; ")]
    return {name: sources for name, *sources in directives}


def css(page: Any) -> str:
    return str(page.html.style.string)


class TestWithoutAnySetting:
    def test_the_application_gives_the_name_and_ink_the_colour(self, visit: Visit) -> None:
        page = visit.get("/login")
        assert page.html.h1.get_text() == "Sign in to My Application"
        assert page.html.title.get_text() == "Sign in to My Application"
        assert page.html.select_one(".brand .mark").get_text() == "M"
        assert not page.html.select(".foot")
        assert page.html.find("meta", attrs={"name": "color-scheme"})["content"] == "light dark"

    def test_the_name_follows_a_title_that_does_not_say_it(self, visit: Visit) -> None:
        assert visit.get("/forgot?status=invalid_sptoken").html.title.get_text() == (
            "This link no longer works · My Application"
        )

    def test_style_and_script_are_ours_and_nothing_else_runs(self, visit: Visit) -> None:
        page = visit.get("/login")
        for tag, directive in (("style", "style-src"), ("script", "script-src")):
            [element] = page.html.select(tag)
            digest = base64.b64encode(hashlib.sha256(element.string.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy(page)[directive]
        assert len(policy(page)["script-src"]) == 1
        assert policy(page)["default-src"] == ["'none'"]
        assert not page.html.select("[onclick], [style], script[src]")

    def test_the_script_sends_nothing_and_keeps_nothing(self, visit: Visit) -> None:
        script = visit.get("/login").html.script.string
        for way in ("fetch", "XMLHttp", "sendBeacon", "WebSocket", "Storage", "cookie", "console", "eval", "innerHTML"):
            assert way not in script

    def test_the_icon_of_the_tab_is_the_first_letter(self, visit: Visit) -> None:
        icon = unquote(visit.get("/login").html.find("link", rel="icon")["href"])
        assert icon.startswith("data:image/svg+xml,<svg")
        assert ">M</text>" in icon
        assert "#2f2b27" in icon


class TestWithSettings:
    def test_the_site_has_a_name_of_its_own(self) -> None:
        page = look(name="Sunny <Co-op>").get("/login")
        assert page.html.h1.get_text() == page.html.title.get_text() == "Sign in to Sunny <Co-op>"

    def test_both_schemes_follow_from_one_accent(self) -> None:
        style = css(look(accent="#FFC400").get("/login"))
        assert ":root { --fill: #ffc400; --on-fill: #171512; --link: #9a6200; }" in style
        assert ":root { --fill: #f3c861; --on-fill: #171512; --link: #f3c861; }" in style

    def test_corners_and_font_are_variables(self) -> None:
        style = css(look(radius="22px", font="Kestrel Sans, Georgia").get("/login"))
        assert '--radius: 22px; --font: "Kestrel Sans", "Georgia", var(--system);' in style

    @pytest.mark.parametrize(("scheme", "condition"), [("light", "@media not all"), ("dark", "@media all")])
    def test_a_site_may_be_only_light_or_only_dark(self, scheme: str, condition: str) -> None:
        page = look(scheme=scheme, accent="#2563eb").get("/login")
        assert "prefers-color-scheme" not in css(page)
        assert css(page).count(condition) == 2
        assert page.html.find("meta", attrs={"name": "color-scheme"})["content"] == scheme

    def test_the_logo_takes_the_place_of_the_letter(self) -> None:
        page = look(logo="https://cdn.example/logo.svg", logoDark="/dark.svg").get("/login")
        assert not page.html.select(".mark")
        assert page.html.select_one(".brand img").attrs == {
            "src": "https://cdn.example/logo.svg",
            "alt": "My Application",
        }
        assert page.html.select_one(".brand source")["srcset"] == "/dark.svg"
        assert policy(page)["img-src"] == ["'self'", "data:", "https://cdn.example"]

    def test_a_site_that_is_only_dark_shows_the_logo_for_that(self) -> None:
        page = look(logo="/light.svg", logoDark="/dark.svg", scheme="dark").get("/login")
        assert page.html.select_one(".brand img")["src"] == "/dark.svg"
        assert not page.html.select(".brand source")

    def test_links_stand_at_the_end_of_each_page(self) -> None:
        visit = Visit(web={"look": {"helpUrl": "https://help.example/", "termsUrl": "/terms"}}, mount="/shop")
        links = [(link.get_text(), link["href"]) for link in visit.get("/shop/login").html.select(".foot a")]
        assert links == [("Help", "https://help.example/"), ("Terms", "/shop/terms")]

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"accent": "red"}, "#2563eb"),
            ({"accent": "#2563eb; } body { display: none"}, "#2563eb"),
            ({"font": 'x"; } body { display: none'}, "letters, digits"),
            ({"font": ["a</style>"]}, "letters, digits"),
            ({"radius": 99}, "32"),
            ({"radius": "1em"}, "radius"),
            ({"logo": "http://cdn.example/logo.svg"}, "https://"),
            ({"logo": "//cdn.example/logo.svg"}, "https://"),
            ({"logo": "https://cdn.example/a;script-src *"}, "https://"),
            ({"logo": "https://cdn.example;x/a"}, "https://"),
            ({"helpUrl": "javascript:alert(1)"}, "http"),
            ({"name": ""}, "name"),
            ({"scheme": "sepia"}, "scheme"),
            ({"colour": "#000000"}, "colour"),
        ],
    )
    def test_what_will_not_do_is_named_at_the_start(self, settings: dict[str, Any], says: str) -> None:
        with pytest.raises(ConfigurationError, match=says):
            look(**settings)


class TestTheOwnersOwn:
    def test_variables_of_before_still_colour_the_buttons(self, visit: Visit) -> None:
        assert "--fill: var(--accent, #2f2b27);" in css(visit.get("/login"))

    def test_custom_css_comes_after_the_settings(self, tmp_path: Path) -> None:
        (tmp_path / "custom.css").write_text(":root { --fill: #000000; }")
        style = css(Visit(web={"templates": tmp_path, "look": {"accent": "#2563eb"}}).get("/login"))
        assert style.index("--fill: #2563eb") < style.index("--fill: #000000")

    @pytest.mark.parametrize("name", ["parts.html", "stormpath/parts.html"])
    def test_a_page_of_the_owners_is_made_of_our_parts(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "login.html").write_text(
            f'{{% extends "base.html" %}}{{% import "{name}" as parts with context %}}{{% block main %}}'
            '<form method="post">{{ parts.token() }}{{ parts.field("login", "Name") }}</form>{% endblock %}'
        )
        page = Visit(web={"templates": tmp_path}).get("/login")
        assert page.html.select_one("label[for=login]").get_text() == "Name"
        assert page.form["csrfToken"].value

    def test_parts_that_cannot_be_compiled_are_found_at_the_start(self, tmp_path: Path) -> None:
        (tmp_path / "parts.html").write_text("{% macro %}")
        with pytest.raises(ConfigurationError, match=r"parts\.html"):
            Visit(web={"templates": tmp_path})
