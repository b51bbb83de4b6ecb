"""Signing in through another site: a site whose visitors may use the OpenID provider for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Account
from stormpath_wsgi.testing import OpenIDProvider
from support.browsing import Visit, make_site

#: How the tests call the provider, and what its button says.
ID, LABEL = "acme", "Acme ID"

#: What a directory needs to ask a provider of this machine.
LOOPBACK: Mapping[str, Any] = {"providers": {"privateAddresses": True}}


def social(provider: OpenIDProvider, **more: Any) -> dict[str, Any]:
    """The settings ``web.social.acme`` for *provider*."""
    own = {"client_id": provider.client_id, "client_secret": provider.client_secret, "issuer": provider.issuer}
    return {ID: {**own, "label": LABEL, **more}}


def social_site(provider: OpenIDProvider, **web: Any) -> StormpathMiddleware:
    """A site with a button for *provider*."""
    return make_site(**LOOPBACK, web={"social": social(provider), **web})


def comes_back(visit: Visit, provider: OpenIDProvider, user: str | None = "ada", start: str = f"/login/{ID}") -> Any:
    """The answer to who opens *start*, and whom the provider sends back as *user*; None: she has cancelled."""
    return visit.get(way_back(visit, provider, user, start), status="*")


def way_back(visit: Visit, provider: OpenIDProvider, user: str | None = "ada", start: str = f"/login/{ID}") -> str:
    """The path to which the provider sends the visitor back, who does not open it yet."""
    address = urlsplit(provider.answer(visit.get(start, status=302).headers["Location"], user))
    return f"{address.path}?{address.query}"


def follow(visit: Visit, provider: OpenIDProvider, leaving: Any, user: str | None) -> Any:
    """The answer to who goes on from the page that leads to the provider, and chooses *user* there."""
    address = urlsplit(provider.answer(leaving.html.select_one("main a.button")["href"], user))
    return visit.get(f"{address.path}?{address.query}", status="*")


def enable_linking(site: StormpathMiddleware) -> None:
    """Have accounts of the application linked with those of other sites that have the same address."""
    policy = site.application.account_linking_policy
    policy.status, policy.matching_property = "ENABLED", "email"
    policy.save()


def verified(account: Account) -> Account:
    """*account*, whose address is verified now."""
    account.email_verification_status = "VERIFIED"
    account.save()
    return account
