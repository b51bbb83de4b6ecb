"""The plug-in for pytest: fixtures for tests of a site with accounts.

pytest imports this in every run of whoever has us installed. So it imports nothing of ours before a test asks for a
fixture, and all that it adds is called ``stormpath_…``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stormpath_wsgi.testing import Clock, Mailbox, OpenIDProvider, TestSite

_NO_APP = (
    "Which application is tested? Write into the configuration of pytest, for example: stormpath_app = "
    "mysite:application. Or make a fixture stormpath_app in conftest.py that returns it."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Called by pytest: names our settings."""
    parser.addini("stormpath_app", "The application with user accounts that is tested: module:name, or module:make().")


@pytest.fixture(scope="session")
def stormpath_settings() -> Iterator[dict[str, Any]]:
    """The settings of a site under test, for ``StormpathMiddleware(app, **stormpath_settings)``: a directory in memory,
    and passwords that take no time to hash.
    """
    from stormpath_wsgi.testing import SETTINGS, quick_databases

    with quick_databases():
        yield dict(SETTINGS)


@pytest.fixture(scope="session")
def stormpath_environ(stormpath_settings: dict[str, Any]) -> Iterator[None]:
    """The same as variables of the environment, for a site that is made when its module is imported."""
    from stormpath_wsgi.testing import ENVIRON

    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRON.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def stormpath_app(request: pytest.FixtureRequest, stormpath_environ: None) -> Any:
    """The application that is tested, as a server gets it: the one that the configuration of pytest names. A
    ``conftest.py`` may have a fixture of this name instead, of any scope.
    """
    from stormpath_wsgi.testing import import_app

    target = str(request.config.getini("stormpath_app") or "")
    if not target:
        raise pytest.UsageError(_NO_APP)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(request.config.rootpath))
        return import_app(target)


@pytest.fixture
def stormpath_new_client() -> Callable[[], Any] | None:
    """Makes the clients of ``stormpath_login_as``. A ``conftest.py`` may have a fixture of this name instead, which
    returns for example ``lambda: webtest.TestApp(app)``.
    """
    return None


@pytest.fixture
def stormpath_site(stormpath_app: Any, stormpath_new_client: Callable[[], Any] | None) -> Iterator[TestSite]:
    """The site, with a directory that is brought back to what it was when the test is over."""
    from stormpath_wsgi.testing import TestSite

    with TestSite(stormpath_app, new_client=stormpath_new_client) as site:
        yield site


@pytest.fixture
def stormpath_login_as(stormpath_site: TestSite) -> Callable[..., Any]:
    """``stormpath_login_as("ada", groups=["staff"])``: a client in which she is signed in."""
    return stormpath_site.login_as


@pytest.fixture
def stormpath_mailbox(stormpath_site: TestSite) -> Mailbox:
    """The mails and text messages that the site would have sent."""
    return stormpath_site.mailbox


@pytest.fixture
def stormpath_clock(stormpath_site: TestSite) -> Clock:
    """The clock of the site, which a test may move."""
    return stormpath_site.clock


@pytest.fixture
def stormpath_openid_provider() -> Iterator[OpenIDProvider]:
    """An OpenID provider on this machine, in which anybody may be anyone."""
    from stormpath_wsgi.testing import OpenIDProvider

    with OpenIDProvider() as provider:
        yield provider
