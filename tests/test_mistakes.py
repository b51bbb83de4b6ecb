"""Mistakes of whoever builds a site: each is told in a sentence that says what to write, mostly at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.browsing import app, make_site
from webob import Request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from stormpath_wsgi import Client, ConfigurationError, Settings, StormpathMiddleware, groups_required, login_required


def complaint(wrapped: Any = app, **settings: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        StormpathMiddleware(wrapped, **{"directory": "sqlite://", **settings})
    return str(refused.value)


@pytest.fixture
def site() -> Iterator[StormpathMiddleware]:
    site = make_site()
    yield site
    site.client.close()


@pytest.mark.parametrize("wrapped", [None, "yoursite:application", {}])
def test_what_is_no_application_is_refused(wrapped: object) -> None:
    assert complaint(wrapped).startswith(f"{wrapped!r} is no WSGI application: write StormpathMiddleware(application)")


@pytest.mark.parametrize(
    "around", [lambda site: site, ProxyFix, lambda site: DispatcherMiddleware(ProxyFix(site), {"/x": app})]
)
def test_one_middleware_around_another_is_refused(site: StormpathMiddleware, around: Callable[[Any], Any]) -> None:
    """Each took the other's cookie away."""
    said = complaint(around(site))
    assert "StormpathMiddleware around this application already" in said
    assert "session.cookieName" in said


@pytest.mark.parametrize("inner", [ProxyFix(app), LintMiddleware(ProxyFix(app))])
def test_a_proxy_fix_inside_of_us_is_told_at_the_start(caplog: pytest.LogCaptureFixture, inner: Any) -> None:
    StormpathMiddleware(inner, directory="sqlite://").client.close()
    assert "Put it around: ProxyFix(StormpathMiddleware(app))" in caplog.text


def test_a_proxy_fix_around_us_is_as_it_should_be(caplog: pytest.LogCaptureFixture, site: StormpathMiddleware) -> None:
    ProxyFix(site)
    assert "ProxyFix" not in caplog.text


def test_one_around_another_may_have_a_cookie_of_its_own(site: StormpathMiddleware) -> None:
    outer = StormpathMiddleware(site, directory="sqlite://", session={"cookieName": "outer"})
    outer.client.close()


@pytest.mark.parametrize(
    ("protect", "said"),
    [
        ({"/x": "admins"}, "protect: /x: write login, fresh, secondFactor, or a list of group names"),
        ({"/x": lambda user: True}, "protect: /x: <function <lambda>"),
        ({"/x": groups_required}, "is no policy: write login_required or groups_required([…])"),
        ({"/x": lambda: None}, "is no policy"),
        ("/x", "protect: write names with their values"),
    ],
)
def test_what_is_no_policy_is_refused_at_the_start(protect: Any, said: str) -> None:
    assert said in complaint(protect=protect)


@pytest.mark.parametrize("wrapped", [None, "app"])
@pytest.mark.parametrize("policy", [login_required, groups_required(["admins"])])
def test_a_policy_goes_around_an_application(policy: Any, wrapped: Any) -> None:
    with pytest.raises(TypeError, match=f"goes around a WSGI application, and {wrapped!r} is none"):
        policy(wrapped)


@pytest.mark.parametrize("groups", ["admins", app])
def test_groups_are_a_list(groups: Any) -> None:
    with pytest.raises(TypeError, match=r"write groups_required\(\[…\]\)"):
        groups_required(groups)


OURS = '{% extends "stormpath/base.html" %}'


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"base.html": '{% extends "base.html" %}'}, 'base.html extends itself, by way of login.html and form.html and '
         'base.html; write {% extends "stormpath/base.html" %}'),
        ({"login.html": '{% extends "login.html" %}'}, "login.html extends itself"),
        ({"form.html": '{% extends "login.html" %}'}, "login.html extends itself, by way of login.html and form.html"),
        ({"login.html": '{% extends "nothing.html" %}'}, "login.html needs nothing.html"),
        ({"login.html": "{{ x|nothing }}"}, "login.html cannot be used: No filter named 'nothing'"),
        ({"base.html": OURS, "error.html": "{% if %}"}, "error.html cannot be used"),
        ({"login.html": b"\xff"}, "login.html cannot be used"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_shown_is_found_at_the_start(
    files: Mapping[str, str | bytes], said: str, tmp_path: Path
) -> None:
    """It was a RecursionError, or another 500, when the first visitor came."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert f"web.templates: {said}" in complaint(web={"templates": tmp_path})


def test_a_view_that_is_not_there_is_named() -> None:
    assert "there is no template nothing.html" in complaint(web={"login": {"view": "nothing"}})


def form(kind: str, **web: Any) -> dict[str, Any]:
    return {"web": {"register": {"form": {"fields": {"colour": {"label": "Colour", "type": kind}}}}, **web}}


@pytest.mark.parametrize("kind", ["radio", "textarea", "file", "submit", "PASSWORD", ""])
def test_a_field_that_our_form_cannot_show_is_refused(kind: str) -> None:
    said = complaint(**form(kind))
    assert said.startswith(f"web: register.form.fields.colour.type is {kind}, which our form cannot show; write one of")
    assert "checkbox" in said


@pytest.mark.parametrize("shown", ["by a template of one's own", "by a single-page app"])
def test_a_field_that_somebody_else_shows_may_be_anything(shown: str, tmp_path: Path) -> None:
    web: dict[str, Any] = {"templates": tmp_path} if "template" in shown else {"produces": ["application/json"]}
    make_site(**form("select", **web)).client.close()


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/accounts.db"


@pytest.mark.parametrize(
    ("mapped", "said"),
    [("nothing", "no account store, so nobody can sign in"), ("no default", "no default account store, so nobody can"),
     ("all", None)],
)  # fmt: skip
def test_an_application_that_nobody_can_enter_is_told_of_at_the_start(
    directory: str, mapped: str, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with Client(directory) as client:
        [application] = client.applications
        for mapping in list(application.account_store_mappings):
            if mapped == "nothing":
                mapping.delete()
            elif mapped == "no default":
                mapping.is_default_account_store = False
                mapping.save()
    site = make_site(directory=directory)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    # Those are of the hasher for tests, as it is here, and of threads of sites of other tests.
    warnings = [text for text in warnings if "passwordHasher" not in text and not text.startswith("A mail was dropped")]
    assert len(warnings) == (said is not None)
    assert said is None or (said in warnings[0] and "account_store_mappings.create" in warnings[0])
    assert Request.blank("/login", accept="text/html").get_response(site).status_code == 200
    site.client.close()


@pytest.mark.parametrize("limits", [{"enabled": False}, {}])
def test_that_nobody_is_held_up_who_guesses_is_told_at_the_start(
    limits: dict[str, bool], caplog: pytest.LogCaptureFixture
) -> None:
    make_site(limits=limits).client.close()
    # A thread of the site of another test may still say what it has to.
    mine = (record for record in caplog.records if record.name == "stormpath_wsgi.settings.limits")
    warnings = [record.getMessage() for record in mine if record.levelname == "WARNING"]
    assert [warning.partition(":")[0] for warning in warnings] == ["limits.enabled is false"] * bool(limits)


@pytest.mark.parametrize("value", [5, True, None, {"tries": 5}, ["5 tries"], ""])
def test_what_is_no_limit_is_refused_with_what_to_write(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"write a limit such as .5 tries, waits 1s to 5m"):
        Settings.load(directory="sqlite://", limits={"account": value})
