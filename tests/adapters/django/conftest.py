"""The Django example in our middleware, on a directory in memory, and those who visit it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeAlias

import pytest
from support.django_project import rolled_back, set_up
from support.visitors import OPENING, Site
from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.lint import LintMiddleware

from stormpath_wsgi.client import Account

set_up()

from django.test import override_settings  # noqa: E402  # there is no Django before it is set up

from django_stormpath.wsgi import get_wsgi_application  # noqa: E402

MakeSite: TypeAlias = Callable[..., Site]
Visit: TypeAlias = Callable[..., TestApp]


@pytest.fixture(autouse=True)
def tables() -> Iterator[None]:
    with rolled_back():
        yield


@pytest.fixture
def make_site() -> Iterator[MakeSite]:
    """Makes sites of the example. *settings*: Django's, in capitals, and those of our middleware."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Site:
            of_django = {name: value for name, value in settings.items() if name.isupper()}
            ours = {name: value for name, value in settings.items() if not name.isupper()}
            stack.enter_context(override_settings(**of_django))
            site = Site.of(get_wsgi_application(**{**OPENING, **ours}))
            stack.callback(site.client.close)
            return site

        yield make


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site()


@pytest.fixture
def visit() -> Visit:
    """A browser at a site, in which an account may be signed in."""

    def browser(site: Site, account: Account | None = None) -> TestApp:
        visitor = TestApp(LintMiddleware(site.middleware), extra_environ={"HTTP_ACCEPT": "text/html"})
        if account is not None:
            visitor.set_cookie(*site.cookie(account).split("=", 1))
        return visitor

    return browser
