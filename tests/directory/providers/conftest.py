"""A provider on loopback, and a directory's way to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from stormpath_wsgi.directory.providers import Providers, Registration
from stormpath_wsgi.settings import ProvidersSettings
from stormpath_wsgi.testing import OpenIDProvider

#: Long enough for a busy machine, and for answers that never come see ``impatient``.
SETTINGS = ProvidersSettings(private_addresses=True, timeout=dt.timedelta(seconds=20))


@pytest.fixture(scope="module")
def openid() -> Iterator[OpenIDProvider]:
    with OpenIDProvider() as provider:
        yield provider


@pytest.fixture
def registration(openid: OpenIDProvider) -> Registration:
    return Registration(
        provider_id="acme",
        kind="oidc",
        client_id=openid.client_id,
        client_secret=openid.client_secret,
        issuer=openid.issuer,
    )


@pytest.fixture
def providers() -> Providers:
    return Providers(SETTINGS)


@pytest.fixture
def impatient() -> Callable[[], Providers]:
    """Makes what gives up after a fifth of a second."""
    settings = ProvidersSettings.model_construct(private_addresses=True, timeout=dt.timedelta(seconds=0.2))
    return lambda: Providers(settings)
